"""The node's clock: UTC in Unix milliseconds, never back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> float:
        """Unix time in ms; never less than an earlier answer."""


class NodeClock:
    """The system's clock; after a step back it goes on at half speed until the system has caught up."""

    def __init__(
        self, wall_s: Callable[[], float] = time.time, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s
        self._last_s = wall_s()
        self._read_s = monotonic_s()

    def now_ms(self) -> float:
        read_s = self._monotonic_s()
        slow_s = self._last_s + (read_s - self._read_s) / 2
        self._last_s = max(self._wall_s(), slow_s)
        self._read_s = read_s
        return self._last_s * 1000
