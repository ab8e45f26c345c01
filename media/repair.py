"""What a stream still misses, and when to ask for it again (NACK, RFC 4585)."""

from __future__ import annotations

from typing import Final

TRIES_MAX: Final = 10
PATIENCE_S: Final = 1.5
"""the playout budget: later than this a repair helps nobody."""
ROUND_TRIP_UNKNOWN_S: Final = 0.1
ROUND_TRIP_MIN_S: Final = 0.02
MISSING_MAX: Final = 512
"""packets; a larger hole is mended by a keyframe, not packet by packet."""


class _Missing:
    __slots__ = ("asked_s", "since_s", "tries")

    def __init__(self, now_s: float) -> None:
        self.since_s = self.asked_s = now_s
        self.tries = 1


class Repairs:
    """Holes of one stream by extended sequence number: first asked at once, again after a round trip.

    `mended`: those that were filled in time.
    """

    def __init__(self) -> None:
        self.mended = 0
        self._missing: dict[int, _Missing] = {}
        self._highest = -1

    def arrived(self, index: int, now_s: float) -> tuple[list[int], bool]:
        """The holes that this packet reveals (to be asked for now), and whether too much is missing."""
        highest = self._highest
        if index <= highest:
            self.mended += self._missing.pop(index, None) is not None
            return [], False
        self._highest = index
        if index == highest + 1 or highest < 0:
            return [], False
        if index - highest + len(self._missing) > MISSING_MAX:
            self._missing.clear()
            return [], True
        holes = list(range(highest + 1, index))
        for hole in holes:
            self._missing[hole] = _Missing(now_s)
        return holes, False

    def due(self, now_s: float, round_trip_ms: float | None) -> list[int]:
        """The holes to ask for again now; those given up are forgotten."""
        if not self._missing:
            return []
        wait_s = ROUND_TRIP_UNKNOWN_S if round_trip_ms is None else max(round_trip_ms / 1000, ROUND_TRIP_MIN_S)
        asked = []
        for index, missing in list(self._missing.items()):
            if missing.tries >= TRIES_MAX or now_s - missing.since_s > PATIENCE_S:
                del self._missing[index]
            elif now_s - missing.asked_s >= wait_s:
                missing.asked_s = now_s
                missing.tries += 1
                asked.append(index)
        return asked
