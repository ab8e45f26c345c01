"""The last seconds of one layer, clear: what viewers' NACKs and new viewers are served from."""

from __future__ import annotations

from collections import deque
from typing import Final

from media.rtp import Packet

KEPT_S: Final = 2.5
KEPT_MAX: Final = 16384
"""packets; bounds a flood that would fit into KEPT_S."""


class Ring:
    """Packets by extended sequence number, and where the newest keyframe began."""

    __slots__ = ("_order", "_packets", "keyframe")

    def __init__(self) -> None:
        self._packets: dict[int, Packet] = {}
        self._order: deque[Packet] = deque()
        self.keyframe: Packet | None = None

    def __contains__(self, index: int) -> bool:
        return index in self._packets

    def get(self, index: int) -> Packet | None:
        return self._packets.get(index)

    def add(self, packet: Packet) -> None:
        """Keep a packet that is not in the ring yet, and drop what is too old."""
        self._packets[packet.index] = packet
        order = self._order
        order.append(packet)
        oldest_s = packet.arrival_s - KEPT_S
        while order[0].arrival_s < oldest_s or len(order) > KEPT_MAX:
            del self._packets[order.popleft().index]
        if packet.keyframe and self._newer_keyframe(packet):
            self.keyframe = packet

    def _newer_keyframe(self, packet: Packet) -> bool:
        known = self.keyframe
        return known is None or (packet.index > known.index and packet.timestamp != known.timestamp)

    def since_keyframe(self, oldest_s: float) -> list[Packet]:
        """Everything from the newest keyframe's first packet on, in order; [] when that came before `oldest_s`."""
        start = self.keyframe
        if start is None or start.arrival_s < oldest_s or start.index not in self._packets:
            return []
        return [start, *self.later(start.index)]

    def later(self, index: int) -> list[Packet]:
        """What follows `index`, in order."""
        return [self._packets[later] for later in sorted(self._packets) if later > index]
