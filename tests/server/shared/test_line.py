"""What is asked over the line is answered, or known not to be: at once when nobody can answer any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from rooms.kernel import ConferenceId
from scripts.benches.redis_process import RedisProcess
from server.shared import line as lines
from server.shared.line import Line
from server.shared.messages import Answered, Asked, Message, NodeId, Vacant, decode
from tests.rooms.hall import DIRECTOR

C, OTHER = ConferenceId("c"), ConferenceId("other")
ONE, TWO = NodeId("one:1"), NodeId("two:2")
Made = Callable[[NodeId, Callable[[Message], None]], Line]


@pytest.fixture(autouse=True)
def _nobody_waits_for_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ANSWER_S", 300.0)


@pytest.fixture
async def made(redis: RedisProcess) -> AsyncIterator[Made]:
    async with AsyncExitStack() as stack:

        def make(node: NodeId, hear: Callable[[Message], None]) -> Line:
            line = Line(redis.url, node, hear)
            stack.push_async_callback(line.close)
            line.start()
            return line

        yield make


def question(conference: ConferenceId = C) -> Asked:
    return Asked(ONE, 0, conference, {}, DIRECTOR)


async def asked_in_vain(made: Made) -> tuple[Line, asyncio.Task[Answered | None]]:
    """A line, and what was asked over it of somebody who heard it and says nothing."""
    heard = asyncio.Event()
    one, two = made(ONE, lambda message: None), made(TWO, lambda message: heard.set())
    await one.up.wait()
    await two.up.wait()
    asking = asyncio.create_task(one.ask(TWO, question()))
    await asyncio.wait_for(heard.wait(), 30)
    return one, asking


async def test_an_answer_finds_who_asked(made: Made) -> None:
    tasks: list[asyncio.Task[bool]] = []

    def answer(message: Message) -> None:
        assert isinstance(message, Asked)
        tasks.append(asyncio.create_task(two.tell(Answered(message.number, 7), message.sender)))

    one, two = made(ONE, lambda message: None), made(TWO, answer)
    await one.up.wait()
    await two.up.wait()
    answered = await asyncio.wait_for(one.ask(TWO, question()), 30)
    assert answered is not None
    assert answered.seq == 7


async def test_who_does_not_listen_is_not_waited_for(made: Made) -> None:
    one = made(ONE, lambda message: None)
    await one.up.wait()
    assert await asyncio.wait_for(one.ask(TWO, question()), 30) is None


async def test_an_answer_that_a_broken_line_lost_is_not_waited_for(made: Made, redis: RedisProcess) -> None:
    one, asking = await asked_in_vain(made)
    redis.kill()
    assert await asyncio.wait_for(asking, 30) is None
    assert await asyncio.wait_for(one.ask(TWO, question()), 30) is None
    assert one.up_s == 0.0
    await redis.start()
    await asyncio.wait_for(one.up.wait(), 30)


async def test_the_former_owner_of_a_conference_is_not_waited_for(made: Made) -> None:
    one, asking = await asked_in_vain(made)
    one.moved(OTHER)
    assert not asking.done()
    one.moved(C)
    assert await asyncio.wait_for(asking, 30) is None


async def test_what_the_former_process_at_a_place_asked_is_not_answered_to_the_next(made: Made) -> None:
    heard: asyncio.Queue[Asked] = asyncio.Queue()

    def hear(message: Message) -> None:
        assert isinstance(message, Asked)
        heard.put_nowait(message)

    former, two = made(ONE, lambda message: None), made(TWO, hear)
    await former.up.wait()
    await two.up.wait()
    asking = asyncio.create_task(former.ask(TWO, question()))
    before = await asyncio.wait_for(heard.get(), 30)
    await former.close()
    assert await asking is None
    now = made(ONE, lambda message: None)
    await now.up.wait()
    asking = asyncio.create_task(now.ask(TWO, question()))
    after = await asyncio.wait_for(heard.get(), 30)
    for asked, seq in ((before, 7), (after, 8)):
        await two.tell(Answered(asked.number, seq), ONE)
    answered = await asyncio.wait_for(asking, 30)
    assert answered is not None
    assert answered.seq == 8


async def test_who_answers_late_is_given_longer_each_time(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ANSWER_S", 0.001)
    one, two = made(ONE, lambda message: None), made(TWO, lambda message: None)
    await one.up.wait()
    await two.up.wait()
    waits_s = []
    for _ in range(4):
        assert await one.ask(TWO, question()) is None
        waits_s.append(one._wait_s)
    assert waits_s == [0.002, 0.004, 0.008, 0.016]


async def test_a_message_that_breaks_its_hearer_does_not_deafen_the_line(made: Made) -> None:
    heard = asyncio.Event()

    def stumbling(message: Message) -> None:
        heard.set()
        raise ZeroDivisionError

    one, two = made(ONE, lambda message: None), made(TWO, stumbling)
    await one.up.wait()
    await two.up.wait()
    for _ in range(2):
        assert await one.tell(Vacant(C), TWO)
        await asyncio.wait_for(heard.wait(), 30)
        heard.clear()
    assert two.up.is_set()


async def test_what_is_said_to_all_arrives_in_its_order(made: Made) -> None:
    heard: asyncio.Queue[Message] = asyncio.Queue()
    one, two = made(ONE, lambda message: None), made(TWO, heard.put_nowait)
    await one.up.wait()
    await two.up.wait()
    said = [Vacant(ConferenceId(f"{number}" + "x" * (number % 7 * 20_000))) for number in range(100)]
    for number, message in enumerate(said):
        one.say(message)
        if number % 10 == 9:
            await asyncio.sleep(0)
    assert [await asyncio.wait_for(heard.get(), 30) for _ in said] == said


async def test_of_too_much_that_waits_for_redis_the_oldest_gets_lost(redis: RedisProcess) -> None:
    one = Line(redis.url, ONE, lambda message: None)
    for number in range(lines.SAID_MAX + 2):
        one.say(Vacant(ConferenceId(str(number))))
    kept = [decode(said) for said in one._said]
    assert kept[0] == Vacant(ConferenceId("2"))
    assert len(kept) == lines.SAID_MAX
    await one.close()


async def test_whose_name_another_has_too_is_alone_once_that_one_is_gone(made: Made) -> None:
    former, now = made(ONE, lambda message: None), made(ONE, lambda message: None)
    await former.up.wait()
    await now.up.wait()
    assert not await now.alone(0.0)
    waiting = asyncio.create_task(now.alone(10.0))
    await former.close()
    assert await waiting
