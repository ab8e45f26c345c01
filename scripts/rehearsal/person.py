"""Someone with a link: enters, holds the one socket of a page, keeps its view, sends commands."""

from __future__ import annotations

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from itertools import chain, repeat
from typing import Any, Final

import aiohttp
import socketio

from scripts.rehearsal.node import Link, Node

ACK_S: Final = 5.0
BUSY_S: Final = 0.2
"""Pause before a read that the server was too busy for is sent again."""
RETURN_S: Final = 10.0
AGAIN_S: Final = (0.2, 0.4, 0.8, 1.0)
"""Pauses before the attempts to return, as a page's: each half as long to half as long again; the last one stays."""


class NotAdmitted(Exception):
    """The node refused an entry: the HTTP status and the code."""


class Person:
    """One browser's worth of a person: cookie jar, socket, view.

    `async with Person(...) as person` enters and leaves; with `enter` and `leave`, leave after a failed entry too.
    """

    def __init__(self, node: Node, link: Link, name: str) -> None:
        self.link = link
        self.name = name
        self.view: dict[str, Any] = {}
        self.entry: dict[str, Any] = {}
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self._node = node
        self._socket = socketio.AsyncClient(http_session=self.http, reconnection=False)
        self._returning: asyncio.Task[None] | None = None
        self._left = False
        self._seq: int | None = None
        self._changed = asyncio.Event()
        self._line = asyncio.Condition()
        self._lines = 0
        self._socket.on("view", self._merge)
        self._socket.on("connect", self._returned)
        self._socket.on("disconnect", self._dropped)

    async def __aenter__(self) -> Person:
        try:
            await self.enter()
        except BaseException:
            await self.leave()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def enter(self) -> None:
        """Enter by the link and open the socket. Raises NotAdmitted."""
        body = {"token": self.link.token, "name": self.name, "language": "en"}
        async with self.http.post(f"{self._node.url}/enter", json=body) as answer:
            self.entry = await answer.json()
            if answer.status != 200:
                raise NotAdmitted(f"{answer.status}: {self.entry}")
        await self._connect()
        async with asyncio.timeout(ACK_S):
            await self.until(bool)

    async def connected(self) -> None:
        """Until the socket is back after the node was away, and the view is whole again."""
        async with asyncio.timeout(RETURN_S):
            while not self._socket.connected:
                self._changed.clear()
                await self._changed.wait()

    def hear(self, event: str, react: Callable[[Any], Awaitable[None]]) -> None:
        """From now on, what the server says under `event` besides the view."""
        self._socket.on(event, react)

    async def command(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send one command and await its answer: {"seq"} or {"refused"}."""
        whole = {"id": str(uuid.uuid4()), "room": self.entry["room"], "command": dict(command)}
        answer = await self._socket.call("command", whole, timeout=ACK_S)
        return dict(answer or {})

    async def read(self, query: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask what no view holds: {"found"} or {"refused"}; as often as it takes while the server is busy."""
        whole = {"room": self.entry["room"], "query": dict(query)}
        while True:
            answer = dict(await self._socket.call("read", whole, timeout=ACK_S))
            if answer.get("refused") != "busy":
                return answer
            await asyncio.sleep(BUSY_S)

    async def insist(self, command: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send one command as a page does: on each new line again, with the same id, until it is answered."""
        whole = {"id": str(uuid.uuid4()), "room": self.entry["room"], "command": dict(command)}
        while True:
            line = self._lines
            asked = asyncio.create_task(self._asked(whole))
            moved = asyncio.create_task(self._after(line))
            await asyncio.wait((asked, moved), return_when=asyncio.FIRST_COMPLETED)
            moved.cancel()
            if asked.done() and (answer := asked.result()) is not None:
                return answer
            asked.cancel()
            await self._after(line)

    async def _asked(self, whole: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The answer, or None when the line can't carry the question."""
        try:
            return dict(await self._socket.call("command", whole, timeout=RETURN_S))
        except socketio.exceptions.SocketIOError:
            return None

    async def _after(self, line: int) -> None:
        async with self._line:
            await self._line.wait_for(lambda: self._lines > line)

    async def _returned(self) -> None:
        async with self._line:
            self._lines += 1
            self._line.notify_all()

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Until the view is as asked."""
        while not holds(self.view):
            self._changed.clear()
            await self._changed.wait()

    def expected(self) -> set[str]:
        """The sources that the own view puts on this person's screen."""
        return {tile["source"] for tile in self.view.get("stage", {}).get("tiles", ())}

    async def leave(self) -> None:
        """End all that is open, a return under way too. What is left of the socket ends with its session."""
        self._left = True
        try:
            if self._returning:
                self._returning.cancel()
                await asyncio.wait((self._returning,))
            await self._socket.disconnect()
        finally:
            await self.http.close()

    async def _connect(self) -> None:
        auth = {"invite": self.entry["invite"], "token": self.link.token}
        await self._socket.connect(self._node.url, auth=auth, transports=["websocket"])

    async def _dropped(self, reason: str) -> None:
        if reason == self._socket.reason.TRANSPORT_ERROR:
            self._returning = asyncio.create_task(self._return())

    async def _return(self) -> None:
        """Until the line is back, as a page does.

        Not the library's own way back: that one goes on after a goodbye, with a session that nobody closes.
        It also swallows a cancellation that comes while it closes a refused line, so who left is asked about.
        """
        for pause_s in chain(AGAIN_S, repeat(AGAIN_S[-1])):
            if self._left:
                return
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            with contextlib.suppress(socketio.exceptions.ConnectionError, aiohttp.ClientError):
                await self._connect()
                return

    async def _merge(self, message: Mapping[str, Any]) -> None:
        if "from" not in message:
            self.view = dict(message["patch"])
        elif message["from"] == self._seq:
            self.view = merged(self.view, message["patch"])
        else:
            await self._socket.emit("resync", {})
            return
        self._seq = message["to"]
        self._changed.set()


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch applied (RFC 7386): null removes."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
