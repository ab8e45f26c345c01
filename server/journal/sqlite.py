"""The journal on SQLite: WAL, synchronous=FULL, one connection in its own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import apsw

from rooms.journal import Entry, encode
from rooms.kernel import ConferenceId
from server.journal import Epoch, Fenced, Intent, JournalBroken, JournalFull, Saved
from server.settings import Unusable

SCHEMA_VERSION: Final = 1
OLDEST_SQLITE: Final = (3, 51, 3)
"""3.7.0 to 3.51.2 can corrupt a WAL that is reset while another connection reads."""
BUSY_MS: Final = 2000
"""A reader of the command line may hold the file for that long."""

_SCHEMA = """
create table entries (
    conference text not null,
    seq integer not null,
    person text not null,
    command text not null,
    body blob not null,
    primary key (conference, seq)
) without rowid;
create unique index intents on entries (conference, person, command);
create table snapshots (conference text primary key, seq integer not null, state blob not null) without rowid;
create table writers (conference text primary key, epoch integer not null) without rowid;
"""

T = TypeVar("T")


def require_sqlite(version: str) -> None:
    """Raise Unusable for an SQLite whose WAL can't be trusted."""
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise Unusable(f"SQLite {version} may corrupt the journal: install apsw with SQLite {oldest} or newer")


def connect(path: Path, *, readonly: bool = False) -> apsw.Connection:
    """Open (and, unless `readonly`, make) the journal file. Raises Unusable with the mend."""
    require_sqlite(apsw.sqlite_lib_version())
    flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    try:
        connection = apsw.Connection(str(path), flags=flags)
        connection.set_busy_timeout(BUSY_MS)
        _check_version(connection, path)
        if not readonly:
            _prepare(connection)
    except apsw.Error as wrong:
        raise Unusable(f"the journal {path} can't be opened ({wrong}): mend the file or its rights") from wrong
    return connection


def _check_version(connection: apsw.Connection, path: Path) -> None:
    found = connection.pragma("user_version")
    if found > SCHEMA_VERSION:
        raise Unusable(
            f"the journal {path} has version {found}, this program knows {SCHEMA_VERSION}: start the newer program"
        )


def _prepare(connection: apsw.Connection) -> None:
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    if connection.pragma("user_version") == 0:
        with transaction(connection):
            connection.execute(_SCHEMA)
            connection.execute(f"pragma user_version = {SCHEMA_VERSION}")


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[apsw.Connection]:
    """All or nothing; SQLite has rolled back by itself when the disk was full."""
    connection.execute("begin immediate")
    try:
        yield connection
        connection.execute("commit")
    finally:
        if connection.in_transaction:
            connection.execute("rollback")


class SqliteJournal:
    """Journal of a data folder. Every call runs on the one thread that owns the connection."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._broken: str | None = None

    async def open(self, conference: ConferenceId) -> Epoch:
        return await self._call(lambda: self._open(conference))

    async def append(self, conference: ConferenceId, expected_seq: int, epoch: Epoch, batch: Sequence[Entry]) -> None:
        self._check_disk()
        await self._call(lambda: self._append(conference, expected_seq, epoch, batch))

    async def answers(self, conference: ConferenceId, intents: Sequence[Intent]) -> Mapping[Intent, int]:
        return await self._call(lambda: self._answers(conference, intents))

    async def replay(self, conference: ConferenceId, after_seq: int, limit: int) -> Sequence[bytes]:
        return await self._call(lambda: read_entries(self._connection, conference, after_seq, limit))

    async def save(self, conference: ConferenceId, snapshot: Saved) -> None:
        self._check_disk()
        await self._call(lambda: self._save(conference, snapshot))

    async def saved(self, conference: ConferenceId) -> Saved | None:
        return await self._call(lambda: read_snapshot(self._connection, conference))

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    def _check_disk(self) -> None:
        if self._broken:
            raise JournalBroken(self._broken)

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    def _guarded(self, work: Callable[[], T]) -> T:
        """Run `work`; a full disk refuses this once, a failing one refuses every write from now on."""
        try:
            return work()
        except apsw.FullError as full:
            raise JournalFull("no space left for the journal") from full
        except (apsw.IOError, apsw.CorruptError, apsw.NotADBError, apsw.ReadOnlyError, apsw.CantOpenError) as failed:
            self._broken = f"the journal's disk failed: {failed}"
            raise JournalBroken(self._broken) from failed

    def _open(self, conference: ConferenceId) -> Epoch:
        with transaction(self._connection) as writing:
            row = writing.execute(
                "insert into writers values (?, 1) on conflict do update set epoch = epoch + 1 returning epoch",
                (conference,),
            ).fetchone()
        assert row is not None
        return Epoch(int(row[0]))

    def _append(self, conference: ConferenceId, expected_seq: int, epoch: Epoch, batch: Sequence[Entry]) -> None:
        rows = [(conference, entry.seq, entry.actor.person, entry.command_id, encode(entry)) for entry in batch]
        with transaction(self._connection) as writing:
            self._check_turn(conference, expected_seq, epoch)
            writing.executemany("insert into entries values (?, ?, ?, ?, ?)", rows)

    def _check_turn(self, conference: ConferenceId, expected_seq: int, epoch: Epoch) -> None:
        turn = self._connection.execute(
            "select (select epoch from writers where conference = :c),"
            " (select coalesce(max(seq), 0) from entries where conference = :c)",
            {"c": conference},
        ).fetchone()
        assert turn is not None
        if turn != (epoch, expected_seq):
            raise Fenced(f"{conference} is at epoch {turn[0]} seq {turn[1]}, not {epoch} and {expected_seq}")

    def _answers(self, conference: ConferenceId, intents: Sequence[Intent]) -> Mapping[Intent, int]:
        found = {}
        for intent in intents:
            for (seq,) in self._connection.execute(
                "select seq from entries where conference = ? and person = ? and command = ?", (conference, *intent)
            ):
                found[intent] = int(seq)
        return found

    def _save(self, conference: ConferenceId, snapshot: Saved) -> None:
        with transaction(self._connection) as writing:
            writing.execute(
                "insert or replace into snapshots values (?, ?, ?)", (conference, snapshot.seq, snapshot.state)
            )


def read_entries(connection: apsw.Connection, conference: ConferenceId, after_seq: int, limit: int) -> Sequence[bytes]:
    """At most `limit` entries after `after_seq`, in order, for `rooms.journal.decode`."""
    rows = connection.execute(
        "select body from entries where conference = ? and seq > ? order by seq limit ?",
        (conference, after_seq, limit),
    )
    return [bytes(body) for (body,) in rows]


def read_snapshot(connection: apsw.Connection, conference: ConferenceId) -> Saved | None:
    """The conference's newest snapshot."""
    row = connection.execute("select seq, state from snapshots where conference = ?", (conference,)).fetchone()
    return Saved(*row) if row else None
