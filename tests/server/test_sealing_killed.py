"""Web killed with -9 while it makes a record: after the next start the act is sealed once, by a whole record."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from contextlib import AsyncExitStack
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
LOOK_AGAIN_S: Final = 0.005
PATIENCE_S: Final = 60.0


async def test_web_killed_while_it_prints_and_while_it_stores_seals_the_act_once(tmp_path: Path) -> None:
    node = OwnNode(tmp_path / "var", "jiangsu-2022")
    await node.start()
    try:
        async with AsyncExitStack() as stack:
            officer = await seal_one_act(node, stack)
            for is_there in (lambda: prints(node.pid("web")), lambda: any(stored(node))):
                await until(is_there)
                node.kill("web")
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


def prints(web: int) -> bool:
    """Whether a child of web makes a record now."""
    try:
        children = Path(f"/proc/{web}/task/{web}/children").read_text().split()
        return any(b"server.records\0seal" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)
    except FileNotFoundError:
        return False  # a child ended between two looks


def stored(node: OwnNode) -> list[Path]:
    return sorted((node.data / "records").glob("*"))


async def until(is_there: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_there():  # noqa: ASYNC110  another process does it
            await asyncio.sleep(LOOK_AGAIN_S)


async def download(officer: Person, node: OwnNode, file: Path) -> None:
    """What the officer's page fetches when the record's button is pressed."""
    url = f"{node.url}/{node.conference}/records/{ACT}.pdf"
    async with officer.http.get(url, headers={"Authorization": f"Bearer {officer.link.token}"}) as answer:
        assert answer.status == 200
        await asyncio.to_thread(file.write_bytes, await answer.read())
