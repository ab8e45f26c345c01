"""Where documents and sealed records are: in the data folder, or shared by all processes (server.shared.shelf)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Final, Protocol, Self

import structlog

from rooms.kernel import Refused
from server.storage import reason_of, store

SHA256_DIGITS: Final = 64
AWAITED_S: Final = 24 * 3600
"""What was put is named by an entry long before, unless Redis was away meanwhile."""

log = structlog.get_logger()


class Shelf(Protocol):
    """PDF files by name (`[a-z0-9.-]+`), each put once and never changed. What can't be done raises Refused.

    A name whose last part (after a dot) is a SHA-256 is its file's.
    """

    async def put(self, name: str, data: bytes) -> None:
        """Keep it: it is durable then, and every process has it. Another one of the same name may stay instead."""

    async def get(self, name: str) -> bytes | None:
        """As it was put; None when it is not there, or damaged."""

    async def names(self) -> Collection[str]: ...

    async def drop(self, names: Collection[str]) -> None:
        """Nobody gets these any more."""

    async def erase(self, names: Collection[str]) -> None:
        """As `drop`, and no file holds their bytes then."""

    async def outgrow(self, names: Collection[str]) -> None:
        """As `drop`, but of what somebody put within AWAITED_S: that is perhaps about to be named."""


class FolderShelf:
    """A folder of its own: `<name>.pdf`, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._coming: Counter[str] = Counter()

    def tidied(self) -> Self:
        """Without what a former process was writing when it ended."""
        for half in self._folder.glob("*.new"):
            half.unlink()
        return self

    async def put(self, name: str, data: bytes) -> None:
        self._coming[name] += 1
        try:
            await asyncio.to_thread(store, self._path(name), data)
        except OSError as failed:
            log.error("a file was not stored", reason=str(failed))
            raise Refused(reason_of(failed)) from failed
        finally:
            self._coming[name] -= 1

    async def get(self, name: str) -> bytes | None:
        data = await asyncio.to_thread(whole, self._path(name), name)
        if data is None and self._path(name).exists():
            log.error("a file is damaged", name=name)
        return data

    async def names(self) -> Collection[str]:
        return [path.stem for path in self._folder.glob("*.pdf")]

    async def drop(self, names: Collection[str]) -> None:
        for name in names:
            self._path(name).unlink(missing_ok=True)

    async def erase(self, names: Collection[str]) -> None:
        await self.drop(names)

    async def outgrow(self, names: Collection[str]) -> None:
        since_s = time.time() - AWAITED_S
        await self.drop([name for name in names if not self._coming[name] and self._put_s(name) < since_s])

    def _put_s(self, name: str) -> float:
        """When it was put last, Unix s; now if it is not there."""
        try:
            return self._path(name).stat().st_mtime
        except FileNotFoundError:
            return time.time()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.pdf"


def whole(path: Path, name: str) -> bytes | None:
    """The file's bytes, if they are what `name` says."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    said = name.rpartition(".")[2]
    return data if len(said) != SHA256_DIGITS or hashlib.sha256(data).hexdigest() == said else None


async def moved(source: Shelf, target: Shelf, known: Collection[str]) -> list[str]:
    """Put onto `target` what only `source` has of `known`; all of these that both have then. Raises Refused."""
    there = set(await target.names())
    both: list[str] = []
    for name in sorted(set(await source.names()) & set(known)):
        data = None if name in there else await source.get(name)
        if data:
            await target.put(name, data)
        if data or name in there:
            both.append(name)
    return both
