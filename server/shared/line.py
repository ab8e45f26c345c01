"""The line between web processes: Redis pub/sub, one channel per process and one for all.

What is said may get lost with a connection. Who asks asks again until there is an answer; what
everybody should know is said again every BEAT_S.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from server.ending import ended
from server.shared import messages
from server.shared.messages import Answered, Asked, Message, NodeId
from server.shared.store import client

BEAT_S: Final = 0.5
SILENT_S: Final = 2.0
"""Not even a ping is answered for so long: the connection is dead, whatever TCP says."""
ANSWER_S: Final = 1.0
AGAIN_S: Final = 0.1
ALL: Final = "twinhall:all"

log = structlog.get_logger()


class Line:
    """One process' end of the line. `hear` is called with every message but answers."""

    def __init__(self, url: str, node: NodeId, hear: Callable[[Message], None]) -> None:
        self.node = node
        self._hear = hear
        self._redis: Redis = client(url)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answered]] = {}
        self._again: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self.up = asyncio.Event()

    def on_connect(self, listener: Callable[[], None]) -> None:
        """Call after each connect: something may have been missed."""
        self._again.append(listener)

    def start(self) -> None:
        self._task = asyncio.create_task(self._listen(), name="line")

    async def close(self) -> None:
        await ended(self._task)
        for waiting in self._waiting.values():
            waiting.cancel()
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    async def tell(self, message: Message, node: NodeId | None = None) -> bool:
        """To one process, or to all; whether anybody listens, as far as Redis knows."""
        channel = _channel(node) if node else ALL
        try:
            return bool(await self._redis.publish(channel, messages.encode(message)))
        except (RedisError, OSError):
            return False

    async def ask(self, owner: NodeId, asked: Asked) -> Answered | None:
        """The owner's answer; None when none came."""
        number = next(self._numbers)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        sent = Asked(self.node, number, asked.conference, asked.body, asked.actor)
        try:
            if not await self.tell(sent, owner):
                return None
            return await asyncio.wait_for(waiting, ANSWER_S)
        except TimeoutError:
            return None
        finally:
            del self._waiting[number]

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as heard:
                    await heard.subscribe(ALL, _channel(self.node))
                    self.up.set()
                    for listener in self._again:
                        listener()
                    await self._take(heard)
            except (RedisError, OSError, TimeoutError) as lost:
                if self.up.is_set():
                    log.warning("line lost", reason=str(lost))
            finally:
                self.up.clear()
            await asyncio.sleep(AGAIN_S)

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

    def _receive(self, data: bytes) -> None:
        try:
            message = messages.decode(data)
        except ValueError as odd:
            log.warning("another process speaks another language", reason=str(odd))
            return
        if isinstance(message, Answered):
            waiting = self._waiting.get(message.number)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        else:
            self._hear(message)


def _channel(node: NodeId) -> str:
    return f"twinhall:node:{node}"
