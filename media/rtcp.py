"""RTCP that we read (RFC 3550, 4585, 5104, 3611): reports, repair requests, picture requests, goodbyes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

SR: Final = 200
RR: Final = 201
SDES: Final = 202
BYE: Final = 203
RTPFB: Final = 205
PSFB: Final = 206
XR: Final = 207
PACKETS_MAX: Final = 32
"""of a compound; real ones hold fewer than ten."""
NACKS_MAX: Final = 1024
"""sequence numbers of one NACK packet that are answered."""
_BLOCK: Final = struct.Struct("!IIIIII")
_SENDER: Final = struct.Struct("!IQIII")
_PAIR: Final = struct.Struct("!HH")


class Block(NamedTuple):
    """A report block: `fraction` of 256 lost since the last one; `lsr` and `dlsr` in 1/65536 s."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    lsr: int
    dlsr: int


class SenderReport(NamedTuple):
    """`ntp` is 32.32 fixed point since 1900."""

    ssrc: int
    ntp: int
    rtp: int
    packets: int


class Reports(NamedTuple):
    """The report blocks of a sender or receiver report."""

    sender: int
    blocks: tuple[Block, ...]


class Nack(NamedTuple):
    ssrc: int
    seqs: tuple[int, ...]


class PictureRequest(NamedTuple):
    """PLI or FIR."""

    ssrc: int


class Bye(NamedTuple):
    ssrcs: tuple[int, ...]


class LastReceiverTime(NamedTuple):
    """A DLRR sub-block (RFC 3611 section 4.5): our own reference time, and how long it lay there."""

    ssrc: int
    last: int
    delay: int


Item = SenderReport | Reports | Nack | PictureRequest | Bye | LastReceiverTime


def read_compound(compound: bytes) -> Iterator[Item]:
    """Everything of interest in a compound; ends at the first packet that is cut short or not RTCP."""
    at = 0
    for _ in range(PACKETS_MAX):
        if at + 4 > len(compound) or compound[at] >> 6 != 2:
            return
        end = at + 4 + 4 * int.from_bytes(compound[at + 2 : at + 4])
        if end > len(compound):
            return
        reader = _READERS.get(compound[at + 1])
        if reader is not None:
            yield from reader(compound[at] & 31, compound[at + 4 : end])
        at = end


def _sender_report(count: int, body: bytes) -> Iterator[Item]:
    if len(body) >= 24:
        ssrc, ntp, rtp, packets, _ = _SENDER.unpack_from(body)
        yield SenderReport(ssrc, ntp, rtp, packets)
        yield Reports(ssrc, _blocks(count, body, 24))


def _receiver_report(count: int, body: bytes) -> Iterator[Item]:
    if len(body) >= 4:
        yield Reports(int.from_bytes(body[:4]), _blocks(count, body, 4))


def _blocks(count: int, body: bytes, at: int) -> tuple[Block, ...]:
    return tuple(_block(body, at + 24 * i) for i in range(count) if at + 24 * i + 24 <= len(body))


def _block(body: bytes, at: int) -> Block:
    ssrc, loss, highest, jitter, lsr, dlsr = _BLOCK.unpack_from(body, at)
    lost = loss & 0xFFFFFF
    return Block(ssrc, loss >> 24, lost - (1 << 24) if lost >> 23 else lost, highest, jitter, lsr, dlsr)


def _bye(count: int, body: bytes) -> Iterator[Item]:
    yield Bye(tuple(int.from_bytes(body[4 * i : 4 * i + 4]) for i in range(count) if 4 * i + 4 <= len(body)))


def _transport_feedback(kind: int, body: bytes) -> Iterator[Item]:
    if kind == 1 and len(body) >= 8:
        seqs: list[int] = []
        for at in range(8, len(body) - 3, 4):
            pid, mask = _PAIR.unpack_from(body, at)
            seqs.append(pid)
            seqs += [(pid + 1 + bit) & 0xFFFF for bit in range(16) if mask >> bit & 1]
            if len(seqs) >= NACKS_MAX:
                break
        yield Nack(int.from_bytes(body[4:8]), tuple(seqs[:NACKS_MAX]))


def _payload_feedback(kind: int, body: bytes) -> Iterator[Item]:
    if kind == 1 and len(body) >= 8:
        yield PictureRequest(int.from_bytes(body[4:8]))
    elif kind == 4:
        for at in range(8, min(len(body) - 7, 8 + 8 * 32), 8):
            yield PictureRequest(int.from_bytes(body[at : at + 4]))


def _extended_report(_: int, body: bytes) -> Iterator[Item]:
    at = 4
    for _ in range(PACKETS_MAX):
        if at + 4 > len(body):
            return
        end = min(at + 4 + 4 * int.from_bytes(body[at + 2 : at + 4]), len(body))
        if body[at] == 5:
            for sub in range(at + 4, min(end - 11, at + 4 + 12 * 32), 12):
                ssrc, last, delay = struct.unpack_from("!III", body, sub)
                yield LastReceiverTime(ssrc, last, delay)
        at = end


_READERS: Final[dict[int, Callable[[int, bytes], Iterator[Item]]]] = {
    SR: _sender_report,
    RR: _receiver_report,
    BYE: _bye,
    RTPFB: _transport_feedback,
    PSFB: _payload_feedback,
    XR: _extended_report,
}
