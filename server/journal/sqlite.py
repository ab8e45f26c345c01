"""The journal on SQLite: WAL, synchronous=FULL, one connection in its own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import apsw

from rooms.journal import Entry, encode
from rooms.kernel import ConferenceId
from server.journal import Epoch, Fenced, Intent, Saved
from server.settings import Unusable
from server.storage import Reason, Store, opened, transaction

_STEPS: Final = (
    """
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
""",
)
"""From each schema version to the next one."""
SCHEMA_VERSION: Final = len(_STEPS)


def connect(path: Path, *, readonly: bool = False) -> apsw.Connection:
    """Open (and, unless `readonly`, make) the journal file. Raises Unusable with the mend."""
    try:
        return _opened(path, readonly=readonly)
    except apsw.Error as wrong:
        raise Unusable(f"the journal {path} can't be opened ({wrong}): mend the file or its rights") from wrong


def _opened(path: Path, *, readonly: bool = False, vfs: str = "") -> apsw.Connection:
    connection = opened(path, _STEPS, readonly=readonly, vfs=vfs)
    if not readonly:
        connection.pragma("journal_mode", "wal")
    return connection


class SqliteJournal:
    """Journal of a data folder. Every call runs on the one thread that owns the connection."""

    def __init__(self, path: Path, *, vfs: str = "", pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._store = Store(path, partial(_opened, vfs=vfs), pause)

    @property
    def refusing(self) -> Reason | None:
        return self._store.refusing

    def listen(self, listener: Callable[[], None]) -> None:
        self._store.listen(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        self._store.unlisten(listener)

    async def conferences(self) -> Sequence[ConferenceId]:
        return await self._store.read(_conferences)

    async def open(self, conference: ConferenceId) -> Epoch:
        return await self._store.write(lambda connection: _become_writer(connection, conference))

    async def append(self, conference: ConferenceId, expected_seq: int, epoch: Epoch, batch: Sequence[Entry]) -> None:
        rows = [(conference, entry.seq, entry.actor.person, entry.command_id, encode(entry)) for entry in batch]

        def work(connection: apsw.Connection) -> None:
            with transaction(connection):
                _check_turn(connection, conference, expected_seq, epoch)
                connection.executemany("insert into entries values (?, ?, ?, ?, ?)", rows)

        await self._store.write(work)

    async def answers(self, conference: ConferenceId, intents: Sequence[Intent]) -> Mapping[Intent, int]:
        return await self._store.read(lambda connection: _answers(connection, conference, intents))

    async def replay(self, conference: ConferenceId, after_seq: int, limit: int) -> Sequence[bytes]:
        return await self._store.read(lambda connection: read_entries(connection, conference, after_seq, limit))

    async def save(self, conference: ConferenceId, snapshot: Saved) -> None:
        def work(connection: apsw.Connection) -> None:
            row = conference, snapshot.seq, snapshot.state
            with transaction(connection):
                connection.execute("insert or replace into snapshots values (?, ?, ?)", row)

        await self._store.write(work)

    async def saved(self, conference: ConferenceId) -> Saved | None:
        return await self._store.read(lambda connection: read_snapshot(connection, conference))

    async def close(self) -> None:
        await self._store.close()


def _conferences(connection: apsw.Connection) -> Sequence[ConferenceId]:
    rows = connection.execute("select conference from writers union select conference from snapshots order by 1")
    return [ConferenceId(str(conference)) for (conference,) in rows]


def _become_writer(connection: apsw.Connection, conference: ConferenceId) -> Epoch:
    with transaction(connection):
        row = connection.execute(
            "insert into writers values (?, 1) on conflict do update set epoch = epoch + 1 returning epoch",
            (conference,),
        ).fetchone()
    assert row is not None
    return Epoch(int(row[0]))


def _check_turn(connection: apsw.Connection, conference: ConferenceId, expected_seq: int, epoch: Epoch) -> None:
    turn = connection.execute(
        "select (select epoch from writers where conference = :c),"
        " (select coalesce(max(seq), 0) from entries where conference = :c)",
        {"c": conference},
    ).fetchone()
    assert turn is not None
    if turn != (epoch, expected_seq):
        raise Fenced(f"{conference} is at epoch {turn[0]} seq {turn[1]}, not {epoch} and {expected_seq}")


def _answers(connection: apsw.Connection, conference: ConferenceId, intents: Sequence[Intent]) -> Mapping[Intent, int]:
    found = {}
    for intent in intents:
        for (seq,) in connection.execute(
            "select seq from entries where conference = ? and person = ? and command = ?", (conference, *intent)
        ):
            found[intent] = int(seq)
    return found


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
