"""Media time: every publisher's RTP clocks on the node's common clock (Unix ms).

Sender reports tie an RTP clock to the publisher's wall clock, the least late one the best; how far
that wall clock is from ours is the smallest (arrival - NTP) of the last minute less half the
smallest round trip. Before the first report, a stream's first arrival stands for its capture.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from media.model import Kind

WINDOW_S: Final = 60.0
"""the minimum forgets after this: 50 ppm of clock drift are 3 ms by then."""
REPORTS_S: Final = 30.0
"""of a stream's reports the truest counts: libwebrtc sends six for a sound in this time."""
REPORT_STEP_MS: Final = 200.0
"""a report that is later than the truest by more begins a new line: the encoder set its clock anew."""
STEP_MS: Final = 5.0
"""video is re-anchored when it is off by more; less nobody sees, and jitter would move it all the time."""
ARRIVAL_STEP_MS: Final = 200.0
"""a stream without reports is anchored at its first arrival, and again when it drifts off by more."""
_WRAP: Final = 1 << 32


class PublisherClock:
    """One publisher's wall clock against the common clock."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque()
        self._round_trips: deque[tuple[float, float]] = deque()

    def heard(self, now_s: float, arrival_ms: float, ntp_ms: float) -> None:
        """A sender report written at `ntp_ms` of the publisher arrived at `arrival_ms` of ours."""
        _keep_minimum(self._samples, now_s, arrival_ms - ntp_ms, WINDOW_S)

    def round_trip(self, now_s: float, milliseconds: float) -> None:
        _keep_minimum(self._round_trips, now_s, milliseconds, WINDOW_S)

    @property
    def offset_ms(self) -> float | None:
        """What must be added to the publisher's time, None before its first report."""
        if not self._samples:
            return None
        return self._samples[0][1] - (self._round_trips[0][1] / 2 if self._round_trips else 0.0)


def _keep_minimum(samples: deque[tuple[float, float]], now_s: float, value: float, window_s: float) -> None:
    """A monotonic queue: its first entry is the minimum of the window."""
    while samples and samples[-1][1] >= value:
        samples.pop()
    samples.append((now_s, value))
    while samples[0][0] < now_s - window_s:
        samples.popleft()


class StreamClock:
    """One RTP stream's clock: `anchor` added to its timestamps gives media time, in its clock rate, mod 2^32."""

    def __init__(self, kind: Kind, clock_hz: int) -> None:
        self._kind = kind
        self.clock_hz = clock_hz
        self.anchor: int | None = None
        self._settled = False
        self._wanted = 0
        self._former: int | None = None
        self._newest = self._since = 0
        self._reference: int | None = None
        self._reports: deque[tuple[float, float]] = deque()
        self.delay_ms = 0.0

    def report(self, now_s: float, ntp_ms: float, rtp: int) -> None:
        """A sender report of this stream: its timestamp `rtp` is `ntp_ms` of the publisher's wall clock.

        A busy encoder reads its wall clock after it stamped the frame, never before: what is
        kept is how much later than the first report each one is.
        """
        line = (self._ticks(ntp_ms) - rtp) % _WRAP
        if self._reference is None:
            self._reference = line
        late_ms = self._later(line, self._reference)
        if self._reports and late_ms - self._reports[0][1] > REPORT_STEP_MS:
            self._reports.clear()
        _keep_minimum(self._reports, now_s, late_ms, REPORTS_S)

    def settle(self, offset_ms: float | None) -> None:
        """Recompute the mapping from the truest report; a sound's takes effect now, a picture's at its next frame."""
        if self._reference is None or offset_ms is None:
            return
        self._settled = True
        self._wanted = (self._reference + self._ticks(self._reports[0][1] + offset_ms + self.delay_ms)) % _WRAP
        if self._kind is Kind.AUDIO:
            self.anchor = self._wanted

    def delay(self, delay_ms: float) -> None:
        """Sound counts as captured `delay_ms` later than it was."""
        moved = self._ticks(delay_ms) - self._ticks(self.delay_ms)
        self.delay_ms = delay_ms
        self._wanted = (self._wanted + moved) % _WRAP
        if self.anchor is not None:
            self.anchor = (self.anchor + moved) % _WRAP

    def media_timestamp(self, timestamp: int, arrival_ms: float) -> int:
        """Media time of a packet, in clock ticks mod 2^32."""
        if self.anchor is None:
            self._newest = timestamp
            if not self._settled:
                self._wanted = self._by_arrival(timestamp, arrival_ms)
            self.anchor = self._wanted
        elif timestamp != self._newest and (timestamp - self._newest) % _WRAP < _WRAP // 2:
            self._newest = timestamp
            anchor = self._reanchored(self.anchor, timestamp, arrival_ms)
            if anchor != self.anchor:
                self._former, self._since, self.anchor = self.anchor, timestamp, anchor
        elif self._former is not None and (timestamp - self._since) % _WRAP >= _WRAP // 2:
            return (timestamp + self._former) % _WRAP  # a late packet of a frame before the new anchor
        return (timestamp + self.anchor) % _WRAP

    def _reanchored(self, anchor: int, timestamp: int, arrival_ms: float) -> int:
        """At a new frame: follow the reports, or without any the arrivals, when the clock ran away."""
        if not self._settled:
            by_arrival = self._by_arrival(timestamp, arrival_ms)
            if self._apart(by_arrival, anchor) > ARRIVAL_STEP_MS:
                self._wanted = by_arrival
        return self._wanted if self._apart(self._wanted, anchor) > STEP_MS else anchor

    def _by_arrival(self, timestamp: int, arrival_ms: float) -> int:
        return (self._ticks(arrival_ms + self.delay_ms) - timestamp) % _WRAP

    def _apart(self, one: int, other: int) -> float:
        """Distance of two anchors in ms."""
        return abs(self._later(one, other))

    def _later(self, one: int, other: int) -> float:
        """How much more `one` adds than `other`, in ms."""
        return ((one - other + _WRAP // 2) % _WRAP - _WRAP // 2) * 1000 / self.clock_hz

    def ticks_at(self, media_ms: float) -> int:
        """Media time `media_ms` in this clock's ticks mod 2^32."""
        return self._ticks(media_ms) % _WRAP

    def _ticks(self, milliseconds: float) -> int:
        return round(milliseconds * self.clock_hz / 1000)
