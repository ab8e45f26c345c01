"""One direction of a link: what it does to each packet, from a seed. Pure: time comes in.

Loss is random or comes in bursts (Gilbert-Elliott: a good state that loses nothing, a bad
one that loses all). The bottleneck is a queue of `queue_ms` at `rate_bps` that drops its
tail. Jitter never reorders; `reordered` packets are overtaken on purpose.
"""

from __future__ import annotations

import random
from typing import Final

import msgspec

OVERTAKEN_MS: Final = 15.0
"""How much longer a reordered packet takes: some packets of a picture overtake it."""
HEADERS: Final = 28
"""bytes of IPv4 and UDP, which take time on a line too."""


class Terms(msgspec.Struct, frozen=True):
    """What one direction does. `burst`: mean packets lost in a row, below 2 the loss is independent;
    `jitter_ms`: the standard deviation of a delay that is only ever added; `rate_bps` 0: no bottleneck."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    burst: float = 1.0
    reordered: float = 0.0
    rate_bps: int = 0
    queue_ms: float = 250.0


class Did(msgspec.Struct):
    """What a direction did to the packets that came."""

    packets: int = 0
    lost: int = 0
    overflowed: int = 0
    """dropped at the bottleneck, beside those lost"""

    @property
    def lost_share(self) -> float:
        return self.lost / max(self.packets, 1)


class Direction:
    """Takes packets in order of arrival and says when each leaves, or that it never does."""

    def __init__(self, terms: Terms, seed: str) -> None:
        self.terms = terms
        self.did = Did()
        self._random = random.Random(seed)
        self._bad = False
        self._busy_until_s = 0.0
        self._last_out_s = 0.0

    def leaves_at_s(self, now_s: float, size: int) -> float | None:
        """When a datagram of `size` bytes that came at `now_s` leaves; None when it is lost."""
        self.did.packets += 1
        through_s = self._through_bottleneck(now_s, size)
        if through_s is None:
            self.did.overflowed += 1
            return None
        if self._is_lost():
            self.did.lost += 1
            return None
        terms = self.terms
        out_s = through_s + (terms.delay_ms + abs(self._random.gauss(0.0, terms.jitter_ms))) / 1000
        if terms.reordered and self._random.random() < terms.reordered:
            return out_s + OVERTAKEN_MS / 1000
        self._last_out_s = max(out_s, self._last_out_s)
        return self._last_out_s

    def _through_bottleneck(self, now_s: float, size: int) -> float | None:
        rate_bps = self.terms.rate_bps
        if not rate_bps:
            return now_s
        begins_s = max(now_s, self._busy_until_s)
        if (begins_s - now_s) * 1000 > self.terms.queue_ms:
            return None
        self._busy_until_s = begins_s + 8 * (size + HEADERS) / rate_bps
        return self._busy_until_s

    def _is_lost(self) -> bool:
        loss, burst = self.terms.loss, self.terms.burst
        if not loss:
            return False
        if burst < 2:
            return self._random.random() < loss
        turn = 1 / burst if self._bad else loss / (burst * (1 - loss))
        if self._random.random() < turn:
            self._bad = not self._bad
        return self._bad
