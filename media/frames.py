"""Datagrams in frames on a stream (RFC 4571 section 2), as ICE-TCP carries them (RFC 6544). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

FRAME_MAX: Final = 2048
"""bytes of one frame, as of one UDP datagram here; longer ones end the connection."""
STUN_MIN: Final = 20
_SIZE: Final = 2


class NotFramed(Exception):
    """What came is no frame, or none that this peer may send yet: the connection is over."""


def framed(datagram: bytes) -> bytes:
    """One frame."""
    return len(datagram).to_bytes(_SIZE) + datagram


def taken(came: bytes, *, stranger: bool) -> tuple[Sequence[bytes], bytes]:
    """The datagrams of every whole frame, and the rest that is cut short. A `stranger` may begin with STUN only.
    Raises NotFramed as soon as it can be told."""
    found, at = [], 0
    while len(came) - at >= _SIZE:
        begins = at + _SIZE
        size = int.from_bytes(came[at:begins])
        if size > FRAME_MAX or (stranger and not _may_be_stun(size, came[begins : begins + 1])):
            raise NotFramed
        if begins + size > len(came):
            break
        at = begins + size
        found.append(came[begins:at])
    return found, came[at:]


def _may_be_stun(size: int, first: bytes) -> bool:
    """What a peer begins with, as far as it came."""
    return size >= STUN_MIN and first <= b"\3"
