"""Everybody watches: each sees what the own view promises, and hears it, and nothing of the own hall."""

from __future__ import annotations

import asyncio
from typing import Final

from scripts.rehearsal.house import Guest, House
from scripts.rehearsal.parts import Findings, Part
from scripts.rehearsal.verdict import Seen, ages, faults_of_watching

PROGRESS_S: Final = 2.0


async def play(house: House, findings: Findings) -> None:
    """Watch for the house's seconds and judge what each guest saw."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + house.seconds
    while (left_s := end_s - loop.time()) > 0:
        await asyncio.sleep(min(PROGRESS_S, left_s))
        house.say(_progress(house, house.seconds - max(0.0, end_s - loop.time())))
    for guest in house.guests:
        seen = seen_by(guest)
        findings.viewers.append(seen)
        findings.failures += faults_of_watching(seen, guest.person.expected(), guest.audible(), house.seconds)
        findings.failures += _own_hall_heard(house, guest)


def seen_by(guest: Guest) -> Seen:
    """The figures of one guest so far."""
    eyes, viewer = guest.viewer.eyes, guest.viewer
    first_ms = viewer.first_frame_ms
    return Seen(
        name=guest.name,
        role=viewer.role,
        venue=viewer.venue,
        first_frame_ms=None if first_ms is None else round(first_ms, 1),
        frames=eyes.frames,
        codes_ok=eyes.codes_ok,
        sources_seen=dict(eyes.seen),
        gaps=eyes.gaps,
        age_ms=ages(eyes.ages_ms),
        sound=dict(viewer.beeps()),
    )


def _own_hall_heard(house: House, guest: Guest) -> list[str]:
    """Mix-minus, whatever the view says: a wall never plays its own hall."""
    if guest.viewer.role != "wall":
        return []
    own = {source for source, venue in house.venues.items() if venue == guest.viewer.venue}
    return [f"{guest.name} heard its own hall" for source in own if guest.viewer.beeps()[source]]


def _progress(house: House, at_s: float) -> str:
    sent = " ".join(f"{hall.source} {hall.frames_sent}" for hall in house.halls)
    seen = " ".join(f"{guest.name} {guest.viewer.eyes.codes_ok}" for guest in house.guests)
    return f"{at_s:4.0f} s  frames sent: {sent}  seen: {seen}"


PART = Part(place=10, play=play)
