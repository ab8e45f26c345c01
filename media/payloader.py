"""Encoded frames -> RTP payloads, for loops that are born inside the relay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from media.model import Codec

PAYLOAD_MAX: Final = 1150
"""bytes; with every header, extension and SRTP tag it fits a 1280 byte path."""
_AV1_DROPPED: Final = frozenset({2, 8, 15})
"""Temporal delimiter, tile list, padding: not sent (AV1 RTP specification section 5)."""

Payloader = Callable[[bytes, bool, int], list[bytes]]
"""(frame, is a keyframe, picture number) -> payloads in order."""


def vp8(frame: bytes, keyframe: bool, picture: int) -> list[bytes]:
    """RFC 7741: one partition as far as RTP sees it, a 15-bit picture id."""
    tail = bytes([0x80, 0x80 | picture >> 8 & 0x7F, picture & 0xFF])
    return [bytes([0x90 if first else 0x80]) + tail + part for part, first, _ in _parts(frame)]


def vp9(frame: bytes, keyframe: bool, picture: int) -> list[bytes]:
    """RFC 9628: non-flexible mode without layers, a 15-bit picture id."""
    number = bytes([0x80 | picture >> 8 & 0x7F, picture & 0xFF])
    common = 0x80 | (0 if keyframe else 0x40)
    return [bytes([common | first << 3 | last << 2]) + number + part for part, first, last in _parts(frame)]


def h264(frame: bytes, keyframe: bool, picture: int) -> list[bytes]:
    """RFC 6184, packetization mode 1: single NAL units and FU-A."""
    return [payload for unit in _nal_units(frame) for payload in _h264_unit(unit)]


def av1(frame: bytes, keyframe: bool, picture: int) -> list[bytes]:
    """AV1 RTP specification: every OBU an element with its length, cut where a packet is full."""
    payloads: list[bytes] = []
    body, cut = b"", False
    for obu in _obus(frame):
        rest = obu
        while rest:
            room = PAYLOAD_MAX - len(body) - 3
            if room < 16:
                payloads.append(_aggregated(body, cut, False))
                body, cut = b"", False
                continue
            part, rest = rest[:room], rest[room:]
            body += _leb128(len(part)) + part
            if rest:
                payloads.append(_aggregated(body, cut, True))
                body, cut = b"", True
    payloads.append(_aggregated(body, cut, False))
    if keyframe:
        payloads[0] = bytes([payloads[0][0] | 0x08]) + payloads[0][1:]
    return payloads


PAYLOADERS: Final[dict[Codec, Payloader]] = {Codec.VP8: vp8, Codec.VP9: vp9, Codec.H264: h264, Codec.AV1: av1}


def _parts(frame: bytes) -> Iterator[tuple[bytes, bool, bool]]:
    """(part, is the first, is the last), of nearly equal sizes."""
    count = -(-len(frame) // PAYLOAD_MAX)
    size = -(-len(frame) // count)
    for index in range(count):
        yield frame[index * size : (index + 1) * size], index == 0, index == count - 1


def _nal_units(frame: bytes) -> Iterator[bytes]:
    """NAL units of an Annex B frame (ITU-T H.264 annex B)."""
    for part in frame.split(b"\x00\x00\x01"):
        if unit := part.rstrip(b"\x00"):
            yield unit


def _h264_unit(unit: bytes) -> Iterator[bytes]:
    if len(unit) <= PAYLOAD_MAX:
        yield unit
        return
    indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 0x1F
    for part, first, last in _parts(unit[1:]):
        yield bytes([indicator, kind | first << 7 | last << 6]) + part


def _obus(frame: bytes) -> Iterator[bytes]:
    """OBUs without their size field, which the RTP elements carry (AV1 specification section 5.3)."""
    position = 0
    while position < len(frame):
        header = frame[position]
        length = 2 if header & 0x04 else 1
        head = bytes([header & ~0x02]) + frame[position + 1 : position + length]
        position += length
        size = len(frame) - position
        if header & 0x02:
            size, position = _read_leb128(frame, position)
        if (header >> 3) & 0x0F not in _AV1_DROPPED:
            yield head + frame[position : position + size]
        position += size


def _aggregated(body: bytes, continues: bool, continued: bool) -> bytes:
    """Aggregation header (Z, Y; W = 0: every element has a length) and body."""
    return bytes([continues << 7 | continued << 6]) + body


def _leb128(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _read_leb128(data: bytes, position: int) -> tuple[int, int]:
    """(value, position behind it)."""
    value = 0
    for index in range(8):
        value |= (data[position] & 0x7F) << 7 * index
        position += 1
        if not data[position - 1] & 0x80:
            break
    return value, position
