"""VP9 payloads (RFC 9628): keyframes, picture size, and picture ids that run on over a switch."""

from __future__ import annotations

from typing import NamedTuple

from media.bits import Bits


class Descriptor(NamedTuple):
    """Where a payload descriptor keeps its numbers; offsets are -1 where absent."""

    first: int
    picture_id_at: int
    picture_id: int
    picture_id_bits: int
    spatial: int
    tl0_at: int
    tl0: int


def read_descriptor(payload: bytes) -> Descriptor | None:
    """The descriptor up to TL0PICIDX (section 4.2), None when cut short."""
    size = len(payload)
    if not size:
        return None
    first, at = payload[0], 1
    picture_id_at, picture_id, bits, spatial, tl0_at, tl0 = -1, 0, 0, 0, -1, 0
    if first & 0x80:
        if at >= size:
            return None
        picture_id_at, bits, picture_id = at, 7, payload[at] & 0x7F
        at += 1
        if payload[at - 1] & 0x80:
            if at >= size:
                return None
            bits, picture_id = 15, picture_id << 8 | payload[at]
            at += 1
    if first & 0x20:
        if at >= size:
            return None
        spatial = payload[at] >> 1 & 7
        at += 1
        if not first & 0x10:
            if at >= size:
                return None
            tl0_at, tl0 = at, payload[at]
    return Descriptor(first, picture_id_at, picture_id, bits, spatial, tl0_at, tl0)


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
    at = 1 + (descriptor.picture_id_bits + 1) // 8
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
    head = bytearray(payload[:5])
    if descriptor.picture_id_bits == 15:
        moved = (descriptor.picture_id + picture_id_step) & 0x7FFF
        head[descriptor.picture_id_at] = 0x80 | moved >> 8
        head[descriptor.picture_id_at + 1] = moved & 0xFF
    elif descriptor.picture_id_bits == 7:
        head[descriptor.picture_id_at] = (descriptor.picture_id + picture_id_step) & 0x7F
    if descriptor.tl0_at >= 0:
        head[descriptor.tl0_at] = (descriptor.tl0 + tl0_step) & 0xFF
    return bytes(head) + payload[5:]
