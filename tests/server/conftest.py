"""A whole web process on a free port, without a relay, and guests who use it as browsers do."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio
from msgspec.structs import replace

from rooms.journal import decode
from rooms.kernel import ConferenceId
from scripts.rehearsal.person import merged
from server.app import serving
from server.cli import invites
from server.datafolder import DataFolder
from server.journal.sqlite import connect, read_entries
from server.links import Row
from server.listening import listen
from server.settings import Settings

CONFERENCE = ConferenceId("jiangsu-2022")
PATIENCE_S = 60.0
PAGES: tuple[str, ...] = (
    "index",
    "lobby",
    "questions",
    "venue",
    "speaker",
    "wall",
    "confidence",
    "director",
    "moderator",
    "organiser",
)
PAGES += ("pad", "officer")
TEMPLATE = (
    "<!doctype html><html lang={{ lang }}><title>{{ page }}{{ ' missing' if missing }}</title>"
    "<script nonce={{ nonce }} src={{ static }}/page.js></script>{{ texts['word'] }}"
)


class Guest:
    """A browser with one page: cookie jar, socket, view."""

    def __init__(self, origin: str, tls: ssl.SSLContext | bool = True) -> None:
        self.origin = origin
        connector = aiohttp.TCPConnector(ssl=tls)
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), connector=connector)
        self.io = socketio.AsyncClient(http_session=self.http, reconnection=False)
        self.view: dict[str, Any] = {}
        self.number: int | None = None
        self.mine: dict[str, Any] = {}
        self.mine_number: int | None = None
        self.heard: list[tuple[str, Any]] = []
        self.gone = asyncio.Event()
        self._news = asyncio.Event()
        self.io.on("view", self._take)
        self.io.on("mine", self._take_own)
        self.io.on("disconnect", self._lost)
        for name in ("bye", "epoch", "ended", "sound", "ink"):
            self.io.on(name, self._hear(name))

    async def enter(self, token: str, name: str | None = None, **headers: str) -> tuple[int, dict[str, Any]]:
        body = {"token": token} | ({"name": name} if name is not None else {})
        async with self.http.post(f"{self.origin}/enter", json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def open(self, row: Row, name: str = "Anna") -> Guest:
        status, told = await self.enter(row.token, name)
        assert status == 200, told
        await self.connect(row)
        return self

    async def connect(self, row: Row, **shown: object) -> None:
        auth = {"invite": row.id, "token": row.token, **shown}
        await self.io.connect(self.origin, auth=auth, transports=["websocket"])
        await self.until(bool)

    async def command(self, id: str, kind: str, room: str | None = "stage", **fields: Any) -> dict[str, Any]:
        message = {"id": id, "command": {"type": kind, **fields}} | ({"room": room} if room else {})
        return dict(await self.io.call("command", message, timeout=PATIENCE_S))

    async def until(self, holds: Callable[[dict[str, Any]], Any], patience_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(patience_s):
            while not holds(self.view):
                self._news.clear()
                await self._news.wait()

    async def until_alike(self, other: Guest) -> None:
        """Until both have the same view, whichever comes last."""
        async with asyncio.timeout(PATIENCE_S):
            while self.view != other.view:
                news = [asyncio.ensure_future(guest._news.wait()) for guest in (self, other)]
                await asyncio.wait(news, return_when=asyncio.FIRST_COMPLETED)
                for one in news:
                    one.cancel()
                self._news.clear()
                other._news.clear()

    async def until_mine(self, holds: Callable[[dict[str, Any]], Any]) -> None:
        await self.until(lambda _: self.mine and holds(self.mine))

    async def close(self) -> None:
        await self.io.disconnect()
        await self.http.close()

    async def _take(self, message: dict[str, Any]) -> None:
        assert message.get("from") in (None, self.number), "a page never misses a view"
        self.view = merged(self.view, message["patch"]) if "from" in message else message["patch"]
        self.number = message["to"]
        self._news.set()

    async def _take_own(self, message: dict[str, Any]) -> None:
        assert message.get("from") in (None, self.mine_number), "a page never misses what is its person's own"
        self.mine = merged(self.mine, message["patch"]) if "from" in message else message["patch"]
        self.mine_number = message["to"]
        self._news.set()

    def _hear(self, name: str) -> Callable[[Any], Awaitable[None]]:
        async def hear(body: Any) -> None:
            self.heard.append((name, body))
            self._news.set()

        return hear

    async def _lost(self, reason: str) -> None:
        self.gone.set()


class Node:
    """A running web process."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self.settings = settings
        self.origin = settings.origin
        self._stack = stack

    def guest(self, tls: ssl.SSLContext | bool = True) -> Guest:
        guest = Guest(self.origin, tls)
        self._stack.push_async_callback(guest.close)
        return guest

    async def links(self) -> list[Row]:
        return await invites(DataFolder(self.settings.data), CONFERENCE)

    async def link(self, role: str, venue: str | None = None) -> Row:
        return next(row for row in await self.links() if row.role == role and venue in (None, row.venue))


def happened(data: Path) -> Counter[str]:
    """How often the conference's journal tells of each kind of event."""
    with closing(connect(data / "journal.db", readonly=True)) as connection:
        bodies = list(read_entries(connection, CONFERENCE, 0, 10_000))
    events = (event for body in bodies for event in decode(body)[0].events)
    return Counter(str(event.__struct_config__.tag) for event in events)


def web_root(folder: Path) -> Path:
    for name in ("static", "locales", "templates"):
        (folder / name).mkdir(parents=True)
    for page in PAGES:
        (folder / "templates" / f"{page}.html").write_text(TEMPLATE)
    for tag, word in (("zh_Hans", "你好"), ("de", "Hallo"), ("en", "Hello"), ("fr", "Bonjour")):
        (folder / "locales" / f"{tag}.json").write_text(f'{{"word": "{word}"}}')
    (folder / "static" / "page.js").write_text("export {};")
    (folder / "static" / "notes.txt").write_text("not for browsers")
    return folder


@asynccontextmanager
async def running(settings: Settings, root: Path) -> AsyncIterator[Node]:
    """A web process of these settings on a free port."""
    listening = listen(replace(settings, port=0))
    settings = replace(settings, port=listening.getsockname()[1])
    async with serving(settings, listening, root), AsyncExitStack() as stack:
        yield Node(settings, stack)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running(Settings(data=tmp_path / "var"), web_root(tmp_path / "web")) as node:
        yield node
