"""What every journal keeps, the embedded one and the shared one."""

import asyncio
from collections.abc import Sequence

import pytest

from rooms.features.links import LinkRevoked
from rooms.journal import Entry, decode, encode
from rooms.kernel import Actor, CommandId, ConferenceId, InviteId, PersonId, Role
from server.journal import Epoch, Fenced, Saved
from tests.server.journal.conftest import Opened

C = ConferenceId("c")
ANNA = Actor(PersonId("anna"), Role.ATTENDEE)


def entry(seq: int, command: str, text: str = "x") -> Entry:
    return Entry(seq, 1, 0, ANNA, None, CommandId(command), (LinkRevoked(InviteId(text)),))


def read(bodies: Sequence[bytes]) -> list[Entry]:
    return [decode(body)[0] for body in bodies]


async def test_what_was_appended_is_replayed_in_order_by_another_process(opened: Opened) -> None:
    journal = await opened()
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b")])
    await journal.append(C, 2, epoch, [entry(3, "c")])

    again = await opened()
    assert [e.command_id for e in read(await again.replay(C, 1, 10))] == ["b", "c"]
    assert [e.seq for e in read(await again.replay(C, 0, 2))] == [1, 2]
    assert list(await again.replay(C, 0, 0)) == []


async def test_every_conference_is_known_also_to_who_holds_none(opened: Opened) -> None:
    journal, others = await opened(), [ConferenceId(id) for id in ("a", "b-2")]
    for conference in others:
        await journal.append(conference, 0, await journal.open(conference), [entry(1, "a")])
    await journal.save(others[1], Saved(1, b"{}"))
    assert await (await opened()).conferences() == others


async def test_an_entry_is_kept_byte_for_byte(opened: Opened) -> None:
    journal = await opened()
    epoch = await journal.open(C)
    written = entry(1, "a", "你好\u2028\x00é")
    await journal.append(C, 0, epoch, [written])
    assert await journal.replay(C, 0, 10) == [encode(written)]


async def test_a_repeated_intent_is_answered_with_its_seq(opened: Opened) -> None:
    journal = await opened()
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b")])

    known, unknown = (ANNA.person, CommandId("b")), (PersonId("ben"), CommandId("b"))
    assert await journal.answers(C, [known, unknown]) == {known: 2}
    assert await journal.answers(C, []) == {}


async def test_an_older_writer_is_fenced_off_and_leaves_no_trace(opened: Opened) -> None:
    journal = await opened()
    old = await journal.open(C)
    new = await journal.open(C)

    with pytest.raises(Fenced):
        await journal.append(C, 0, old, [entry(1, "a")])
    assert await journal.replay(C, 0, 10) == []
    assert await journal.answers(C, [(ANNA.person, CommandId("a"))]) == {}
    assert new == Epoch(old + 1)


async def test_who_missed_an_entry_is_fenced_off(opened: Opened) -> None:
    journal = await opened()
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a")])
    with pytest.raises(Fenced):
        await journal.append(C, 0, epoch, [entry(1, "b"), entry(2, "c")])
    assert [e.command_id for e in read(await journal.replay(C, 0, 10))] == ["a"]


async def test_of_two_writers_at_once_one_wins_and_the_other_is_fenced(opened: Opened) -> None:
    journal = await opened()
    old, new = await journal.open(C), await journal.open(C)
    tries = [journal.append(C, 0, epoch, [entry(1, f"by-{epoch}")]) for epoch in (old, new)]
    assert [type(end) for end in await asyncio.gather(*tries, return_exceptions=True)] == [Fenced, type(None)]


async def test_conferences_know_nothing_of_each_other(opened: Opened) -> None:
    journal = await opened()
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a")])
    assert await journal.replay(ConferenceId("d"), 0, 10) == []
    assert await journal.open(ConferenceId("d")) == Epoch(1)


async def test_only_the_newest_snapshot_is_kept(opened: Opened) -> None:
    journal = await opened()
    assert await journal.saved(C) is None
    await journal.save(C, Saved(3, b"{}"))
    await journal.save(C, Saved(9, b"[]"))
    assert await journal.saved(C) == Saved(9, b"[]")
