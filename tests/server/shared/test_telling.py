"""Every entry is told once, in order, at each process, however owners and followers relieve each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from rooms.kernel import ConferenceId
from server.journal import Epoch
from server.replaying import REPLAY_CHUNK, decoded
from server.storage import Reason, Unwritable
from tests.rooms.hall import DEFINITION
from tests.server.shared.conftest import Made, One

pytestmark = pytest.mark.usefixtures("long_leases")


class Gate:
    """Who comes first waits until it is opened; all others pass."""

    def __init__(self) -> None:
        self.reached, self._opened = asyncio.Event(), asyncio.Event()

    async def passing(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self._opened.wait()

    async def waits(self) -> None:
        async with asyncio.timeout(30):
            await self.reached.wait()

    def open(self) -> None:
        self._opened.set()


def seqs(one: One) -> list[int]:
    return [entry.seq for entry in one.seen]


async def told(last: int, *ones: One) -> None:
    """Until all of them told the entries 2 to `last`, and nothing came out of turn."""
    for one in ones:
        await one.until(lambda one=one: len(one.seen) >= last - 1)  # type: ignore[misc]
        assert seqs(one) == list(range(2, last + 1))
        assert one.member.telling.out_of_turn == 0


async def test_an_owner_to_be_reads_on_alone_and_tells_what_its_follower_would_have(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    await one.act("1", 0.1)
    await told(2, one, two)
    opened, looking = Gate(), Gate()
    replay, take = two.journal.replay, two.member._lease.take

    async def last_read_held(conference: ConferenceId, after_seq: int, limit: int) -> Sequence[bytes]:
        found = await replay(conference, after_seq, limit)
        if limit == REPLAY_CHUNK and not found:
            await opened.passing()
        return found

    async def held(*arguments: Any, **words: Any) -> Any:
        if two.member.owns:
            await looking.passing()
        return await take(*arguments, **words)

    two.journal.replay, two.member._lease.take = last_read_held, held  # type: ignore[method-assign]
    await one.sleep()
    await opened.waits()  # two has the next epoch, and has read all there is
    await two.member._lease.leave(DEFINITION.id)
    one.wake()
    for number in (2, 3, 4):
        await one.act(str(number), number / 10)
    opened.open()
    await looking.waits()  # two takes itself for the owner, and is overtaken
    late = asyncio.create_task(two.act("5", 0.5))
    await told(5, two)
    looking.open()
    assert await late == 6
    await told(6, one, two)


async def test_what_is_written_while_a_late_owner_reads_what_it_missed_is_told_too(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    await one.act("1", 0.1)
    await told(2, one, two)
    opening, reading, again = Gate(), Gate(), asyncio.Event()
    open_, replay = two.journal.open, two.journal.replay

    async def refused_once(conference: ConferenceId) -> Epoch:
        if not opening.reached.is_set():
            await opening.passing()
            raise Unwritable(Reason.AWAY, "for this once")
        return await open_(conference)

    async def missed_held(conference: ConferenceId, after_seq: int, limit: int) -> Sequence[bytes]:
        found = await replay(conference, after_seq, limit)
        if limit < REPLAY_CHUNK and opening.reached.is_set():
            again.set() if reading.reached.is_set() else await reading.passing()
        return found

    two.journal.open, two.journal.replay = refused_once, missed_held  # type: ignore[method-assign]
    await one.sleep()
    await opening.waits()
    assert await one.act("2", 0.2) == 3, "nobody has the next epoch yet"
    opening.open()
    await reading.waits()
    assert await one.act("3", 0.3) == 4
    for changed in list(two.store._listeners):
        changed()  # as a store that takes writes again
    await asyncio.wait_for(again.wait(), 30)
    reading.open()
    await told(4, two)
    assert await two.act("4", 0.4) == 5
    await told(5, two)


async def test_an_owner_that_leaves_in_mid_append_tells_its_last_entry_once(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    await one.act("1", 0.1)
    written = Gate()
    append = one.journal._append

    async def unanswered(*arguments: Any) -> Any:
        answer = await append(*arguments)
        await written.passing()
        return answer

    one.journal._append = unanswered  # type: ignore[assignment]
    late = asyncio.create_task(one.act("2", 0.2))
    await written.waits()
    one.member.pass_on(two.member.node)
    assert await late == 3
    await told(3, one, two)

    two.member.pass_on(one.member.node)  # and back, on the snapshots that both left
    await one.until(lambda: one.member.owns)
    assert await two.act("3", 0.3) == 4
    await told(4, one, two)
    assert one.member.conference.snapshot() == two.member.conference.snapshot()


async def test_an_answer_that_comes_when_its_follower_has_left_is_not_taken(made: Made) -> None:
    one, two, read = await made("one").open(), made("two"), Gate()
    xread: Callable[..., Awaitable[Any]] = two.blocking.xread

    async def swallowing(*arguments: Any) -> Any:
        found = await xread(*arguments)
        late = asyncio.ensure_future(read.passing() if found else asyncio.sleep(0))
        while not late.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(late)
        return found

    two.blocking.xread = swallowing  # type: ignore[assignment]
    await two.open()
    await one.act("1", 0.1)
    await read.waits()
    assert seqs(two) == []
    await one.sleep()
    await told(2, two)
    assert two.member.owns
    read.open()
    assert await two.act("2", 0.2) == 3
    await told(3, two)


async def test_a_follower_that_stumbles_is_followed_by_another_one(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = await made("one").open(), await made("two").open()
    stumbled = asyncio.Event()

    def stumbling(id: ConferenceId, body: bytes) -> Any:
        if not stumbled.is_set():
            stumbled.set()
            raise ZeroDivisionError
        return decoded(id, body)

    monkeypatch.setattr("server.shared.follower.decoded", stumbling)
    await one.act("1", 0.1)
    await one.act("2", 0.2)
    await told(3, one, two)
    assert stumbled.is_set()
