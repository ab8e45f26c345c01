"""Synthetic pictures that say of themselves what they are: VP8 outside, facts inside.

Every packet of a frame carries which frame it belongs to, which one it refers to, how
many packets there are and when it was captured; so a receiver judges what it could
decode without a decoder, whatever a relay renumbers on the way.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from media.vp8 import read_descriptor

FRAMES_PER_S: Final = 30
PARTS_BYTES: Final = 1150
KEY_FACTOR: Final = 7
"""A keyframe is so many times as large as another frame."""
_FACTS: Final = struct.Struct("!HIIHHBQ")
_PATTERN: Final = (0, 2, 1, 2)
"""Temporal layers of successive frames (L1T3)."""


class Grade(NamedTuple):
    """One encoding of the picture."""

    rid: str
    height: int
    bitrate_bps: int


SINGLE: Final = Grade("", 480, 800_000)
LADDER: Final = (Grade("l", 180, 150_000), Grade("m", 360, 400_000), Grade("h", 720, 1_500_000))


class Facts(NamedTuple):
    """One packet's: part `part` of `parts` of frame `number`; `refers` is itself for a keyframe."""

    height: int
    number: int
    refers: int
    part: int
    parts: int
    temporal: int
    captured_us: int

    @property
    def key(self) -> bool:
        return self.number == self.refers


class Encoder:
    """Frames of one grade; numbers are those of the camera, so grades agree on them."""

    def __init__(self, grade: Grade) -> None:
        self.grade = grade
        self._frame_bytes = grade.bitrate_bps // 8 // FRAMES_PER_S
        self._place = 0
        self._picture = 0
        self._tl0 = 0
        self._newest = [0, 0, 0]

    def encode(self, number: int, captured_us: int, *, key: bool) -> Iterator[bytes]:
        """The payloads of frame `number`."""
        if key:
            self._place = 0
        temporal = _PATTERN[self._place % len(_PATTERN)]
        self._place += 1
        self._picture = (self._picture + 1) & 0x7FFF
        self._tl0 = (self._tl0 + (temporal == 0)) & 0xFF
        refers = number if key else max(self._newest[: max(temporal, 1)])
        self._newest = [number] * 3 if key else [*self._newest[:temporal], number, *self._newest[temporal + 1 :]]
        size = self._frame_bytes * (KEY_FACTOR if key else 1)
        parts = -(-size // PARTS_BYTES)
        for part in range(parts):
            facts = Facts(self.grade.height, number, refers, part, parts, temporal, captured_us)
            yield self._payload(facts, min(PARTS_BYTES, size - part * PARTS_BYTES))

    def _payload(self, facts: Facts, size: int) -> bytes:
        start = 0x10 if facts.part == 0 else 0
        ids = (0x8000 | self._picture).to_bytes(2) + bytes([self._tl0, facts.temporal << 6 | 0x20])
        descriptor = bytes([0x80 | start, 0xF0]) + ids
        width = facts.height * 16 // 9
        frame = bytes([0 if facts.key else 1, 0, 0]) + b"\x9d\x01\x2a" + struct.pack("<HH", width, facts.height)
        told = _FACTS.pack(*facts)
        filler = bytes(max(0, size - len(descriptor) - len(frame) - len(told)))
        return descriptor + frame + told + filler


def read_facts(payload: bytes) -> Facts | None:
    """What a packet says of itself, None when it is none of ours."""
    descriptor = read_descriptor(payload)
    if descriptor is None or len(payload) < descriptor.size + 10 + _FACTS.size:
        return None
    return Facts(*_FACTS.unpack_from(payload, descriptor.size + 10))
