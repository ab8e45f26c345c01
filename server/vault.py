"""Names by person, and what opens commitments: the only place where personal data is stored.

A rollback journal and not a WAL, with secure_delete: an erased name is gone
from every file, free pages included.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Final, TypeVar

import apsw
import msgspec

from rooms.kernel import Names, PersonId, Refused
from server.records.canonical import Digest
from server.records.commitments import Opening
from server.storage import Reason, Store, Unwritable, opened, transaction

_STEPS: Final = (
    "create table if not exists names (person text primary key, name text not null) without rowid",
    "create table openings (commitment text primary key, person text not null, opening blob not null)",
)
"""From each schema version to the next one."""
SCHEMA_VERSION: Final = len(_STEPS)

T = TypeVar("T")

_Statement = tuple[str, tuple[str | bytes, ...]]
_Write = tuple[tuple[_Statement, ...], Future[None]]


class Vault:
    """Reads come from memory, writes are durable before they return."""

    def __init__(self, path: Path, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._store = Store(path, connect, pause)
        self._waiting: deque[_Write] = deque()
        with contextlib.closing(connect(path)) as connection:
            rows = connection.execute("select person, name from names").fetchall()
            owners = connection.execute("select person from openings").fetchall()
        self._names = {PersonId(str(person)): str(name) for person, name in rows}
        self._owners = {PersonId(str(person)) for (person,) in owners}

    @property
    def refusing(self) -> Reason | None:
        """Why nothing can be written now; it ends by itself."""
        return self._store.refusing

    def listen(self, listener: Callable[[], None]) -> None:
        """Call when `refusing` has changed."""
        self._store.listen(listener)

    @property
    def names(self) -> Names:
        return self._names

    async def call(self, person: PersonId, name: str) -> None:
        """Store how `person` wants to be called. Raises Refused when the disk does."""
        if self._names.get(person) == name:
            return
        await self._write(("insert or replace into names values (?, ?)", (person, name)))
        self._names[person] = name

    def knows(self, person: PersonId) -> bool:
        """Whether anything of the person is stored."""
        return person in self._names or person in self._owners

    async def keep(self, person: PersonId, opening: Opening) -> None:
        """Store what opens a commitment about `person`; it is durable then. Raises Refused when the disk does."""
        row = (opening.commitment, person, msgspec.json.encode(opening))
        await self._write(("insert or replace into openings values (?, ?, ?)", row))
        self._owners.add(person)

    async def openings(self, commitments: Iterable[Digest]) -> Mapping[Digest, Opening]:
        """Those of the commitments that can be opened still. Raises Refused when the disk can't be read."""
        wanted = list(commitments)

        def work(connection: apsw.Connection) -> dict[Digest, Opening]:
            found: dict[Digest, Opening] = {}
            for commitment in wanted:
                for (row,) in connection.execute("select opening from openings where commitment = ?", (commitment,)):
                    found[commitment] = msgspec.json.decode(row, type=Opening)
            return found

        return await self._read(work)

    async def erase(self, person: PersonId) -> str | None:
        """Forget the person, on disk and in memory: the name until now. Raises Refused when the disk does."""
        name = await self._stored(person)
        await self._write(
            ("delete from names where person = ?", (person,)), ("delete from openings where person = ?", (person,))
        )
        self._names.pop(person, None)
        self._owners.discard(person)
        return name

    async def _stored(self, person: PersonId) -> str | None:
        def work(connection: apsw.Connection) -> str | None:
            row = connection.execute("select name from names where person = ?", (person,)).fetchone()
            return None if row is None else str(row[0])

        return await self._read(work)

    async def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            return await self._store.read(work)
        except Unwritable as failed:
            raise Refused(failed.reason) from failed

    async def close(self) -> None:
        await self._store.close()

    async def _write(self, *statements: _Statement) -> None:
        if self.refusing:
            raise Refused(self.refusing)
        done: Future[None] = Future()
        self._waiting.append((statements, done))
        try:
            await self._store.write(self._write_all)
        except Unwritable as failed:
            with contextlib.suppress(ValueError):
                self._waiting.remove((statements, done))
            raise Refused(failed.reason) from failed
        if done.exception():
            raise Refused(self.refusing or Reason.FAILED) from done.exception()

    def _write_all(self, connection: apsw.Connection) -> None:
        """On the thread: everything that waits by now, in one transaction; a crowd comes in together."""
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not batch:
            return
        try:
            with transaction(connection):
                for statement, values in (one for statements, _ in batch for one in statements):
                    connection.execute(statement, values)
        except apsw.Error as failed:
            for _, done in batch:
                done.set_exception(failed)
            raise
        for _, done in batch:
            done.set_result(None)


def connect(path: Path) -> apsw.Connection:
    """Open or make the vault's file. Raises Unusable for a newer one, apsw.Error for a sick one."""
    connection = opened(path, _STEPS)
    connection.pragma("journal_mode", "delete")
    connection.pragma("secure_delete", "on")
    path.chmod(0o600)
    return connection
