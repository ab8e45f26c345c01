"""One process' part in a conference that several share, without pages: for benches and tests of ownership."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from rooms.definition import Definition
from rooms.features.stage import SetSound
from rooms.journal import Entry, Envelope
from rooms.kernel import Actor, CommandId, RoomId, SourceId
from server.clock import Clock
from server.ending import ended
from server.host import Host
from server.journal.redis import RedisJournal
from server.metrics import Metrics
from server.shared.follower import BLOCK_MS
from server.shared.lease import Lease
from server.shared.line import Line
from server.shared.member import Member
from server.shared.messages import Asked, Message, NodeId, Vacant
from server.shared.store import RedisStore, client


class One:
    """A member with all that it needs; `seen` are the entries that it told its listeners."""

    def __init__(self, url: str, name: str, definition: Definition, clock: Clock) -> None:
        self.store = RedisStore(url)
        self.blocking = client(url, timeout_s=BLOCK_MS / 1000 + 1)
        self.line = Line(url, NodeId(name), lambda message: self.hear(message))
        self.journal = RedisJournal(self.store)
        lease = Lease(self.store, NodeId(name))
        parts = (self.journal, self.store, self.blocking, lease, self.line, Metrics())
        self.member = Member(definition, lambda each: Host(self.journal, each, clock), *parts)
        self.seen: list[Entry] = []
        self._news = asyncio.Event()
        self.member.listen(self._see)
        self.member.on_turn(self._news.set)
        self.store.listen(self._news.set)
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> One:
        self.line.start()
        await self.line.up.wait()
        await self.member.open()
        return self

    async def close(self) -> None:
        await ended(*self._tasks)
        await self.member.close()
        await self.line.close()
        await self.blocking.aclose()
        await self.store.close()

    async def sound(self, actor: Actor, id: str, room: RoomId, source: SourceId, gain: float) -> int:
        """Set a gain under the id: its seq. Raises Refused."""
        return await self.member.handle(Envelope(CommandId(id), SetSound(source, gain), room), actor)

    async def until(self, holds: Callable[[], object], patience_s: float = 60.0) -> None:
        """Until something that entries, a turn or the store bring about. Raises TimeoutError after `patience_s`."""
        async with asyncio.timeout(patience_s):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def _see(self, entries: Sequence[Entry]) -> None:
        self.seen.extend(entries)
        self._news.set()

    def hear(self, message: Message) -> None:
        match message:
            case Asked():
                task = asyncio.create_task(self.member.answer(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Vacant():
                self.member.look_soon()
            case _:
                pass
