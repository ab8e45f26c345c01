"""The doors of a process that is not the owner, where every process speaks TLS with a certificate of its own."""

from __future__ import annotations

import datetime as dt
import io
import random
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pikepdf
import pytest

from server.tls import Pair, local_pair
from tests.server.conftest import CONFERENCE, Guest, Node
from tests.server.records.papers import paper
from tests.server.shared.conftest import Pair as Processes
from tests.server.shared.nginx import Balancer, needs_nginx
from tests.server.shared.test_nginx import entered as through
from tests.server.test_documents import ACT, fetch, upload

pytestmark = pytest.mark.usefixtures("long_leases")

COLUMNS = "act,kind,item,title,party1_venue,party1_name,party1_signatory,party2_venue,party2_name"


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def two(pair: Processes) -> list[Node]:
    """Two processes, each with another certificate, that have heard of one another."""
    nodes = []
    for name in ("one", "two"):
        folder: Path = pair.folder / f"{name}-tls"
        made: Pair = local_pair(folder, ["127.0.0.1"], dt.datetime.now(dt.UTC))
        nodes.append(await pair.process(name, tls_cert=made.certificate, tls_key=made.key))
    for node in nodes:
        guest = await node.guest(unverified()).open(await node.link("organiser"), "Ola")
        await guest.until(lambda view: len(view["health"].get("processes", ())) == 2)
    return nodes


async def whip(node: Node) -> int:
    """The status of a WHIP request with a token that nobody gave out."""
    row = await node.link("operator")
    assert row.whip
    guest = node.guest(unverified())
    headers = {"Authorization": "Bearer wrong", "Content-Type": "application/sdp"}
    async with guest.http.post(node.origin + urlsplit(row.whip).path, data="v=0", headers=headers) as answer:
        return answer.status


async def test_a_whip_request_reaches_the_owner_by_the_certificate_that_it_named(pair: Processes) -> None:
    assert [await whip(node) for node in await two(pair)] == [401, 401]


async def test_whoever_shows_another_certificate_gets_no_whip_request(
    pair: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.foundation.leaf_fingerprint", lambda settings: bytes(32))
    assert sorted([await whip(node) for node in await two(pair)]) == [401, 503]


async def test_documents_and_spreadsheets_are_taken_in_by_who_is_not_the_owner(pair: Processes) -> None:
    owner, other = await two(pair)
    row, document = await other.link("organiser"), paper(pages=1)
    organiser = await other.guest(unverified()).open(row, "Ola")
    assert (await upload(organiser, row, document))[0] == 200
    assert await brought(organiser, row.token, "b-1") == {"acts": 1, "wrong": [], "taken": True}
    reader = await owner.guest(unverified()).open(row, "Ola")
    await reader.until(lambda view: "b-1" in view["ceremony"]["acts"])
    for guest in (organiser, reader):
        assert (await fetch(guest, row, "de.pdf"))[1] == document
    assert (await fetch(reader, row, "de/1.png"))[0] == 200


async def brought(organiser: Guest, token: str, act: str) -> dict[str, Any]:
    row = f"{act},signing,projects,Batteries,changzhou,SVOLT,Yang,frankfurt,City"
    url = f"{organiser.origin}/{CONFERENCE}/acts/import"
    headers = {"Authorization": f"Bearer {token}"}
    async with organiser.http.post(url, data=f"{COLUMNS}\n{row}", headers=headers) as answer:
        told: dict[str, Any] = await answer.json()
        return told


@needs_nginx
async def test_a_document_larger_than_other_bodies_passes_nginx(pair: Processes, tmp_path: Path) -> None:
    nodes = [await pair.process("one"), await pair.process("two")]

    def heavier(pdf: pikepdf.Pdf) -> None:
        pdf.Root.Ballast = pdf.make_stream(random.Random(1).randbytes(2_000_000))

    async with AsyncExitStack() as stack:
        balancer = Balancer(tmp_path / "nginx")
        stack.enter_context(balancer.started([node.settings.port for node in nodes]))
        origin = balancer.origin
        organiser = await through(origin, stack, nodes[0], "organiser", "Ola")
        row, document = await nodes[0].link("organiser"), paper(heavier)
        assert (await upload(organiser, row, io.BytesIO(document)))[0] == 200
        await organiser.until(lambda view: view["ceremony"]["acts"][ACT].get("documents"))
        for _ in nodes:
            assert (await fetch(organiser, row, "de.pdf"))[1] == document
