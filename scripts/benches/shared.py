"""Two web processes on one Redis, with clients at both: either of them, or Redis, is killed at random points."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec

from rooms.journal import Entry, decode
from rooms.kernel import ConferenceId
from scripts.benches import Say
from scripts.benches.crash import CONFERENCE, PATIENCE_S, Lane
from scripts.benches.ledger import Found
from scripts.benches.life import WebLife, context
from scripts.benches.redis_process import MEMORY, RedisProcess
from scripts.rehearsal.node import Node
from server.journal.redis import RedisJournal
from server.shared.lease import NOBODY, Lease
from server.shared.messages import NodeId
from server.shared.store import RedisStore

REDIS_SHARE: Final = 10
"""Of so many kills one hits Redis itself, which is started again on its data."""
AWAY_S: Final = 3.0
"""Longer than commands wait for Redis; each lane's first two faults of Redis last so long, others an instant."""
AWAY_SHARE: Final = 0.3
"""Of the kills of an owner, how many stay away until the other process has taken over."""
LANES: Final = 3
"""Of these, each is mostly waiting for a process to start."""
LEAST: Final = 2 * LANES
"""Kills; each lane's first one hits the owner, and its second one Redis."""


class Killed(msgspec.Struct, frozen=True):
    """What was found, and how long it took until a command was acknowledged again, in s."""

    found: Found
    back_redis_s: tuple[float, ...]
    back_owner_s: tuple[float, ...]


class SharedLane(Lane):
    """One Redis, two web processes; clients alternate between them."""

    def __init__(self, redis: RedisProcess, lives: Sequence[WebLife], data: Path, seed: int, say: Say) -> None:
        super().__init__(lives[0], data, seed, say)
        self.back_redis_s: list[float] = []
        self.back_owner_s: list[float] = []
        self._redis, self._lives = redis, lives

    async def run(self, kills: int) -> Found:
        await self._lives[1].start()
        try:
            return await super().run(kills)
        finally:
            await self._lives[1].kill()

    def _url(self, number: int) -> str:
        return self._lives[number % len(self._lives)].url

    async def _break(self, number: int) -> None:
        if number % REDIS_SHARE == 1:
            await self._break_redis(number // REDIS_SHARE)
            self.back_redis_s.append(await self._acknowledged_s())
            return
        owner = await self._owner()
        owners = [each for each in self._lives if each.node == owner]
        life = owners[0] if number == 0 and owners else self._random.choice(self._lives)
        is_followed = life in owners and (number == 0 or self._random.random() < AWAY_SHARE)
        if is_followed:
            await self._serves(next(each for each in self._lives if each is not life))
        await life.kill()
        if is_followed:
            self.back_owner_s.append(await self._acknowledged_s())
        await life.start()

    async def _break_redis(self, number: int) -> None:
        """Kill it; the first time it stays away. The second time it hangs, and does what it was told later."""
        if number == 1:
            self._redis.pause()
            await asyncio.sleep(AWAY_S)
            self._redis.resume()
            return
        self._redis.kill()
        if number == 0:
            await asyncio.sleep(AWAY_S)
        await self._redis.start()

    async def _serves(self, life: WebLife) -> None:
        """Until it is there to take over: it may have been started a moment ago."""
        await Node(life.url, self._data, CONFERENCE).health()

    async def _owner(self) -> NodeId:
        """Who holds the lease now, a moment before a kill."""
        store = RedisStore(self._redis.url)
        turn = await Lease(store, NOBODY).look(ConferenceId(CONFERENCE))
        await store.close()
        return turn.holder

    async def _acknowledged_s(self) -> float:
        """Until anybody's command is acknowledged, in s from now."""
        began = time.monotonic()
        before = sum(len(client.log.acknowledged) for client in self._clients)
        async with asyncio.timeout(PATIENCE_S):
            while sum(len(client.log.acknowledged) for client in self._clients) == before:
                self._news.clear()
                await self._news.wait()
        return time.monotonic() - began

    async def _entries(self) -> list[Entry]:
        store = RedisStore(self._redis.url)
        bodies = await RedisJournal(store).replay(ConferenceId(CONFERENCE), 0, 10**9)
        await store.close()
        entries = [decode(body)[0] for body in bodies]
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1)), "the stream has no gap"
        return entries


async def kill(kills: int, seed: int, say: Say) -> Killed:
    """All lanes at once, each with a Redis of its own."""
    forking = context()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhall-redis-", dir=MEMORY)))
        lanes = []
        for number in range(LANES):
            redis = RedisProcess(folder / f"redis-{number}")
            await redis.start()
            stack.callback(redis.stop)
            data = [folder / f"web-{number}-{name}" for name in ("one", "two")]
            lives = [WebLife(forking, each, CONFERENCE, redis=redis.url) for each in data]
            for life in lives:
                stack.callback(life.close)
            lanes.append(SharedLane(redis, lives, data[0], seed + number, say))
        shares = [(kills + number) // LANES for number in range(LANES)]
        founds = await asyncio.gather(*(lane.run(share) for lane, share in zip(lanes, shares, strict=True)))
    total = Found()
    for found in founds:
        total += found
    redis_s = [each for lane in lanes for each in lane.back_redis_s]
    return Killed(total, tuple(redis_s), tuple(each for lane in lanes for each in lane.back_owner_s))
