"""Names of all processes: known everywhere, and gone from Redis' files once they are erased."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from redis.asyncio import Redis

from rooms.kernel import PersonId, Refused
from scripts.benches.redis_process import RedisProcess
from server.records.commitments import Kind, opened
from server.shared.line import Line
from server.shared.messages import NodeId
from server.shared.store import RedisStore
from server.shared.vault import SharedVault

PATIENCE_S: Final = 30.0
ANNA, BEN = PersonId("p-anna"), PersonId("p-ben")
OPENING = opened(Kind.SIGNATORY, "Annabella Quastenflosser", bytes(32))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def vault(
    redis: RedisProcess, stack: AsyncExitStack, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> SharedVault:
    store = RedisStore(redis.url, pause)
    stack.push_async_callback(store.close)
    line = Line(redis.url, NodeId("n"), lambda message: None)
    stack.push_async_callback(line.close)
    made = SharedVault(store, line)
    stack.push_async_callback(made.close)
    await made.open()
    return made


def holders(folder: Path, text: str) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


async def test_a_name_outlives_its_process(redis: RedisProcess, stack: AsyncExitStack) -> None:
    one = await vault(redis, stack)
    await one.call(ANNA, "Anna")
    await one.keep(ANNA, OPENING)
    again = await vault(redis, stack)
    assert again.names == {ANNA: "Anna"}
    assert await again.openings([OPENING.commitment]) == {OPENING.commitment: OPENING}


async def test_an_erased_name_leaves_every_file_of_redis(redis: RedisProcess, stack: AsyncExitStack) -> None:
    one, two = await vault(redis, stack), await vault(redis, stack)
    await one.call(ANNA, "Annabella Quastenflosser")
    await one.keep(ANNA, OPENING)
    await one.call(BEN, "Ben")
    await two.learn(ANNA)
    assert holders(redis.folder, "Quastenflosser"), "the control: it was written"

    assert await two.erase(ANNA) == "Annabella Quastenflosser"
    assert holders(redis.folder, "Quastenflosser") == []
    assert await one.erase(ANNA) == "Annabella Quastenflosser", "who is later says the name all the same"
    assert not one.knows(ANNA)
    assert one.names == {BEN: "Ben"}
    assert await one.openings([OPENING.commitment]) == {}


async def test_a_name_is_refused_while_redis_is_a_replica(redis: RedisProcess, stack: AsyncExitStack) -> None:
    one = await vault(redis, stack)
    await one._store.redis.replicaof("127.0.0.1", "1")
    with pytest.raises(Refused, match="redis-replica"):
        await one.call(ANNA, "Anna")
    assert one.names == {}


async def test_a_line_that_is_up_before_redis_gives_anything_leaves_no_name_unknown(
    redis: RedisProcess, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, back = asyncio.Event(), asyncio.Event()

    async def pause(_: float) -> None:
        await go.wait()

    one = await vault(redis, stack, pause)
    one.listen(lambda: back.set() if one.refusing is None else None)
    async with asyncio.timeout(PATIENCE_S):
        assert one._forgetting is not None
        await one._forgetting
        with monkeypatch.context() as impatient:
            impatient.setattr("server.shared.store.GRACE_S", 0.0)
            redis.kill()
            one._read_soon()
            assert one._reading is not None
            await one._reading
        await redis.start()
        await (await vault(redis, stack)).call(ANNA, "Anna")
        go.set()
        await back.wait()
        await one._reading
    assert one.names == {ANNA: "Anna"}


async def test_who_comes_while_all_names_are_read_is_known(
    redis: RedisProcess, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await vault(redis, stack)
    await one.call(BEN, "Ben")
    read = one._store.read

    async def meanwhile(work: Callable[[Redis], Awaitable[Any]]) -> Any:
        found = await read(work)
        await one.call(ANNA, "Anna")
        await one.keep(ANNA, OPENING)
        return found

    monkeypatch.setattr(one._store, "read", meanwhile)
    await one.open()
    assert one.names == {ANNA: "Anna", BEN: "Ben"}
    await one.erase(ANNA)
    assert not one.knows(ANNA)
