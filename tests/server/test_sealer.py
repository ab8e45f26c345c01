"""Records of acts sealed in a real web process: made, kept, given, begun again after a death, and erased."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import msgspec
import pytest

from rooms.ceremony import commands as c
from rooms.ceremony.model import signatory
from rooms.kernel import ConferenceId, ProjectId, Refused
from server.links import Row
from server.records.attachment import attachments
from server.records.jobs import Job
from server.records.keys import Seal
from server.records.verdict import Checked, Status, said
from server.records.verify import verify
from server.sealer import Means, Sealer
from server.settings import Settings
from server.shelf import FolderShelf
from tests.rooms.ceremony.evening import MEMORANDUM, OFFICER, Evening
from tests.rooms.ceremony.evening import sealed as sealed_evening
from tests.rooms.hall import ORGANISER
from tests.server.conftest import CONFERENCE, Guest, Node, running, web_root
from tests.server.test_ceremonies import ACT, SEATS, Table, table, tablet


async def get(node: Node, guest: Guest, row: Row, what: str) -> tuple[int, bytes]:
    bearer = {"Authorization": f"Bearer {row.token}"}
    async with guest.http.get(f"{node.origin}/{CONFERENCE}/records/{what}", headers=bearer) as answer:
        return answer.status, await answer.read()


async def judged(files: list[tuple[str, bytes]]) -> list[Checked]:
    return await asyncio.to_thread(verify, files)


async def signed(node: Node) -> Table:
    """Project 1 is signed in both halls, exchanged, unveiled."""
    organiser = await node.guest().open(await node.link("organiser"), "Ola")
    for party, name in enumerate(("陈晨", "Änne Müller")):
        assert "seq" in await organiser.command(f"n{party}", "ceremony.name", act=ACT, party=party, name=name)
    halls = await (await table(node)).signing()
    for party in (0, 1):
        assert "seq" in await halls.sign(party)
    assert "seq" in await halls.order("exchange", act=ACT)
    assert "seq" in await halls.order("unveil", act=ACT)
    return halls


async def kept(officer: Guest) -> None:
    """Until the record is there; on a machine that does much else the press takes its time."""
    await officer.until(lambda view: "record" in view["ceremony"]["acts"][ACT], patience_s=120)


async def sealed(halls: Table) -> None:
    assert "seq" in await halls.order("seal", act=ACT)
    await kept(halls.officer)


async def erase(node: Node, person: str) -> None:
    row = await node.link("organiser")
    organiser = await node.guest().open(row, "Ola")
    bearer = {"Authorization": f"Bearer {row.token}"}
    url = f"{node.origin}/{CONFERENCE}/erase"
    async with organiser.http.post(url, json={"person": person}, headers=bearer) as answer:
        assert (answer.status, (await answer.json())["traces"]) == (200, [])


async def test_a_sealed_act_has_a_record_that_verifies_until_its_persons_are_erased(node: Node) -> None:
    halls = await signed(node)
    row = await node.link("protocol_officer")
    assert await get(node, halls.officer, row, f"{ACT}.pdf") == (404, b'{"refused": "record-unknown"}')
    await sealed(halls)
    status, pdf = await get(node, halls.officer, row, f"{ACT}.pdf")
    assert status == 200
    [checked] = await judged([(f"{CONFERENCE}-{ACT}.pdf", pdf)])
    assert checked.status == Status.WHOLE, list(said([checked]))
    assert "4 of 4 commitments are opened" in "\n".join(checked.lines)
    assert halls.officer.view["ceremony"]["acts"][ACT]["record"] == checked.sha256
    assert "陈晨".encode() in attachments(pdf)["personal.json"].data
    assert next((node.settings.data / "records").iterdir()).stat().st_mode & 0o077 == 0
    status, alone = await get(node, halls.officer, row, f"{ACT}.json")
    assert (status, json.loads(alone)) == (200, checked.value)

    file = next((node.settings.data / "records").iterdir())
    aside = file.rename(node.settings.data / "aside")
    assert await get(node, halls.officer, row, f"{ACT}.pdf") == (404, b'{"refused": "record-missing"}')
    aside.rename(file)

    await erase(node, signatory(ConferenceId(CONFERENCE), ProjectId(ACT), 0))
    assert await get(node, halls.officer, row, f"{ACT}.pdf") == (410, b'{"refused": "record-erased"}')
    assert list((node.settings.data / "records").iterdir()) == []
    status, after = await get(node, halls.officer, row, f"{ACT}.json")
    assert after == alone, "the chain stays whole without the person"
    [checked] = await judged([("record.json", after)])
    assert checked.status == Status.WHOLE


async def test_a_process_that_dies_while_it_seals_seals_after_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, root = Settings(data=tmp_path / "var"), web_root(tmp_path / "web")

    async def never(*_: Any) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async with running(settings, root) as node:
        halls = await signed(node)
        monkeypatch.setattr("server.records.jobs.Jobs.run", never)
        assert "seq" in await halls.order("seal", act=ACT)
        (settings.data / "records" / f"act.{CONFERENCE}.{ACT}.{'ab' * 32}.pdf").write_bytes(b"a former try")
        (settings.data / "records" / f"act.{CONFERENCE}.{ACT}.{'cd' * 32}.pdf.new").write_bytes(b"less")
    monkeypatch.undo()
    async with running(settings, root) as node:
        row = await node.link("protocol_officer")
        officer = await node.guest().open(row, "Offi")
        await kept(officer)
        status, pdf = await get(node, officer, row, f"{ACT}.pdf")
        [checked] = await judged([("a.pdf", pdf)])
        assert (status, checked.status) == (200, Status.WHOLE)
        assert len(list((settings.data / "records").iterdir())) == 1, "what the journal does not know is cleared away"


async def test_a_ceremony_s_record_names_the_records_of_its_acts(node: Node) -> None:
    halls = await signed(node)
    await sealed(halls)
    row = await node.link("protocol_officer")
    assert (await get(node, halls.officer, row, "ceremony/projects.pdf"))[0] == 404
    for number in range(2, 11):
        assert "seq" in await halls.order("void", act=f"project-{number}", reason="not today")
    status, whole = await get(node, halls.officer, row, "ceremony/projects.pdf")
    assert status == 200
    _, pdf = await get(node, halls.officer, row, f"{ACT}.pdf")
    checked = await judged([(f"{CONFERENCE}-{ACT}.pdf", pdf), (f"{CONFERENCE}-ceremony-projects.pdf", whole)])
    assert [each.status for each in checked] == [Status.WHOLE, Status.WHOLE], list(said(checked))
    acts = checked[1].value["ceremony"]["acts"]
    assert [each.get("reason") for each in acts] == [None, *["not today"] * 9]
    assert await get(node, halls.officer, row, "ceremony/projects.pdf") == (200, whole)
    for seat, found in ((SEATS[0], 200), ("changzhou-1", 403)):
        row = next(row for row in await node.links() if row.id == f"pad-{seat}")
        pad = await tablet(node, seat)
        for what in (f"{ACT}.pdf", f"{ACT}.json", "ceremony/projects.pdf"):
            assert (await get(node, pad, row, what))[0] == found, "who sat elsewhere reads nothing of it"
    for role in ("attendee", "director", "operator"):
        row = await node.link(role)
        guest = await node.guest().open(row, "Anna")
        for what in (f"{ACT}.pdf", f"{ACT}.json", "ceremony/projects.pdf"):
            assert (await get(node, guest, row, what))[0] == 403, "the public gets no record"


async def test_who_signed_a_take_set_aside_for_a_party_that_is_no_more_takes_the_record_along(tmp_path: Path) -> None:
    evening = Evening().signed(parties=[0, 3])
    for command in (c.Hold(MEMORANDUM), c.Retake(MEMORANDUM), c.Unlock(MEMORANDUM)):
        evening.do(command, OFFICER)
    drafted = evening.act().drafted
    parties = (drafted.parties[0], drafted.parties[3])
    evening.do(c.Draft(MEMORANDUM, drafted.kind, drafted.item, drafted.title, parties), ORGANISER)
    host, shelf = Mock(id=CONFERENCE, conference=evening.conference), FolderShelf(tmp_path)
    sealer = Sealer(Means(*[Mock()] * 5, shelf), [host])
    await shelf.put(f"act.{CONFERENCE}.memorandum.{'ab' * 32}", b"with all strokes")
    await sealer.forget(signatory(CONFERENCE, MEMORANDUM, 4))
    assert await shelf.names(), "nobody signed for a fifth party"
    await sealer.forget(signatory(CONFERENCE, MEMORANDUM, 3))
    assert await shelf.names() == []


async def test_a_record_waits_half_a_minute_for_its_time_stamp_and_is_kept_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening = sealed_evening()
    may_do_without: list[bool] = []
    pauses_s: list[float] = []

    async def press(_: Job, order: bytes) -> bytes:
        may_do_without.append(msgspec.json.decode(order)["unstamped"])
        if not may_do_without[-1]:
            raise Refused("stamp-missing")
        return b"sealed, unstamped"

    async def pause(pause_s: float) -> None:
        pauses_s.append(pause_s)

    monkeypatch.setattr(Sealer, "record", AsyncMock(return_value={"act": {}}))
    host = Mock(id=CONFERENCE, conference=evening.conference, owns=True, handle=AsyncMock())
    shelf = FolderShelf(tmp_path)
    vault = Mock(openings=AsyncMock(return_value={}))
    sealer = Sealer(Means(Mock(), vault, Mock(run=press), Mock(), Seal(), shelf), [host], pause)
    await sealer.start()
    await asyncio.gather(*sealer._running.values())
    assert may_do_without == [False, False, False, True]
    assert 20 <= sum(pauses_s) <= 30
    assert len(await shelf.names()) == 1
