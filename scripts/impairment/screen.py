"""What a viewer could decode: frames complete with all they refer to, and how the picture froze. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

from scripts.impairment.picture import Facts

FREEZE_S: Final = 0.15
"""W3C webrtc-stats freezeCount: an interval over max(3 x the mean, the mean + 150 ms) of the last 30 frames."""
MEAN_OF: Final = 30
PENDING_MAX: Final = 256


class Screen:
    """Takes packets' facts in the order of arrival; shows each frame as soon as it can be decoded.

    There is no playout buffer: an interval is longer here than in a browser that hides it
    behind delay. The picture may only go forward, so a frame that is overtaken is not shown.
    """

    def __init__(self) -> None:
        self.delivered = 0
        """Frames that could be decoded, also those that came too late to be shown."""
        self.shown = 0
        self.heights: list[tuple[float, int]] = []
        """(when, height) of each change of the picture's size."""
        self.delays_ms: list[float] = []
        self.freezes: list[float] = []
        """Seconds of each freeze."""
        self.last_s: float | None = None
        self.newest = -1
        self._intervals: deque[float] = deque(maxlen=MEAN_OF)
        self._parts: dict[tuple[int, int], set[int]] = {}
        self._complete: dict[tuple[int, int], Facts] = {}
        self._decoded: deque[tuple[int, int]] = deque(maxlen=PENDING_MAX)

    def take(self, facts: Facts, now_s: float) -> None:
        """One packet, new or repaired."""
        frame = (facts.height, facts.number)
        if frame in self._complete or frame in self._decoded:
            return
        parts = self._parts.setdefault(frame, set())
        parts.add(facts.part)
        if len(parts) == facts.parts:
            del self._parts[frame]
            self._complete[frame] = facts
            self._decode(now_s)
        for store in (self._parts, self._complete):
            while len(store) > PENDING_MAX:
                del store[next(iter(store))]

    def _decode(self, now_s: float) -> None:
        for frame in sorted(self._complete, key=lambda frame: frame[1]):
            facts = self._complete[frame]
            if facts.key or (facts.height, facts.refers) in self._decoded:
                del self._complete[frame]
                self._decoded.append(frame)
                self.delivered += 1
                if facts.number > self.newest:
                    self._show(facts, now_s)

    def _show(self, facts: Facts, now_s: float) -> None:
        self.shown += 1
        self.newest = facts.number
        self.delays_ms.append(now_s * 1000 - facts.captured_us / 1000)
        if not self.heights or self.heights[-1][1] != facts.height:
            self.heights.append((now_s, facts.height))
        if self.last_s is not None:
            self._judge(now_s - self.last_s)
        self.last_s = now_s

    def _judge(self, interval_s: float) -> None:
        mean_s = sum(self._intervals) / len(self._intervals) if self._intervals else interval_s
        if len(self._intervals) >= MEAN_OF // 3 and interval_s > max(3 * mean_s, mean_s + FREEZE_S):
            self.freezes.append(interval_s)
        self._intervals.append(interval_s)
