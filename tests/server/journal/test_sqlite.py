from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from rooms.features.links import LinkRevoked
from rooms.journal import Entry, decode
from rooms.kernel import Actor, CommandId, ConferenceId, InviteId, PersonId, Role
from server.journal import Epoch, Fenced, Saved
from server.journal.sqlite import SCHEMA_VERSION, SqliteJournal, connect
from server.settings import Unusable

C = ConferenceId("c")
ANNA = Actor(PersonId("anna"), Role.ATTENDEE)


def entry(seq: int, command: str, text: str = "x") -> Entry:
    return Entry(seq, 1, 0, ANNA, None, CommandId(command), (LinkRevoked(InviteId(text)),))


def read(bodies: Sequence[bytes]) -> list[Entry]:
    return [decode(body)[0] for body in bodies]


async def test_what_was_appended_is_replayed_in_order_after_a_restart(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b")])
    await journal.append(C, 2, epoch, [entry(3, "c")])
    await journal.close()

    again = SqliteJournal(tmp_path / "journal.db")
    assert [e.command_id for e in read(await again.replay(C, 1, 10))] == ["b", "c"]
    assert [e.seq for e in read(await again.replay(C, 0, 2))] == [1, 2]
    await again.close()


async def test_a_repeated_intent_is_answered_with_its_seq(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b")])

    known, unknown = (ANNA.person, CommandId("b")), (PersonId("ben"), CommandId("b"))
    assert await journal.answers(C, [known, unknown]) == {known: 2}
    await journal.close()


async def test_an_older_writer_is_fenced_off_and_leaves_no_trace(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    old = await journal.open(C)
    new = await journal.open(C)

    with pytest.raises(Fenced):
        await journal.append(C, 0, old, [entry(1, "a")])
    with pytest.raises(Fenced):
        await journal.append(C, 7, new, [entry(8, "a")])
    assert await journal.replay(C, 0, 10) == []
    assert new == Epoch(old + 1)
    await journal.close()


async def test_only_the_newest_snapshot_is_kept(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    assert await journal.saved(C) is None
    await journal.save(C, Saved(3, b"{}"))
    await journal.save(C, Saved(9, b"[]"))
    assert await journal.saved(C) == Saved(9, b"[]")
    await journal.close()


def test_a_journal_of_a_newer_program_is_refused_by_its_version(tmp_path: Path) -> None:
    newer = apsw.Connection(str(tmp_path / "journal.db"))
    newer.pragma("user_version", SCHEMA_VERSION + 1)
    newer.close()
    with pytest.raises(Unusable, match=f"has version {SCHEMA_VERSION + 1}, this program knows {SCHEMA_VERSION}"):
        connect(tmp_path / "journal.db")
