"""The signing tables' tablets as they stood by last: in memory only."""

from __future__ import annotations

from collections.abc import Mapping

from rooms.ceremony.rules import AWAKE_MS
from rooms.ceremony.words import Pad
from rooms.kernel import Json, SeatId


class Pads:
    """One conference's tablets by seat, from `started_ms` on."""

    def __init__(self, started_ms: float) -> None:
        self._started_ms = started_ms
        self._pads: dict[SeatId, Pad] = {}

    def stood_by(self, seat: SeatId, pad: Pad) -> None:
        self._pads[seat] = pad

    def all(self) -> Mapping[SeatId, Pad]:
        return dict(self._pads)

    def is_awake(self, seat: SeatId, now_ms: float) -> bool:
        """Whether the seat's tablet stood by lately. One that had no time yet to do so is taken for awake."""
        pad = self._pads.get(seat)
        return now_ms - (pad.seen_ms if pad else self._started_ms) <= AWAKE_MS

    def rows(self, seats: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
        """The desks' rows of seats with what is known of their tablets."""
        return {seat: {**row, **_row(self._pads.get(SeatId(seat)))} for seat, row in seats.items()}


def _row(pad: Pad | None) -> Mapping[str, Json]:
    if pad is None:
        return {}
    return {
        "awake_ms": pad.seen_ms,
        "offset_ms": round(pad.offset_ms, 1),
        "bound_ms": round(pad.bound_ms, 1),
        "device": pad.device,
    }
