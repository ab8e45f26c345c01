"""Documents through a real web process: taken in, refused, shown page by page from the very bytes of their hash."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rooms.ceremony.rules import ACTS_MAX
from server import outgrown
from server.documents import SIZE_MAX, Documents
from server.links import Row
from server.settings import Settings
from tests.server.conftest import CONFERENCE, PATIENCE_S, Guest, Node, running, web_root
from tests.server.records import papers
from tests.server.records.papers import paper

ACT = "memorandum"


async def entered(node: Node, role: str) -> tuple[Guest, Row]:
    row = await node.link(role)
    return await node.guest().open(row, "Anna"), row


def place(guest: Guest, what: str) -> str:
    return f"{guest.origin}/{CONFERENCE}/documents/{ACT}/{what}"


async def upload(guest: Guest, row: Row, data: bytes | io.BytesIO, language: str = "de") -> tuple[int, dict[str, Any]]:
    bearer = {"Authorization": f"Bearer {row.token}"}
    async with guest.http.post(place(guest, language), data=data, headers=bearer) as answer:
        return answer.status, await answer.json()


async def fetch(guest: Guest, row: Row, what: str) -> tuple[int, bytes, str]:
    bearer = {"Authorization": f"Bearer {row.token}"}
    async with guest.http.get(place(guest, what), headers=bearer) as answer:
        return answer.status, await answer.read(), answer.headers.get("X-Document", "")


async def test_a_document_is_taken_in_shown_and_given_back_byte_for_byte(node: Node) -> None:
    organiser, row = await entered(node, "organiser")
    data = paper()
    digest = hashlib.sha256(data).hexdigest()
    status, told = await upload(organiser, row, data)
    assert (status, told["digest"], told["pages"], told["size"]) == (200, digest, 2, len(data))
    await organiser.until(lambda view: "documents" in view["ceremony"]["acts"][ACT])
    assert organiser.view["ceremony"]["acts"][ACT]["documents"]["de"]["digest"] == digest
    kept = node.settings.data / "documents" / f"{digest}.pdf"
    assert kept.read_bytes() == data
    assert kept.stat().st_mode & 0o077 == 0

    officer, _ = await entered(node, "protocol_officer")
    tablet = next(link for link in await node.links() if link.id == "pad-changzhou-1")
    pad = await node.guest().open(tablet, "")
    status, refused, _ = await fetch(pad, tablet, "de/2.png")
    assert (status, refused) == (403, b'{"refused": "act-not-yours"}'), "nothing lies before the seat yet"
    for verb in ("lock", "seat"):
        assert "seq" in await officer.command(verb, f"ceremony.{verb}", act=ACT)
    status, image, said = await fetch(pad, tablet, "de/2.png")
    assert (status, said) == (200, digest)
    assert Image.open(io.BytesIO(image)).size == (1240, 1755)
    assert (await fetch(pad, tablet, "de.pdf"))[1] == data
    assert (await fetch(pad, tablet, "de/3.png"))[0] == 404
    assert (await fetch(pad, tablet, "fr/1.png"))[0] == 404


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (paper(papers.opens_with_a_script), "document-scripts"),
        (paper(papers.carries_a_file), "document-attachments"),
        (b"hello", "document-broken"),
    ],
)
async def test_a_document_that_may_not_be_signed_is_refused_and_not_kept(node: Node, data: bytes, code: str) -> None:
    organiser, row = await entered(node, "organiser")
    status, told = await upload(organiser, row, data)
    assert (status, told["refused"]) == (400, code)
    assert list((node.settings.data / "documents").iterdir()) == []


async def test_a_document_of_no_act_is_refused_and_not_kept(node: Node) -> None:
    organiser, row = await entered(node, "organiser")
    bearer = {"Authorization": f"Bearer {row.token}"}
    url = place(organiser, "de").replace(ACT, "project-99")
    async with organiser.http.post(url, data=paper(), headers=bearer) as answer:
        assert (await answer.json())["refused"] == "act-unknown"
    assert list((node.settings.data / "documents").iterdir()) == []


async def test_a_document_beyond_the_size_is_refused_while_it_comes(node: Node) -> None:
    organiser, row = await entered(node, "organiser")
    status, told = await upload(organiser, row, io.BytesIO(b"%PDF-1.7" + bytes(SIZE_MAX)))
    assert (status, told["refused"]) == (413, "document-too-large")


async def test_nobody_else_brings_documents_and_the_public_reads_none(node: Node) -> None:
    organiser, row = await entered(node, "organiser")
    await upload(organiser, row, paper())
    for role in ("attendee", "moderator", "operator"):
        guest, link = await entered(node, role)
        assert (await upload(guest, link, paper()))[1]["refused"] == "link-foreign"
        assert (await fetch(guest, link, "de/1.png"))[0] == 403
    said = await organiser.command("a", "ceremony.attach", act=ACT, language="fr", digest="ab" * 32, pages=1, size=1)
    assert said["refused"] == "document-unknown"


async def test_of_a_document_that_was_replaced_neither_file_nor_page_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, root = Settings(data=tmp_path / "var"), web_root(tmp_path / "web")
    folder = settings.data / "documents"
    async with running(settings, root) as node:
        organiser, row = await entered(node, "organiser")
        replaced = (await upload(organiser, row, paper()))[1]["digest"]
        assert (await fetch(organiser, row, "de/1.png"))[0] == 200
        stays = (await upload(organiser, row, paper(pages=1)))[1]["digest"]
        assert (await fetch(organiser, row, "de/1.png"))[0] == 200
    for path in list(folder.iterdir()):
        os.utime(path, (0, 0))
    looks, tidied = asyncio.Queue[None](), Documents.tidied

    def told(documents: Documents, names: Collection[str]) -> None:
        tidied(documents, names)
        looks.put_nowait(None)

    monkeypatch.setattr(outgrown, "LOOK_S", 0.0)

    monkeypatch.setattr(Documents, "tidied", told)
    async with running(settings, root):
        for _ in range(2):
            await asyncio.wait_for(looks.get(), PATIENCE_S)
    assert {path.name.partition("-")[0].partition(".")[0] for path in folder.iterdir()} == {stays}
    assert replaced != stays


def test_what_was_being_written_when_somebody_ended_goes_once_it_is_old(tmp_path: Path) -> None:
    for name in ("ab.pdf", "ab.pdf.1234.new", "ab-2.77.new", "cd-1.78.new"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / "cd-1.78.new").touch()
    given: Any = (Settings(data=tmp_path), {}, None, None, None, tmp_path)
    Documents(*given).tidied({"ab"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ab.pdf", "cd-1.78.new"]


async def test_bytes_that_were_changed_on_the_disk_are_neither_shown_nor_given(node: Node) -> None:
    organiser, row = await entered(node, "organiser")
    _, told = await upload(organiser, row, paper())
    path = node.settings.data / "documents" / f"{told['digest']}.pdf"
    path.write_bytes(paper(pages=1))
    assert [(await fetch(organiser, row, what))[0] for what in ("de/1.png", "de.pdf")] == [404, 404]


async def test_acts_come_out_of_a_spreadsheet_or_not_at_all(node: Node) -> None:
    organiser, row = await entered(node, "organiser")
    bearer = {"Authorization": f"Bearer {row.token}"}
    header = "act,kind,item,title,party1_venue,party1_name,party1_signatory,party2_venue,party2_name"
    good = "b-1,signing,projects,Batteries,changzhou,SVOLT,Yang,frankfurt,City"
    bad = "b-2,signing,projects,Cells,changzhou,SVOLT,,nowhere,City"

    async def brought(query: str, *lines: str) -> dict[str, Any]:
        url = f"{organiser.origin}/{CONFERENCE}/acts/import{query}"
        async with organiser.http.post(url, data="\n".join((header, *lines)), headers=bearer) as answer:
            told: dict[str, Any] = await answer.json()
            return told

    told = await brought("", good, bad)
    assert [(each["row"], each["column"], each["refused"]) for each in told["wrong"]] == [
        (3, "party2_venue", "venue-unknown")
    ]
    assert told["taken"] is False
    signed = f"b-2,signing,projects,Cells,changzhou,SVOLT,{'Yang' * 21},frankfurt,City"
    told = await brought("", good, signed)
    assert [(each["row"], each["column"], each["refused"], each["params"]) for each in told["wrong"]] == [
        (3, "party1_signatory", "name-too-long", {"most": 80})
    ]
    many = [f"c-{n},signing,projects,Cells,changzhou,SVOLT,,frankfurt,City" for n in range(ACTS_MAX - 10)]
    told = await brought("", *many)
    assert [(each["row"], each["column"], each["refused"]) for each in told["wrong"]] == [
        (ACTS_MAX - 9, "act", "acts-full")
    ], "eleven acts are there already"
    assert "c-0" not in organiser.view["ceremony"]["acts"]
    assert await brought("?try=1", good) == {"acts": 1, "wrong": [], "taken": False}
    assert "b-1" not in organiser.view["ceremony"]["acts"]
    assert await brought("", good) == {"acts": 1, "wrong": [], "taken": True}
    await organiser.until(lambda view: view["ceremony"]["acts"].get("b-1", {}).get("parties", [{}])[0].get("name"))
    assert organiser.view["ceremony"]["acts"]["b-1"]["parties"][0]["name"] == "Yang"
