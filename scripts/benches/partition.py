"""Two processes, each with its own way to one Redis, and faults on the ways while people act at both.

After each run the history is checked: every acknowledged command is in the journal once, at the seq that was
told, and each process showed the journal's entries in the journal's order, without a gap.
"""

from __future__ import annotations

import asyncio
import logging
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final
from unittest.mock import patch

import msgspec
import structlog
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
from server.shared.store import RedisStore
from server.storage import Unwritable

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
CONTROL_PATIENCE_S: Final = 5.0
"""What is broken on purpose mostly never settles."""


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

    def __init__(self, redis: RedisProcess, founding: Definition, seed: int, say: Say, patience_s: float) -> None:
        self._redis, self._random, self._say, self._patience_s = redis, random.Random(seed), say, patience_s
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
            await asyncio.wait_for(asyncio.gather(*clients), self._patience_s)
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
        entries = [decode(body)[0] for body in await self._journal()]
        with suppress(TimeoutError):
            for one in ones:
                await one.until(lambda one=one: len(one.seen) >= len(entries) - 1, self._patience_s)  # type: ignore[misc]
        faults = [*self._faults(entries), *(fault for one in ones for fault in _faults_of(one.seen, entries))]
        odd = sum(one.member.telling.out_of_turn for one in ones)
        faults += [f"{odd} entries came out of turn"] if odd else []
        for fault in faults:
            self._say(f"{self._definition.id}: {fault}")
        takeovers = len({entry.epoch for entry in entries}) - 1
        return History(1, bool(faults), len(self._acknowledged), self._refused, takeovers)

    async def _journal(self) -> Sequence[bytes]:
        """All of it, from a Redis that a loaded machine lets answer late."""
        store = RedisStore(self._redis.url)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    with suppress(Unwritable):
                        return await RedisJournal(store).replay(self._definition.id, 0, 10**6)
        finally:
            await store.close()

    def _faults(self, entries: Sequence[Entry]) -> Iterator[str]:
        """What no single writer could have done, in words."""
        places: dict[str, int] = {entry.command_id: place for place, entry in enumerate(entries, 1)}
        counted = Counter(entry.command_id for entry in entries)
        yield from (
            f"entry {entry.seq} stands at {place}" for place, entry in enumerate(entries, 1) if entry.seq != place
        )
        yield from (f"{id} happened {times} times" for id, times in counted.items() if times != 1)
        for id, seq in self._acknowledged.items():
            if places.get(id) != seq:
                yield f"{id} was acknowledged at {seq} and stands at {places.get(id)}"


def _faults_of(seen: Sequence[Entry], entries: Sequence[Entry]) -> Iterator[str]:
    """Where a process showed other entries than the journal's from the second one on, in order, to the last."""
    shown = [(entry.seq, entry.command_id) for entry in seen]
    written = [(entry.seq, entry.command_id) for entry in entries[1:]]
    if shown != written:
        places = (n for n, (one, other) in enumerate(zip(shown, written, strict=False)) if one != other)
        place = next(places, min(len(shown), len(written)))
        there = slice(max(0, place - 2), place + 8)
        yield f"of {len(written)} entries {len(shown)} were shown, at {place} {shown[there]} for {written[there]}"


async def _tried(run: Run, say: Say) -> History:
    """What the run found; one that stumbles over what it reads, or never settles, is split."""
    try:
        return await run.run()
    except Exception as stumbled:
        say(f"a run stumbled: {stumbled!r}")
        return History(1, 1)


@contextmanager
def _unheard() -> Iterator[None]:
    """Without the log: what a house that is broken on purpose says of itself costs more than all it does."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


async def partitions(trials: int, seed: int, say: Say, *, fenced: bool = True) -> History:
    """So many runs, some at once; without the fence for the control."""
    founding = definition("jiangsu-2022")
    patience_s = PATIENCE_S if fenced else CONTROL_PATIENCE_S
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
                total += await _tried(Run(redis, founding, seed * 1000 + number, say, patience_s), say)
                if (number + 1) % 20 == 0:
                    say(f"partitions: {number + 1} of {trials}")
            return total

        with _unheard() if not fenced else nullcontext():
            try:
                founds = await asyncio.gather(*(lane() for _ in range(min(LANES, trials))))
            finally:
                redis.stop()
    return sum(founds, History())
