"""A conference read along from the journal's stream, entry by entry, as its owner writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from rooms.conference import Conference
from rooms.journal import Entry
from rooms.kernel import ConferenceId
from server.ending import ended
from server.journal.redis import key
from server.replaying import decoded
from server.settings import Unusable

BLOCK_MS: Final = 1000
CHUNK: Final = 500
AGAIN_S: Final = 0.1

log = structlog.get_logger()


class Diverged(Exception):
    """The stream holds another history than the one that was read."""


class Follower:
    """Applies what it reads to `conference`, and then tells."""

    def __init__(
        self,
        redis: Redis,
        id: ConferenceId,
        conference: Conference,
        tell: Callable[[Sequence[Entry]], None],
        diverged: Callable[[str], None],
    ) -> None:
        """`redis` is a client that may block for BLOCK_MS; `diverged(why)` when the stream is not what was read."""
        self.conference = conference
        self._redis, self._id, self._tell, self._diverged = redis, id, tell, diverged
        self._task = asyncio.create_task(self._follow(), name=f"follow {id}")

    async def close(self) -> None:
        await ended(self._task)

    async def _follow(self) -> None:
        while True:
            try:
                self._take(await self._read())
            except (RedisError, OSError):
                await asyncio.sleep(AGAIN_S)
            except Diverged as stop:
                self._diverged(str(stop))
                return
            except Unusable as stop:
                log.error("following ends", conference=self._id, seq=self.conference.seq, reason=str(stop))
                return

    async def _read(self) -> list[bytes]:
        """What comes after the last entry; nothing when nothing comes for a while."""
        after = {key(self._id, "entries"): f"{self.conference.seq}-0"}
        found: Any = await self._redis.xread(after, CHUNK, BLOCK_MS)  # type: ignore[arg-type]
        return [fields[b"body"] for _, rows in found or () for _, fields in rows]

    def _take(self, bodies: Sequence[bytes]) -> None:
        entries = [decoded(self._id, body) for body in bodies]
        for entry in entries:
            if entry.seq != self.conference.seq + 1:
                raise Diverged(f"entry {entry.seq} came after {self.conference.seq}")
            self.conference.apply(entry)
        if entries:
            self._tell(entries)
