"""When the machine itself stood still: a moment in which nobody ran belongs to no deadline of ours."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

TICK_S = 0.005
HALT_S = 0.05
"""A sleeper this late was not kept waiting by a neighbour: pages and relay are served in a tenth of it."""


class Halts:
    """What a thread that only sleeps saw of them."""

    def __init__(self) -> None:
        self.total_ms = 0.0
        self._over = threading.Event()

    def watch(self) -> None:
        """Until it is over."""
        before_s = time.monotonic()
        while not self._over.wait(TICK_S):
            now_s = time.monotonic()
            late_s = now_s - before_s - TICK_S
            self.total_ms += late_s * 1000 if late_s > HALT_S else 0
            before_s = now_s

    def end(self) -> None:
        self._over.set()


@contextlib.contextmanager
def halts() -> Iterator[Halts]:
    """Those of the body."""
    seen = Halts()
    thread = threading.Thread(target=seen.watch, name="halts")
    thread.start()
    try:
        yield seen
    finally:
        seen.end()
        thread.join()
