"""ICE-TCP, the passive side (RFC 6544): datagrams in frames (RFC 4571) on the UDP port's number.

For peers whose network lets no UDP through. A connection is a path like any other: (a number
above every UDP socket's, the peer's address). Nothing is sent to strangers, so the first answer
on a connection means that the plane knows its peer; whoever gets none within PROVE_S is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import resource
import socket
from collections.abc import Callable, Sequence
from typing import Final, cast

from media.frames import NotFramed, framed, taken
from media.ice import TCP_FIRST, Path
from media.plane import Address

READ_MAX: Final = 16 * 1024
"""bytes per connection and turn of the loop, so that nobody holds the others up."""
PROVE_S: Final = 10.0
"""from the connection to the first answer: a valid STUN check."""
IDLE_S: Final = 35.0
"""without anything to send for so long the session is over: consent ends after 30 s (RFC 7675)."""
SWEEP_S: Final = 1.0
STRANGERS_MAX: Final = 128
"""connections without an answer yet; a newcomer beyond it takes the place of the oldest."""
CONNECTIONS_MAX: Final = 4096
"""in all, as many as the relay has sessions; a newcomer beyond it is closed."""
MEDIA_MAX: Final = 256 * 1024
"""bytes waiting here for a slow peer: then media is dropped, newest first, whole packets. Repair and keyframes mend
what a passing jam cost; a full second of 2 Mbit/s that comes late would be worth nothing."""
BUFFER_MAX: Final = 320 * 1024
"""bytes waiting: beyond, not even checks get through, and the connection is closed."""
SYSTEM_BUFFER: Final = 256 * 1024
"""bytes that the system may hold unsent; by itself it would grow to megabytes of stale media."""
BACKLOG: Final = 128
_DESCRIPTORS_KEPT: Final = 256
"""for everything else than connections."""

Receive = Callable[[bytes, Path], None]


class Streams:
    """The listening sockets of one event loop and their connections; `transmit` drops (False) what can't go now."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._connections: dict[Path, _Connection] = {}
        self._strangers: dict[Path, _Connection] = {}
        self._receive: Receive = lambda datagram, path: None
        self._sweeper: asyncio.TimerHandle | None = None
        self._most = CONNECTIONS_MAX
        self.shared = memoryview(bytearray(READ_MAX))
        """What any connection reads into; it keeps only what is cut short."""

    @property
    def addresses(self) -> list[Address]:
        """Where they listen, ports filled in."""
        return [Address(server.sockets[0].getsockname()[:2]) for server in self._servers]

    async def open(self, listen: Sequence[Address], receive: Receive) -> None:
        """Raises OSError; then nothing stays open."""
        self._receive = receive
        self._most = min(CONNECTIONS_MAX, max(_descriptors() - _DESCRIPTORS_KEPT, 1))
        loop = asyncio.get_running_loop()
        try:
            for index, address in enumerate(listen):
                made = functools.partial(_Connection, self, TCP_FIRST + index)
                self._servers.append(await loop.create_server(made, sock=_listening(address)))
        except OSError:
            self.close()
            raise
        if listen:
            self._sweep()

    def close(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in list(self._connections.values()):
            connection.abort()

    def transmit(self, datagram: bytes, path: Path) -> bool:
        """False when the peer is gone or too slow."""
        number, address = path
        connection = self._connections.get((number, address[:2]))
        if connection is None:
            return False
        if connection.answered_s is None:
            self._strangers.pop(connection.path, None)
        connection.answered_s = asyncio.get_running_loop().time()
        return connection.send(datagram)

    def joined(self, connection: _Connection) -> bool:
        """A new connection; False when it finds no place."""
        if len(self._connections) >= self._most:
            return False
        if len(self._strangers) >= STRANGERS_MAX:
            self._strangers[next(iter(self._strangers))].abort()
        self._connections[connection.path] = self._strangers[connection.path] = connection
        return True

    def left(self, connection: _Connection) -> None:
        for kept in (self._connections, self._strangers):
            if kept.get(connection.path) is connection:
                del kept[connection.path]

    def received(self, datagram: bytes, connection: _Connection) -> None:
        self._receive(datagram, connection.path)

    def _sweep(self) -> None:
        """End what proved nothing in time, and what nobody has anything to say to any more."""
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(SWEEP_S, self._sweep)
        self.expire(loop.time())

    def expire(self, now_s: float) -> None:
        """The sweep's work at `now_s` of the loop's clock."""
        for connection in list(self._connections.values()):
            if connection.is_expired(now_s):
                connection.abort()


class _Connection(asyncio.BufferedProtocol):
    """One peer's connection: frames in, frames out."""

    def __init__(self, streams: Streams, number: int) -> None:
        self._streams = streams
        self._number = number
        self._rest = b""
        self._transport: asyncio.Transport
        self.path: Path
        self.born_s = asyncio.get_running_loop().time()
        self.answered_s: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.path = (self._number, (peer[0], peer[1])) if peer else (self._number, ("", 0))
        one: socket.socket = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # it may be gone already
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEM_BUFFER)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(IDLE_S * 1000))
        if not peer or not self._streams.joined(self):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._streams.left(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._streams.shared

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on every whole frame; keep what is cut short."""
        came = self._rest + self._streams.shared[:nbytes]
        try:
            datagrams, self._rest = taken(came, stranger=self.answered_s is None)
        except NotFramed:
            self.abort()
            return
        for datagram in datagrams:
            self._streams.received(datagram, self)

    def send(self, datagram: bytes) -> bool:
        """Queue a frame. Media waits for less than the rest, so that checks pass while it jams."""
        if self._transport.is_closing():
            return False
        waiting = self._transport.get_write_buffer_size() + len(datagram)
        if waiting > BUFFER_MAX:
            self.abort()
            return False
        if waiting > MEDIA_MAX and datagram[0] > 127:
            return False
        self._transport.write(framed(datagram))
        return True

    def is_expired(self, now_s: float) -> bool:
        if self.answered_s is None:
            return now_s - self.born_s > PROVE_S
        return now_s - self.answered_s > IDLE_S

    def abort(self) -> None:
        """End at once; what waits is thrown away."""
        self._streams.left(self)
        self._transport.abort()


def _listening(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    return socket.create_server(address, family=family, backlog=BACKLOG)


def _descriptors() -> int:
    """How many files this process may open; the soft limit is raised to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            return hard
    return soft
