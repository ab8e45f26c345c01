"""What no conference names any more leaves the shelf; whatever a snapshot, an entry or an upload may name stays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest

from rooms.features.links import LinkRevoked
from rooms.journal import Entry
from rooms.kernel import Actor, CommandId, ConferenceId, InviteId, PersonId, Role
from server.journal import Saved
from server.journal.sqlite import SqliteJournal
from server.outgrown import Outgrown
from server.shelf import FolderShelf
from server.storage import Reason, Unwritable

C, OTHER = ConferenceId("c"), ConferenceId("other")
ANNA = Actor(PersonId("anna"), Role.ATTENDEE)


def digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


def entry(seq: int, said: str) -> Entry:
    return Entry(seq, 1, 0, ANNA, None, CommandId(said), (LinkRevoked(InviteId(said)),))


class House:
    """A journal and a shelf, where everything was put long ago."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal, self.shelf = SqliteJournal(folder / "journal.db"), FolderShelf(folder)
        self.told: list[Collection[str]] = []
        self.outgrown = Outgrown(self.journal, self.shelf, self.told.append)

    async def put(self, *words: str) -> None:
        for word in words:
            await self.shelf.put(digest(word), word.encode())
            os.utime(self.folder / f"{digest(word)}.pdf", (0, 0))

    async def says(self, conference: ConferenceId, *words: str, saved: str = "") -> None:
        """Entries with these documents; the newest snapshot is after the first, and says `saved`."""
        entries = [entry(seq, digest(word)) for seq, word in enumerate(words, 1)]
        await self.journal.append(conference, 0, await self.journal.open(conference), entries)
        if saved:
            await self.journal.save(conference, Saved(1, f'{{"digest": "{digest(saved)}"}}'.encode()))

    async def looked(self, times: int) -> set[str]:
        """What is on the shelf after so many looks."""
        for _ in range(times):
            await self.outgrown.look()
        return set(await self.shelf.names())


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.journal.close()


async def test_what_is_said_nowhere_goes_at_the_second_look(house: House) -> None:
    words = ("replaced", "snapshot", "entry", "elsewhere")
    await house.put(*words)
    await house.says(C, "replaced", "entry", saved="snapshot")
    await house.says(OTHER, "elsewhere")
    assert await house.looked(1) == {digest(word) for word in words}
    assert await house.looked(1) == {digest(word) for word in words[1:]}
    assert [digest("replaced") in told for told in house.told] == [True, False]


async def test_what_was_brought_meanwhile_stays(house: House) -> None:
    await house.put("brought")
    await house.looked(1)
    await house.shelf.put(digest("brought"), b"brought")
    assert await house.looked(2) == {digest("brought")}


async def test_a_look_at_a_journal_that_can_t_be_read_counts_as_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.put("detached")
    await house.looked(1)

    async def away() -> None:
        raise Unwritable(Reason.AWAY, "for this once")

    with monkeypatch.context() as once:
        once.setattr(house.journal, "conferences", away)
        await house.looked(1)
    assert await house.looked(1) == {digest("detached")}
    assert await house.looked(1) == set()
