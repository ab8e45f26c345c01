"""VP9 payloads (RFC 9628): keyframes, picture size, and picture ids that run on over a switch."""

from __future__ import annotations

from typing import NamedTuple

from media.bits import Bits
from media.picture_id import PictureId, moved, read


class Descriptor(NamedTuple):
    """Where a payload descriptor keeps its numbers; offsets are -1 where absent."""

    first: int
    picture: PictureId
    spatial: int
    tl0_at: int
    tl0: int


def read_descriptor(payload: bytes) -> Descriptor | None:
    """The descriptor up to TL0PICIDX (section 4.2), None when cut short."""
    size = len(payload)
    if not size:
        return None
    first, at = payload[0], 1
    picture, spatial, tl0_at, tl0 = read(payload, at) if first & 0x80 else PictureId(), 0, -1, 0
    if picture is None:
        return None
    at += picture.size
    if first & 0x20:
        if at >= size:
            return None
        spatial = payload[at] >> 1 & 7
        at += 1
        if not first & 0x10:
            if at >= size:
                return None
            tl0_at, tl0 = at, payload[at]
    return Descriptor(first, picture, spatial, tl0_at, tl0)


def starts_keyframe(payload: bytes) -> bool:
    """Whether a picture that refers to none before it begins here: P 0, B 1, lowest spatial layer."""
    descriptor = read_descriptor(payload)
    return (
        descriptor is not None
        and not descriptor.first & 0x40
        and descriptor.first & 0x08 != 0
        and (descriptor.spatial == 0)
    )


def picture_size(payload: bytes) -> tuple[int, int] | None:
    """(width, height) of the largest spatial layer in the scalability structure, where one is sent."""
    descriptor = read_descriptor(payload)
    if descriptor is None or not descriptor.first & 0x02:
        return None
    at = _structure_at(payload, descriptor)
    try:
        bits = Bits(payload[at : at + 40])
        layers, sized = bits.take(3) + 1, bits.take(1)
        bits.take(4)
        sizes = [(bits.take(16), bits.take(16)) for _ in range(layers)] if sized else []
    except EOFError:
        return None
    return max(sizes, default=None)


def _structure_at(payload: bytes, descriptor: Descriptor) -> int:
    at = 1 + descriptor.picture.size
    if descriptor.first & 0x20:
        at += 1 if descriptor.first & 0x10 else 2
    if descriptor.first & 0x50 == 0x50:  # flexible mode of a predicted picture: reference indices follow
        for _ in range(3):
            at += 1
            if at > len(payload) or not payload[at - 1] & 1:
                break
    return at


def shifted(payload: bytes, picture_id_step: int, tl0_step: int) -> bytes:
    """The payload with PictureID and TL0PICIDX moved by the steps, modulo their widths."""
    descriptor = read_descriptor(payload)
    if descriptor is None:
        return payload
    head = moved(payload[:5], descriptor.picture, picture_id_step, descriptor.tl0_at, tl0_step)
    return head + payload[5:]
