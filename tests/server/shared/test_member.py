"""Ownership: one writer at a time, whoever sleeps, wakes, dies or loses its line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from rooms.features.stage import Take
from rooms.journal import Entry, Envelope
from rooms.kernel import CommandId, Refused
from rooms.program import Layout
from scripts.benches.redis_process import RedisProcess
from server.ending import ended
from server.journal.redis import RedisJournal, key
from server.shared import lease, line, member, store
from server.shared.messages import Answered, Message, NodeId
from server.shared.store import RedisStore
from tests.rooms.hall import ANNA, DEFINITION, DIRECTOR, FR, STAGE
from tests.server.shared.conftest import Made, One

pytestmark = pytest.mark.usefixtures("long_leases")


async def test_the_first_owns_and_the_second_follows_what_it_writes(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    assert (one.member.owns, two.member.owns) == (True, False)
    seq = await one.act("1", 0.5)
    await two.until(lambda: two.member.conference.seq == seq)
    assert two.member.conference.snapshot() == one.member.conference.snapshot()
    assert [entry.seq for entry in two.seen] == [seq]


async def test_many_commands_from_both_sides_end_in_one_order(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    asked = [(one, two)[n % 2].act(str(n), n / 100) for n in range(60)]
    seqs = await asyncio.gather(*asked)
    assert sorted(seqs) == list(range(2, 62))
    await two.until(lambda: two.member.conference.seq == 61)
    assert [entry.seq for entry in two.seen] == [entry.seq for entry in one.seen] == list(range(2, 62))


async def test_a_stale_owner_that_wakes_is_fenced_and_follows(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    await one.act("1", 0.1)
    await one.sleep()
    one.member._sure_until_s = float("inf")  # and it believes in its lease, as one does that just woke
    await two.until(lambda: two.member.owns)
    seq = await two.act("2", 0.2)

    late = asyncio.create_task(one.act("3", 0.3))
    one.wake()
    assert await late == seq + 1
    assert not one.member.owns
    assert [(e.command_id, e.epoch) for e in two.seen] == [("1", 1), ("2", 2), ("3", 2)]
    await one.until(lambda: [e.seq for e in one.seen] == [e.seq for e in two.seen])


async def test_a_refusal_is_given_by_an_owner_that_is_sure_of_its_lease(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    with pytest.raises(Refused, match="role-not-admitted"):
        await two.member.handle(Envelope(CommandId("1"), Take(Layout.FULL, (FR,)), STAGE), ANNA)
    await one.sleep()
    one.member._sure_until_s = 0.0
    await two.until(lambda: two.member.owns)
    late = asyncio.create_task(one.member.handle(Envelope(CommandId("1"), Take(Layout.FULL, (FR,)), STAGE), ANNA))
    await asyncio.sleep(0)
    assert not late.done(), "who is not sure asks again instead of refusing"
    one.wake()
    with pytest.raises(Refused, match="role-not-admitted"):
        await late


async def test_an_owner_too_slow_to_be_sure_of_its_lease_answers_all_the_same(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member, "SURE_S", 0.0)
    one, two = await made("one").open(), await made("two").open()
    assert await one.act("1", 0.5) == 2
    assert await two.act("2", 0.6) == 3
    assert await two.act("3", 0.6) == 3, "it is so already"
    with pytest.raises(Refused, match="role-not-admitted"):
        await two.member.handle(Envelope(CommandId("4"), Take(Layout.FULL, (FR,)), STAGE), ANNA)


def looked(one: One) -> asyncio.Queue[None]:
    """Gets an item with each look at the lease from now on."""
    looks, take = asyncio.Queue[None](), one.member._lease.take

    async def counted(*arguments: Any, **words: Any) -> lease.Turn:
        looks.put_nowait(None)
        return await take(*arguments, **words)

    one.member._lease.take = counted  # type: ignore[method-assign]
    return looks


async def test_while_redis_is_full_a_new_owner_takes_its_place_once(made: Made) -> None:
    await (await made("one").open()).close()
    two = made("two")
    looks = looked(two)
    await two.store.redis.config_set("maxmemory", "1")
    await two.open()
    for _ in range(5):
        await looks.get()
    with pytest.raises(Refused, match="redis-full"):
        await two.act("1", 0.5)
    taken = two.member._metrics.registry.get_sample_value("twinhall_takeovers_total", {"conference": DEFINITION.id})
    assert taken == 1
    await two.store.redis.config_set("maxmemory", "0")
    await two.until(lambda: two.store.refusing is None)
    assert await two.act("2", 0.5) == 2


async def test_an_owner_that_hangs_is_followed_when_its_lease_ends(made: Made, real_lease: float) -> None:
    one, two = await made("one").open(), await made("two").open()
    await ended(one.member._task)
    one.hear = lambda message: None  # type: ignore[method-assign]
    began = time.monotonic()
    await two.act("1", 0.5)
    print("takeover", round(time.monotonic() - began, 2), "s, lease", real_lease, "s")
    assert two.member.owns


async def test_an_owner_whose_line_went_down_is_followed_long_before_its_lease_ends(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    await one.act("1", 0.1)
    await ended(one.member._task)
    await one.line.close()
    began = time.monotonic()
    assert await two.act("2", 0.5) == 3
    print("takeover", round(time.monotonic() - began, 2), "s")
    assert two.member.owns
    assert [entry.seq for entry in two.seen] == [2, 3]


async def test_an_owner_without_a_line_that_lives_keeps_the_conference(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "SURE_S", 30.0)  # it renews in time, however busy the machine is
    monkeypatch.setattr(member, "SURE_S", 0.0)
    one, two = await made("one").open(), await made("two").open()
    looks = looked(two)
    await one.line.close()
    for number in range(5):
        await one.act(str(number), number / 100)
        await looks.get()
    await two.until(lambda: two.member.conference.seq == 6)
    assert {entry.epoch for entry in two.seen} == {1}


async def test_a_conference_that_is_passed_on_goes_to_its_heir(made: Made) -> None:
    one, two, three = [await made(name).open() for name in ("one", "two", "three")]
    await one.act("1", 0.1)
    one.member.pass_on(three.member.node)
    await three.until(lambda: three.member.owns)
    assert await two.act("2", 0.2) == 3
    await one.until(lambda: not one.member.owns)
    assert [each.member.owns for each in (two, three)] == [False, True]
    assert await one.act("3", 0.3) == 4


async def test_a_host_that_was_replaced_listens_no_more(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    before = len(one.store._listeners)
    one.member.pass_on(two.member.node)
    await two.until(lambda: two.member.owns)
    await one.until(lambda: not one.member.owns)
    assert len(one.store._listeners) == before - 1
    two.member.pass_on(one.member.node)
    await one.until(lambda: one.member.owns)
    assert len(one.store._listeners) == before


async def test_a_command_answered_by_the_dead_owner_is_answered_again_by_the_next(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    seq = await two.act("1", 0.5)
    await one.sleep()
    await two.until(lambda: two.member.owns)
    assert await two.act("1", 0.5) == seq


async def test_redis_comes_back_on_its_data_and_writing_goes_on(
    made: Made, redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "GRACE_S", 60.0)  # its start takes as long as the machine makes it
    monkeypatch.setattr(member, "PATIENCE_S", 60.0)
    one, two = await made("one").open(), await made("two").open()
    first = await two.act("1", 0.1)
    redis.kill()
    waiting = [asyncio.create_task(each.act(f"w{n}", 0.2 + n / 10)) for n, each in enumerate((one, two))]
    await redis.start()
    began = time.monotonic()
    assert sorted(await asyncio.gather(*waiting)) == [first + 1, first + 2]
    print("back", round(time.monotonic() - began, 2), "s")


def _lose_an_answer(one: One) -> asyncio.Event:
    """Nobody hears what `one` answers next; set when it has answered."""
    answered, tell = asyncio.Event(), one.line.tell

    async def lost(message: Message, node: NodeId | None = None) -> bool:
        if answered.is_set() or not isinstance(message, Answered):
            return await tell(message, node)
        answered.set()
        return True

    one.line.tell = lost  # type: ignore[method-assign]
    return answered


async def test_what_was_done_is_not_refused_to_a_follower_while_redis_stays_away(
    made: Made, redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "GRACE_S", 0.0)
    one, two = await made("one").open(), await made("two").open()
    answered = _lose_an_answer(one)
    asking = asyncio.create_task(two.act("1", 0.5))
    await answered.wait()
    redis.kill()
    await two.until(lambda: two.store.refusing)
    with pytest.raises(Refused, match="redis-away"):
        await two.act("2", 0.6)
    assert not asking.done()
    await redis.start()
    assert await asyncio.wait_for(asking, 30) == 2


async def test_what_the_owner_wrote_is_not_refused_because_redis_went_away_before_it_said_so(
    made: Made, redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "GRACE_S", 0.0)
    one = await made("one").open()
    append = one.journal.append

    async def away(*batch: Any) -> None:
        await append(*batch)
        redis.kill()
        await one.until(lambda: one.store.refusing)
        one.member._sure_until_s = 0.0

    one.journal.append = away  # type: ignore[method-assign, assignment]
    acting = asyncio.create_task(one.act("1", 0.5))
    await one.until(lambda: one.store.refusing)
    one.journal.append = append  # type: ignore[method-assign]
    await redis.start()
    assert await asyncio.wait_for(acting, 30) == 2


async def test_nobody_is_told_that_an_owner_is_busy_who_may_have_done_it(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member, "PATIENCE_S", 0.0)
    monkeypatch.setattr(line, "ANSWER_S", 0.001)
    one, two = await made("one").open(), await made("two").open()
    answered = _lose_an_answer(one)
    asking = asyncio.create_task(two.act("1", 0.5))
    await asyncio.wait_for(answered.wait(), 30)
    monkeypatch.setattr(line, "ANSWER_S", 10.0)
    assert await asyncio.wait_for(asking, 30) == 2


async def test_what_redis_lost_stops_all_writing(made: Made, redis: RedisProcess) -> None:
    one, two = await made("one").open(), await made("two").open()
    for number in range(3):
        await one.act(str(number), number / 10)
    await two.until(lambda: two.member.conference.seq == 4)
    await one.store.redis.xdel(key(DEFINITION.id, "entries"), "4-0")  # as a failover that lagged behind
    for each in (one, two):
        await each.until(lambda each=each: each.store.refusing)  # type: ignore[misc]
        with pytest.raises(Refused, match="redis-lost"):
            await each.act("more", 0.9)


async def test_another_history_of_the_same_length_stops_all_writing(made: Made) -> None:
    one, two = await made("one").open(), await made("two").open()
    await one.act("1", 0.1)
    await two.until(lambda: two.member.conference.seq == 2)
    entries = key(DEFINITION.id, "entries")
    await one.store.redis.delete(entries)
    other = RedisJournal(RedisStore(one.store.url))
    epoch = await other.open(DEFINITION.id)
    rewritten: Sequence[Entry] = [Entry(n, epoch, 7, DIRECTOR, None, CommandId(f"x{n}"), ()) for n in (1, 2)]
    await other.append(DEFINITION.id, 0, epoch, rewritten)
    await two.until(lambda: two.store.refusing)
    await other._store.close()


def test_lease_and_look_leave_half_of_three_seconds_for_reading_the_journal(real_lease: float) -> None:
    assert real_lease + lease.LOOK_S + member.PACE_S + member.AGAIN_S < 1.6
    assert 2 * (lease.LOOK_S + member.PACE_S) < lease.SURE_S, "a look may fail, and the owner is sure all the same"
