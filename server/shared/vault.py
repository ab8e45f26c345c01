"""The vault of several processes, in Redis: names in a hash, openings in another one.

Each process has the names in memory; who changes one says so, and after a lost connection, or once Redis can be
used again, all are read again. Erasing deletes the fields and then has Redis write its files anew, so that no file
holds them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeVar

import msgspec
import structlog
from redis.asyncio import Redis

from rooms.kernel import Names, PersonId, Refused
from server.ending import ended
from server.records.canonical import Digest
from server.records.commitments import Opening
from server.shared.forgetting import forget, mark
from server.shared.line import Line
from server.shared.messages import Named
from server.shared.store import RedisStore, awaited
from server.storage import Reason, Unwritable

NAMES: Final = "twinhall:names"
OPENINGS: Final = "twinhall:openings"

T = TypeVar("T")
log = structlog.get_logger()


class _Kept(msgspec.Struct, frozen=True):
    person: PersonId
    opening: Opening


class SharedVault:
    """Personal data of all processes that share a Redis. The store is its owner's to close."""

    def __init__(self, store: RedisStore, line: Line) -> None:
        self._store, self._line = store, line
        self._names: dict[PersonId, str] = {}
        self._owners: set[PersonId] = set()
        self._changed: set[PersonId] = set()
        self._reading: asyncio.Task[None] | None = None
        self._forgetting: asyncio.Task[None] | None = None
        line.on_connect(self._read_soon)
        store.listen(self._read_once_it_can_be)

    @property
    def refusing(self) -> Reason | None:
        return self._store.refusing

    def listen(self, listener: Callable[[], None]) -> None:
        self._store.listen(listener)

    @property
    def names(self) -> Names:
        return self._names

    async def open(self) -> None:
        """Read all names; what was erased and is in Redis' files still goes meanwhile. Raises Unwritable.

        Of whom something changes while it is read, what is known then stays.
        """
        self._changed.clear()
        rows: Mapping[bytes, bytes] = await self._store.read(lambda redis: awaited(redis.hgetall(NAMES)))
        kept: list[bytes] = await self._store.read(lambda redis: awaited(redis.hvals(OPENINGS)))
        names = {PersonId(person.decode()): name.decode() for person, name in rows.items()}
        owners = {msgspec.json.decode(each, type=_Kept).person for each in kept}
        newer = {person: name for person, name in self._names.items() if person in self._changed}
        self._owners = (owners - self._changed) | (self._owners & self._changed)
        self._names.clear()
        self._names.update({person: name for person, name in names.items() if person not in self._changed} | newer)
        if self._forgetting is None or self._forgetting.done():
            self._forgetting = asyncio.create_task(self._forget(), name="forget")

    async def learn(self, person: PersonId) -> None:
        """Another process changed what is stored of the person. Raises Unwritable."""
        name = await self._store.read(lambda redis: awaited(redis.hget(NAMES, person)))
        self._changed.add(person)
        if name is None:
            self._names.pop(person, None)
        else:
            self._names[person] = name.decode()
        if await self._store.read(lambda redis: redis.exists(_of(person))):
            self._owners.add(person)
        else:
            self._owners.discard(person)

    async def call(self, person: PersonId, name: str) -> None:
        if self._names.get(person) == name:
            return
        await self._write(lambda redis: awaited(redis.hset(NAMES, person, name)))
        self._changed.add(person)
        self._names[person] = name
        await self._line.tell(Named(person))

    def knows(self, person: PersonId) -> bool:
        return person in self._names or person in self._owners

    async def keep(self, person: PersonId, opening: Opening) -> None:
        kept = msgspec.json.encode(_Kept(person, opening))

        async def work(redis: Redis) -> None:
            async with redis.pipeline(transaction=True) as steps:
                steps.hset(OPENINGS, opening.commitment, kept)
                steps.sadd(_of(person), opening.commitment)
                await steps.execute()

        await self._write(work)
        self._changed.add(person)
        self._owners.add(person)
        await self._line.tell(Named(person))

    async def openings(self, commitments: Iterable[Digest]) -> Mapping[Digest, Opening]:
        wanted = list(commitments)
        if not wanted:
            return {}
        try:
            rows = await self._store.read(lambda redis: awaited(redis.hmget(OPENINGS, wanted)))
        except Unwritable as failed:
            raise Refused(failed.reason) from failed
        found = zip(wanted, rows, strict=True)
        return {each: msgspec.json.decode(row, type=_Kept).opening for each, row in found if row is not None}

    async def erase(self, person: PersonId) -> str | None:
        """As promised; the name also when another process was quicker, once Redis' files are without it."""
        stored = await self._write(lambda redis: _erased(redis, person))
        name = stored or self._names.get(person)
        await self._write(forget)
        self._changed.add(person)
        self._names.pop(person, None)
        self._owners.discard(person)
        await self._line.tell(Named(person))
        return name

    async def close(self) -> None:
        self._store.unlisten(self._read_once_it_can_be)
        await ended(self._reading, self._forgetting)

    def _read_soon(self) -> None:
        """What was said while the line was away is in the store."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_again(), name="names")

    def _read_once_it_can_be(self) -> None:
        """A line may be up again before Redis gives anything: what it could not give then is read now."""
        if self._store.refusing is None:
            self._read_soon()

    async def _read_again(self) -> None:
        try:
            await self.open()
        except Unwritable as failed:
            log.warning("names are not read anew yet", reason=str(failed))

    async def _forget(self) -> None:
        try:
            await self._store.write(forget)
        except Unwritable as failed:
            log.warning("what was erased may be in Redis' files still", reason=str(failed))

    async def _write(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        try:
            return await self._store.write(work)
        except Unwritable as failed:
            raise Refused(failed.reason) from failed


async def _erased(redis: Redis, person: PersonId) -> str | None:
    commitments = await awaited(redis.smembers(_of(person)))
    stored = commitments or await awaited(redis.hexists(NAMES, person))
    async with redis.pipeline(transaction=True) as steps:
        steps.hget(NAMES, person)
        steps.hdel(NAMES, person)
        if commitments:
            steps.hdel(OPENINGS, *commitments)
        steps.delete(_of(person))
        if stored:
            mark(steps)
        name = (await steps.execute())[0]
    return None if name is None else str(name.decode())


def _of(person: PersonId) -> str:
    return f"{OPENINGS}:{person}"
