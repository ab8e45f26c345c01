"""The rotating code of each hall: whoever saw its screen lately can show it. A filmed code is seen elsewhere too."""

from __future__ import annotations

from typing import Final

from rooms.conference import Conference
from rooms.kernel import ConferenceId, VenueId
from server.clock import Clock
from server.identity import Identity

STEP_MS: Final = 30_000
"""How long a screen shows one code."""
STEPS_KEPT: Final = 4
"""A phone has so many steps, the current one among them, to scan, load, and send."""


class Codes:
    """Codes by conference, venue and time; none is stored."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock

    def shown(self, conference: ConferenceId, venue: VenueId) -> tuple[str, int]:
        """The hall's code now, and until when (ms, UTC) it is to be shown."""
        step = self._step()
        return self._identity.code(conference, venue, step), (step + 1) * STEP_MS

    def venue(self, conference: Conference, code: str) -> VenueId | None:
        """The hall that shows `code`, or showed it a moment ago."""
        step, definition = self._step(), conference.definition
        steps = range(step, step - STEPS_KEPT, -1)
        return next(
            (
                venue.id
                for venue in definition.venues
                if code and code in {self._identity.code(definition.id, venue.id, each) for each in steps}
            ),
            None,
        )

    def _step(self) -> int:
        return int(self._clock.now_ms()) // STEP_MS
