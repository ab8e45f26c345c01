"""The journal on Redis Streams: an entry's id is its seq, and one script checks epoch and seq and writes.

Per conference: a stream `entries` (`<seq>-0`, one field `body`), a counter `epoch`, a hash `intents`
(person and command id -> seq) and a hash `snapshot`. The script is one step to Redis, in memory and in
its append-only file: a batch is there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from redis.asyncio import Redis

from rooms.journal import Entry, encode
from rooms.kernel import ConferenceId
from server.journal import Epoch, Fenced, Intent, Saved
from server.shared.store import RedisStore
from server.storage import Reason

APPEND: Final = """#!lua
local epoch = redis.call('GET', KEYS[2]) or '0'
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local seq = last and tonumber(string.match(last[1], '^%d+')) or 0
if epoch ~= ARGV[1] or seq ~= tonumber(ARGV[2]) then
    return {tonumber(epoch), seq, 0}
end
for i = 3, #ARGV, 2 do
    seq = seq + 1
    redis.call('XADD', KEYS[1], string.format('%d-0', seq), 'body', ARGV[i + 1])
    redis.call('HSET', KEYS[3], ARGV[i], seq)
end
return {tonumber(epoch), seq, 1}
"""
"""Append the entries if the writer's epoch is the newest and its seq the last: {epoch, seq, whether written}."""


class RedisJournal:
    """Journal of all processes that share a Redis. The store is its owner's to close."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        self._append = store.redis.register_script(APPEND)

    @property
    def refusing(self) -> Reason | None:
        return self._store.refusing

    def listen(self, listener: Callable[[], None]) -> None:
        self._store.listen(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        self._store.unlisten(listener)

    async def conferences(self) -> Sequence[ConferenceId]:
        return await self._store.read(conferences)

    async def open(self, conference: ConferenceId) -> Epoch:
        return Epoch(int(await self._store.write(lambda redis: redis.incr(key(conference, "epoch")))))

    async def append(self, conference: ConferenceId, expected_seq: int, epoch: Epoch, batch: Sequence[Entry]) -> None:
        keys = [key(conference, part) for part in ("entries", "epoch", "intents")]
        words: list[Any] = [int(epoch), expected_seq]
        for entry in batch:
            words += [_field((entry.actor.person, entry.command_id)), encode(entry)]
        found_epoch, found_seq, written = await self._store.settle(lambda _: self._append(keys, words))
        if written or (found_epoch, found_seq) == (epoch, expected_seq + len(batch)):
            return  # the second: an earlier try was written, and its answer was lost on the way
        where = f"{conference} is at epoch {found_epoch} seq {found_seq}, not {epoch} and {expected_seq}"
        if found_epoch < epoch or (found_epoch == epoch and found_seq < expected_seq):
            raise self._store.lost(f"{where}: Redis lost what it had acknowledged")
        raise Fenced(where)

    async def answers(self, conference: ConferenceId, intents: Sequence[Intent]) -> Mapping[Intent, int]:
        if not intents:
            return {}
        fields = [_field(intent) for intent in intents]
        found = await self._store.read(lambda redis: _list(redis.hmget(key(conference, "intents"), fields)))
        return {intent: int(seq) for intent, seq in zip(intents, found, strict=True) if seq is not None}

    async def replay(self, conference: ConferenceId, after_seq: int, limit: int) -> Sequence[bytes]:
        if limit < 1:
            return []  # which Redis does not take for a count
        entries = key(conference, "entries")
        rows = await self._store.read(lambda redis: _list(redis.xrange(entries, f"{after_seq + 1}-0", "+", limit)))
        return [fields[b"body"] for _, fields in rows]

    async def save(self, conference: ConferenceId, snapshot: Saved) -> None:
        kept: Any = {"seq": snapshot.seq, "state": snapshot.state}
        await self._store.write(lambda redis: _number(redis.hset(key(conference, "snapshot"), mapping=kept)))

    async def saved(self, conference: ConferenceId) -> Saved | None:
        found = await self._store.read(lambda redis: _list(redis.hmget(key(conference, "snapshot"), "seq", "state")))
        return None if found[0] is None else Saved(int(found[0]), found[1])

    async def close(self) -> None:
        """Nothing of its own is open."""


async def conferences(redis: Redis) -> Sequence[ConferenceId]:
    """Those whose entries Redis has."""
    names = [name async for name in redis.scan_iter(match=key(ConferenceId("*"), "entries"))]
    return sorted({ConferenceId(name.decode().split(":")[2]) for name in names})


def key(conference: ConferenceId, part: str) -> str:
    """The key of a part of a conference's journal."""
    return f"twinhall:journal:{conference}:{part}"


def _field(intent: Intent) -> str:
    return "\0".join(intent)


async def _list(answer: Any) -> list[Any]:
    return cast(list[Any], await answer)


async def _number(answer: Any) -> int:
    return int(await answer)
