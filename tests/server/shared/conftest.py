"""Two web processes on one Redis, each with its own data folder, without relays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from scripts.benches.redis_process import RedisProcess
from server.settings import Settings
from tests.server.conftest import Node, running, web_root


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
