"""A file on a disk that fails: nothing is lied about, and writing resumes by itself."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import apsw
import pytest

from server.settings import Unusable
from server.storage import PAUSES_S, Reason, Store, Unwritable, opened, require_sqlite, store, transaction
from tests.server.disks import failing, fill, tiny

pytestmark = pytest.mark.holds

STEPS = ("create table t (x)",)


class Pauses:
    """Time between probes, moved by hand."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []
        self._asked = asyncio.Semaphore(0)
        self._go = asyncio.Semaphore(0)

    async def __call__(self, pause_s: float) -> None:
        self.asked_s.append(pause_s)
        self._asked.release()
        await self._go.acquire()

    async def end(self) -> None:
        """Let the next probe happen."""
        await self._asked.acquire()
        self._go.release()

    async def failed(self, times: int = 1) -> None:
        """Let probes happen, and fail: the next pause begins."""
        for _ in range(times):
            await self.end()
        await self._asked.acquire()
        self._asked.release()


def wal(path: Path, vfs: str = "") -> apsw.Connection:
    connection = opened(path, STEPS, vfs=vfs)
    connection.pragma("journal_mode", "wal")
    return connection


def insert(text: str, connection: apsw.Connection) -> None:
    with transaction(connection):
        connection.execute("insert into t values (?)", (text,))


def rows(connection: apsw.Connection) -> list[str]:
    return [str(x) for (x,) in connection.execute("select x from t")]


async def written_until_refused(store: Store, text: str) -> tuple[list[str], Reason]:
    """What was acknowledged, and the reason of the first refusal."""
    taken: list[str] = []
    while True:
        try:
            await store.write(partial(insert, text))
        except Unwritable as failed:
            return taken, failed.reason
        taken.append(text)


async def recovered(store: Store) -> None:
    writable = asyncio.Event()
    store.listen(lambda: writable.set() if store.refusing is None else None)
    async with asyncio.timeout(30):
        await writable.wait()


async def test_a_full_filesystem_refuses_and_writing_resumes_when_space_returns(tmp_path: Path) -> None:
    with tiny(tmp_path / "disk") as disk:
        pauses = Pauses()
        store = Store(disk / "x.db", wal, pauses)
        kept = [str(n) for n in range(10)]
        for text in kept:
            await store.write(partial(insert, text))
        ballast = fill(disk, leave_bytes=64 * 1024)

        taken, reason = await written_until_refused(store, "y" * 2000)
        assert reason == store.refusing == Reason.FULL
        assert await store.read(rows) == kept + taken, "what was acknowledged is there, the refused is not"
        with pytest.raises(Unwritable):
            await store.write(partial(insert, "at once"))

        await pauses.failed(5)
        assert store.refusing == Reason.FULL
        ballast.unlink()
        waiting = asyncio.create_task(recovered(store))
        await pauses.end()
        await waiting
        await store.write(partial(insert, "after"))
        assert (await store.read(rows))[-1] == "after"
        assert pauses.asked_s == [*PAUSES_S, PAUSES_S[-1], PAUSES_S[-1]]
        await store.close()
        assert rows(wal(disk / "x.db"))[-1] == "after"


@pytest.mark.parametrize("where", ["write", "sync"])
@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_an_io_error_at_any_write_or_sync_loses_nothing_acknowledged(
    tmp_path: Path, where: str, nth: int
) -> None:
    left = [10**9]

    def fault(what: str, name: str) -> None:
        if what == where and name.endswith("-wal"):
            left[0] -= 1
            if left[0] <= 0:
                raise apsw.IOError("the disk is gone")

    with failing(fault) as disk:
        pauses = Pauses()
        store = Store(tmp_path / "x.db", partial(wal, vfs=disk.name), pauses)
        await store.write(partial(insert, "before"))
        left[0] = nth
        taken, reason = await written_until_refused(store, "x")
        assert reason == Reason.FAILED

        held = await store.read(rows)
        assert held in (["before", *taken], ["before", *taken, "x"]), "only the refused write may be there or not"
        left[0] = 10**9
        waiting = asyncio.create_task(recovered(store))
        await pauses.end()
        await waiting
        await store.write(partial(insert, "after"))
        assert await store.read(rows) == [*held, "after"]
        await store.close()


async def test_a_wal_whose_sync_failed_is_written_anew_before_it_is_used(tmp_path: Path) -> None:
    faulty = [False]

    def fault(what: str, name: str) -> None:
        if faulty[0] and what == "sync":
            raise apsw.IOError("lost")

    with failing(fault) as disk:
        store = Store(tmp_path / "x.db", partial(wal, vfs=disk.name), Pauses())
        await store.write(partial(insert, "a"))
        before = (tmp_path / "x.db-wal").stat().st_ino
        faulty[0] = True
        with pytest.raises(Unwritable):
            await store.write(partial(insert, "b"))
        faulty[0] = False
        assert "a" in await store.read(rows)
        assert (tmp_path / "x.db-wal").stat().st_ino != before
        await store.close()


async def test_a_disk_that_turned_read_only_is_named_so(tmp_path: Path) -> None:
    def fault(what: str, name: str) -> None:
        if read_only[0] and what == "write":
            raise apsw.ReadOnlyError("remounted")

    read_only = [False]
    with failing(fault) as disk:
        pauses = Pauses()
        store = Store(tmp_path / "x.db", partial(wal, vfs=disk.name), pauses)
        read_only[0] = True
        with pytest.raises(Unwritable) as failed:
            await store.write(partial(insert, "a"))
        assert failed.value.reason == store.refusing == Reason.READ_ONLY
        read_only[0] = False
        waiting = asyncio.create_task(recovered(store))
        await pauses.end()
        await waiting
        await store.write(partial(insert, "b"))
        await store.close()


async def test_a_damaged_file_stays_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    pauses = Pauses()
    store = Store(path, partial(opened, steps=STEPS), pauses)
    await store.write(partial(insert, "x" * 20_000))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    await store.read(lambda connection: connection.pragma("shrink_memory"))
    with pytest.raises(Unwritable):
        await store.read(rows)
    await pauses.failed(3)
    assert store.refusing == Reason.FAILED
    await store.close()


def test_a_file_on_a_read_only_filesystem_can_not_be_opened_and_says_the_mend(tmp_path: Path) -> None:
    with tiny(tmp_path / "disk") as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(Unusable, match="can't be opened"):
            Store(disk / "x.db", wal)


def test_an_older_file_is_lifted_step_by_step_and_a_newer_one_refused_by_its_version(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    old = opened(path, STEPS)
    old.execute("insert into t values ('kept')")
    old.close()

    lifted = opened(path, (*STEPS, "alter table t add column y default 7", "alter table t add column z default 8"))
    assert lifted.execute("select * from t").fetchall() == [("kept", 7, 8)]
    lifted.close()
    with pytest.raises(Unusable, match="has version 3, this program knows 1: start the newer program"):
        opened(path, STEPS)


def test_two_who_store_one_file_at_once_both_do_and_leave_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met, sync = threading.Barrier(2, timeout=30), os.fsync

    def synced(number: int) -> None:
        sync(number)
        if stat.S_ISREG(os.fstat(number).st_mode):
            met.wait()

    monkeypatch.setattr(os, "fsync", synced)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda data: store(tmp_path / "file", data), (b"the same", b"the same")))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"the same")]


@pytest.mark.parametrize("version", ["3.51.2", "3.40.1", "3.7.0"])
def test_an_sqlite_that_may_corrupt_its_wal_is_refused(version: str) -> None:
    with pytest.raises(Unusable):
        require_sqlite(version)
    require_sqlite("3.51.3")
