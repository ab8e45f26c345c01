"""Two processes, each with its own way to one Redis, and faults on the ways while people act at both.

After each run the history is checked: every acknowledged command is in the journal once, at the seq that was
told, and each process showed the journal's entries in the journal's order, without a gap.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final
from unittest.mock import patch

import msgspec
from msgspec.structs import replace

from rooms.definition import Definition
from rooms.journal import Entry, decode
from rooms.kernel import Actor, ConferenceId, PersonId, Refused, Role, RoomId
from scripts.benches import Say
from scripts.benches.cut import Cut
from scripts.benches.members import One
from scripts.benches.redis_process import MEMORY, RedisProcess
from scripts.benches.unfenced import UNFENCED
from server.clock import NodeClock
from server.definitions import definition
from server.journal import redis as shared
from server.journal.redis import RedisJournal
from server.settings import Unusable
from server.shared.store import RedisStore

LANES: Final = 12
"""Runs at once, each of another conference; they wait most of the time."""
CLIENTS: Final = 3
"""At each process."""
FAULT_S: Final = (0.05, 2.2)
"""Some end before the lease does, some long after the other one took over."""
DELAY_S: Final = (0.05, 0.6)
CALM_S: Final = 0.1
ACTOR: Final = Actor(PersonId("dora"), Role.DIRECTOR)
PATIENCE_S: Final = 60.0
"""A loaded machine settles late; late is not split."""


class History(msgspec.Struct, frozen=True):
    """What was found over all runs. `split`: runs whose history is none that one writer could have made."""

    trials: int = 0
    split: int = 0
    acknowledged: int = 0
    refused: int = 0
    takeovers: int = 0

    def __add__(self, other: History) -> History:
        return History(**{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__})


class Run:
    """One conference, two processes, a few faults."""

    def __init__(self, redis: RedisProcess, founding: Definition, seed: int) -> None:
        self._redis, self._random = redis, random.Random(seed)
        self._definition = replace(founding, id=ConferenceId(f"run-{seed}"))
        self._room, self._source = RoomId("stage"), next(iter(founding.sources)).id
        self._acknowledged: dict[str, int] = {}
        self._refused = 0
        self._numbers = iter(range(10**6))
        self._acting = True

    async def run(self) -> History:
        async with AsyncExitStack() as stack:
            cuts = [Cut(self._redis.port) for _ in range(2)]
            ones: list[One] = []
            for number, cut in enumerate(cuts):
                await cut.start()
                stack.push_async_callback(cut.close)
                name = f"{self._definition.id}-{number}"
                one = One(f"redis://127.0.0.1:{cut.port}/0", name, self._definition, NodeClock())
                stack.push_async_callback(one.close)
                ones.append(await one.open())
            clients = [asyncio.create_task(self._act(one)) for one in ones for _ in range(CLIENTS)]
            await self._break(cuts, ones)
            self._acting = False
            await asyncio.wait_for(asyncio.gather(*clients), PATIENCE_S)
            return await self._history(ones)

    async def _act(self, one: One) -> None:
        """Command after command, each gain another one; what is refused is let be."""
        while self._acting:
            number = next(self._numbers)
            try:
                seq = await one.sound(ACTOR, f"c{number}", self._room, self._source, (number + 1) / 10**6)
            except Refused:
                self._refused += 1
                await asyncio.sleep(CALM_S)
            else:
                self._acknowledged[f"c{number}"] = seq

    async def _break(self, cuts: Sequence[Cut], ones: Sequence[One]) -> None:
        for _ in range(self._random.randint(1, 2)):
            await asyncio.sleep(self._random.uniform(0, CALM_S))
            owners = [number for number, one in enumerate(ones) if one.member.owns]
            victim = cuts[self._random.choice([*owners, *owners, 0, 1])]
            match self._random.choice(("hold", "hold", "drop", "delay")):
                case "hold":
                    victim.hold()
                case "drop":
                    victim.drop()
                case _:
                    victim.delay(self._random.uniform(*DELAY_S))
            await asyncio.sleep(self._random.uniform(*FAULT_S))
            victim.heal()

    async def _history(self, ones: Sequence[One]) -> History:
        store = RedisStore(self._redis.url)
        journal = RedisJournal(store)
        entries = [decode(body)[0] for body in await journal.replay(self._definition.id, 0, 10**6)]
        with suppress(TimeoutError):
            for one in ones:
                await one.until(lambda one=one: one.member.conference.seq >= len(entries), PATIENCE_S)  # type: ignore[misc]
        await store.close()
        is_one = self._is_one(entries) and all(_followed(one.seen, entries) for one in ones)
        takeovers = len({entry.epoch for entry in entries}) - 1
        return History(1, not is_one, len(self._acknowledged), self._refused, takeovers)

    def _is_one(self, entries: Sequence[Entry]) -> bool:
        places = {entry.command_id: place for place, entry in enumerate(entries, 1)}
        counted = Counter(entry.command_id for entry in entries)
        return (
            all(entry.seq == place for place, entry in enumerate(entries, 1))
            and all(times == 1 for times in counted.values())
            and all(places.get(id) == seq for id, seq in self._acknowledged.items())  # type: ignore[call-overload]
        )


def _followed(seen: Sequence[Entry], entries: Sequence[Entry]) -> bool:
    """Whether these are the journal's entries from the second one on, in order, to the last."""
    return [(entry.seq, entry.command_id) for entry in seen] == [(e.seq, e.command_id) for e in entries[1:]]


async def _tried(run: Run) -> History:
    """What the run found; one whose processes stumble over what they read, or never settle, is split."""
    try:
        return await run.run()
    except (AssertionError, TimeoutError, ValueError, Unusable):
        return History(1, 1)


async def partitions(trials: int, seed: int, say: Say, *, fenced: bool = True) -> History:
    """So many runs, some at once; without the fence for the control."""
    founding = definition("jiangsu-2022")
    numbers = iter(range(trials))
    with (
        tempfile.TemporaryDirectory(prefix="twinhall-partition-", dir=MEMORY) as folder,
        patch.object(shared, "APPEND", shared.APPEND if fenced else UNFENCED),
    ):
        redis = RedisProcess(Path(folder))
        await redis.start()

        async def lane() -> History:
            total = History()
            for number in numbers:
                total += await _tried(Run(redis, founding, seed * 1000 + number))
                if (number + 1) % 20 == 0:
                    say(f"partitions: {number + 1} of {trials}")
            return total

        try:
            founds = await asyncio.gather(*(lane() for _ in range(min(LANES, trials))))
        finally:
            redis.stop()
    return sum(founds, History())
