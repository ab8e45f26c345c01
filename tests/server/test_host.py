import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from rooms.features.links import LinkRevoked, Revoke
from rooms.features.stage import SetSound, Stage, Take
from rooms.journal import DefinitionImported, Entry, Envelope, decode
from rooms.kernel import Actor, CommandId, InviteId, PersonId, Refused, Role
from rooms.program import Layout
from server.host import BATCH_MAX, Host
from server.journal.sqlite import SqliteJournal
from server.storage import Reason, Unwritable
from tests.rooms.hall import ANNA, CZ, DEFINITION, DIRECTOR, FR, ORGANISER, STAGE

TAKE = Take(Layout.FULL, (FR,))


class HandClock:
    def __init__(self) -> None:
        self.at_ms = 1_000.0

    def now_ms(self) -> float:
        return self.at_ms


class House:
    """A host, its journal and what it published."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.db"
        self.published: list[Sequence[Entry]] = []

    async def open(self) -> Host:
        self.journal = SqliteJournal(self.path)
        self.host = Host(self.journal, DEFINITION, HandClock())
        await self.host.open()
        self.host.listen(self.published.append)
        return self.host

    async def close(self) -> None:
        await self.host.close()
        await self.journal.close()

    async def entries(self) -> list[Entry]:
        return [decode(body)[0] for body in await self.journal.replay(DEFINITION.id, 0, 10_000)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.open()
    yield made
    await made.close()


def sent(id: str, command: Take | SetSound | Revoke = TAKE) -> Envelope:
    return Envelope(CommandId(id), command, None if isinstance(command, Revoke) else STAGE)


async def test_a_new_journal_begins_with_the_definition(house: House) -> None:
    assert isinstance((await house.entries())[0].events[0], DefinitionImported)
    assert house.host.conference.seq == 1


async def test_an_answer_comes_when_the_entry_is_in_the_journal(house: House) -> None:
    assert await house.host.handle(sent("1"), DIRECTOR) == 2
    assert (await house.entries())[-1].command_id == "1"
    assert [[entry.seq for entry in entries] for entries in house.published] == [[2]]


async def test_a_repeat_gets_the_first_answer_even_after_a_restart(house: House) -> None:
    first = await house.host.handle(sent("1"), DIRECTOR)
    await house.host.handle(sent("2", SetSound(FR, 0.5)), DIRECTOR)
    assert await house.host.handle(sent("1"), DIRECTOR) == first
    await house.close()
    await house.open()
    assert await house.host.handle(sent("1"), DIRECTOR) == first
    assert len(await house.entries()) == 3


async def test_the_same_id_of_another_person_is_another_command(house: House) -> None:
    ben = Actor(PersonId("ben"), Role.DIRECTOR)
    assert await house.host.handle(sent("1"), DIRECTOR) != await house.host.handle(sent("1", SetSound(CZ, 0.0)), ben)


async def test_repeats_that_arrive_together_take_effect_once(house: House) -> None:
    answers = await asyncio.gather(*(house.host.handle(sent("1"), DIRECTOR) for _ in range(50)))
    assert set(answers) == {2}
    assert len(await house.entries()) == 2


async def test_commands_that_arrive_together_are_decided_one_after_the_other(house: House) -> None:
    revokes = [house.host.handle(sent(str(n), Revoke(InviteId("attendee"))), ORGANISER) for n in range(3)]
    assert await asyncio.gather(*revokes) == [2, 2, 2]
    assert [entry.events for entry in (await house.entries())[1:]] == [(LinkRevoked(InviteId("attendee")),)]


async def test_a_refusal_is_given_again_for_the_same_id(house: House) -> None:
    for _ in range(2):
        with pytest.raises(Refused, match="role-not-admitted"):
            await house.host.handle(sent("1"), ANNA)
    assert house.published == []


async def test_the_state_after_a_restart_is_the_state_before_it(house: House) -> None:
    await house.host.handle(sent("1"), DIRECTOR)
    await house.host.handle(sent("2", SetSound(FR, 0.25)), DIRECTOR)
    before = house.host.conference.snapshot()
    await house.close()
    assert (await house.open()).conference.snapshot() == before


async def test_a_snapshot_of_other_features_is_left_aside(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.host.handle(sent("1"), DIRECTOR)
    await house.close()
    monkeypatch.setattr(Stage, "version", 7)
    monkeypatch.setattr(Stage, "upcast", classmethod(lambda cls, version, event: event))
    assert (await house.open()).conference.seq == 2


class Disk:
    """Makes appends fail as told."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failure: Exception | None = None
        append = house.journal.append

        async def fail_or_append(*arguments: object) -> None:
            if self.failure:
                raise self.failure
            await append(*arguments)  # type: ignore[arg-type]

        async def fail_or_save(*arguments: object) -> None:
            if self.failure:
                raise self.failure

        monkeypatch.setattr(house.journal, "append", fail_or_append)
        monkeypatch.setattr(house.journal, "save", fail_or_save)


async def test_a_full_disk_refuses_leaves_no_trace_and_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(house, monkeypatch)
    before = house.host.conference.snapshot()
    disk.failure = Unwritable(Reason.FULL, "no space")
    with pytest.raises(Refused, match="journal-full"):
        await house.host.handle(sent("1"), DIRECTOR)
    assert house.host.conference.snapshot() == before

    disk.failure = None
    assert await house.host.handle(sent("1"), DIRECTOR) == 2


async def test_a_failing_disk_acknowledges_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(house, monkeypatch)
    disk.failure = Unwritable(Reason.FAILED, "gone")
    before = house.host.conference.snapshot()
    answers = await asyncio.gather(
        *(house.host.handle(sent(str(n)), DIRECTOR) for n in range(3)), return_exceptions=True
    )
    assert [str(answer.args[0]) for answer in answers if isinstance(answer, Refused)] == ["journal-failed"] * 3
    assert house.host.conference.snapshot() == before


async def test_a_bug_in_one_command_refuses_that_command_only(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    decide = Stage.decide

    def broken(self: Stage, command: object, actor: Actor, now_ms: int) -> object:
        if isinstance(command, SetSound):
            raise ZeroDivisionError
        return decide(self, command, actor, now_ms)  # type: ignore[arg-type]

    monkeypatch.setattr(Stage, "decide", broken)
    bad, good = house.host.handle(sent("1", SetSound(FR, 0.5)), DIRECTOR), house.host.handle(sent("2"), DIRECTOR)
    answers = await asyncio.gather(bad, good, return_exceptions=True)
    assert isinstance(answers[0], Refused)
    assert answers[1] == 2


async def test_a_host_that_closes_answers_all_that_waits(house: House) -> None:
    waiting = [asyncio.create_task(house.host.handle(sent(str(n)), DIRECTOR)) for n in range(3 * BATCH_MAX)]
    await asyncio.sleep(0)
    await house.host.close()
    answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)
    assert all(isinstance(answer, int | Refused) for answer in answers)
    with pytest.raises(Refused, match="busy"):
        await asyncio.wait_for(house.host.handle(sent("late"), DIRECTOR), 30)


async def test_two_writers_never_write_the_same_seq(house: House) -> None:
    other = Host(house.journal, DEFINITION, HandClock())
    await other.open()
    with pytest.raises(Refused):
        await house.host.handle(sent("1"), DIRECTOR)
    assert await other.handle(sent("2"), DIRECTOR) == 2
    await other.close()
