"""Documents and sealed records at two processes of one Redis: taken in at one, given by the other, erased at both."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
from redis.asyncio import Redis

from media import addresses
from rooms.ceremony.model import signatory
from rooms.kernel import ConferenceId, ProjectId
from scripts.benches.redis_process import RedisProcess
from server import sealer
from server.records.attachment import attachments
from server.records.jobs import Job, Jobs
from server.records.verdict import Status, said
from tests.server.conftest import CONFERENCE, PATIENCE_S, Guest, Node
from tests.server.records.papers import paper
from tests.server.shared.conftest import Pair
from tests.server.test_ceremonies import ACT as SIGNED
from tests.server.test_ceremonies import SEATS, Table, tablet
from tests.server.test_documents import ACT, entered, fetch, upload
from tests.server.test_sealer import erase, get, judged, kept

pytestmark = pytest.mark.usefixtures("long_leases")


async def up(process: Process) -> None:
    """Until it says so."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_S):
        while b"web is up" not in (line := await process.stderr.readline()):
            assert line, "it ended"


def files(node: Node, folder: str) -> list[Path]:
    return list((node.settings.data / folder).iterdir())


def holders(redis: RedisProcess) -> list[str]:
    """Files of Redis with any bytes of a PDF."""
    return [file.name for file in redis.folder.rglob("*") if file.is_file() and b"%PDF-" in file.read_bytes()]


async def names(redis: RedisProcess, kind: str) -> set[bytes]:
    client: Redis = Redis(port=redis.port, protocol=2)
    found: set[bytes] = await client.smembers(f"twinhall:{kind}")  # type: ignore[misc]
    await client.aclose()
    return found


