"""A disk that takes nothing: commands are refused in words, everything else goes on, writing resumes by itself."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import apsw
import pytest
from msgspec.structs import replace

from rooms.features.links import Renew
from rooms.journal import Envelope
from rooms.kernel import Actor, CommandId, InviteId, PersonId, Refused, Role
from server.app import serving
from server.clock import NodeClock
from server.definitions import definition
from server.host import Host
from server.journal.sqlite import SqliteJournal
from server.listening import listen
from server.settings import Settings
from tests.server.conftest import CONFERENCE, PATIENCE_S, Node, web_root
from tests.server.disks import failing, fill, tiny

pytestmark = pytest.mark.holds

ORGANISER = Actor(PersonId("o"), Role.ORGANISER)
RENEW = Renew(InviteId("attendee"))


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A web process whose data folder is on a filesystem of a megabyte."""
    with ExitStack() as mounted:
        disk = mounted.enter_context(tiny(tmp_path / "disk"))
        settings = Settings(data=disk / "var", port=0)
        listening = listen(settings)
        settings = replace(settings, port=listening.getsockname()[1])
        async with serving(settings, listening, web_root(tmp_path / "web")), AsyncExitStack() as stack:
            yield Node(settings, stack)


async def asked(node: Node, path: str) -> tuple[int, str]:
    async with node.guest().http.get(node.origin + path) as answer:
        return answer.status, await answer.text()


async def until_refused(guest: Any) -> dict[str, Any]:
    for n in range(2000):
        answer: dict[str, Any] = await guest.command(f"fill-{n}", "links.renew", room=None, invite="attendee")
        if "refused" in answer:
            return {**answer, "after": n}
    raise AssertionError("the disk never filled up")


async def test_a_full_disk_refuses_in_words_and_the_page_goes_on(node: Node) -> None:
    organiser = await node.guest().open(await node.link("organiser"), "Olga")
    assert organiser.view["health"]["journal"] == {"state": "ok"}
    before = await organiser.command("before", "links.renew", room=None, invite="attendee")
    ballast = fill(node.settings.data, leave_bytes=32 * 1024)

    refused = await until_refused(organiser)
    assert refused["refused"] == "journal-full"
    await organiser.until(lambda view: view["health"]["journal"] == {"state": "journal-full"})
    done = before["seq"] + refused["after"]
    assert organiser.view["links"]["attendee"]["generation"] == done - before["seq"] + 2, "the refused one is not shown"
    status, text = await asked(node, "/healthz")
    assert status == 503
    assert '"journal": "journal-full"' in text
    assert 'twinhall_store_writable{store="journal"} 0.0' in (await asked(node, "/metrics"))[1]

    assert await organiser.command("before", "links.renew", room=None, invite="attendee") == before
    assert (await organiser.command("x", "links.renew", room=None, invite="attendee"))["refused"] == "journal-full"
    status, answer = await node.guest().enter((await node.link("attendee")).token, "Anna")
    assert (status, answer["refused"]) == (503, "journal-full")
    assert (await organiser.enter((await node.link("organiser")).token))[0] == 200, "who was in may load the page anew"
    assert "t1" in await organiser.io.call("clock", {"t0": 1}, timeout=PATIENCE_S)

    ballast.unlink()
    freed_s = asyncio.get_running_loop().time()
    await organiser.until(lambda view: view["health"]["journal"] == {"state": "ok"})
    print(f"writes again {asyncio.get_running_loop().time() - freed_s:.2f} s after the disk has space")
    after = await organiser.command("x", "links.renew", room=None, invite="attendee")
    assert after == {"seq": done + 1}, "nothing refused was written, nothing acknowledged is missing"
    assert (await asked(node, "/healthz"))[0] == 200
    assert 'twinhall_store_writable{store="journal"} 1.0' in (await asked(node, "/metrics"))[1]


async def test_a_command_whose_sync_failed_is_answered_by_what_the_journal_holds(tmp_path: Path) -> None:
    faulty = [False]

    def fault(what: str, name: str) -> None:
        if faulty[0] and what == "sync":
            faulty[0] = False
            raise apsw.IOError("lost")

    async def for_ever(seconds: float) -> None:
        await asyncio.Event().wait()

    with failing(fault) as disk:
        journal = SqliteJournal(tmp_path / "journal.db", vfs=disk.name, pause=for_ever)
        host = Host(journal, definition(CONFERENCE), NodeClock())
        await host.open()
        published: list[int] = []
        host.listen(lambda entries: published.extend(entry.seq for entry in entries))
        faulty[0] = True
        seq = await host.handle(Envelope(CommandId("1"), RENEW), ORGANISER)
        assert seq == host.conference.seq == 2, "the frames had reached the file: it is durable and said so"
        assert published == [2]
        with pytest.raises(Refused, match="journal-failed"):
            await host.handle(Envelope(CommandId("2"), RENEW), ORGANISER)
        assert await host.handle(Envelope(CommandId("1"), RENEW), ORGANISER) == 2
        await host.close()
        await journal.close()


async def test_a_disk_that_not_even_reads_shows_what_was_acknowledged_and_catches_up(tmp_path: Path) -> None:
    dead = [False]

    def fault(what: str, name: str) -> None:
        if dead[0]:
            raise apsw.IOError("gone")

    with failing(fault) as disk:
        journal = SqliteJournal(tmp_path / "journal.db", vfs=disk.name)
        host = Host(journal, definition(CONFERENCE), NodeClock())
        await host.open()
        assert await host.handle(Envelope(CommandId("1"), RENEW), ORGANISER) == 2
        dead[0] = True
        with pytest.raises(Refused, match="journal-failed"):
            await host.handle(Envelope(CommandId("2"), RENEW), ORGANISER)
        assert host.conference.seq == 2
        writable = asyncio.Event()
        journal.listen(lambda: writable.set() if journal.refusing is None else None)
        dead[0] = False
        await asyncio.wait_for(writable.wait(), PATIENCE_S)
        assert await host.handle(Envelope(CommandId("2"), RENEW), ORGANISER) == host.conference.seq == 3
        await host.close()
        await journal.close()


async def started(data: Path, port: int) -> asyncio.subprocess.Process:
    command = ("-m", "server", "--data", str(data), "--port", str(port))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    async for line in process.stderr:
        if b"web is up" in line:
            return process
    raise AssertionError("the process ended")


@pytest.mark.process
async def test_a_process_killed_on_a_full_disk_comes_back_and_writes_again_with_the_disk(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tiny(tmp_path / "disk") as disk:
        settings = Settings(data=disk / "var", port=port)
        process = await started(settings.data, port)
        ballast = fill(disk)
        process.kill()
        await process.communicate()

        process = await started(settings.data, port)
        async with AsyncExitStack() as stack:
            node = Node(settings, stack)
            status, text = await asked(node, "/healthz")
            assert status == 503
            assert '"journal": "journal-full"' in text
            assert (await node.guest().enter((await node.link("organiser")).token))[1]["refused"] == "journal-full"
            ballast.unlink()
            organiser = node.guest()
            row = await node.link("organiser")
            async with asyncio.timeout(PATIENCE_S):
                while (await organiser.enter(row.token, "Olga"))[0] == 503:
                    """Each answer is awaited; the disk is tried again meanwhile."""
            await organiser.connect(row)
            assert "seq" in await organiser.command("1", "links.renew", room=None, invite="attendee")
        process.terminate()
        await process.communicate()
