"""The kernel's sieve: what may be a peer's passes, and only that."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from media import sieve
from media.stun import request

pytestmark = pytest.mark.holds

CHECK = request(b"transaction1", "relay1:peer1", "a password", True)
PASSES = (CHECK, b"\x16" + bytes(12), b"\x3f" + bytes(1400), b"\x80" + bytes(21), b"\xbf\xc8" + bytes(60))
STAYS = (
    b"",
    b"\0",
    CHECK[:72],
    CHECK[:4] + b"\0" + CHECK[5:],
    b"\0" * 1281,
    b"\x13" + bytes(60),
    b"\x16" + bytes(11),
    b"\x40" + bytes(60),
    b"\x7f" + bytes(60),
    b"\x80" + bytes(20),
    b"\xc0" + bytes(60),
    b"\xff" + bytes(60),
)


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A sieved socket, and one that sends to it."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sieved, socket.socket(family, socket.SOCK_DGRAM) as sender:
        sieved.bind((request.param, 0))
        sieve.attach(sieved)
        sieved.settimeout(5)
        sender.connect(sieved.getsockname())
        yield sieved, sender


def test_what_may_be_a_peers_passes_and_nothing_else(pair: tuple[socket.socket, socket.socket]) -> None:
    sieved, sender = pair
    for datagram in (*STAYS, *PASSES):
        sender.send(datagram)
    assert tuple(sieved.recv(2048) for _ in PASSES) == PASSES
