"""Redundant audio (RFC 2198): passes through with our payload types inside, or gives up its primary."""

from __future__ import annotations

from typing import Final

BLOCKS_MAX: Final = 8


def _headers(payload: bytes) -> tuple[list[int], int] | None:
    """Offsets of the block headers and the offset behind them."""
    at, heads = 0, []
    for _ in range(BLOCKS_MAX):
        if at >= len(payload):
            return None
        heads.append(at)
        if not payload[at] & 0x80:
            return heads, at + 1
        at += 4
    return None


def primary(payload: bytes) -> bytes:
    """The primary encoding of a packet, b"" when it is broken."""
    found = _headers(payload)
    if found is None:
        return b""
    heads, at = found
    at += sum(int.from_bytes(payload[head + 2 : head + 4]) & 0x3FF for head in heads[:-1])
    return payload[at:]


def renumbered(payload: bytes, payload_type: int) -> bytes:
    """The packet with every block's payload type set to `payload_type`."""
    found = _headers(payload)
    if found is None:
        return payload
    heads, end = found
    head = bytearray(payload[:end])
    for at in heads:
        head[at] = head[at] & 0x80 | payload_type
    return bytes(head) + payload[end:]
