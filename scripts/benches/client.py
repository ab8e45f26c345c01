"""A client of the crash bench: a page's protocol on a bare WebSocket, and its own log of all that it was told.

Engine.IO 4 and Socket.IO 5 text packets: `0` open, `2` ping, `3` pong, `40` connect, `42` event, `43` ack.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import aiohttp
import msgspec

from scripts.rehearsal.node import Link
from scripts.rehearsal.person import merged

IN_FLIGHT: Final = 3
"""Commands that a client has open at once."""
AGAIN_S: Final = 0.02
NOT_NOW_S: Final = 1.0
"""After a refusal that leaves open what becomes of the command, as a page does."""

Make = Callable[[int], Mapping[str, Any]]
"""The n-th command of a client."""


class Log(msgspec.Struct):
    """What one client knows for sure: what it sent, what it was told, what it saw, in its own order."""

    sent: dict[str, Mapping[str, Any]] = {}
    acknowledged: dict[str, int] = {}
    refused: dict[str, str] = {}
    answered_otherwise: int = 0
    """Commands whose second answer was another seq than the first."""
    takes: list[int] = []
    """The seq of each take that a view showed."""
    gains: dict[str, list[float]] = {}
    """Each source's gains as the views showed them."""


class Client:
    """Sends commands one after the other for ever; each goes out again, with its id, until it is answered."""

    def __init__(self, url: str, link: Link, name: str, make: Make, news: asyncio.Event) -> None:
        """`news` is set whenever the server said something."""
        self.log = Log()
        self.view: dict[str, Any] = {}
        self.open = True
        self._news = news
        self._url, self._link, self._name, self._make = url, link, name, make
        self._waiting: dict[str, Mapping[str, Any]] = {}
        self._numbers: Iterator[int] = iter(range(10**9))
        self._acks: dict[int, tuple[str, bool]] = {}
        self._tried: set[str] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._count = 0

    @property
    def idle(self) -> bool:
        return not self._waiting

    async def live(self) -> None:
        """Enter once, then one socket after the other, until cancelled."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            entry = await self._enter(http)
            while True:
                try:
                    async with http.ws_connect(f"{self._url}/socket.io/?EIO=4&transport=websocket") as socket:
                        await self._converse(socket, entry)
                except (aiohttp.ClientError, ConnectionError):
                    pass
                finally:
                    for again in list(self._later):
                        again.cancel()
                await asyncio.sleep(AGAIN_S)

    async def _enter(self, http: aiohttp.ClientSession) -> Mapping[str, Any]:
        while True:
            try:
                async with http.post(
                    f"{self._url}/enter", json={"token": self._link.token, "name": self._name}
                ) as answer:
                    if answer.status == 200:
                        return dict(await answer.json())
            except (aiohttp.ClientError, ConnectionError):
                pass
            await asyncio.sleep(AGAIN_S)

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse, entry: Mapping[str, Any]) -> None:
        auth = {"invite": entry["invite"], "token": self._link.token}
        await socket.send_str("40" + json.dumps(auth))
        async for message in socket:
            text = str(message.data)
            if text == "2":
                await socket.send_str("3")
            elif text.startswith("40{"):
                for id, command in list(self._waiting.items()):
                    await self._send(socket, id, command)
                await self._fill(socket, entry)
            elif text.startswith("42"):
                self._hear(*json.loads(text[2:]))
            elif text.startswith("43"):
                number, _, answer = text[2:].partition("[")
                self._answered(socket, int(number), json.loads("[" + answer)[0])
                await self._fill(socket, entry)
            self._news.set()

    async def _fill(self, socket: aiohttp.ClientWebSocketResponse, entry: Mapping[str, Any]) -> None:
        while self.open and len(self._waiting) < IN_FLIGHT:
            number = next(self._numbers)
            id = f"{self._name}-{number}"
            command = self._make(number)
            self.log.sent[id] = command
            room = {} if command["type"].startswith("links.") else {"room": entry["room"]}
            self._waiting[id] = {"id": id, **room, "command": command}
            await self._send(socket, id, self._waiting[id])

    async def _send(self, socket: aiohttp.ClientWebSocketResponse, id: str, message: Mapping[str, Any]) -> None:
        self._count += 1
        self._acks[self._count] = id, id in self._tried
        self._tried.add(id)
        await socket.send_str(f"42{self._count}" + json.dumps(["command", message]))

    async def _send_later(self, socket: aiohttp.ClientWebSocketResponse, id: str) -> None:
        await asyncio.sleep(NOT_NOW_S)
        with contextlib.suppress(ConnectionError):
            await self._send(socket, id, self._waiting[id])

    def _answered(self, socket: aiohttp.ClientWebSocketResponse, number: int, answer: Mapping[str, Any]) -> None:
        id, tried = self._acks.pop(number)
        if _is_not_now(answer.get("refused"), tried=tried):
            again = asyncio.create_task(self._send_later(socket, id), name=f"again {id}")
            self._later.add(again)
            again.add_done_callback(self._later.discard)
            return
        self._waiting.pop(id, None)
        if "seq" in answer:
            self.log.answered_otherwise += self.log.acknowledged.setdefault(id, answer["seq"]) != answer["seq"]
        else:
            self.log.refused[id] = answer["refused"]

    def _hear(self, name: str, body: Any = None) -> None:
        if name != "view":
            return
        self.view = merged(self.view, body["patch"]) if "from" in body else body["patch"]
        stage = self.view.get("stage", {})
        take = stage.get("take", {}).get("seq")
        if take is not None and self.log.takes[-1:] != [take]:
            self.log.takes.append(take)
        for source, gain in stage.get("sound_on", {}).items():
            seen = self.log.gains.setdefault(source, [])
            if seen[-1:] != [gain]:
                seen.append(gain)


def _is_not_now(refused: str | None, *, tried: bool) -> bool:
    """Whether a refusal leaves open what becomes of the command, by a page's rule (web/static/lib/socket.js): without
    Redis nobody knows what became of one that went out before."""
    return refused == "busy" or (refused == "redis-away" and tried)
