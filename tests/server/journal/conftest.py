"""Both journals, to be tried by the same tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from scripts.benches.redis_process import RedisProcess
from server.journal import Journal
from server.journal.redis import RedisJournal
from server.journal.sqlite import SqliteJournal
from server.shared.store import RedisStore

Opened = Callable[[], Awaitable[Journal]]
"""Opens a test's journal, as another process would: all of them have the same data."""


@pytest.fixture(params=["sqlite", "redis"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opened]:
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":

            async def sqlite() -> Journal:
                journal = SqliteJournal(tmp_path / "journal.db")
                stack.push_async_callback(journal.close)
                return journal

            yield sqlite
            return
        server = RedisProcess(tmp_path / "redis")
        await server.start()
        stack.callback(server.stop)

        async def redis() -> Journal:
            store = RedisStore(server.url)
            stack.push_async_callback(store.close)
            return RedisJournal(store)

        yield redis
