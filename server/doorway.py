"""The door of the TCP port: how many may stand in it, and how long a TLS handshake may take."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Final

from aiohttp import web

from server.doors import network
from server.listening import BACKLOG

HANDSHAKE_S: Final = 10.0
"""As long as a header (KEEPALIVE_S): asyncio's own bound is a minute."""
PER_ADDRESS: Final = 4000
"""Connections from one address: a hall is behind one, and every page of its guests has up to six for a moment."""


class Crowd:
    """The open connections per address (`doors.network`)."""

    def __init__(self, most: int = PER_ADDRESS) -> None:
        self._most = most
        self._here: Counter[str] = Counter()

    def come(self, address: str) -> bool:
        """Whether one more may come; who may is counted until `go`."""
        if self._here[address] >= self._most:
            return False
        self._here[address] += 1
        return True

    def go(self, address: str) -> None:
        self._here[address] -= 1
        if not self._here[address]:
            del self._here[address]


class _Counted(asyncio.Protocol):
    """A connection that is counted: the HTTP protocol `inside` does the rest."""

    def __init__(self, inside: asyncio.Protocol, crowd: Crowd) -> None:
        self._inside, self._crowd = inside, crowd
        self._address: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        address = network(str(transport.get_extra_info("peername", ("",))[0]))
        if not self._crowd.come(address):
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
            return
        self._address = address
        self._inside.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._address is not None:
            self._crowd.go(self._address)
            self._inside.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._address is not None:
            self._inside.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inside.eof_received() if self._address is not None else None

    def pause_writing(self) -> None:
        self._inside.pause_writing()

    def resume_writing(self) -> None:
        self._inside.resume_writing()


class Doorway(web.BaseSite):
    """Serves pages on a socket that listens already. Behind a proxy all come from one address: nobody is counted."""

    __slots__ = ("_crowd", "_listening")

    def __init__(
        self, runner: web.AppRunner, listening: socket.socket, tls: ssl.SSLContext | None, crowd: Crowd | None
    ) -> None:
        super().__init__(runner, ssl_context=tls)
        self._listening = listening
        self._crowd = crowd

    @property
    def name(self) -> str:
        return str(self._listening.getsockname())

    async def start(self) -> None:
        await super().start()
        inside = self._runner.server
        assert inside is not None, "the runner is set up"
        made: Callable[[], asyncio.Protocol] = inside
        if (crowd := self._crowd) is not None:
            made = lambda: _Counted(inside(), crowd)  # noqa: E731
        self._server = await asyncio.get_running_loop().create_server(
            made,
            sock=self._listening,
            backlog=BACKLOG,
            ssl=self._ssl_context,
            ssl_handshake_timeout=HANDSHAKE_S if self._ssl_context else None,
        )
