"""A simulated person's line: it returns by itself, and whoever leaves leaves nothing open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import socketio

from scripts.rehearsal.node import Link, Node
from scripts.rehearsal.person import NotAdmitted, Person
from server.app import serving
from server.cli import invites
from server.datafolder import DataFolder
from server.listening import listen
from server.settings import Settings
from tests.server.conftest import CONFERENCE, PATIENCE_S, web_root


@pytest.fixture(autouse=True)
def _nothing_stays_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every session that was opened is closed at the end of the test."""
    opened: list[aiohttp.ClientSession] = []
    begin = aiohttp.ClientSession.__init__

    def noted(session: aiohttp.ClientSession, *args: object, **options: object) -> None:
        opened.append(session)
        begin(session, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", noted)
    yield
    assert opened
    assert all(session.closed for session in opened)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A web process that comes back on the same port."""
    web_root(tmp_path / "web")
    with listen(Settings(data=tmp_path / "var", port=0)) as listening:
        return Settings(data=tmp_path / "var", port=listening.getsockname()[1])


@asynccontextmanager
async def web(settings: Settings) -> AsyncIterator[None]:
    async with serving(settings, listen(settings), settings.data.parent / "web"):
        yield


async def somebody(settings: Settings, role: str) -> Person:
    row = next(row for row in await invites(DataFolder(settings.data), CONFERENCE) if row.role == role)
    link = Link(row.role, row.venue, row.source, row.name or "", row.url, row.token, row.whip, row.whep)
    return Person(Node(settings.origin, settings.data, CONFERENCE), link, "Dora")


@asynccontextmanager
async def silence(settings: Settings) -> AsyncIterator[asyncio.Event]:
    """Somebody who listens in the node's place, says nothing, and notes that someone asked."""
    asked = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, settings.host, settings.port):
        yield asked


def clients_tasks() -> list[str]:
    """What a person and its Socket.IO client still do."""
    running = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [name for name in running if name.startswith(("Person.", "AsyncClient."))]


async def test_a_person_comes_back_after_the_node_was_away(settings: Settings) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async with web(settings):
            person = await somebody(settings, "director")
            await person.enter()
            source = next(iter(person.view["conference"]["sources"]))
        async with web(settings):
            assert "seq" in await person.insist({"type": "stage.sound", "source": source, "gain": 0.5})
            await person.leave()


async def test_who_leaves_while_the_node_is_away_stops_returning(settings: Settings) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async with web(settings):
            person = await somebody(settings, "director")
            await person.enter()
        async with silence(settings) as asked:
            await asked.wait()
            assert clients_tasks()
            await person.leave()
            assert clients_tasks() == []


async def test_who_leaves_while_a_refused_line_closes_stops_returning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library takes a cancellation for the end of its own writing then, and only says that the line failed."""
    tried = asyncio.Event()

    async def refused(*_: object, **__: object) -> None:
        tried.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise socketio.exceptions.ConnectionError("refused") from None

    async with asyncio.timeout(PATIENCE_S):
        async with web(settings):
            person = await somebody(settings, "director")
            await person.enter()
            monkeypatch.setattr(socketio.AsyncClient, "connect", refused)
        await tried.wait()
        await person.leave()
        assert clients_tasks() == []


async def test_who_is_not_admitted_leaves_nothing_open(settings: Settings) -> None:
    async with web(settings):
        person = await somebody(settings, "attendee")
        person.link = person.link._replace(token="wrong")
        with pytest.raises(NotAdmitted, match="401"):
            async with person:
                raise AssertionError("in by a wrong token")


async def test_an_entry_that_is_cancelled_leaves_nothing_open(settings: Settings) -> None:
    async with web(settings):
        person = await somebody(settings, "attendee")
    async with asyncio.timeout(PATIENCE_S), silence(settings) as asked:
        entering = asyncio.create_task(person.__aenter__())
        await asked.wait()
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
