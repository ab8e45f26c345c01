"""RTP packets: the fixed header (RFC 3550 section 5.1) and header extensions (RFC 8285)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_FIXED: Final = struct.Struct("!BBHII")
_EXTENSION: Final = struct.Struct("!HH")
ONE_BYTE: Final = 0xBEDE
TWO_BYTE: Final = 0x1000


class Header(NamedTuple):
    """An RTP header; `size` counts CSRCs and extensions; `extension` is the body of the extension block."""

    padded: bool
    marker: bool
    payload_type: int
    seq: int
    timestamp: int
    ssrc: int
    size: int
    profile: int
    extension: bytes


def is_rtcp(packet: bytes) -> bool:
    """RFC 5761 section 4: RTCP types 192-223 on a port shared with RTP."""
    return len(packet) > 1 and 192 <= packet[1] <= 223


def read_header(packet: bytes) -> Header | None:
    """The header of a packet, None if it isn't version 2 or is cut short."""
    size = len(packet)
    if size < 12:
        return None
    first, second, seq, timestamp, ssrc = _FIXED.unpack_from(packet)
    if first >> 6 != 2:
        return None
    at = 12 + 4 * (first & 15)
    profile, extension = 0, b""
    if first & 0x10:
        if at + 4 > size:
            return None
        profile, words = _EXTENSION.unpack_from(packet, at)
        extension = packet[at + 4 : at + 4 + 4 * words]
        at += 4 + 4 * words
    if at > size:
        return None
    return Header(bool(first & 0x20), bool(second & 0x80), second & 0x7F, seq, timestamp, ssrc, at, profile, extension)


def elements(profile: int, block: bytes) -> Iterator[tuple[int, bytes]]:
    """(id, value) of each extension element; a broken block ends early."""
    if profile == ONE_BYTE:
        return _one_byte_elements(block)
    if profile & 0xFFF0 == TWO_BYTE:
        return _two_byte_elements(block)
    return iter(())


def _one_byte_elements(block: bytes) -> Iterator[tuple[int, bytes]]:
    at, size = 0, len(block)
    while at < size:
        head = block[at]
        at += 1
        if head == 0:
            continue
        if head >> 4 == 15:
            return
        end = at + (head & 15) + 1
        if end > size:
            return
        yield head >> 4, block[at:end]
        at = end


def _two_byte_elements(block: bytes) -> Iterator[tuple[int, bytes]]:
    at, size = 0, len(block)
    while at < size:
        name = block[at]
        at += 1
        if name == 0:
            continue
        if at >= size or at + 1 + block[at] > size:
            return
        end = at + 1 + block[at]
        yield name, block[at + 1 : end]
        at = end


def extension_block(values: dict[int, bytes]) -> bytes:
    """The extension block, header included, for the elements given; b"" for none."""
    if not values:
        return b""
    if all(name < 15 and 0 < len(value) <= 16 for name, value in values.items()):
        profile = ONE_BYTE
        body = b"".join(bytes([name << 4 | len(value) - 1]) + value for name, value in values.items())
    else:
        profile = TWO_BYTE
        body = b"".join(bytes([name, len(value)]) + value for name, value in values.items())
    body += bytes(-len(body) % 4)
    return _EXTENSION.pack(profile, len(body) // 4) + body


def without_padding(payload: bytes) -> bytes:
    """The payload of a packet whose padding bit is set; b"" when the count is nonsense."""
    if not payload or not 0 < payload[-1] <= len(payload):
        return b""
    return payload[: -payload[-1]]


class Packet:
    """A clear packet as it rests in a ring. Written once, read by every slot.

    `index` is the publisher's extended sequence number; `timestamp` is the publisher's,
    `media_timestamp` the same instant as media time in the same clock (both mod 2^32).
    `shifted` is the payload with its picture numbers moved, for the viewers who share the steps.
    """

    __slots__ = (
        "arrival_s",
        "index",
        "keyframe",
        "level",
        "marker",
        "media_timestamp",
        "payload",
        "payload_type",
        "shifted",
        "timestamp",
    )

    def __init__(self, index: int, header: Header, payload: bytes, arrival_s: float) -> None:
        self.index = index
        self.timestamp = header.timestamp
        self.media_timestamp = header.timestamp
        self.marker = header.marker
        self.payload_type = header.payload_type
        self.payload = payload
        self.keyframe = False
        self.level = b""
        self.shifted: tuple[int, int, bytes] | None = None
        self.arrival_s = arrival_s
