"""The line between web processes: Redis pub/sub, one channel per process and one for all.

What is said may get lost with a connection, and what is said to all never overtakes. Who asks asks again
until there is an answer; what everybody should know is said again every BEAT_S.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from rooms.kernel import ConferenceId
from server.ending import ended
from server.shared import messages
from server.shared.messages import Answered, Asked, Message, NodeId
from server.shared.store import again_s, awaited, client

BEAT_S: Final = 0.5
SILENT_S: Final = 2.0
"""Not even a ping is answered for so long: the connection is dead, whatever TCP says."""
ANSWER_S: Final = 1.0
ANSWER_MOST_S: Final = 4.0
"""Who did not answer in time is given twice as long, up to this: asking a slow one again makes it slower."""
NUMBERS: Final = 2**62
ALL: Final = "twinhall:all"
CHANNELS: Final = 2
SAID_MAX: Final = 4096
"""Messages to all that may wait for Redis; the oldest get lost. Strokes of ten tablets are some hundred in a second."""

log = structlog.get_logger()


class _Question(msgspec.Struct):
    """What waits for its owner's word; None when there will be none."""

    conference: ConferenceId
    answer: asyncio.Future[Answered | None]

    def settle(self, answered: Answered | None) -> None:
        if not self.answer.done():
            self.answer.set_result(answered)


class Line:
    """One process' end of the line. `hear` is called with every message but answers."""

    def __init__(self, url: str, node: NodeId, hear: Callable[[Message], None]) -> None:
        self.node = node
        self._hear = hear
        self._redis: Redis = client(url)
        self._numbers = itertools.count(secrets.randbelow(NUMBERS))  # what our place's former process asked is not ours
        self._wait_s = ANSWER_S
        self._questions: dict[int, _Question] = {}
        self._up_since_s: float | None = None
        self._again: list[Callable[[], None]] = []
        self._said: deque[bytes] = deque(maxlen=SAID_MAX)
        self._news = asyncio.Event()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self.up = asyncio.Event()

    @property
    def up_s(self) -> float:
        """For how long we have heard what is said, in s."""
        return 0.0 if self._up_since_s is None else asyncio.get_running_loop().time() - self._up_since_s

    def on_connect(self, listener: Callable[[], None]) -> None:
        """Call after each connect: something may have been missed."""
        self._again.append(listener)

    def start(self) -> None:
        self._tasks = (
            asyncio.create_task(self._listen(), name="line"),
            asyncio.create_task(self._speak(), name="line out"),
        )

    async def alone(self, patience_s: float) -> bool:
        """Whether no other process has our name: Redis takes a moment to notice that the former one here is dead.

        Call once it is up. Raises RedisError, OSError.
        """
        loop = asyncio.get_running_loop()
        late_s = loop.time() + patience_s
        while True:
            [(_, hearers)] = await awaited(self._redis.pubsub_numsub(channel(self.node)))
            if hearers < 2 or loop.time() >= late_s:
                return bool(hearers < 2)
            await asyncio.sleep(again_s())

    async def close(self) -> None:
        await ended(*self._tasks)
        self._give_up()
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    async def tell(self, message: Message, node: NodeId | None = None) -> bool:
        """To one process, or to all; whether anybody listens, as far as Redis knows."""
        place = channel(node) if node else ALL
        try:
            return bool(await self._redis.publish(place, messages.encode(message)))
        except (RedisError, OSError):
            return False

    def say(self, message: Message) -> None:
        """To all, after what was said before it."""
        self._said.append(messages.encode(message))
        self._news.set()

    async def _speak(self) -> None:
        """All that waits, on one connection: what has a connection of its own each arrives in any order."""
        while True:
            await self._news.wait()
            self._news.clear()
            said = list(self._said)
            self._said.clear()
            with contextlib.suppress(RedisError, OSError):
                async with self._redis.pipeline(transaction=False) as steps:
                    for each in said:
                        steps.publish(ALL, each)
                    await steps.execute()

    async def ask(self, owner: NodeId, asked: Asked) -> Answered | None:
        """The owner's answer; None when none came, or when none can come any more."""
        if not self.up.is_set():
            return None
        number = next(self._numbers)
        question = _Question(asked.conference, asyncio.get_running_loop().create_future())
        self._questions[number] = question
        sent, wait_s = Asked(self.node, number, asked.conference, asked.body, asked.actor), self._wait_s
        try:
            if not await self.tell(sent, owner):
                return None
            answered = await asyncio.wait_for(question.answer, wait_s)
            self._wait_s = ANSWER_S
            return answered
        except TimeoutError:
            self._wait_s = min(2 * wait_s, ANSWER_MOST_S)
            return None
        finally:
            del self._questions[number]

    def moved(self, conference: ConferenceId) -> None:
        """Another process owns it: what its former owner was asked is to be asked again."""
        for question in self._questions.values():
            if question.conference == conference:
                question.settle(None)

    def _give_up(self) -> None:
        """Answers were said to a connection that is gone."""
        for question in self._questions.values():
            question.settle(None)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as heard:
                    await heard.subscribe(ALL, channel(self.node))
                    await self._take(heard)
            except (RedisError, OSError, TimeoutError) as lost:
                if self.up.is_set():
                    log.warning("line lost", reason=str(lost))
            finally:
                self._up_since_s = None
                self.up.clear()
                self._give_up()
            await asyncio.sleep(again_s())

    async def _take(self, heard: PubSub) -> None:
        """Until nothing comes any more. Raises TimeoutError then."""
        loop = asyncio.get_running_loop()
        last_s = loop.time()
        while True:
            found = await heard.get_message(timeout=BEAT_S)
            if found is None:
                if loop.time() - last_s > SILENT_S:
                    raise TimeoutError("nothing is heard, not even an answer to a ping")
                await heard.ping()
                continue
            last_s = loop.time()
            if found["type"] == "message":
                self._receive(found["data"])
            elif found["type"] == "subscribe" and found["data"] == CHANNELS:
                self._rise()

    def _rise(self) -> None:
        """Redis says that we hear."""
        self._up_since_s = asyncio.get_running_loop().time()
        self.up.set()
        for listener in self._again:
            listener()

    def _receive(self, data: bytes) -> None:
        try:
            message = messages.decode(data)
        except ValueError as odd:
            log.warning("another process speaks another language", reason=str(odd))
            return
        if isinstance(message, Answered):
            question = self._questions.get(message.number)
            if question is not None:
                question.settle(message)
            return
        try:
            self._hear(message)
        except Exception:
            log.exception("a message broke", kind=type(message).__name__)  # and the next ones are heard


def channel(node: NodeId) -> str:
    """Where a process hears what is for it alone."""
    return f"twinhall:node:{node}"
