"""Transport-wide feedback to publishers (draft-holmer-rmcat-transport-wide-cc-extensions-01).

The publisher's own congestion controller lives on it: libwebrtc reaches its full rate
only when arrivals are reported steadily.
"""

from __future__ import annotations

import struct
from typing import Final

from media.rtcp import RTPFB
from media.srtp import Window

PACKETS_MAX: Final = 700
"""statuses in one feedback packet: below 1200 bytes even when every delta needs two bytes."""
GAP_MAX: Final = 3000
"""a larger jump of sequence numbers starts the record anew."""
_SMALL, _LARGE, _LOST = 1, 2, 0


class ArrivalRecord:
    """Arrival times by transport-wide sequence number, since the last feedback."""

    def __init__(self) -> None:
        self._indexes = Window()
        self._arrivals: dict[int, float] = {}
        self._next = -1
        self._count = 0

    def note(self, seq: int, arrival_s: float) -> None:
        """A packet with transport-wide `seq` came."""
        if self._next < 0:
            self._next = self._indexes.highest = 0x10000 | seq  # one turn up: an earlier one may come late
        index = self._indexes.index_of(seq)
        if index - self._next > GAP_MAX:
            self._arrivals.clear()
            self._next = index
        self._indexes.highest = max(index, self._indexes.highest)
        if index < self._next:  # came late: report it again from there on
            if self._next - index > PACKETS_MAX // 2:
                return
            self._next = index
        self._arrivals.setdefault(index, arrival_s)

    def feedback(self, sender: int, ssrc: int) -> list[bytes]:
        """RTCP packets for what came since; none when nothing did."""
        packets = []
        while self._arrivals:
            last = min(max(self._arrivals), self._next + PACKETS_MAX - 1)
            first, taken = self._next, {}
            for index in range(first, last + 1):
                arrival_s = self._arrivals.pop(index, None)
                if arrival_s is not None:
                    taken[index] = arrival_s
            self._next = last + 1
            if taken:
                packets.append(_feedback(sender, ssrc, self._count & 0xFF, first, last, taken))
                self._count += 1
        return packets


def _feedback(sender: int, ssrc: int, count: int, first: int, last: int, arrivals: dict[int, float]) -> bytes:
    """One packet (section 3.1): base time in 64 ms, deltas in 250 us."""
    reference = int(next(iter(arrivals.values())) / 0.064)
    at_ticks = reference * 256
    statuses, deltas = [], []
    for index in range(first, last + 1):
        arrival_s = arrivals.get(index)
        if arrival_s is None:
            statuses.append(_LOST)
            continue
        delta = max(-32768, min(32767, round(arrival_s * 4000) - at_ticks))
        at_ticks += delta
        small = 0 <= delta <= 255
        statuses.append(_SMALL if small else _LARGE)
        deltas.append(delta.to_bytes(1) if small else delta.to_bytes(2, signed=True))
    body = struct.pack("!IIHH", sender, ssrc, first & 0xFFFF, last - first + 1)
    body += ((reference & 0xFFFFFF) << 8 | count).to_bytes(4) + _chunks(statuses) + b"".join(deltas)
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes([padding])
    return struct.pack("!BBH", 0x80 | (0x20 if padding else 0) | 15, RTPFB, len(body) // 4) + body


def _chunks(statuses: list[int]) -> bytes:
    """Run-length chunks for runs of 7 and more, two-bit vectors of 7 otherwise (sections 3.1.3, 3.1.4)."""
    chunks, at = [], 0
    while at < len(statuses):
        run = 1
        while at + run < len(statuses) and statuses[at + run] == statuses[at] and run < 8191:
            run += 1
        if run >= 7:
            chunks.append(statuses[at] << 13 | run)
            at += run
        else:
            vector = statuses[at : at + 7] + [0] * max(0, at + 7 - len(statuses))
            chunks.append(0xC000 | sum(status << 2 * (6 - i) for i, status in enumerate(vector)))
            at += 7
    return b"".join(chunk.to_bytes(2) for chunk in chunks)
