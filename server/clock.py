"""The node's clock in the web process: the relay's common clock, never back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from media.clock import CommonClock, elapsed_s


class Clock(Protocol):
    def now_ms(self) -> float:
        """Unix time in ms; never less than an earlier answer."""


class NodeClock:
    """The machine's own common clock until a relay tells its one, from then on that.

    A relay that was started on another side of a step of the system's time may be behind:
    then this clock goes on at half speed until the two agree.
    """

    def __init__(self, own_ms: Callable[[], float] | None = None, elapsed: Callable[[], float] = elapsed_s) -> None:
        self._own_ms = own_ms or CommonClock()
        self._elapsed_s = elapsed
        self._ahead_ms: float | None = None
        self._read_s = elapsed()
        self._last_ms = self._own_ms()

    def follow(self, ahead_ms: float) -> None:
        """The relay's clock is that much ahead of this machine's elapsed time (`Observed.clock_ms`)."""
        self._ahead_ms = ahead_ms

    def now_ms(self) -> float:
        now_s = self._elapsed_s()
        common_ms = self._own_ms() if self._ahead_ms is None else now_s * 1000 + self._ahead_ms
        slow_ms = self._last_ms + (now_s - self._read_s) * 1000 / 2
        self._last_ms, self._read_s = max(common_ms, slow_ms), now_s
        return self._last_ms