async def test_a_document_taken_in_at_one_process_is_read_at_the_other_and_after_its_end(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    organiser, row = await entered(one, "organiser")
    data = paper()
    digest = hashlib.sha256(data).hexdigest()
    assert (await upload(organiser, row, data))[0] == 200
    officer, link = await entered(two, "protocol_officer")
    await officer.until(lambda view: "documents" in view["ceremony"]["acts"][ACT])
    status, image, said_digest = await fetch(officer, link, "de/2.png")
    assert (status, image[1:4], said_digest) == (200, b"PNG", digest)

    cached = two.settings.data / "cache" / f"{digest}.pdf"
    cached.write_bytes(b"changed on the disk")
    assert await fetch(officer, link, "de.pdf") == (200, data, digest)
    await pair.end(0)
    cached.unlink()
    assert (await fetch(officer, link, "de.pdf"))[1] == data
    third = await pair.process("three")
    reader, link = await entered(third, "protocol_officer")
    assert (await fetch(reader, link, "de.pdf"))[1] == data


async def test_a_document_is_refused_in_words_while_redis_has_no_room(pair: Pair) -> None:
    one = await pair.process("one")
    organiser, row = await entered(one, "organiser")
    client: Redis = Redis(port=pair.redis.port)
    await client.config_set("maxmemory", "12mb")
    status, told = await upload(organiser, row, paper())
    assert (status, told["refused"]) == (503, "redis-full")
    assert "seq" in await organiser.command("n", "ceremony.name", act=SIGNED, party=0, name="Anna"), "others go on"
    await client.config_set("maxmemory", "0")
    assert (await upload(organiser, row, paper()))[0] == 200
    await client.aclose()


async def sealed(one: Node, two: Node) -> tuple[Table, Guest]:
    """Project 1 is signed and sealed; its tablets and an onlooker came in at `two`."""
    organiser = await one.guest().open(await one.link("organiser"), "Ola")
    for party, name in enumerate(("陈晨", "Änne Quastenflosser")):
        assert "seq" in await organiser.command(f"n{party}", "ceremony.name", act=SIGNED, party=party, name=name)
    officer = await one.guest().open(await one.link("protocol_officer"), "Offi")
    onlooker = await two.guest().open(await two.link("protocol_officer"), "Anne")
    halls = await Table(officer, [await tablet(two, seat) for seat in SEATS]).signing()
    for party in (0, 1):
        assert "seq" in await halls.sign(party)
    for order in ("exchange", "unveil", "seal"):
        assert "seq" in await halls.order(order, act=SIGNED)
    for guest in (officer, onlooker):
        await kept(guest)
    return halls, onlooker


async def test_a_record_is_the_same_at_both_processes_and_gone_from_both_once_a_person_is_erased(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: set[tuple[Jobs, Job]] = set()
    run = Jobs.run

    async def counted(self: Jobs, job: Job, given: bytes) -> bytes:
        jobs.add((self, job))
        return await run(self, job, given)

    monkeypatch.setattr(Jobs, "run", counted)
    monkeypatch.setattr(sealer, "LEFT_S", 10_000)  # however long the one takes, the other leaves it to that one
    one, two = await pair.process("one"), await pair.process("two")
    halls, onlooker = await sealed(one, two)
    row = await two.link("protocol_officer")
    status, pdf = await get(two, onlooker, row, f"{SIGNED}.pdf")
    [checked] = await judged([(f"{CONFERENCE}-{SIGNED}.pdf", pdf)])
    assert (status, checked.status) == (200, Status.WHOLE), list(said([checked]))
    assert [job for _, job in jobs] == [Job.SEAL], "one of the two made it"
    assert "4 of 4 commitments are opened" in "\n".join(checked.lines)
    assert b"Quastenflosser" in attachments(pdf)["personal.json"].data
    assert await get(one, halls.officer, row, f"{SIGNED}.pdf") == (200, pdf)
    assert [files(node, "records") for node in (one, two)] == [[], []], "no copy that an erasure would have to find"

    await pair.end(0)
    assert await get(two, onlooker, row, f"{SIGNED}.pdf") == (200, pdf)
    again = await pair.process("one")
    officer = await again.guest().open(row, "Offi")
    assert await get(again, officer, row, f"{SIGNED}.pdf") == (200, pdf)

    assert holders(pair.redis), "the control: it was in Redis' files"
    await erase(two, signatory(ConferenceId(CONFERENCE), ProjectId(SIGNED), 1))
    assert "seq" in await officer.command("next", "ceremony.show", act=SIGNED), "its process has read so far then"
    for node, guest in ((two, onlooker), (again, officer)):
        assert await get(node, guest, row, f"{SIGNED}.pdf") == (410, b'{"refused": "record-erased"}')
    assert await names(pair.redis, "records") == set()
    assert holders(pair.redis) == []

    late = pair.folder / "three" / "records" / f"act.{CONFERENCE}.{SIGNED}.{checked.sha256}.pdf"
    late.parent.mkdir(parents=True)
    late.write_bytes(pdf)
    third = await pair.process("three")
    assert (files(third, "records"), await names(pair.redis, "records"), holders(pair.redis)) == ([], set(), [])


@pytest.mark.process
async def test_what_a_process_took_in_outlives_its_kill(pair: Pair, real_lease: float) -> None:
    """The process that took the document, and that took the order to seal, is killed with -9 as it has answered."""
    port, data = addresses.free_port(), paper()
    options = ("--data", pair.folder / "killed", "--port", port, "--redis", pair.redis.url)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "server", *map(str, options), stderr=PIPE)
    origin = f"http://127.0.0.1:{port}"
    await up(process)
    survivor = await pair.process("survivor")
    row, link = await survivor.link("organiser"), await survivor.link("protocol_officer")
    organiser, officer = Guest(origin), Guest(origin)
    await organiser.open(row, "Ola")
    await officer.open(link, "Offi")
    assert (await upload(organiser, row, data))[0] == 200
    halls = await Table(officer, [await tablet(survivor, seat) for seat in SEATS]).signing()
    for party in (0, 1):
        assert "seq" in await halls.sign(party)
    for order in ("exchange", "unveil", "seal"):
        assert "seq" in await halls.order(order, act=SIGNED)
    process.kill()
    await process.wait()
    reader = await survivor.guest().open(link, "Anne")
    assert (await fetch(reader, link, "de.pdf"))[1] == data
    await kept(reader)
    status, pdf = await get(survivor, reader, link, f"{SIGNED}.pdf")
    [checked] = await judged([(f"{CONFERENCE}-{SIGNED}.pdf", pdf)])
    assert (status, checked.status) == (200, Status.WHOLE), list(said([checked]))
    for guest in (organiser, officer):
        await guest.http.close()


async def test_a_process_brings_what_the_journal_names_and_leaves_another_node_s_files_alone(pair: Pair) -> None:
    one = await pair.process("one")
    organiser, row = await entered(one, "organiser")
    ours, foreign = paper(), paper(pages=1)
    digest, other = (hashlib.sha256(data).hexdigest() for data in (ours, foreign))
    assert (await upload(organiser, row, ours))[0] == 200
    client: Redis = Redis(port=pair.redis.port)
    await client.delete("twinhall:documents", f"twinhall:documents:{digest}")
    await client.aclose()
    record = f"act.{CONFERENCE}.{SIGNED}.{other}"
    for kind, name, data in (("documents", digest, ours), ("documents", other, foreign), ("records", record, foreign)):
        folder = pair.folder / "two" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.pdf").write_bytes(data)
    two = await pair.process("two")
    assert await names(pair.redis, "documents") == {digest.encode()}
    assert await names(pair.redis, "records") == set()
    assert [path.stem for path in files(two, "records")] == [record]
    assert {path.stem for path in files(two, "documents")} == {digest, other}


async def test_all_processes_seal_with_one_key(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    own, shared = (node.settings.data / "keys" / "seal" for node in (one, two))
    assert (shared / "shared.pem").read_bytes() == (own / "seal.pem").read_bytes()
    assert (shared / "shared.key").read_bytes() == (own / "seal.key").read_bytes()
    assert (shared / "shared.key").stat().st_mode & 0o077 == 0
