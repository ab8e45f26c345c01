"""VP8 payloads (RFC 7741): keyframes, picture size, and picture ids that run on over a switch."""

from __future__ import annotations

from typing import NamedTuple

from media.picture_id import PictureId, moved, read


class Descriptor(NamedTuple):
    """Where a payload descriptor keeps its numbers; offsets are -1 where absent."""

    size: int
    start: bool
    picture: PictureId
    tl0_at: int
    tl0: int


def read_descriptor(payload: bytes) -> Descriptor | None:
    """The payload descriptor (section 4.2), None when cut short."""
    size = len(payload)
    if size < 1:
        return None
    start = payload[0] & 0x10 != 0 and payload[0] & 0x07 == 0
    if not payload[0] & 0x80:
        return Descriptor(1, start, PictureId(), -1, 0)
    if size < 2:
        return None
    flags, at = payload[1], 2
    picture, tl0_at, tl0 = read(payload, at) if flags & 0x80 else PictureId(), -1, 0
    if picture is None:
        return None
    at += picture.size
    if flags & 0x40:
        if at >= size:
            return None
        tl0_at, tl0 = at, payload[at]
        at += 1
    if flags & 0x30:
        at += 1
    return Descriptor(at, start, picture, tl0_at, tl0) if at <= size else None


def starts_keyframe(payload: bytes) -> bool:
    """Whether the packet begins a keyframe: first partition's start, P bit 0 (section 4.3)."""
    descriptor = read_descriptor(payload)
    return (
        descriptor is not None
        and descriptor.start
        and len(payload) > descriptor.size
        and not (payload[descriptor.size] & 1)
    )


def picture_size(payload: bytes) -> tuple[int, int] | None:
    """(width, height) from a keyframe's first packet (RFC 6386 section 9.1)."""
    descriptor = read_descriptor(payload)
    if descriptor is None or len(payload) < descriptor.size + 10:
        return None
    at = descriptor.size + 6
    return int.from_bytes(payload[at : at + 2], "little") & 0x3FFF, int.from_bytes(
        payload[at + 2 : at + 4], "little"
    ) & 0x3FFF


def shifted(payload: bytes, picture_id_step: int, tl0_step: int) -> bytes:
    """The payload with PictureID and TL0PICIDX moved by the steps, modulo their widths."""
    descriptor = read_descriptor(payload)
    if descriptor is None:
        return payload
    head = moved(payload[: descriptor.size], descriptor.picture, picture_id_step, descriptor.tl0_at, tl0_step)
    return head + payload[descriptor.size :]
