"""One Redis that says when it can't be written, and goes on by itself when it can.

A write is acknowledged by Redis or it raises Unwritable. A moment's absence (a restart, a lost
connection) is waited for; after GRACE_S everything is refused at once and a probe tries until
one write succeeds.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TimeoutError,
)

from server.ending import ended
from server.storage import Reason, Unwritable

TIMEOUT_S: Final = 1.0
"""Redis answers within a millisecond, or an fsync; what takes longer is a line that holds."""
GRACE_S: Final = 2.0
"""A restart of Redis is shorter; a command waits for it instead of being refused."""
AGAIN_S: Final = 0.05
"""Between two tries to reach Redis; a refused connection costs a fraction of a millisecond."""
PROBE_KEY: Final = "twinhall:probe"

T = TypeVar("T")
log = structlog.get_logger()


class Trouble(msgspec.Struct, frozen=True):
    """Why Redis did not do it. `unsure`: it may have done it all the same."""

    reason: Reason
    why: str
    unsure: bool = False


def trouble(failed: RedisError | OSError) -> Trouble:
    """What an error of the client means. Its text never holds the URL, so never the password."""
    match failed:
        case AuthenticationError() | NoPermissionError():
            return Trouble(Reason.STRANGER, str(failed))
        case ConnectionError() | TimeoutError() | OSError():
            return Trouble(Reason.AWAY, str(failed), unsure=True)
        case OutOfMemoryError():
            return Trouble(Reason.MEMORY, str(failed))
        case ReadOnlyError():
            return Trouble(Reason.REPLICA, str(failed))
    if str(failed).startswith(("NOAUTH", "WRONGPASS")):
        return Trouble(Reason.STRANGER, str(failed))
    return Trouble(Reason.REFUSES, str(failed))


def client(url: str, *, timeout_s: float = TIMEOUT_S) -> Redis:
    """A client that never tries again by itself: who calls knows whether that is safe."""
    found: Redis = Redis.from_url(
        url,
        protocol=2,
        socket_timeout=timeout_s,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
    return found


def again_s() -> float:
    """The next pause, in s: not everybody comes at once."""
    return AGAIN_S * random.uniform(0.5, 1.5)


def place(url: str) -> str:
    """The URL as it may be said: host, port and database, without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or 'localhost'}:{parts.port or 6379}{parts.path}"


async def awaited(answer: Any) -> Any:
    """What Redis answers, where the client's types leave open whether it is to be awaited."""
    return await answer


class RedisStore:
    """The connections of one process, and whether writes are taken now."""

    def __init__(self, url: str, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.url = url
        self.refusing: Reason | None = None
        self.redis = client(url)
        self._pause = pause
        self._listeners: list[Callable[[], None]] = []
        self._probing: asyncio.Task[None] | None = None

    def listen(self, listener: Callable[[], None]) -> None:
        """Call when `refusing` has changed."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Call no longer."""
        self._listeners.remove(listener)

    async def write(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """Run `work`, which may run twice. Raises Unwritable: at once while it is known that nothing is taken."""
        self._check()
        return await self._run(work)

    async def settle(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """As `write`, but what Redis may have done without saying so is asked for again until it says."""
        self._check()
        return await self._run(work, until_sure=True)

    async def read(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """Run `work`, which only reads. Raises Unwritable when not even that works."""
        if self.refusing is Reason.LOST:
            self._check()
        return await self._run(work)

    def lost(self, why: str) -> Unwritable:
        """Redis does not have what it acknowledged: nothing is taken any more. The error to raise."""
        self._refuse(Trouble(Reason.LOST, why))
        return Unwritable(Reason.LOST, why)

    async def close(self) -> None:
        await ended(self._probing)
        with contextlib.suppress(RedisError, OSError):
            await self.redis.aclose()

    def _check(self) -> None:
        if self.refusing:
            raise Unwritable(self.refusing, f"{place(self.url)} takes no writes")

    async def _run(self, work: Callable[[Redis], Awaitable[T]], *, until_sure: bool = False) -> T:
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + GRACE_S
        unsure = False
        while True:
            try:
                return await work(self.redis)
            except (RedisError, OSError) as failed:
                found = trouble(failed)
                unsure = unsure or found.unsure
                waits = found.unsure and self.refusing is None and loop.time() < give_up_s
                if not waits:
                    self._refuse(found)
                if not waits and not (until_sure and unsure):
                    raise Unwritable(found.reason, f"{place(self.url)}: {found.why}") from failed
            await self._pause(again_s())

    def _refuse(self, found: Trouble) -> None:
        self._tell(found.reason, found.why)
        if self._probing is None:
            self._probing = asyncio.create_task(self._probe(), name="probe redis")

    async def _probe(self) -> None:
        """Until a write is taken; what is lost does not come back by itself."""
        while self.refusing is not Reason.LOST:
            await self._pause(again_s())
            try:
                await self.redis.set(PROBE_KEY, "1")
            except (RedisError, OSError) as failed:
                found = trouble(failed)
                self._tell(found.reason, found.why)
            else:
                break
        self._probing = None
        if self.refusing is not Reason.LOST:
            self._tell(None, "writes again")

    def _tell(self, refusing: Reason | None, why: str) -> None:
        if refusing == self.refusing or self.refusing is Reason.LOST:
            return
        self.refusing = refusing
        log.log(20 if refusing is None else 40, refusing or "writable", store="redis", reason=why)
        for listener in self._listeners:
            listener()
