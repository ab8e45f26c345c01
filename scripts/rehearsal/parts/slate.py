"""A hall's line drops: its slate within a second on every screen, and the hall again when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from scripts.rehearsal.halts import halts
from scripts.rehearsal.house import Guest, House
from scripts.rehearsal.parts import Findings, Part
from scripts.rehearsal.verdict import Slate, faults_of_slate
from scripts.rehearsal.viewer import Eyes

PATIENCE_S: Final = 5.0


async def play(house: House, findings: Findings) -> None:
    """Drop the last hall's line, wait for the slate, take the line up again."""
    hall = house.halls[-1]
    guests = [guest for guest in house.guests if hall.source in guest.person.expected()]
    with halts() as stood:
        hall.drop()
        shown = await _each(guests, lambda eyes, _: bool(eyes.slate_s))
    halted = f"; the machine stood still for {stood.total_ms:.0f} ms" if stood.total_ms else ""
    house.say(f"{hall.source} dropped; slate after {_words(shown)}{halted}")
    hall.resume()
    back = await _each(guests, lambda eyes, began_s: eyes.last_s.get(hall.source, 0.0) > began_s)
    house.say(f"{hall.source} is back after {_words(back)}")
    slate = Slate(hall.source, shown, back, round(stood.total_ms, 1))
    findings.slates.append(slate)
    findings.failures += faults_of_slate(slate)


async def _each(guests: list[Guest], holds: Callable[[Eyes, float], bool]) -> dict[str, float | None]:
    """ms from now until it holds for each guest, None: never."""
    began_s = asyncio.get_running_loop().time()
    times = await asyncio.gather(*(_time(guest.viewer.eyes, holds, began_s) for guest in guests))
    return {guest.name: ms for guest, ms in zip(guests, times, strict=True)}


async def _time(eyes: Eyes, holds: Callable[[Eyes, float], bool], began_s: float) -> float | None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(eyes, began_s):
                await eyes.news()
    except TimeoutError:
        return None
    return round(1000 * (loop.time() - began_s), 1)


def _words(times: dict[str, float | None]) -> str:
    return ", ".join(f"{'never' if ms is None else f'{ms:.0f} ms'} at {name}" for name, ms in times.items()) or "nobody"


PART = Part(place=30, play=play)
