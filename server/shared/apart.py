"""How far this process' clock is from that of Redis, the one clock that all processes can read.

Each follows its own machine's time. What a page learns of the common time from one of them may differ from what it
learns from another by as much as both are off; so every exchange with a page says it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.metrics import Metrics

EXCHANGES: Final = 8
"""At a time; the quickest one counts, as in NTP's clock filter (RFC 5905 section 10)."""
MEASURE_S: Final = 10.0
OFF_MS: Final = 250.0
"""Nobody could be said to sign with the others by a clock that is further off (rooms.ceremony.rules.BOUND_MAX_MS)."""

log = structlog.get_logger()


class Reading(msgspec.Struct, frozen=True):
    """What the clock is ahead of Redis', and how long the exchange took that says so, in ms."""

    offset_ms: float
    round_trip_ms: float

    @property
    def bound_ms(self) -> float:
        """What the clock may be off at most."""
        return abs(self.offset_ms) + self.round_trip_ms / 2


class Apart:
    """Measures again and again. `reading` is the newest, None before the first."""

    def __init__(self, redis: Redis, now_ms: Callable[[], float], metrics: Metrics) -> None:
        self.reading: Reading | None = None
        self._redis, self._now_ms, self._metrics = redis, now_ms, metrics

    @property
    def bound_ms(self) -> float:
        return self.reading.bound_ms if self.reading else 0.0

    @property
    def is_off(self) -> bool:
        """Whether another process is better placed to decide what happens when: surely, however slow Redis was."""
        reading = self.reading
        return reading is not None and abs(reading.offset_ms) - reading.round_trip_ms / 2 > OFF_MS

    async def keep(self) -> None:
        """Measure until cancelled; while Redis is away what was measured last holds."""
        while True:
            with contextlib.suppress(RedisError, OSError):
                await self.measure()
            await asyncio.sleep(MEASURE_S)

    async def measure(self) -> None:
        """Raises RedisError, OSError."""
        was_off = self.is_off
        readings = [await self._exchange() for _ in range(EXCHANGES)]
        self.reading = min(readings, key=lambda reading: reading.round_trip_ms)
        self._metrics.clock_offset.set(self.reading.offset_ms)
        self._metrics.clock_bound.set(self.bound_ms)
        if self.is_off != was_off:
            self._say()

    async def _exchange(self) -> Reading:
        sent_ms = self._now_ms()
        seconds, micros = await self._redis.time()
        heard_ms = self._now_ms()
        return Reading((sent_ms + heard_ms) / 2 - (seconds * 1000 + micros / 1000), heard_ms - sent_ms)

    def _say(self) -> None:
        assert self.reading is not None, "it was just taken"
        figures = {name: round(getattr(self.reading, name), 1) for name in ("offset_ms", "bound_ms")}
        if self.is_off:
            mend = "let both machines follow NTP (timedatectl); others own the conferences meanwhile, where they can"
            log.error("this machine's clock is not that of Redis", **figures, mend=mend)
        else:
            log.warning("this machine's clock is that of Redis again", **figures)
