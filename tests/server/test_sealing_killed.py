"""Web killed with -9 while it makes a record: after the next start the act is sealed once, by a whole record."""

from __future__ import annotations

import asyncio
import os
import subprocess
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from scripts.rehearsal.house import House
from scripts.rehearsal.node import HOUSE, OwnNode
from scripts.rehearsal.parts.ceremony import Table
from scripts.rehearsal.person import Person
from scripts.rehearsal.tablet import Tablet
from tests.server.conftest import happened

pytestmark = [pytest.mark.process, pytest.mark.holds]

ACT: Final = "project-1"
PATIENCE_S: Final = 90.0
HALTING: Final = """
import os, socket, sys

def halt():
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\\0" + os.environ["HALT_LINE"])
        line.recv(1)
    os._exit(1)

def stores(event, given):
    if event == "os.rename" and "/records/" in os.fspath(given[1]):
        halt()

match os.environ["HALT_AT"], sys.orig_argv[1:4]:
    case "print", ["-m", "server.records", "seal"]:
        halt()
    case "store", ["-m", "server", *_]:
        sys.addaudithook(stores)
"""
"""What every Python process does at its start: as it prints a record, or is about to give one its name, it says so
and goes no further."""


async def test_web_killed_while_it_prints_and_while_it_stores_seals_the_act_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HALTING)
    line = f"twinhall-{os.getpid()}-{tmp_path.name}"
    for name, value in (("PYTHONPATH", str(tmp_path)), ("HALT_LINE", line), ("HALT_AT", "print")):
        monkeypatch.setenv(name, value)
    node = OwnNode(tmp_path / "var", "jiangsu-2022")
    await node.start()
    try:
        async with AsyncExitStack() as stack:
            officer = await seal_one_act(node, stack)
            for after, left in (("store", []), ("nowhere", [".new"])):
                async with halted(line):
                    node.kill("web")
                assert [path.suffix for path in stored(node)] == left
                monkeypatch.setenv("HALT_AT", after)
                node.launch("web")
            async with asyncio.timeout(PATIENCE_S):
                await officer.until(lambda view: "record" in view["ceremony"]["acts"][ACT])
            file = tmp_path / f"{node.conference}-{ACT}.pdf"
            await download(officer, node, file)
        told = happened(node.data)
        assert (told["ceremony.sealed"], told["ceremony.record_kept"]) == (1, 1)
        assert [path.suffix for path in stored(node)] == [".pdf"], "nothing half made is left"
        checked = await asyncio.to_thread(verified, file)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    finally:
        await node.stop()


async def seal_one_act(node: OwnNode, stack: AsyncExitStack) -> Person:
    """Two tablets sign, the officer orders the seal and has the acknowledgement. The officer."""
    links = await node.links()
    [officer_link] = (link for link in links if link.role == "protocol_officer")
    officer = await stack.enter_async_context(Person(node, officer_link, "Petra"))
    tablets = [Tablet(node, link, link.name or "", 0.0) for link in links if link.role == "signatory"]
    for tablet in tablets:
        await stack.enter_async_context(tablet)
        await tablet.told(lambda mine: "seat" in mine)
    table = Table(House(node, 0, print), officer, {tablet.seat: tablet for tablet in tablets})
    await table.hold(ACT, kill=False)
    return officer


def verified(file: Path) -> subprocess.CompletedProcess[str]:
    """What `scripts/verify` says of it."""
    command = [HOUSE / "scripts" / "verify", file]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def stored(node: OwnNode) -> list[Path]:
    return sorted((node.data / "records").glob("*"))


@asynccontextmanager
async def halted(line: str) -> AsyncIterator[None]:
    """While a process waits where it was told to; it ends after the block, if it lives."""
    calls: asyncio.Queue[StreamWriter] = asyncio.Queue()

    async def take(_: StreamReader, writer: StreamWriter) -> None:
        calls.put_nowait(writer)

    async with await asyncio.start_unix_server(take, "\0" + line):
        async with asyncio.timeout(PATIENCE_S):
            writer = await calls.get()
        yield
        writer.close()


async def download(officer: Person, node: OwnNode, file: Path) -> None:
    """What the officer's page fetches when the record's button is pressed."""
    url = f"{node.url}/{node.conference}/records/{ACT}.pdf"
    async with officer.http.get(url, headers={"Authorization": f"Bearer {officer.link.token}"}) as answer:
        assert answer.status == 200
        await asyncio.to_thread(file.write_bytes, await answer.read())
