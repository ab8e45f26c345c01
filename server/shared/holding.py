"""What a process has of a conference that several share: a host as its owner, else a state that follows the owner's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from redis.asyncio import Redis

from rooms.conference import Conference
from rooms.definition import Definition
from server.host import Host
from server.journal import Journal
from server.metrics import Metrics
from server.replaying import replayed
from server.shared.follower import Follower
from server.shared.messages import NodeId
from server.shared.telling import Telling

log = structlog.get_logger()


class Holding:
    """Becomes what it is told to. `telling` tells each entry once, whichever of the two reads it."""

    def __init__(
        self,
        definition: Definition,
        make_host: Callable[[Definition], Host],
        journal: Journal,
        blocking: Redis,
        metrics: Metrics,
        diverged: Callable[[str], None],
    ) -> None:
        """`make_host`, `blocking`, `diverged`: as of a Member and a Follower."""
        self.host: Host | None = None
        self.telling = Telling(definition.id, journal, metrics)
        self._definition, self._make_host, self._journal = definition, make_host, journal
        self._blocking, self._metrics, self._diverged = blocking, metrics, diverged
        self._follower: Follower | None = None

    @property
    def begun(self) -> bool:
        """Whether there is a state."""
        return self.host is not None or self._follower is not None

    @property
    def follows(self) -> bool:
        return self._follower is not None and not self._follower.left

    @property
    def conference(self) -> Conference:
        """The state now: our own as the owner, else as it was read along."""
        if self.host is not None:
            return self.host.conference
        assert self._follower is not None, "a member that was opened owns or follows"
        return self._follower.conference

    def decides(self, host: Host) -> bool:
        return host is self.host and not host.closed and not host.fenced

    async def own(self, node: NodeId) -> None:
        """A new host with the next epoch, and the entries that were not told yet. Raises Unwritable, Unusable."""
        began_s = asyncio.get_running_loop().time()
        await self.end_host()
        host, follower = self._make_host(self._definition), self._follower
        try:
            await host.open(follower.leave() if follower else None)
            missed = await self.telling.missed(lambda: host.told_seq)
        except BaseException:
            await host.close()
            raise
        self._follower, self.host = None, host
        took_s = round(asyncio.get_running_loop().time() - began_s, 3)
        id = self._definition.id
        log.warning("owner", conference=id, node=node, epoch=host.epoch, seq=host.conference.seq, took_s=took_s)
        self._metrics.takeovers.labels(id).inc()
        self.telling.catch_up(missed)
        host.listen(self.telling.tell)
        if follower is not None:
            await follower.close()

    async def follow(self, node: NodeId, owner: NodeId | None) -> None:
        """Follow, if there is something to follow. Raises Unwritable, Unusable."""
        await self.end_host()
        id = self._definition.id
        found = await replayed(self._journal, id)
        if found is None:
            return
        missed = await self.telling.missed(lambda: found.conference.seq)
        follower = Follower(self._blocking, id, found, self.telling.tell, self._diverged)
        self.host, self._follower = None, follower
        log.warning("follower", conference=id, node=node, owner=owner, seq=found.conference.seq)
        self.telling.catch_up(missed)

    async def end_host(self) -> None:
        """The host decides no more; its state is shown until there is another one."""
        if self.host is not None:
            await self.host.close()

    async def close(self) -> None:
        """Read along no more; whoever has a host ends it first."""
        if self._follower is not None:
            await self._follower.close()
