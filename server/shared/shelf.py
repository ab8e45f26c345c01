"""Files of all processes, in Redis: a hash of chunks each, and a set of the names.

A file comes chunk by chunk, so that no command holds Redis up, under a name of its own that expires; one
script makes it count. Nothing half there is ever seen, and who dies meanwhile leaves nothing. A mark beside it,
which expires too, says that it was put lately, also by who found it there.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeVar

import structlog
from redis.asyncio import Redis

from rooms.kernel import Refused
from server.shared.forgetting import forget, mark
from server.shared.store import RedisStore, awaited
from server.shelf import AWAITED_S
from server.storage import Reason, Unwritable

CHUNK_BYTES: Final = 256 * 1024
"""Others' writes wait for one of these: measured 5 ms at most during a document of 20 MB (91 ms with one command)."""
COMING_S: Final = 600
ROOM_BYTES: Final = 16 * 1024 * 1024
"""What a file leaves free of Redis' memory: the journal goes on when no document fits any more."""
_HASH: Final = "sha256"

_COUNT: Final = """#!lua
if redis.call('EXISTS', KEYS[2]) == 0 then
    if redis.call('HLEN', KEYS[1]) ~= tonumber(ARGV[2]) then
        return 0
    end
    redis.call('RENAME', KEYS[1], KEYS[2])
    redis.call('PERSIST', KEYS[2])
    redis.call('SADD', KEYS[3], ARGV[1])
end
return 1
"""
"""From now on the file that came counts, unless one of its name is there: whether there is one."""

_OUTGROW: Final = """#!lua
if redis.call('EXISTS', KEYS[2]) == 0 then
    redis.call('UNLINK', KEYS[1])
    redis.call('SREM', KEYS[3], ARGV[1])
end
"""
"""Drop the file, unless its mark is there."""

T = TypeVar("T")
log = structlog.get_logger()


class RedisShelf:
    """The files of one kind. The store is its owner's to close."""

    def __init__(self, store: RedisStore, kind: str) -> None:
        self._store = store
        self._index = f"twinhall:{kind}"
        self._count = store.redis.register_script(_COUNT)
        self._outgrow = store.redis.register_script(_OUTGROW)

    async def put(self, name: str, data: bytes) -> None:
        if not await self._is_there(name):
            await self._read(functools.partial(_check_room, size=len(data)))
        await self._write(lambda redis: redis.set(self._mark(name), b"", ex=AWAITED_S))
        if await self._is_there(name):
            return  # and stays so
        coming = f"{self._key(name)}:{secrets.token_hex(8)}"
        starts = range(0, len(data), CHUNK_BYTES)
        fields = {str(number): data[start : start + CHUNK_BYTES] for number, start in enumerate(starts)}
        fields[_HASH] = hashlib.sha256(data).hexdigest().encode()
        for field, value in fields.items():
            await self._write(functools.partial(_add, key=coming, field=field, value=value))
        keys = [coming, self._key(name), self._index]
        words: list[str | int] = [name, len(fields)]
        if not await self._write(lambda _: self._count(keys, words)):
            log.error("a file took too long", kind=self._index, bytes=len(data))
            raise Refused(Reason.AWAY)

    async def get(self, name: str) -> bytes | None:
        key = self._key(name)
        digest = await self._read(lambda redis: awaited(redis.hget(key, _HASH)))
        count = await self._read(lambda redis: awaited(redis.hlen(key))) - 1
        parts = [await self._read(functools.partial(_part, key=key, number=number)) for number in range(count)]
        if digest is None or None in parts:
            return None
        data = b"".join(part for part in parts if part is not None)
        if hashlib.sha256(data).hexdigest().encode() != digest:
            log.error("a file is damaged", name=name)
            return None
        return data

    async def names(self) -> Collection[str]:
        return [name.decode() for name in await self._read(lambda redis: awaited(redis.smembers(self._index)))]

    async def drop(self, names: Collection[str]) -> None:
        await self._drop(names, erasing=False)

    async def erase(self, names: Collection[str]) -> None:
        await self._drop(names, erasing=True)
        await self._write(forget)

    async def outgrow(self, names: Collection[str]) -> None:
        for name in names:
            keys = [self._key(name), self._mark(name), self._index]
            await self._write(functools.partial(self._outgrown, keys, name))

    async def _is_there(self, name: str) -> bool:
        return bool(await self._read(lambda redis: redis.exists(self._key(name))))

    async def _outgrown(self, keys: list[str], name: str, _: Redis) -> None:
        await self._outgrow(keys, [name])

    async def _drop(self, names: Collection[str], *, erasing: bool) -> None:
        if not names:
            return

        async def work(redis: Redis) -> None:
            async with redis.pipeline(transaction=True) as steps:
                steps.unlink(*map(self._key, names))
                steps.srem(self._index, *names)
                if erasing:
                    mark(steps)
                await steps.execute()

        await self._write(work)

    async def _read(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """Raises Refused."""
        try:
            return await self._store.read(work)
        except Unwritable as failed:
            raise Refused(failed.reason) from failed

    async def _write(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """`work` may be done twice. Raises Refused."""
        try:
            return await self._store.write(work)
        except Unwritable as failed:
            raise Refused(failed.reason) from failed

    def _key(self, name: str) -> str:
        return f"{self._index}:{name}"

    def _mark(self, name: str) -> str:
        return f"{self._index}:{name}:put"


async def _check_room(redis: Redis, *, size: int) -> None:
    memory = await redis.info("memory")
    if memory["maxmemory"] and memory["used_memory"] + size + ROOM_BYTES > memory["maxmemory"]:
        raise Refused(Reason.MEMORY)


async def _add(redis: Redis, *, key: str, field: str, value: bytes) -> None:
    async with redis.pipeline(transaction=True) as steps:
        steps.hset(key, field, value)
        steps.expire(key, COMING_S)
        await steps.execute()


async def _part(redis: Redis, *, key: str, number: int) -> bytes | None:
    found: bytes | None = await awaited(redis.hget(key, str(number)))
    return found
