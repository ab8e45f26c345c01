"""Whose turn it is to write a conference: a lease in Redis that its holder renews.

The lease only keeps others from trying; what keeps a stale writer from writing is the journal's epoch.
"""

from __future__ import annotations

from typing import Final

import msgspec

from rooms.kernel import ConferenceId
from server.journal import Epoch
from server.journal.redis import key
from server.shared.messages import NodeId
from server.shared.store import RedisStore

LEASE_S: Final = 1.2
"""With looking every LOOK_S and reading the journal, a kill is made good well within 3 s."""
LOOK_S: Final = 0.2

_TAKE: Final = """#!lua flags=allow-oom
local holder = redis.call('GET', KEYS[1])
if ARGV[2] ~= '0' and (not holder or holder == ARGV[1]) then
    holder = ARGV[1]
    redis.call('SET', KEYS[1], holder, 'PX', ARGV[2])
end
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
local seq = last and tonumber(string.match(last[1], '^%d+')) or 0
return {holder or '', tonumber(redis.call('GET', KEYS[2]) or '0'), seq}
"""
"""Take the lease if it is free or ours, for so many ms (0: only look): {holder, the journal's epoch, its last seq}."""
_LEAVE: Final = """#!lua flags=allow-oom
return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0
"""


class Turn(msgspec.Struct, frozen=True):
    """Who holds a conference's lease, who wrote last, and the journal's last seq."""

    holder: NodeId
    epoch: Epoch
    seq: int


class Lease:
    """One process' way to the leases of all conferences."""

    def __init__(self, store: RedisStore, node: NodeId) -> None:
        self.node = node
        self._store = store
        self._take = store.redis.register_script(_TAKE)
        self._leave = store.redis.register_script(_LEAVE)

    async def take(self, conference: ConferenceId) -> Turn:
        """Take or renew the lease, if nobody else has it. Raises Unwritable."""
        return await self._turn(conference, int(LEASE_S * 1000))

    async def look(self, conference: ConferenceId) -> Turn:
        """Who has the lease; nobody is the empty name. Raises Unwritable."""
        return await self._turn(conference, 0)

    async def _turn(self, conference: ConferenceId, lease_ms: int) -> Turn:
        keys = [_lease(conference), key(conference, "epoch"), key(conference, "entries")]
        words: list[str | int] = [self.node, lease_ms]
        holder, epoch, seq = await self._store.read(lambda _: self._take(keys, words))
        return Turn(NodeId(holder.decode()), Epoch(epoch), seq)

    async def leave(self, conference: ConferenceId) -> None:
        """Let go of the lease, if it is ours. Raises Unwritable."""
        await self._store.read(lambda _: self._leave([_lease(conference)], [self.node]))


def _lease(conference: ConferenceId) -> str:
    return f"twinhall:owner:{conference}"
