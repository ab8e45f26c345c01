"""When each hall sees an unveiling, and how far apart the halls are.

A hall sees its own hand at once and the other hall's late, by the way of the picture to its screen.
Its reveal waits for the later of the two, so that a hand and what it does are seen together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rooms.ceremony.model import Act
from rooms.kernel import VenueId

REMOTE: Final = "remote"
"""Whoever is in no hall: their pages show the reveal with the picture that was taken then (capture time)."""


def reveals(act: Act, pressed: Mapping[int, float], delays: Mapping[VenueId, float]) -> dict[str, float]:
    """When each hall of the act reveals, and remote pages on capture time: Unix ms by venue or `remote`.

    `pressed`: when each party's hand was there, by party; `delays`: from a hand elsewhere to the hall's screen, ms.
    """
    found: dict[str, float] = {
        venue: max(
            at_ms + (0 if act.parties[party].venue == venue else delays.get(venue, 0.0))
            for party, at_ms in pressed.items()
        )
        for venue in act.venues
    }
    return {**found, REMOTE: max(pressed.values())}


def skew_ms(act: Act, delays: Mapping[VenueId, float]) -> float:
    """How far apart the halls reveal if all hands are there at one instant."""
    together = reveals(act, dict.fromkeys(range(len(act.parties)), 0.0), delays)
    halls = [at_ms for place, at_ms in together.items() if place != REMOTE]
    return max(halls) - min(halls)
