"""A journal goes from a data folder to Redis and back, and every byte of every entry is the same."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from rooms.kernel import PersonId
from scripts.benches.redis_process import RedisProcess
from server.datafolder import DataFolder
from server.identity import node_key
from server.journal import moving
from server.journal.moving import shelves_of
from server.journal.redis import RedisJournal
from server.journal.sqlite import SqliteJournal
from server.records.commitments import Kind, opened
from server.records.keys import own_seal
from server.settings import Unusable
from server.shared.keys import seal_of
from server.shared.store import RedisStore
from server.vault import Vault
from tests.server.journal.test_contract import ANNA, C, entry

SALT = bytes(range(32))
PAPER = b"%PDF-1.7 a document"
DIGEST = hashlib.sha256(PAPER).hexdigest()
FILES = {"documents": DIGEST, "records": f"act.c.first.{DIGEST}"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisProcess]:
    server = RedisProcess(tmp_path / "redis")
    await server.start()
    yield server
    server.stop()


async def filled(folder: Path) -> list[bytes]:
    """A data folder with entries of two writers, a name and an opening; its bodies."""
    for name in ("documents", "records"):
        (folder / name).mkdir(parents=True)
    journal = SqliteJournal(folder / "journal.db")
    await journal.append(C, 0, await journal.open(C), [entry(1, "a"), entry(2, "b", "你好")])
    await journal.append(C, 2, await journal.open(C), [entry(3, "c")])
    bodies = list(await journal.replay(C, 0, 10))
    await journal.close()
    vault = Vault(folder / "vault.db")
    await vault.call(PersonId("anna"), "Anna Ängström")
    await vault.keep(PersonId("anna"), opened(Kind.SIGNATORY, "Anna", SALT))
    await vault.close()
    for kind, name in FILES.items():
        await shelves_of(DataFolder(folder))[kind].put(name, PAPER)
    node_key(DataFolder(folder).key)
    own_seal(DataFolder(folder).keys, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    return bodies


async def moved(*words: str | Path) -> int:
    """The command's exit status; in a thread, because it has an event loop of its own."""
    return await asyncio.to_thread(moving.main, [str(word) for word in words])


async def test_to_redis_and_back_every_entry_is_the_same(tmp_path: Path, server: RedisProcess) -> None:
    bodies = await filled(tmp_path / "old")
    there, back = tmp_path / "there.jsonl", tmp_path / "back.jsonl"
    steps = [
        ("export", there, "--data", tmp_path / "old", "--personal"),
        ("import", there, "--redis", server.url),
        ("export", back, "--redis", server.url, "--personal"),
        ("import", back, "--data", tmp_path / "new"),
    ]
    for step in steps:
        assert await moved(*step) == 0
    assert there.read_bytes() == back.read_bytes()

    store = RedisStore(server.url)
    shared = RedisJournal(store)
    assert list(await shared.replay(C, 0, 10)) == bodies
    assert await shared.answers(C, [(ANNA.person, entry(2, "b").command_id)]) == {(ANNA.person, "b"): 2}
    embedded = SqliteJournal(DataFolder(tmp_path / "new").journal)
    assert list(await embedded.replay(C, 0, 10)) == bodies
    for journal in (shared, embedded):
        await journal.append(C, 3, await journal.open(C), [entry(4, "d")])
    await embedded.close()
    await store.close()
    vault = Vault(DataFolder(tmp_path / "new").vault)
    assert vault.names == {"anna": "Anna Ängström"}
    commitment = opened(Kind.SIGNATORY, "Anna", SALT).commitment
    assert (await vault.openings([commitment]))[commitment].value == "Anna"
    await vault.close()
    for kind, name in FILES.items():
        assert await shelves_of(DataFolder(tmp_path / "new"))[kind].get(name) == PAPER
    keys = [DataFolder(tmp_path / name).key.read_bytes() for name in ("old", "new")]
    assert keys[0] == keys[1], "links stay good"
    seals = [seal_of(DataFolder(tmp_path / name).keys) for name in ("old", "new")]
    assert seals[0] == seals[1] != b"", "records are sealed by whom everybody knows"


async def test_without_being_asked_no_name_leaves(tmp_path: Path) -> None:
    await filled(tmp_path / "old")
    assert await moved("export", tmp_path / "out.jsonl", "--data", tmp_path / "old") == 0
    written = (tmp_path / "out.jsonl").read_text()
    assert [word for word in ("Anna", DIGEST, '"data"', '"seal"') if word in written] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"twinhall": "journal", "format": 2}', "has format journal 2, this program knows journal 1"),
        ("PK\x03\x04", "is no exported journal"),
        ('{"twinhall": "journal", "format": 1}\n{"conference": "c", "seq": 2, "body": {}}', "line 2"),
        ('{"twinhall": "journal", "format": 1}\nnonsense', "line 2"),
    ],
)
async def test_what_is_no_export_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    (tmp_path / "in.jsonl").write_text(text)
    assert await moved("import", tmp_path / "in.jsonl", "--data", tmp_path / "new") == 1
    assert why in capsys.readouterr().err


async def test_a_place_that_has_the_conference_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await filled(tmp_path / "old")
    assert await moved("export", tmp_path / "out.jsonl", "--data", tmp_path / "old") == 0
    assert await moved("import", tmp_path / "out.jsonl", "--data", tmp_path / "old") == 1
    assert "has the conference c already" in capsys.readouterr().err
    assert json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])["format"] == 1


async def test_an_export_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    async def lines() -> AsyncIterator[moving.Line]:
        yield moving.Line(C, 1, msgspec.Raw(b"{}"))
        raise Unusable("Redis broke off")

    with pytest.raises(Unusable, match="broke off"):
        await moving.write(lines(), tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


async def test_an_import_needs_no_more_memory_than_a_line_or_two(tmp_path: Path) -> None:
    size, count = 1024 * 1024, 24
    with (tmp_path / "in.jsonl").open("wb") as file:
        file.write(b'{"twinhall": "journal", "format": 1}\n')
        for number in range(count):
            line = moving.Line(shelf="documents", file=f"act.c.n{number}.x", data=bytes([number]) * size)
            file.write(msgspec.json.encode(line) + b"\n")
    tracemalloc.start()
    try:
        assert await moved("import", tmp_path / "in.jsonl", "--data", tmp_path / "new") == 0
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(list((tmp_path / "new" / "documents").iterdir())) == count
    assert most < count * size / 2
