"""The media sockets on both address families, and a port that is taken."""

from __future__ import annotations

import asyncio
import socket

import pytest

from media.plane import Address
from media.udp import Sockets

THERE = b"\x80" + bytes(30)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_datagram_comes_in_and_goes_back(host: str) -> None:
    sockets, heard = Sockets(), asyncio.Queue[tuple[bytes, tuple[int, tuple[str, int]]]]()
    sockets.open([Address(("127.0.0.1", 0)), Address(("::1", 0))], lambda *came: heard.put_nowait(came))
    number, at = next((n, a) for n, a in enumerate(sockets.addresses) if a[0] == host)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((host, 0))
        peer.settimeout(5)
        peer.sendto(THERE, at)
        datagram, path = await heard.get()
        assert (datagram, path[0]) == (THERE, number)
        assert sockets.transmit(b"back", path)
        assert peer.recv(100) == b"back"
    sockets.close()
    assert not sockets.transmit(b"closed", path)


async def test_a_taken_port_leaves_nothing_bound() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        sockets = Sockets()
        with pytest.raises(OSError, match="in use"):
            sockets.open([Address(("127.0.0.1", 0)), Address(holder.getsockname())], lambda datagram, path: None)
        assert sockets.addresses == []
