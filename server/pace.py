"""How fast the relay moves packets, from the totals that it observes."""

from __future__ import annotations

from collections.abc import Mapping

from media.control import Observed
from media.model import Traffic


class Pace:
    """The plane that serves, the packets it sends per second, and what it threw away since it began."""

    def __init__(self) -> None:
        self.plane = ""
        self.packets_per_s = 0
        self._epoch = ""
        self._counted = Traffic("", 0.0)

    @property
    def dropped(self) -> Mapping[str, int]:
        """Datagrams by reason."""
        return self._counted.dropped

    def observe(self, frame: Observed) -> None:
        """Take in a frame; many repeat the last count, and another relay process begins at zero."""
        now, before = frame.traffic, self._counted
        if now is None or now == before:
            return
        if frame.epoch == self._epoch and now.at_s > before.at_s:
            self.packets_per_s = round((now.packets_out - before.packets_out) / (now.at_s - before.at_s))
        else:
            self.packets_per_s = 0
        self._epoch, self.plane, self._counted = frame.epoch, now.plane, now
