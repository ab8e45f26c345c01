"""One SQLite file that says when it can't be written, and goes on by itself when it can.

A write is durable or it raises Unwritable. From then on writes are refused at
once, and a probe tries with back-off until one succeeds. After anything but a
full disk the file is closed and opened again before it is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import chain, repeat
from pathlib import Path
from typing import Final, TypeVar

import apsw
import structlog

from server.settings import Unusable

OLDEST_SQLITE: Final = (3, 51, 3)
"""3.7.0 to 3.51.2 can corrupt a WAL that is reset while another connection reads."""
BUSY_MS: Final = 2000
"""A reader of the command line may hold the file for that long."""
PAUSES_S: Final = (0.25, 0.5, 1.0, 2.0)
"""Between probes; the last one repeats: writing resumes 2 s after the disk does, at the latest."""
ROOM_BYTES: Final = 256 * 1024
"""Free space that a full disk must have again: a probe alone may fit where the next batch does not."""

_DISK: Final = (
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.NotADBError,
    OSError,
)
"""What a disk does to SQLite; everything else is a bug."""
_ERRNO: Final = {errno.ENOSPC: "journal-full", errno.EDQUOT: "journal-full", errno.EROFS: "journal-read-only"}

T = TypeVar("T")
log = structlog.get_logger()


class Reason(StrEnum):
    """Why nothing can be stored; the values are refusal codes."""

    FULL = "journal-full"
    FAILED = "journal-failed"
    READ_ONLY = "journal-read-only"
    AWAY = "redis-away"
    MEMORY = "redis-full"
    REPLICA = "redis-replica"
    STRANGER = "redis-stranger"
    REFUSES = "redis-refuses"
    LOST = "redis-lost"


class Unwritable(Exception):
    """Nothing was acknowledged. After FULL nothing was written either; after the others, read it back."""

    def __init__(self, reason: Reason, why: str) -> None:
        super().__init__(why)
        self.reason = reason


def reason_of(failed: OSError) -> Reason:
    """Why a file could not be written."""
    return Reason(_ERRNO.get(failed.errno or 0, Reason.FAILED))


def require_sqlite(version: str) -> None:
    """Raise Unusable for an SQLite whose WAL can't be trusted."""
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise Unusable(f"SQLite {version} may corrupt the journal: install apsw with SQLite {oldest} or newer")


def opened(path: Path, steps: tuple[str, ...], *, readonly: bool = False, vfs: str = "") -> apsw.Connection:
    """A connection to a file at the version `len(steps)`; an older file is lifted step by step.

    `steps[n]` is the SQL from version n to n + 1. A writer syncs every commit. Raises Unusable for
    a newer file, apsw.Error for a sick one.
    """
    require_sqlite(apsw.sqlite_lib_version())
    flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs or None)
    connection.set_busy_timeout(BUSY_MS)
    found = connection.pragma("user_version")
    if found > len(steps):
        connection.close()
        raise Unusable(f"{path} has version {found}, this program knows {len(steps)}: start the newer program")
    if not readonly:
        connection.pragma("synchronous", "full")
        for version, step in enumerate(steps[found:], found + 1):
            with transaction(connection):
                connection.execute(step)
                connection.execute(f"pragma user_version = {version}")
    return connection


@contextlib.contextmanager
def transaction(connection: apsw.Connection) -> Iterator[apsw.Connection]:
    """All or nothing; SQLite has rolled back by itself when the disk was full."""
    connection.execute("begin immediate")
    try:
        yield connection
        connection.execute("commit")
    finally:
        if connection.in_transaction:
            connection.execute("rollback")


