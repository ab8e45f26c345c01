"""RTCP that we write (RFC 3550, 4585, 3611, and REMB as libwebrtc reads it)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from media.rtcp import PSFB, RR, RTPFB, SDES, SR, XR, Block

NTP_UNIX_S: Final = 2208988800
"""seconds from 1900 to 1970."""
NACKED_MAX: Final = 240
"""pairs of one NACK packet, so that it fits a datagram."""


def ntp_of(unix_ms: float) -> int:
    """Unix milliseconds as NTP 32.32 fixed point."""
    whole, rest = divmod(unix_ms, 1000.0)
    return (int(whole) + NTP_UNIX_S) << 32 | int(rest / 1000.0 * 4294967296.0)


def unix_ms_of(ntp: int) -> float:
    """NTP 32.32 fixed point as Unix milliseconds."""
    return ((ntp >> 32) - NTP_UNIX_S) * 1000.0 + (ntp & 0xFFFFFFFF) * 1000.0 / 4294967296.0


def middle(ntp: int) -> int:
    """The middle 32 bits, as LSR and LRR carry them."""
    return ntp >> 16 & 0xFFFFFFFF


def round_trip_ms(now_ntp: int, last: int, delay: int) -> float:
    """Round trip by RFC 3550 section 6.4.1, never below 0."""
    ticks = (middle(now_ntp) - last - delay) & 0xFFFFFFFF
    return 0.0 if ticks >> 31 else ticks * 1000.0 / 65536.0


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _report_blocks(blocks: Sequence[Block]) -> bytes:
    return b"".join(
        struct.pack("!IIIIII", b.ssrc, b.fraction << 24 | b.lost & 0xFFFFFF, b.highest, b.jitter, b.lsr, b.dlsr)
        for b in blocks
    )


def sender_report(ssrc: int, ntp: int, rtp: int, packets: int, octets: int) -> bytes:
    counts = (packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _packet(0, SR, struct.pack("!IQIII", ssrc, ntp, rtp & 0xFFFFFFFF, *counts))


def receiver_report(ssrc: int, blocks: Sequence[Block]) -> bytes:
    """At most 31 blocks."""
    return _packet(len(blocks), RR, struct.pack("!I", ssrc) + _report_blocks(blocks))


def description(ssrc: int, cname: str) -> bytes:
    """SDES with one CNAME (RFC 3550 section 6.5)."""
    name = cname.encode()[:255]
    item = struct.pack("!IBB", ssrc, 1, len(name)) + name + b"\0"
    return _packet(1, SDES, item + bytes(-len(item) % 4))


def receiver_time(ssrc: int, ntp: int) -> bytes:
    """XR with a receiver reference time (RFC 3611 section 4.4)."""
    return _packet(0, XR, struct.pack("!IBBHQ", ssrc, 4, 0, 2, ntp))


def nack(sender: int, ssrc: int, seqs: Sequence[int]) -> bytes:
    """A generic NACK (RFC 4585 section 6.2.1); `seqs` ascend modulo 2^16."""
    pairs: list[tuple[int, int]] = []
    for seq in seqs:
        step = (seq - pairs[-1][0]) & 0xFFFF if pairs else 0
        if pairs and 0 < step <= 16:
            pairs[-1] = (pairs[-1][0], pairs[-1][1] | 1 << (step - 1))
        else:
            pairs.append((seq, 0))
    body = b"".join(struct.pack("!HH", *pair) for pair in pairs[:NACKED_MAX])
    return _packet(1, RTPFB, struct.pack("!II", sender, ssrc) + body)


def picture_loss(sender: int, ssrc: int) -> bytes:
    """A PLI (RFC 4585 section 6.3.1)."""
    return _packet(1, PSFB, struct.pack("!II", sender, ssrc))


def estimate(sender: int, bitrate_bps: int, ssrcs: Sequence[int]) -> bytes:
    """REMB (draft-alvestrand-rmcat-remb-03)."""
    exponent = max(bitrate_bps.bit_length() - 18, 0)
    rate = exponent << 18 | bitrate_bps >> exponent
    head = struct.pack("!II4s", sender, 0, b"REMB") + (len(ssrcs) << 24 | rate).to_bytes(4)
    return _packet(15, PSFB, head + b"".join(ssrc.to_bytes(4) for ssrc in ssrcs))
