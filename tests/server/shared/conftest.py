"""Web processes on one Redis, each with its own data folder, without relays; and bare members of one conference."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from scripts.benches import members
from scripts.benches.redis_process import RedisProcess
from server.ending import ended
from server.settings import Settings
from server.shared import lease
from tests.rooms.hall import DEFINITION, DIRECTOR, FR, STAGE
from tests.server.conftest import Node, running, web_root
from tests.server.test_host import HandClock


class Pair:
    """A Redis and web processes on it; each can be made and ended on its own."""

    def __init__(self, folder: Path, redis: RedisProcess) -> None:
        self.folder, self.redis = folder, redis
        self._root = web_root(folder / "web")
        self._stacks: list[AsyncExitStack] = []

    async def process(self, name: str, **settings: object) -> Node:
        """A web process with the data folder `name`."""
        stack = AsyncExitStack()
        self._stacks.append(stack)
        given = {"data": self.folder / name, "redis": self.redis.url, **settings}
        return await stack.enter_async_context(running(Settings(**given), self._root))  # type: ignore[arg-type]

    async def end(self, number: int = 0) -> None:
        """End the process that was made as `number`, tidily."""
        await self._stacks[number].aclose()

    async def close(self) -> None:
        for stack in reversed(self._stacks):
            await stack.aclose()
        self.redis.stop()


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisProcess]:
    server = RedisProcess(tmp_path / "redis")
    await server.start()
    yield server
    server.stop()


@pytest.fixture
async def pair(tmp_path: Path, redis: RedisProcess) -> AsyncIterator[Pair]:
    pair = Pair(tmp_path, redis)
    yield pair
    await pair.close()


class One(members.One):
    """A member of the small conference; a director acts at it."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(url, name, DEFINITION, HandClock())

    async def open(self) -> One:
        await super().open()
        return self

    async def sleep(self) -> None:
        """As a process that stopped for so long that its lease ended: it renews nothing, and notices nothing."""
        await ended(self.member._task)
        await self.store.redis.delete(f"twinhall:owner:{DEFINITION.id}")

    def wake(self) -> None:
        self.member._task = asyncio.create_task(self.member._keep_turn())

    async def act(self, id: str, gain: float) -> int:
        return await self.sound(DIRECTOR, id, STAGE, FR, gain)


Made = Callable[[str], One]


@pytest.fixture
async def made(redis: RedisProcess) -> AsyncIterator[Made]:
    async with AsyncExitStack() as stack:

        def make(name: str) -> One:
            one = One(redis.url, name)
            stack.push_async_callback(one.close)
            return one

        yield make


@pytest.fixture
def real_lease() -> float:
    """The lease as it is, in s."""
    return lease.LEASE_S


@pytest.fixture
def long_leases(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases end when a test says so, and not because the machine was busy."""
    if "real_lease" not in request.fixturenames:
        monkeypatch.setattr(lease, "LEASE_S", 60.0)
