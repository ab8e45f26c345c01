"""Whose turn it is: who hangs keeps it to its end, who was killed only as long as it could be sure of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from rooms.kernel import ConferenceId
from scripts.benches.redis_process import RedisProcess
from server.shared import lease
from server.shared.lease import NOBODY, SURE_S, Lease
from server.shared.line import Line
from server.shared.messages import NodeId
from server.shared.store import RedisStore

C = ConferenceId("c")
ONE, TWO = NodeId("one:1"), NodeId("two:2")
OLD_MS = int(SURE_S * 1000) + 200


@pytest.fixture(autouse=True)
def _leases_end_when_a_test_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_S", 60.0)


class Pair:
    """Two processes at one lease; the first one has it, and its line is up."""

    def __init__(self, url: str) -> None:
        self.store = RedisStore(url)
        self.one, self.two = Lease(self.store, ONE), Lease(self.store, TWO)
        self.line = Line(url, ONE, lambda message: None)

    async def open(self) -> None:
        self.line.start()
        await self.line.up.wait()
        assert (await self.one.take(C)).holder == ONE

    async def renewed_ago(self, ms: int) -> None:
        await self.store.redis.pexpire(f"twinhall:owner:{C}", int(lease.LEASE_S * 1000) - ms)

    async def close(self) -> None:
        await self.line.close()
        await self.store.close()


@pytest.fixture
async def pair(redis: RedisProcess) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        pair = Pair(redis.url)
        stack.push_async_callback(pair.close)
        await pair.open()
        yield pair


async def test_a_holder_whose_line_is_up_keeps_its_lease_however_late_it_renews(pair: Pair) -> None:
    await pair.renewed_ago(OLD_MS)
    assert (await pair.two.take(C, by_line=True)).holder == ONE


async def test_a_holder_whose_line_is_down_loses_it_once_it_cannot_be_sure(pair: Pair) -> None:
    await pair.line.close()
    assert (await pair.two.take(C, by_line=True)).holder == ONE, "it renewed a moment ago"
    await pair.renewed_ago(OLD_MS)
    assert (await pair.two.look(C)).holder == ONE, "who looks takes nothing"
    assert (await pair.two.take(C)).holder == ONE, "a standby may come, or Redis itself was away"
    assert (await pair.two.take(C, by_line=True)).holder == TWO
    assert (await pair.one.take(C, by_line=True)).holder == TWO


async def test_a_lease_that_ended_is_the_quickest_ones(pair: Pair) -> None:
    await pair.renewed_ago(int(lease.LEASE_S * 1000))
    assert (await pair.two.look(C)).holder == NOBODY
    assert (await pair.two.take(C)).holder == TWO


async def test_a_lease_is_left_or_handed_on_by_its_holder_alone(pair: Pair) -> None:
    await pair.two.leave(C, TWO)
    assert (await pair.two.look(C)).holder == ONE
    await pair.one.leave(C, TWO)
    assert (await pair.one.take(C)).holder == TWO
    await pair.two.leave(C)
    assert (await pair.two.look(C)).holder == NOBODY
