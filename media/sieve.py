"""What the kernel throws away before it takes room in a UDP socket's buffer (socket(7), SO_ATTACH_FILTER).

Most of a flood of garbage then costs this process nothing. It saves work and is no door: whatever
passes is asked everything, and where there are no such filters a flood is only felt sooner.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
from typing import Final, NamedTuple

from media.stun import MAGIC, SIZE_MAX, SIZE_MIN

SO_ATTACH_FILTER: Final = 26
UDP_HEADER: Final = 8
"""bytes before the datagram, as the filter sees it (and counts them in its length)."""
RTP_MIN: Final = 22
"""bytes: the smallest header and authentication tag, of RTP and of RTCP."""
DTLS_MIN: Final = 13
"""bytes of a record's header."""
_LENGTH, _BYTE, _WORD = 0x80, 0x30, 0x20
_EQUAL, _ABOVE, _LEAST = 0x15, 0x25, 0x35
_RETURN = 0x06
_WHOLE = 0xFFFFFFFF


class Step(NamedTuple):
    """One step of classic BPF: a load, or a question with the names of the steps that follow ("": the next)."""

    name: str
    code: int
    number: int
    then: str = ""
    otherwise: str = ""


STEPS: Final = (
    Step("", _BYTE, UDP_HEADER),  # an empty datagram ends here, as nothing
    Step("", _ABOVE, 3, "not stun"),
    Step("", _LENGTH, 0),
    Step("", _LEAST, UDP_HEADER + SIZE_MIN, "", "drop"),
    Step("", _ABOVE, UDP_HEADER + SIZE_MAX, "drop"),
    Step("", _WORD, UDP_HEADER + 4),
    Step("", _EQUAL, MAGIC, "keep", "drop"),
    Step("not stun", _LEAST, 128, "rtp"),
    Step("", _LEAST, 20, "", "drop"),
    Step("", _ABOVE, 63, "drop"),
    Step("", _LENGTH, 0),
    Step("", _LEAST, UDP_HEADER + DTLS_MIN, "keep", "drop"),
    Step("rtp", _ABOVE, 191, "drop"),
    Step("", _LENGTH, 0),
    Step("", _LEAST, UDP_HEADER + RTP_MIN, "keep", "drop"),
    Step("drop", _RETURN, 0),
    Step("keep", _RETURN, _WHOLE),
)
"""RFC 7983's first bytes, with the sizes and the cookie that each kind has."""


def attach(one: socket.socket) -> None:
    """Sieve what comes in on a UDP socket, where the system can."""
    program = ctypes.create_string_buffer(_assembled())
    given = struct.pack("HL", len(STEPS), ctypes.addressof(program))
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, given)


def _assembled() -> bytes:
    """As struct sock_filter[]: jumps are counted from the next step."""
    places = {step.name: place for place, step in enumerate(STEPS) if step.name}
    program = b""
    for after, step in enumerate(STEPS, 1):
        then, otherwise = (places.get(name, after) - after for name in (step.then, step.otherwise))
        program += struct.pack("HBBI", step.code, then, otherwise, step.number)
    return program
