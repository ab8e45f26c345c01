"""AV1 payloads (RTP payload format for AV1, v1.0): where coded video sequences begin, and their size."""

from __future__ import annotations

from typing import Final

from media.bits import Bits

SEQUENCE_HEADER: Final = 1


def starts_keyframe(payload: bytes) -> bool:
    """Whether the packet is the first of a coded video sequence (N bit, section 4.4)."""
    return len(payload) > 1 and payload[0] & 0x08 != 0


def picture_size(payload: bytes) -> tuple[int, int] | None:
    """(width, height) from a sequence header at the front of the packet (AV1 section 5.5.1)."""
    if not starts_keyframe(payload):
        return None
    at = 1
    if payload[0] >> 4 & 3 != 1:  # the first element carries its length (leb128)
        while at < len(payload) and payload[at] & 0x80:
            at += 1
        at += 1
    if at + 1 >= len(payload) or payload[at] >> 3 & 15 != SEQUENCE_HEADER:
        return None
    at += 1 + (payload[at] >> 2 & 1) + (payload[at] >> 1 & 1)
    try:
        return _sequence_size(Bits(payload[at : at + 64]))
    except EOFError:
        return None


def _sequence_size(bits: Bits) -> tuple[int, int] | None:
    bits.take(4)
    if bits.take(1):  # reduced_still_picture_header
        bits.take(5)
    else:
        if bits.take(1):  # timing_info_present_flag: nobody sends it live
            return None
        delayed = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            if bits.take(5) > 7:
                bits.take(1)
            if delayed and bits.take(1):
                bits.take(4)
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(wide) + 1, bits.take(high) + 1
