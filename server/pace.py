"""How fast the relay moves packets, from the totals that it observes."""

from __future__ import annotations

from typing import Final

from media.control import Observed
from media.model import Traffic

SPAN_MS: Final = 900
"""The relay counts once a second; frames in between repeat its totals."""


class Pace:
    """The plane that serves and the packets it sends per second, over the last second or so."""

    def __init__(self) -> None:
        self.plane = ""
        self.packets_per_s = 0
        self.traffic = Traffic("")
        self._epoch = ""
        self._since_ms = 0

    def observe(self, frame: Observed) -> None:
        """Take in a frame; another relay process begins at zero."""
        if frame.traffic is None:
            return
        span_ms = frame.at_ms - self._since_ms
        if frame.epoch != self._epoch:
            self._epoch, self.packets_per_s = frame.epoch, 0
        elif span_ms < SPAN_MS:
            return
        else:
            self.packets_per_s = round((frame.traffic.packets_out - self.traffic.packets_out) * 1000 / span_ms)
        self.plane, self.traffic, self._since_ms = frame.traffic.plane, frame.traffic, frame.at_ms
