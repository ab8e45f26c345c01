"""The numbers of a picture in a payload descriptor, which VP8 (RFC 7741) and VP9 (RFC 9628) write alike."""

from __future__ import annotations

from typing import NamedTuple


class PictureId(NamedTuple):
    """A PictureID of 7 or 15 bits and where it stands; -1 where there is none."""

    at: int = -1
    value: int = 0
    bits: int = 0

    @property
    def size(self) -> int:
        """Its bytes in the descriptor."""
        return (self.bits + 1) // 8


def read(payload: bytes, at: int) -> PictureId | None:
    """The PictureID at `at` (section 4.2 of both), None when cut short."""
    if at >= len(payload):
        return None
    first = payload[at]
    if not first & 0x80:
        return PictureId(at, first, 7)
    return PictureId(at, (first & 0x7F) << 8 | payload[at + 1], 15) if at + 1 < len(payload) else None


def moved(descriptor: bytes, picture: PictureId, picture_step: int, tl0_at: int, tl0_step: int) -> bytes:
    """The descriptor with PictureID and TL0PICIDX moved by the steps, modulo their widths."""
    head = bytearray(descriptor)
    if picture.bits == 15:
        value = (picture.value + picture_step) & 0x7FFF
        head[picture.at] = 0x80 | value >> 8
        head[picture.at + 1] = value & 0xFF
    elif picture.bits == 7:
        head[picture.at] = (picture.value + picture_step) & 0x7F
    if tl0_at >= 0:
        head[tl0_at] = (head[tl0_at] + tl0_step) & 0xFF
    return bytes(head)
