"""Erasing a person: the vault's row goes, and then no file of the node may hold the name's bytes.

The journal says that it must happen (`people.erased`); records with the person go first, then the vault follows,
now or when its disk can be written again, or at the next start.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import structlog

from rooms.features.people import People, PersonErased
from rooms.journal import Entry
from rooms.kernel import PersonId, Refused
from server.held import Held
from server.personal import Personal

log = structlog.get_logger()


class Erasure:
    """Follows the journals of all hosts."""

    def __init__(
        self,
        vault: Personal,
        data: Path,
        hosts: Sequence[Held],
        forget: Callable[[PersonId], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        """`forget(person)` removes what the node keeps beside the vault; `changed` is called once a name is gone."""
        self._vault = vault
        self._data = data
        self._hosts = hosts
        self._forget = forget
        self._changed = changed
        self._running: dict[PersonId, asyncio.Task[Sequence[str]]] = {}
        for host in hosts:
            host.listen(self._happened)
        vault.listen(self.sweep)
        self.sweep()

    def sweep(self) -> None:
        """Erase whoever the journal says is erased and the vault still knows."""
        if self._vault.refusing is None:
            for host in self._hosts:
                for person in filter(self._vault.knows, host.conference.feature(People).erased()):
                    self._begin(person)

    async def traces(self, person: PersonId) -> Sequence[str]:
        """Once the person, erased in the journal, is gone: files that still hold the name. Raises Refused."""
        return await asyncio.shield(self._begin(person))

    async def close(self) -> None:
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _happened(self, entries: Sequence[Entry]) -> None:
        for event in (event for entry in entries for event in entry.events):
            if isinstance(event, PersonErased):
                self._begin(event.person)

    def _begin(self, person: PersonId) -> asyncio.Task[Sequence[str]]:
        if person not in self._running:
            task = asyncio.create_task(self._erase(person), name="erase")
            self._running[person] = task
            task.add_done_callback(lambda done: self._ended(person, done))
        return self._running[person]

    async def _erase(self, person: PersonId) -> Sequence[str]:
        await self._forget(person)
        name = await self._vault.erase(person)
        self._changed()
        if name is None:
            return []
        others = [other for other in self._vault.names.values() if name in other]
        said = b"".join(msgspec.json.encode(host.conference.definition) for host in self._hosts)
        return await asyncio.to_thread(lambda: list(files_with(self._data, name, others, said)))

    def _ended(self, person: PersonId, done: asyncio.Task[Sequence[str]]) -> None:
        del self._running[person]
        match done.exception():
            case None:
                log.info("a person was erased", traces=done.result())
                self.sweep()
            case Refused(code=code):
                log.warning("a person is not erased yet", reason=code)
            case bug:
                log.error("erasing broke", exc_info=bug)


def files_with(data: Path, name: str, others: Iterable[str], said: bytes = b"") -> Iterator[str]:
    """Files of the folder that hold the name as a word, in UTF-8 or escaped as in JSON.

    The vault's own file holds it as often as the names of `others` do, and no more. A guest called Frankfurt leaves
    no trace by it: of a word that the conferences themselves say (`said`, JSON) only the vault can tell.
    """
    plain, escaped = name.encode(), json.dumps(name)[1:-1].encode()
    anywhere = re.compile(re.escape(plain))
    word = re.compile(rb"(?<![A-Za-z])(?:" + re.escape(plain) + b"|" + re.escape(escaped) + rb")(?![A-Za-z])")
    expected = sum(other.count(name) for other in others)
    is_said = word.search(said) is not None
    for file in sorted(data.rglob("*")):
        is_vault = file.name.startswith("vault.db")
        if not file.is_file() or (is_said and not is_vault):
            continue
        if _count(file, anywhere if is_vault else word) > (expected if is_vault else 0):
            yield str(file.relative_to(data))


def _count(file: Path, pattern: re.Pattern[bytes]) -> int:
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return sum(1 for _ in pattern.finditer(content))
    except (FileNotFoundError, ValueError):
        return 0  # gone meanwhile, or empty
