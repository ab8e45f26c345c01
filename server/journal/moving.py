"""`python -m server journal export|import`: a journal moved between a data folder and Redis, byte for byte.

The file is JSON Lines: a head, `{"twinhall": "journal", "format": 1}`, then one line per entry, its body as
the journal has it. With `--personal` all else follows that people brought: names, what opens commitments,
documents, sealed records, the key that links derive from, and the node's own seal. Such a file is to be kept safe.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal

import apsw
import msgspec
from msgspec import Meta
from redis.asyncio import Redis
from redis.exceptions import RedisError

from rooms.journal import decode
from rooms.kernel import ConferenceId, PersonId, Refused
from server import vault
from server.clock import NodeClock
from server.datafolder import DataFolder, held
from server.journal.redis import conferences, key
from server.journal.sqlite import connect
from server.settings import Settings, Unusable, redis_url
from server.shared.checks import check
from server.shared.keys import KEY, SEAL, keep_seal, seal_of
from server.shared.shelf import RedisShelf
from server.shared.store import RedisStore, awaited, client, place
from server.shared.vault import NAMES, OPENINGS
from server.shelf import FolderShelf, Shelf
from server.storage import store as store_file
from server.storage import transaction

FORMAT: Final = 1
CHUNK: Final = 500
LINE_BYTES: Final = 64 * 1024 * 1024
"""The longest line holds a document of 20 MB; what is longer is cut, and no line then."""
PARTS: Final = ("entries", "intents")
"""Of a conference's journal in Redis, as far as entries make them."""
TIMEOUT_S: Final = 10.0


class Head(msgspec.Struct, frozen=True):
    """The first line."""

    twinhall: str
    format: int


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every other line: an entry, a name, an opening (as the vault has it, with its commitment), a file, the key."""

    conference: ConferenceId = ConferenceId("")
    seq: int = 0
    body: msgspec.Raw = msgspec.Raw()
    person: PersonId = PersonId("")
    name: str = ""
    commitment: str = ""
    opening: msgspec.Raw = msgspec.Raw()
    shelf: Literal["", "documents", "records"] = ""
    file: Annotated[str, Meta(pattern=r"^[a-z0-9.-]*\Z")] = ""
    data: bytes = b""
    """Of the file on this shelf; without a shelf, the key."""
    seal: bytes = b""
    """Certificate and key of the node's own seal, as Redis has them."""


class _Kept(msgspec.Struct, frozen=True):
    person: PersonId
    opening: msgspec.Raw


async def write(lines: AsyncIterable[Line], file: Path) -> int:
    """Write the file, for its owner only; how many entries it has. Raises Unusable."""
    entries = 0
    try:
        with _whole(file) as out:
            out.write(msgspec.json.encode(Head("journal", FORMAT)) + b"\n")
            async for line in lines:
                out.write(msgspec.json.encode(line) + b"\n")
                entries += bool(line.seq)
    except OSError as wrong:
        raise Unusable(f"{file} can't be written ({wrong.strerror}): choose another place") from wrong
    return entries