class Store:
    """One file, one connection, one thread that owns it. `connect` makes the connection."""

    def __init__(
        self,
        path: Path,
        connect: Callable[[Path], apsw.Connection],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.path = path
        self.refusing: Reason | None = None
        self._connect = connect
        self._pause = pause
        try:
            self._connection = connect(path)
        except apsw.Error as wrong:
            raise Unusable(f"{path} can't be opened ({wrong}): mend the file, its rights, or make space") from wrong
        self._sound = True
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=path.stem)
        self._probing: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call when `refusing` has changed."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Call no longer."""
        self._listeners.remove(listener)

    async def write(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work` on the thread. Raises Unwritable: at once while it is known that nothing can be written."""
        if self.refusing:
            raise Unwritable(self.refusing, f"{self.path} can't be written")
        return await self.read(work)

    async def read(self, work: Callable[[apsw.Connection], T]) -> T:
        """Run `work`, which only reads, on the thread. Raises Unwritable when not even that works."""
        try:
            return await self._run(work)
        except Unwritable as failed:
            if self._probing is None:
                self._probing = asyncio.create_task(self._probe(), name=f"probe {self.path.name}")
            self._tell(failed.reason, str(failed))
            raise

    async def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[apsw.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    def _guarded(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            if not self._sound:
                self._reopen()
            return work(self._connection)
        except _DISK as failed:
            self._sound = self._sound and isinstance(failed, apsw.FullError)
            raise Unwritable(self._reason(failed), f"{self.path}: {failed}") from failed

    def _reason(self, failed: Exception) -> Reason:
        number = failed.errno if isinstance(failed, OSError) else self._connection_errno(failed)
        if isinstance(failed, apsw.FullError):
            return Reason.FULL
        if isinstance(failed, apsw.ReadOnlyError) or not os.access(self.path.parent, os.W_OK):
            return Reason.READ_ONLY
        return Reason(_ERRNO.get(number or 0, Reason.FAILED))

    def _connection_errno(self, failed: Exception) -> int | None:
        """The system's error behind an SQLite one, where it is to be trusted."""
        if isinstance(failed, apsw.IOError | apsw.CantOpenError):
            with contextlib.suppress(apsw.ConnectionClosedError):
                return self._connection.system_errno
        return None

    def _close(self) -> None:
        """Close. A WAL that is not surely on the disk stays beside the database: it is not moved into it."""
        with contextlib.suppress(apsw.ConnectionClosedError):
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(not self._sound))
        with contextlib.suppress(apsw.IOError):
            self._connection.close(force=True)

    def _reopen(self) -> None:
        """Open again, with a whole WAL under it, and look it through."""
        self._close()
        _rewrite(self.path.with_name(self.path.name + "-wal"))
        self._connection = self._connect(self.path)
        found = self._connection.pragma("quick_check")
        if found != "ok":
            raise apsw.CorruptError(str(found))
        self._sound = True

    async def _probe(self) -> None:
        for pause_s in chain(PAUSES_S, repeat(PAUSES_S[-1])):
            await self._pause(pause_s)
            try:
                await self._run(self._try)
            except Unwritable as failed:
                self._tell(failed.reason, str(failed))
            except apsw.BusyError:
                continue
            else:
                break
        self._probing = None
        self._tell(None, "writes again")

    def _try(self, connection: apsw.Connection) -> None:
        """A write that changes nothing but has to reach the disk."""
        if self.refusing == Reason.FULL and _free_bytes(self.path.parent) < ROOM_BYTES:
            raise apsw.FullError(f"less than {ROOM_BYTES} bytes are free")
        version = connection.pragma("user_version")
        with transaction(connection):
            connection.execute(f"pragma user_version = {version}")

    def _tell(self, refusing: Reason | None, why: str) -> None:
        if refusing == self.refusing:
            return
        self.refusing = refusing
        log.log(20 if refusing is None else 40, refusing or "writable", store=self.path.stem, reason=why)
        for listener in self._listeners:
            listener()


def _rewrite(wal: Path) -> None:
    """Bring what the kernel has of the WAL onto the disk, whole, in one step.

    After a failed fsync the kernel takes the lost pages for written, so that a later fsync
    "succeeds" (Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020).
    A copy is written anew.
    """
    if not wal.exists():
        return
    fresh = wal.with_name(wal.name + ".fresh")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
        copy.write(wal.read_bytes())
        copy.flush()
        os.fsync(copy.fileno())
    fresh.replace(wal)
    sync_folder(wal.parent)


def store(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only; it is durable then. Raises OSError.

    Who writes the same file meanwhile writes beside it, and the last one stays.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's list of names durable."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
