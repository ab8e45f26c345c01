"""H264 payloads (RFC 6184): where keyframes begin, and the picture size in the SPS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from media.bits import Bits

IDR: Final = 5
SPS: Final = 7
STAP_A: Final = 24
FU_A: Final = 28
UNITS_MAX: Final = 64
_HIGH_PROFILES: Final = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


def units(payload: bytes) -> Iterator[bytes]:
    """The NAL units that begin in a packet; of a fragmented one its first fragment, header restored."""
    kind = payload[0] & 31 if payload else 0
    if 1 <= kind <= 23:
        yield payload
    elif kind == STAP_A:
        at = 1
        for _ in range(UNITS_MAX):
            size = int.from_bytes(payload[at : at + 2])
            if at + 2 >= len(payload) or at + 2 + size > len(payload) or not size:
                return
            yield payload[at + 2 : at + 2 + size]
            at += 2 + size
    elif kind == FU_A and len(payload) > 2 and payload[1] & 0x80:
        yield bytes([payload[0] & 0xE0 | payload[1] & 31]) + payload[2:]


def starts_keyframe(payload: bytes) -> bool:
    """Whether an SPS or an IDR slice begins in the packet."""
    return any(unit[0] & 31 in (IDR, SPS) for unit in units(payload))


def picture_size(payload: bytes) -> tuple[int, int] | None:
    """(width, height) from an SPS in the packet (H.264 section 7.3.2.1.1), None without one."""
    for unit in units(payload):
        if unit[0] & 31 == SPS:
            try:
                return _sps_size(Bits(unit[1:200].replace(b"\0\0\3", b"\0\0")))
            except EOFError:
                return None
    return None


def _sps_size(bits: Bits) -> tuple[int, int]:
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = _skip_high_profile(bits)
    bits.unsigned()
    _skip_picture_order(bits)
    bits.unsigned()
    bits.take(1)
    width = 16 * (bits.unsigned() + 1)
    map_units = bits.unsigned() + 1
    frame_only = bits.take(1)
    height = 16 * map_units * (2 - frame_only)
    if not frame_only:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        across, down = (2 if chroma in (1, 2) else 1), (2 if chroma == 1 else 1) * (2 - frame_only)
        width -= across * (left + right)
        height -= down * (top + bottom)
    return max(width, 0), max(height, 0)


def _skip_high_profile(bits: Bits) -> int:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)
    bits.unsigned()
    bits.unsigned()
    bits.take(1)
    if bits.take(1):
        for which in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if which < 6 else 64)
    return chroma


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_picture_order(bits: Bits) -> None:
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