@contextlib.contextmanager
def _whole(file: Path) -> Iterator[BinaryIO]:
    """A new file; what breaks off leaves none, for half of one could be taken for a journal. Raises OSError."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        try:
            yield out
            out.flush()
        except BaseException:
            file.unlink()
            raise


class Exported:
    """An exported file: read anew each time, a line at once, and looked through before anything is done with it."""

    def __init__(self, file: Path) -> None:
        """`entries` counts them by conference. Raises Unusable."""
        self._file = file
        self.entries: dict[ConferenceId, int] = {}
        for line in self:
            if line.seq:
                self.entries[line.conference] = line.seq

    def __iter__(self) -> Iterator[Line]:
        """Its lines: entries whole, in order, without a gap. Raises Unusable."""
        seqs: dict[ConferenceId, int] = {}
        for number, text in enumerate(self._texts(), 2):
            try:
                line = msgspec.json.decode(text, type=Line)
                if line.seq:
                    seqs[line.conference] = seqs.get(line.conference, 0) + 1
                    if decode(bytes(line.body))[0].seq != line.seq or line.seq != seqs[line.conference]:
                        raise ValueError(f"entry {line.seq} is not the {seqs[line.conference]}. one")
            except ValueError as wrong:
                raise Unusable(f"{self._file}, line {number}: {wrong}: export it again") from wrong
            yield line

    def _texts(self) -> Iterator[bytes]:
        """What stands after the head, line by line."""
        try:
            with self._file.open("rb") as lines:
                self._check_head(lines.readline(LINE_BYTES))
                while text := lines.readline(LINE_BYTES):
                    yield text
        except OSError as wrong:
            raise self._strange(wrong) from wrong

    def _check_head(self, text: bytes) -> None:
        try:
            head = msgspec.json.decode(text, type=Head)
        except msgspec.MsgspecError as wrong:
            raise self._strange(wrong) from wrong
        if (head.twinhall, head.format) != ("journal", FORMAT):
            what = f"{self._file} has format {head.twinhall} {head.format}, this program knows journal {FORMAT}"
            raise Unusable(f"{what}: import it with the program that wrote it")

    def _strange(self, wrong: Exception) -> Unusable:
        return Unusable(f"{self._file} is no exported journal ({wrong}): make one by `journal export`")


Shelves = Mapping[str, Shelf]


def shelves_of(folder: DataFolder) -> Shelves:
    return {"documents": FolderShelf(folder.documents), "records": FolderShelf(folder.records)}


async def shelved(shelves: Shelves) -> AsyncIterator[Line]:
    """All files. Raises Refused."""
    for kind, shelf in shelves.items():
        for name in sorted(await shelf.names()):
            if data := await shelf.get(name):
                yield Line(shelf=msgspec.convert(kind, Literal["documents", "records"]), file=name, data=data)


async def shelve(shelves: Shelves, lines: Iterable[Line]) -> None:
    """Raises Refused."""
    for line in lines:
        if line.shelf:
            await shelves[line.shelf].put(line.file, line.data)


async def from_folder(folder: DataFolder, *, personal: bool) -> AsyncIterator[Line]:
    """All that a data folder has. Raises Unusable."""
    if not folder.journal.exists():
        raise Unusable(f"{folder.data} holds no journal: give its --data DIR, or --redis URL")
    with contextlib.closing(connect(folder.journal, readonly=True)) as connection:
        for conference, seq, body in connection.execute("select conference, seq, body from entries order by 1, 2"):
            yield Line(ConferenceId(str(conference)), int(str(seq)), msgspec.Raw(bytes(body)))
    if not personal:
        return
    if folder.key.exists():
        yield Line(data=folder.key.read_bytes())
    if seal := seal_of(folder.keys):
        yield Line(seal=seal)
    if folder.vault.exists():
        with contextlib.closing(vault.connect(folder.vault)) as connection:
            for person, name in connection.execute("select person, name from names order by 1"):
                yield Line(person=PersonId(str(person)), name=str(name))
            for commitment, person, opening in connection.execute("select * from openings order by 1"):
                raw = msgspec.Raw(bytes(opening))
                yield Line(person=PersonId(str(person)), commitment=str(commitment), opening=raw)
    async for line in shelved(shelves_of(folder)):
        yield line


async def into_folder(folder: DataFolder, lines: Exported) -> None:
    """All or nothing of the entries, into a folder that has none of these conferences. Raises Unusable, Refused."""
    with contextlib.closing(connect(folder.journal)) as journal:
        for conference in lines.entries:
            if journal.execute("select 1 from entries where conference = ?", (conference,)).fetchone():
                raise _taken(str(folder.data), conference)
    await shelve(shelves_of(folder), lines)
    with (
        contextlib.closing(connect(folder.journal)) as journal,
        contextlib.closing(vault.connect(folder.vault)) as names,
        transaction(journal),
        transaction(names),
    ):
        for line in lines:
            _enter(journal, names, line)
    for line in lines:
        if line.data and not line.shelf and not folder.key.exists():
            store_file(folder.key, line.data)
        if line.seal:
            keep_seal(folder.keys, line.seal)


def _enter(journal: apsw.Connection, names: apsw.Connection, line: Line) -> None:
    if line.seq:
        entry = decode(bytes(line.body))[0]
        row = line.conference, line.seq, entry.actor.person, entry.command_id, bytes(line.body)
        journal.execute("insert into entries values (?, ?, ?, ?, ?)", row)
        journal.execute("insert or replace into writers values (?, ?)", (line.conference, entry.epoch))
    if line.name:
        names.execute("insert or replace into names values (?, ?)", (line.person, line.name))
    if line.commitment:
        opening = line.commitment, line.person, bytes(line.opening)
        names.execute("insert or replace into openings values (?, ?, ?)", opening)


async def from_redis(redis: Redis, shelves: Shelves, *, personal: bool) -> AsyncIterator[Line]:
    """All that a Redis has."""
    for conference in await conferences(redis):
        seq = 0
        while rows := await awaited(redis.xrange(key(conference, "entries"), f"{seq + 1}-0", "+", CHUNK)):
            for _, fields in rows:
                seq += 1
                yield Line(conference, seq, msgspec.Raw(fields[b"body"]))
    if not personal:
        return
    if node_key := await awaited(redis.get(KEY)):
        yield Line(data=node_key)
    if seal := await awaited(redis.get(SEAL)):
        yield Line(seal=seal)
    for person, name in sorted((await awaited(redis.hgetall(NAMES))).items()):
        yield Line(person=PersonId(person.decode()), name=name.decode())
    for commitment, text in sorted((await awaited(redis.hgetall(OPENINGS))).items()):
        kept = msgspec.json.decode(text, type=_Kept)
        yield Line(person=kept.person, commitment=commitment.decode(), opening=kept.opening)
    async for line in shelved(shelves):
        yield line


async def into_redis(redis: Redis, shelves: Shelves, lines: Exported, where: str) -> None:
    """Each conference all or nothing, into a Redis that has none of them. Raises Unusable, Refused."""
    for conference in lines.entries:
        if await redis.exists(key(conference, "entries")):
            raise _taken(where, conference)
    await shelve(shelves, lines)
    await _move_in(redis, lines)
    for line in lines:
        if line.name:
            await awaited(redis.hset(NAMES, line.person, line.name))
        if line.commitment:
            kept = msgspec.json.encode(_Kept(line.person, line.opening))
            await awaited(redis.hset(OPENINGS, line.commitment, kept))
            await awaited(redis.sadd(f"{OPENINGS}:{line.person}", line.commitment))
        if line.data and not line.shelf:
            await redis.set(KEY, line.data, nx=True)
        if line.seal:
            await redis.set(SEAL, line.seal, nx=True)


async def _move_in(redis: Redis, lines: Exported) -> None:
    """Beside the keys in use first: an import that breaks off leaves nothing that counts."""
    epochs: dict[ConferenceId, int] = {}
    for conference in lines.entries:
        await redis.delete(*(_beside(conference, part) for part in PARTS))
    entries = filter(lambda line: line.seq, lines)
    while chunk := list(itertools.islice(entries, CHUNK)):
        async with redis.pipeline(transaction=False) as steps:
            for line in chunk:
                entry = decode(bytes(line.body))[0]
                steps.xadd(_beside(line.conference, "entries"), {"body": bytes(line.body)}, id=f"{line.seq}-0")
                intent = f"{entry.actor.person}\0{entry.command_id}"
                steps.hset(_beside(line.conference, "intents"), intent, str(line.seq))
                epochs[line.conference] = entry.epoch
            await steps.execute()
    for conference, epoch in epochs.items():
        async with redis.pipeline(transaction=True) as steps:
            for part in PARTS:
                steps.renamenx(_beside(conference, part), key(conference, part))
            steps.set(key(conference, "epoch"), epoch)
            await steps.execute()


def _beside(conference: ConferenceId, part: str) -> str:
    return f"twinhall:import:{conference}:{part}"


def _taken(where: str, conference: ConferenceId) -> Unusable:
    return Unusable(f"{where} has the conference {conference} already: import into an empty one")


async def _export(file: Path, settings: Settings, *, personal: bool) -> int:
    if not settings.redis:
        return await write(from_folder(DataFolder(settings.data), personal=personal), file)
    async with _redis(settings) as (redis, shelves):
        return await write(from_redis(redis, shelves, personal=personal), file)


async def _import(file: Path, settings: Settings) -> int:
    lines = Exported(file)
    if settings.redis:
        async with _redis(settings) as (redis, shelves):
            await into_redis(redis, shelves, lines, place(settings.redis))
    else:
        with held(settings) as folder:
            await into_folder(folder, lines)
    return sum(lines.entries.values())


@contextlib.asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[tuple[Redis, Shelves]]:
    """A Redis that passed the checks of a start. Raises Unusable, also when it breaks meanwhile."""
    await check(settings.redis, NodeClock().now_ms, allow_loss=settings.redis_allow_loss)
    redis, store = client(settings.redis, timeout_s=TIMEOUT_S), RedisStore(settings.redis)
    try:
        yield redis, {kind: RedisShelf(store, kind) for kind in ("documents", "records")}
    except (RedisError, OSError) as failed:
        raise Unusable(f"Redis at {place(settings.redis)} broke off ({failed}): try again") from failed
    finally:
        await store.close()
        await redis.aclose()


def main(arguments: Sequence[str]) -> int:
    """Export or import; one line says what was moved, or why not."""
    asked = _parser().parse_args(arguments)
    settings = Settings(data=asked.data, redis=asked.redis, redis_allow_loss=asked.redis_allow_loss)
    where = place(settings.redis) if settings.redis else str(settings.data)
    try:
        if asked.what == "export":
            moved = asyncio.run(_export(asked.file, settings, personal=asked.personal))
            print(f"{asked.file}: {moved} entries of {where}")
        else:
            print(f"{where}: {asyncio.run(_import(asked.file, settings))} entries of {asked.file}")
    except Refused as refusal:
        print(f"{where} takes no files ({refusal.code}): make space there and try again", file=sys.stderr)
        return 1
    except (Unusable, apsw.Error) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server journal", description=__doc__)
    parser.add_argument("what", choices=["export", "import"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="(default: %(default)s)")
    parser.add_argument("--redis", type=redis_url, default="", metavar="URL", help="instead of a data folder")
    parser.add_argument("--redis-allow-loss", action="store_true", help="take a Redis that may lose: for tries")
    parser.add_argument("--personal", action="store_true", help="export names, documents, records and keys too")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
