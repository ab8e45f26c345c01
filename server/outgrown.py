"""Documents that were replaced or detached leave the shelf once no conference names them any more.

A document is kept by its hash, and any conference may name it. It stays while the newest snapshot of a conference of
the journal, held here or not, or an entry after it, says its hash: whatever the conference's state names is said
there, in a form that this program need not know. It goes when two looks in a row found it said nowhere, and nobody
brought it within a day. So nothing goes that was just brought and is to be named, nor what an entry names that
comes late because Redis was away, nor what a backup that is being made finds in its copy of the journal.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection
from typing import Final

import structlog

from rooms.kernel import ConferenceId, Refused
from server.ending import ended
from server.journal import Journal
from server.shelf import Shelf
from server.storage import Unwritable

LOOK_S: Final = 3600.0
CHUNK: Final = 1000
"""Entries read at once."""
_HASH: Final = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")

log = structlog.get_logger()


class Outgrown:
    """Looks now and then. Where several processes do, each counts its own looks."""

    def __init__(self, journal: Journal, shelf: Shelf, tidied: Callable[[Collection[str]], None]) -> None:
        """`tidied(names)` is told after each look what is on the shelf."""
        self._journal, self._shelf, self._tidied = journal, shelf, tidied
        self._unnamed: frozenset[str] = frozenset()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._look_on(), name="outgrown")

    async def close(self) -> None:
        await ended(self._task)

    async def look(self) -> None:
        """Drop what this look and the one before it found unnamed. One that can't see all counts as none."""
        before, self._unnamed = self._unnamed, frozenset()
        try:
            unnamed = frozenset(await self._shelf.names())
            for conference in await self._journal.conferences() if unnamed else ():
                unnamed -= await self._said(conference)
            await self._shelf.outgrow(sorted(before & unnamed))
            there = frozenset(await self._shelf.names())
        except (Refused, Unwritable) as failed:
            log.warning("documents that nobody names are not looked for", reason=str(failed))
            return
        if gone := (before & unnamed) - there:
            log.info("documents that nobody names any more are gone", digests=sorted(gone))
        self._unnamed = unnamed & there
        self._tidied(there)

    async def _look_on(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("a look for documents that nobody names broke")
            await asyncio.sleep(LOOK_S)

    async def _said(self, conference: ConferenceId) -> set[str]:
        """The hashes in the newest snapshot, and in the entries after it. Raises Unwritable."""
        saved = await self._journal.saved(conference)
        seq, found = (saved.seq, _hashes(saved.state)) if saved else (0, set[str]())
        while chunk := await self._journal.replay(conference, seq, CHUNK):
            found.update(*map(_hashes, chunk))
            seq += len(chunk)
        return found


def _hashes(said: bytes) -> set[str]:
    return {each.decode() for each in _HASH.findall(said)}
