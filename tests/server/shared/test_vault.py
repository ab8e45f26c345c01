"""Names of all processes: known everywhere, and gone from Redis' files once they are erased."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from rooms.kernel import PersonId, Refused
from scripts.benches.redis_process import RedisProcess
from server.records.commitments import Kind, opened
from server.shared.line import Line
from server.shared.messages import NodeId
from server.shared.store import RedisStore
from server.shared.vault import SharedVault

ANNA, BEN = PersonId("p-anna"), PersonId("p-ben")
OPENING = opened(Kind.SIGNATORY, "Annabella Quastenflosser", bytes(32))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def vault(redis: RedisProcess, stack: AsyncExitStack) -> SharedVault:
    store = RedisStore(redis.url)
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
