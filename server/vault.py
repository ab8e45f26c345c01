"""Names by person: the only place where personal data is stored.

A rollback journal and not a WAL, with secure_delete: an erased name is gone
from every file, free pages included.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import apsw

from rooms.kernel import Names, PersonId, Refused
from server.journal.sqlite import transaction
from server.settings import Unusable

SCHEMA_VERSION: Final = 1

_Write = tuple[str, tuple[str, ...], Future[None]]


class Vault:
    """Reads come from memory, writes are durable before they return."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = _connect(path)
        except apsw.Error as wrong:
            raise Unusable(f"the vault {path} can't be opened ({wrong}): mend the file or its rights") from wrong
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vault")
        self._waiting: deque[_Write] = deque()
        rows = self._connection.execute("select person, name from names")
        self._names = {PersonId(str(person)): str(name) for person, name in rows}

    @property
    def names(self) -> Names:
        return self._names

    async def call(self, person: PersonId, name: str) -> None:
        """Store how `person` wants to be called. Raises Refused when the disk does."""
        if self._names.get(person) == name:
            return
        await self._write("insert or replace into names values (?, ?)", (person, name))
        self._names[person] = name

    async def erase(self, person: PersonId) -> None:
        """Forget the person, on disk and in memory. Raises Refused when the disk does."""
        await self._write("delete from names where person = ?", (person,))
        self._names.pop(person, None)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    async def _write(self, statement: str, values: tuple[str, ...]) -> None:
        done: Future[None] = Future()
        self._waiting.append((statement, values, done))
        self._thread.submit(self._write_all)
        try:
            await asyncio.shield(asyncio.wrap_future(done))
        except apsw.FullError as full:
            raise Refused("journal-full") from full
        except apsw.Error as failed:
            raise Refused("journal-broken") from failed

    def _write_all(self) -> None:
        """On the thread: everything that waits by now, in one transaction; a crowd comes in together."""
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not batch:
            return
        try:
            with transaction(self._connection):
                for statement, values, _ in batch:
                    self._connection.execute(statement, values)
        except apsw.Error as failed:
            for _, _, done in batch:
                done.set_exception(failed)
        else:
            for _, _, done in batch:
                done.set_result(None)


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    found = connection.pragma("user_version")
    if found > SCHEMA_VERSION:
        raise Unusable(
            f"the vault {path} has version {found}, this program knows {SCHEMA_VERSION}: start the newer program"
        )
    connection.pragma("journal_mode", "delete")
    connection.pragma("synchronous", "full")
    connection.pragma("secure_delete", "on")
    connection.execute("create table if not exists names (person text primary key, name text not null) without rowid")
    connection.execute(f"pragma user_version = {SCHEMA_VERSION}")
    path.chmod(0o600)
    return connection
