"""Packets that never came, from the sequence numbers of those that did (RFC 3550 appendix A.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TURN: Final = 1 << 16


class Stream:
    """The packets of one SSRC, by extended sequence number."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._newest = 0

    def take(self, sequence_number: int) -> None:
        """One packet, 16 bits; late and repeated ones are sorted in."""
        if not self._seen:
            self._newest = sequence_number
        ahead = (sequence_number - self._newest + TURN // 2) % TURN - TURN // 2
        self._newest += max(0, ahead)
        self._seen.add(self._newest + min(0, ahead))

    @property
    def received(self) -> int:
        return len(self._seen)

    @property
    def lost(self) -> int:
        """Missing between the first and the last that came."""
        return max(self._seen) - min(self._seen) + 1 - len(self._seen) if self._seen else 0


class Gaps:
    """All streams of one receiver."""

    def __init__(self) -> None:
        self._streams: dict[int, Stream] = {}

    def take(self, ssrc: int, sequence_number: int) -> None:
        self._streams.setdefault(ssrc, Stream()).take(sequence_number)

    @property
    def received(self) -> int:
        return sum(stream.received for stream in self._streams.values())

    @property
    def lost(self) -> int:
        return sum(stream.lost for stream in self._streams.values())

    @property
    def streams(self) -> Mapping[int, Stream]:
        return self._streams
