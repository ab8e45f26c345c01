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
from server.replaying import Replayed, decoded
from server.settings import Unusable
from server.shared.store import again_s

BLOCK_MS: Final = 1000
CHUNK: Final = 500

log = structlog.get_logger()


class Diverged(Exception):
    """The stream holds another history than the one that was read."""


class Follower:
    """Applies what it reads to the state that was `found`, and then tells, until it is left, or stumbles."""

    def __init__(
        self,
        redis: Redis,
        id: ConferenceId,
        found: Replayed,
        tell: Callable[[Sequence[Entry]], None],
        diverged: Callable[[str], None],
    ) -> None:
        """`redis` is a client that may block for BLOCK_MS; `diverged(why)` when the stream is not what was read."""
        self.found = found
        self.left = False
        self._redis, self._id, self._tell, self._diverged = redis, id, tell, diverged
        self._task = asyncio.create_task(self._follow(), name=f"follow {id}")

    @property
    def conference(self) -> Conference:
        return self.found.conference

    def leave(self) -> Replayed:
        """From now on the state is the caller's alone. `close` ends what is under way."""
        self.left = True
        self._task.cancel()
        return self.found

    async def close(self) -> None:
        self.left = True
        await ended(self._task)

    async def _follow(self) -> None:
        while not self.left:
            try:
                self._take(await self._read())
            except (RedisError, OSError):
                await asyncio.sleep(again_s())
            except Diverged as stop:
                self._diverged(str(stop))
                return
            except Unusable as stop:
                log.error("following ends", conference=self._id, seq=self.conference.seq, reason=str(stop))
                return
            except Exception:
                log.exception("following broke", conference=self._id, seq=self.conference.seq)
                self.left = True

    async def _read(self) -> list[bytes]:
        """What comes after the last entry; nothing when nothing comes for a while."""
        after = {key(self._id, "entries"): f"{self.conference.seq}-0"}
        found: Any = await self._redis.xread(after, CHUNK, BLOCK_MS)  # type: ignore[arg-type]
        return [fields[b"body"] for _, rows in found or () for _, fields in rows]

    def _take(self, bodies: Sequence[bytes]) -> None:
        if self.left:
            return  # the client swallowed our cancellation
        entries = [decoded(self._id, body) for body in bodies]
        for entry in entries:
            if entry.seq != self.conference.seq + 1:
                raise Diverged(f"entry {entry.seq} came after {self.conference.seq}")
            self.conference.apply(entry)
        if entries:
            self._tell(entries)
