"""The UDP sockets of media: one per bind address, drained in batches, sent to without waiting."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import Final

from media import sieve
from media.ice import Path
from media.plane import Address

BUFFER: Final = 4 * 1024 * 1024
"""bytes asked for each way: the default 212 KB loses packets at half load."""
BATCH: Final = 64
"""datagrams per turn of the loop, so that timers stay on time."""
DATAGRAM_MAX: Final = 2048
_FORCE: Final = {socket.SO_RCVBUF: 33, socket.SO_SNDBUF: 32}
"""Linux's SO_RCVBUFFORCE and SO_SNDBUFFORCE, granted to CAP_NET_ADMIN."""

Receive = Callable[[bytes, Path], None]


class Sockets:
    """UDP sockets of one event loop; `transmit` drops (False) when the send buffer is full."""

    def __init__(self, beyond: Callable[[bytes, Path], bool] = lambda datagram, path: False) -> None:
        """`beyond(datagram, path)` sends on the paths that are not of these sockets."""
        self._beyond = beyond
        self._sockets: list[socket.socket] = []

    @property
    def addresses(self) -> list[Address]:
        """Where they are bound, ports filled in."""
        return [Address(one.getsockname()[:2]) for one in self._sockets]

    def open(self, bind: Sequence[Address], receive: Receive) -> None:
        """Raises OSError; then nothing stays bound."""
        loop = asyncio.get_running_loop()
        try:
            for address in bind:
                self._sockets.append(_bound(address))
        except OSError:
            self.close()
            raise
        for number, one in enumerate(self._sockets):
            loop.add_reader(one.fileno(), self._drain, one, number, receive)

    def close(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(RuntimeError):  # no loop runs any more
                asyncio.get_running_loop().remove_reader(one.fileno())
            one.close()
        self._sockets.clear()

    def transmit(self, datagram: bytes, path: Path) -> bool:
        """False when the system refuses the datagram now (buffer full, no route)."""
        number, address = path
        if number >= len(self._sockets):
            return self._beyond(datagram, path)
        try:
            self._sockets[number].sendto(datagram, address)
        except OSError:
            return False
        return True

    def _drain(self, one: socket.socket, number: int, receive: Receive) -> None:
        for _ in range(BATCH):
            try:
                datagram, address = one.recvfrom(DATAGRAM_MAX)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier send
            receive(datagram, (number, address))


def _bound(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM)
    try:
        one.setblocking(False)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for option, forced in _FORCE.items():
            try:
                one.setsockopt(socket.SOL_SOCKET, forced, BUFFER)
            except OSError:
                one.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        sieve.attach(one)
        one.bind(address)
    except OSError:
        one.close()
        raise
    return one
