"""Whose turn it is to write a conference: a lease in Redis that its holder renews.

The lease only keeps others from trying; what keeps a stale writer from writing is the journal's epoch.
A holder that was killed is known by its line, which its machine closes at once: its lease is free as soon as it
can't be sure of it any more. One that is stuck, cut off or without power has it until its end.
"""

from __future__ import annotations

from typing import Final

import msgspec

from rooms.kernel import ConferenceId
from server.journal import Epoch
from server.journal.redis import key
from server.shared.line import channel
from server.shared.messages import NodeId
from server.shared.store import RedisStore

LEASE_S: Final = 1.2
"""A holder that hangs, or whose machine is gone, is followed after this; a busy one renews in time."""
SURE_S: Final = 0.5
"""So long after it asked for it a holder is sure of its lease, whatever became of its line."""
LOOK_S: Final = 0.15
NEVER_MS: Final = 2**31
NOBODY: Final = NodeId("")

_TAKE: Final = """#!lua flags=allow-oom
local holder = redis.call('GET', KEYS[1])
local since = ARGV[2] - redis.call('PTTL', KEYS[1])
if holder and since > ARGV[3] + 0 and redis.call('PUBSUB', 'NUMSUB', ARGV[4] .. holder)[2] == 0 then
    holder = false
end
if ARGV[2] ~= '0' and (not holder or holder == ARGV[1]) then
    holder = ARGV[1]
    redis.call('SET', KEYS[1], holder, 'PX', ARGV[2])
end
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
local seq = last and tonumber(string.match(last[1], '^%d+')) or 0
return {holder or '', tonumber(redis.call('GET', KEYS[2]) or '0'), seq}
"""
"""Take the lease if it is free or ours, for so many ms (0: only look): {holder, the journal's epoch, its last seq}.

It is free, too, once it was renewed more than the third word of ms ago by somebody whose line is down."""
_LEAVE: Final = """#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
if ARGV[2] == '' then
    return redis.call('DEL', KEYS[1])
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
"""Let go of the lease if it is ours, or hand it to whom the second word names."""


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

    async def take(self, conference: ConferenceId, *, by_line: bool = False) -> Turn:
        """Take or renew the lease, if nobody else has it. Raises Unwritable.

        `by_line`: a holder whose line is down is dead.
        """
        return await self._turn(conference, int(LEASE_S * 1000), by_line=by_line)

    async def look(self, conference: ConferenceId) -> Turn:
        """Who has the lease; nobody is the empty name. Raises Unwritable."""
        return await self._turn(conference, 0)

    async def _turn(self, conference: ConferenceId, lease_ms: int, *, by_line: bool = False) -> Turn:
        keys = [_lease(conference), key(conference, "epoch"), key(conference, "entries")]
        sure_ms = int(SURE_S * 1000) if by_line else NEVER_MS
        words: list[str | int] = [self.node, lease_ms, sure_ms, channel(NodeId(""))]
        holder, epoch, seq = await self._store.read(lambda _: self._take(keys, words))
        return Turn(NodeId(holder.decode()), Epoch(epoch), seq)

    async def leave(self, conference: ConferenceId, heir: NodeId = NOBODY) -> None:
        """Let go of the lease, if it is ours, or hand it to an heir. Raises Unwritable."""
        words: list[str | int] = [self.node, heir, int(LEASE_S * 1000)]
        await self._store.read(lambda _: self._leave([_lease(conference)], words))


def _lease(conference: ConferenceId) -> str:
    return f"twinhall:owner:{conference}"
