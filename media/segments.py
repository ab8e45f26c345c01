"""Runs of one layer's packets in a slot's outgoing sequence: what each packet becomes follows from its run alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from media.rtp import Packet

if TYPE_CHECKING:
    from media.layers import Layer

SEGMENTS_MAX: Final = 128
"""kept for NACKs; a switch makes one, and so does each frame that catches up after it."""
CATCH_UP_TICKS: Final = 90
"""a picture whose media time would step back follows its predecessor by this (1 ms) until it has caught up."""
_WRAP: Final = 1 << 32

Shift = Callable[[bytes, int, int], bytes]


class Segment(NamedTuple):
    """A run of one layer's packets from publisher index `start` on; what is added to their numbers."""

    layer: Layer
    start: int
    seq_step: int
    payload_type: int
    repair_type: int | None
    lead: int
    timestamp_step: int | None
    shift: Shift | None
    picture_step: int
    tl0_step: int
    unpack_red: bool
    inner_type: int

    @property
    def first_out(self) -> int:
        """Outgoing sequence number (extended) of its first packet."""
        return self.start + self.seq_step

    def shifted(self, packet: Packet) -> bytes:
        """The payload with its picture numbers moved; the last result is kept, most viewers share the steps."""
        if self.shift is None:
            return packet.payload
        known = packet.shifted
        if known is None or known[0] != self.picture_step or known[1] != self.tl0_step:
            moved = self.shift(packet.payload, self.picture_step, self.tl0_step)
            known = packet.shifted = (self.picture_step, self.tl0_step, moved)
        return known[2]


class Segments:
    """The newest segments of a slot. Outgoing numbers are shared out among them without overlap."""

    def __init__(self) -> None:
        self._kept: deque[Segment] = deque(maxlen=SEGMENTS_MAX)

    def add(self, segment: Segment) -> None:
        self._kept.append(segment)

    def of_late(self, packet: Packet) -> Segment | None:
        """The segment of the present layer in whose range a packet falls that came out of order.

        A newer one's numbers are its own.
        """
        limit: int | None = None
        for segment in reversed(self._kept):
            if segment.layer is not self._kept[-1].layer:
                return None
            if packet.index >= segment.start:
                return segment if limit is None or packet.index + segment.seq_step < limit else None
            limit = segment.first_out if limit is None else min(limit, segment.first_out)
        return None

    def sent_as(self, out: int) -> tuple[Segment, Packet] | None:
        """The packet that was or would have been sent as `out`, while its layer's ring holds it."""
        for segment in reversed(self._kept):
            if out >= segment.first_out:
                packet = segment.layer.ring.get(out - segment.seq_step)
                return (segment, packet) if packet is not None and packet.payload else None
        return None


def catch_up(burst: list[Packet]) -> dict[int, int]:
    """Media time of each of a burst's frames -> what moves it to just before the newest one.

    With their own times the frames would set the receiver's clock to the oldest of them: it
    would show everything after as much later.
    """
    frames = list(dict.fromkeys(packet.media_timestamp for packet in burst))
    newest = frames[-1]
    moves = {media: (newest - place * CATCH_UP_TICKS - media) % _WRAP for place, media in enumerate(reversed(frames))}
    return {media: move if move < _WRAP // 2 else 0 for media, move in moves.items()}
