"""The node's common clock: UTC in Unix milliseconds that runs through every step of the system's time.

It is the machine's elapsed time plus an offset. The offset follows the system's UTC by at most
500 ppm, so that neither media time nor a clock on a page ever jumps. The relay's clock leads; it
tells `ahead_ms` with every Observed frame, and every process of the machine reads the same
elapsed time, so web's clock is the relay's to the microsecond.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

SLEW: Final = 500e-6
"""s per s, as adjtime(2) does: 30 ms in a minute, which lip sync and jitter buffers don't notice."""
LOOK_S: Final = 1.0
"""How often the system's time is asked."""


def elapsed_s() -> float:
    """Seconds since the machine started, asleep or awake; every process reads the same."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class CommonClock:
    """Call it for the time in Unix ms."""

    def __init__(self, utc_s: Callable[[], float] = time.time, elapsed: Callable[[], float] = elapsed_s) -> None:
        self._utc_s = utc_s
        self._elapsed_s = elapsed
        self._looked_s = elapsed()
        self._ahead_s = utc_s() - self._looked_s
        self._rate = 0.0

    def __call__(self) -> float:
        now_s = self._elapsed_s()
        return (now_s + self._ahead(now_s)) * 1000

    @property
    def ahead_ms(self) -> float:
        """What this clock adds to the machine's elapsed time now."""
        return self._ahead(self._elapsed_s()) * 1000

    def _ahead(self, now_s: float) -> float:
        """Seconds, on the line drawn at the last look; nobody asking for long makes it no steeper."""
        since_s = now_s - self._looked_s
        if since_s < LOOK_S:
            return self._ahead_s + self._rate * since_s
        self._ahead_s += self._rate * LOOK_S
        self._looked_s = now_s
        missing_s = self._utc_s() - now_s - self._ahead_s
        self._rate = max(-SLEW, min(SLEW, missing_s / LOOK_S))
        return self._ahead_s
