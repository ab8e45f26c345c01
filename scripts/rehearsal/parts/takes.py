"""The director cuts: every screen follows, without renegotiation, and shows what its view says."""

from __future__ import annotations

import asyncio
from typing import Final

from scripts.rehearsal.house import Guest, House
from scripts.rehearsal.parts import Findings, Part
from scripts.rehearsal.verdict import Take, faults_of_take

PATIENCE_S: Final = 4.0
GONE_S: Final = 0.4
"""A source of which no frame came for so long has left the screen."""


async def play(house: House, findings: Findings) -> None:
    """Full picture of each hall in turn, then all side by side again."""
    sources = tuple(hall.source for hall in house.halls)
    scenes = [("full", (source,)) for source in (*sources, sources[0])] + [("side_by_side", sources)]
    for layout, shown in scenes:
        take = await _take(house, findings, layout, shown)
        house.say(f"take {layout} {' + '.join(shown)}: {_words(take)}")
        findings.failures += await _left_over(house)
        findings.takes.append(take)
        findings.failures += faults_of_take(take)


async def _take(house: House, findings: Findings, layout: str, sources: tuple[str, ...]) -> Take:
    before = {guest.name: guest.person.expected() for guest in house.guests}
    began_s = asyncio.get_running_loop().time()
    answer = await house.director.command({"type": "stage.take", "layout": layout, "sources": sources})
    if "refused" in answer:
        findings.failures.append(f"the director's take was refused: {answer['refused']}")
        return Take(layout, sources, {})
    arrivals = await asyncio.gather(
        *(_arrival(guest, before[guest.name], answer["seq"], began_s) for guest in house.guests)
    )
    ms = {guest.name: at for guest, at in zip(house.guests, arrivals, strict=True) if at != 0}
    return Take(layout, sources, ms)


async def _arrival(guest: Guest, before: set[str], seq: int, began_s: float) -> float | None:
    """ms until a guest's screen shows every source that is new on it; 0 when none is; None: never."""
    eyes = guest.viewer.eyes
    try:
        async with asyncio.timeout(PATIENCE_S):
            await guest.person.until(lambda view: view["stage"].get("take", {}).get("seq", -1) >= seq)
            new = guest.person.expected() - before
            while new and not all(eyes.last_s.get(source, 0.0) > began_s for source in new):
                await eyes.news()
    except TimeoutError:
        return None
    if not new:
        return 0.0
    return round(1000 * (max(eyes.last_s[source] for source in new) - began_s), 1)


async def _left_over(house: House) -> list[str]:
    """Wait until each screen shows nothing but what its view says; what stays is a fault."""
    stayed = await asyncio.gather(*(_staying(guest) for guest in house.guests))
    return [
        f"{guest.name} still sees {' '.join(sorted(left))}"
        for guest, left in zip(house.guests, stayed, strict=True)
        if left
    ]


async def _staying(guest: Guest) -> set[str]:
    """The sources that do not leave a guest's screen in time."""
    loop, eyes = asyncio.get_running_loop(), guest.viewer.eyes

    def left() -> set[str]:
        fresh = {source for source, at_s in eyes.last_s.items() if loop.time() - at_s < GONE_S}
        return fresh - guest.person.expected()

    try:
        async with asyncio.timeout(PATIENCE_S):
            while left():
                await eyes.news()
    except TimeoutError:
        return left()
    return set()


def _words(take: Take) -> str:
    return (
        ", ".join(f"{name} {'never' if ms is None else f'{ms:.0f} ms'}" for name, ms in take.ms.items()) or "no change"
    )


PART = Part(place=20, play=play)
