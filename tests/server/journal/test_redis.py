"""What only the shared journal has to keep: answers that get lost, a Redis that lost what it acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scripts.benches.redis_process import RedisProcess
from server.journal.redis import RedisJournal, key
from server.shared.store import RedisStore
from server.storage import Reason, Unwritable
from tests.server.journal.test_contract import C, entry


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisProcess]:
    server = RedisProcess(tmp_path / "redis")
    await server.start()
    yield server
    server.stop()


@pytest.fixture
async def store(server: RedisProcess) -> AsyncIterator[RedisStore]:
    store = RedisStore(server.url)
    yield store
    await store.close()


async def test_an_entry_whose_acknowledgement_got_lost_is_written_once(store: RedisStore) -> None:
    journal = RedisJournal(store)
    epoch = await journal.open(C)
    asked: list[int] = []
    script = journal._append

    async def deaf(*arguments: object) -> object:
        answer = await script(*arguments)  # type: ignore[arg-type]
        asked.append(1)
        if len(asked) == 1:
            raise ConnectionResetError("the line broke after Redis had written")
        return answer

    journal._append = deaf  # type: ignore[assignment]
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b")])
    assert (len(asked), len(await journal.replay(C, 0, 10))) == (2, 2)


async def test_an_append_waits_for_redis_to_come_back_on_its_data(server: RedisProcess, store: RedisStore) -> None:
    journal = RedisJournal(store)
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a")])
    server.kill()
    waiting = asyncio.create_task(journal.append(C, 1, epoch, [entry(2, "b")]))
    await server.start()
    await waiting
    assert len(await journal.replay(C, 0, 10)) == 2


async def test_a_redis_that_lost_what_it_acknowledged_is_written_no_more(store: RedisStore) -> None:
    journal = RedisJournal(store)
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b")])
    await store.redis.xdel(key(C, "entries"), "2-0")  # what a failover to a replica that lagged behind does
    with pytest.raises(Unwritable) as refused:
        await journal.append(C, 2, epoch, [entry(3, "c")])
    assert refused.value.reason == journal.refusing == Reason.LOST
    with pytest.raises(Unwritable):
        await journal.open(C)


async def test_a_full_redis_refuses_leaves_no_trace_and_goes_on_by_itself(store: RedisStore) -> None:
    journal = RedisJournal(store)
    epoch = await journal.open(C)
    again = asyncio.Event()
    await store.redis.config_set("maxmemory", "1kb")
    with pytest.raises(Unwritable) as refused:
        await journal.append(C, 0, epoch, [entry(1, "a")])
    assert refused.value.reason == journal.refusing == Reason.MEMORY
    assert await journal.replay(C, 0, 10) == []

    journal.listen(lambda: None if journal.refusing else again.set())
    await store.redis.config_set("maxmemory", "0")
    await asyncio.wait_for(again.wait(), 30)
    await journal.append(C, 0, epoch, [entry(1, "a")])


async def test_a_replica_is_named_as_such(store: RedisStore, server: RedisProcess) -> None:
    journal = RedisJournal(store)
    epoch = await journal.open(C)
    await store.redis.replicaof("127.0.0.1", "1")
    with pytest.raises(Unwritable) as refused:
        await journal.append(C, 0, epoch, [entry(1, "a")])
    assert refused.value.reason == Reason.REPLICA


async def test_stale_credentials_are_named_as_such_and_never_said(tmp_path: Path) -> None:
    server = RedisProcess(tmp_path / "redis", requirepass="right")
    await server.start()
    store = RedisStore(f"redis://:opensesame@127.0.0.1:{server.port}/0")
    with pytest.raises(Unwritable) as refused:
        await RedisJournal(store).open(C)
    assert refused.value.reason == Reason.STRANGER
    assert "opensesame" not in str(refused.value)
    await store.close()
    server.stop()
