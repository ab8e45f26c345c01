"""One incoming RTP stream: an encoding of a track, its ring, its clock, its figures, its followers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from media.codecs import PICTURE_SIZE, STARTS_KEYFRAME
from media.model import Kind
from media.plane import PayloadType
from media.repair import Repairs
from media.ring import Ring
from media.rtp import Header, Packet
from media.timeline import StreamClock

if TYPE_CHECKING:
    from media.publications import Track
    from media.slots import Slot

SILENT_S: Final = 0.5
"""without RTP for so long a stream is not live."""
DARK_S: Final = 0.7
"""after so long a picture gives way to its fallback: an encoder's hiccup does not, and a second is promised."""
PLI_EVERY_S: Final = 0.5
LATE_MAX: Final = 2048
"""packets; a repair may not reach further back."""


class Reception:
    """Counts of one stream for receiver reports and figures (RFC 3550 section 6.4.1, appendix A)."""

    def __init__(self) -> None:
        self.first = -1
        self.highest = -1
        self.packets = 0
        self.octets = 0
        self.frames = 0
        self.jitter = 0.0
        self._transit: float | None = None
        self._reported = (0, 0)
        self.lsr = 0
        self.lsr_at_s = 0.0

    def count(self, index: int, size: int, transit: float) -> None:
        """`transit`: arrival less timestamp, both in clock ticks."""
        if self.first < 0:
            self.first = index
        self.packets += 1
        self.octets += size
        if index > self.highest:
            self.highest = index
            if self._transit is not None:
                step = abs(transit - self._transit)
                if step < 1 << 31:
                    self.jitter += (step - self.jitter) / 16
            self._transit = transit

    @property
    def expected(self) -> int:
        return self.highest - self.first + 1 if self.first >= 0 else 0

    @property
    def lost(self) -> int:
        return max(self.expected - self.packets, 0)

    def fraction(self) -> int:
        """Loss in 1/256 since the last call."""
        expected, packets = self.expected - self._reported[0], self.packets - self._reported[1]
        self._reported = (self.expected, self.packets)
        return min(max(0, (expected - packets) * 256 // expected), 255) if expected > 0 else 0


class Layer:
    """What a track's one SSRC brings. `following` forward each packet, `waiting` want a keyframe first."""

    def __init__(self, track: Track, ssrc: int, rid: str, local: bool) -> None:
        self.track = track
        self.ssrc = ssrc
        self.rid = rid
        self.local = local
        self.ring = Ring()
        self.repairs = Repairs()
        self.reception = Reception()
        self.payload: PayloadType | None = None
        self.clock = StreamClock(track.kind, track.clock_hz)
        self.following: list[Slot] = []
        self.waiting: list[Slot] = []
        self.live = False
        self.dark = True
        self.heard_s = 0.0
        self.width = 0
        self.height = 0
        self.bitrate_bps = 0
        self.frames_per_s = 0.0
        self.age_ms: float | None = None
        self.lost_share = 0.0
        self._counted = (0, 0, 0, 0)
        self._keyframe_wanted = False
        self._asked_s = float("-inf")
        self._starts_keyframe = None if track.kind is Kind.AUDIO else STARTS_KEYFRAME

    def take(self, index: int, header: Header, payload: bytes, now_s: float, now_ms: float) -> Packet | None:
        """A packet into the ring; None when it is a duplicate, out of reach or of an unknown payload type."""
        payload_type = self.payload
        if payload_type is None or payload_type.number != header.payload_type:
            payload_type = self.track.payload(header.payload_type)
            if payload_type is None or payload_type.apt is not None or index < self.reception.highest:
                return None
            self.payload = payload_type
            self.ring.keyframe = None
        if index in self.ring or index < self.reception.highest - LATE_MAX:
            return None
        packet = Packet(index, header, payload, now_s)
        newest = index > self.reception.highest
        clock = self.clock
        packet.media_timestamp = clock.media_timestamp(header.timestamp, now_ms)
        self.reception.count(index, len(payload), now_s * clock.clock_hz - header.timestamp)
        if self._starts_keyframe is not None and payload and self._starts_keyframe[payload_type.codec](payload):
            packet.keyframe = True
            self._keyframe_came(payload_type, payload)
        self.ring.add(packet)
        if newest and (header.marker or self._starts_keyframe is None):
            self.reception.frames += 1
            self.age_ms = self._age_ms(packet.media_timestamp, now_ms)
        return packet

    def _age_ms(self, media_timestamp: int, now_ms: float) -> float:
        ticks = (self.clock.ticks_at(now_ms) - media_timestamp) & 0xFFFFFFFF
        return (ticks - (ticks >> 31 << 32)) * 1000 / self.clock.clock_hz

    def _keyframe_came(self, payload_type: PayloadType, payload: bytes) -> None:
        self._keyframe_wanted = False
        size = PICTURE_SIZE[payload_type.codec](payload)
        if size is not None:
            self.width, self.height = size

    def extend(self, seq: int) -> int:
        """The extended sequence number that `seq` (16 bits) has near the newest one."""
        highest = self.reception.highest
        if highest < 0:
            return 0x10000 + seq  # one turn up: an earlier one may come late
        return highest + (((seq - highest) + 0x8000) & 0xFFFF) - 0x8000

    def want_keyframe(self) -> None:
        """A keyframe is needed: the request goes out now or as soon as the last one is PLI_EVERY_S old."""
        self._keyframe_wanted = not self.local
        if self._keyframe_wanted:
            self.track.publication.ask(self)

    def keyframe_due(self, now_s: float) -> bool:
        """Whether a PLI is to be sent now: wanted, and none sent within PLI_EVERY_S."""
        if not self._keyframe_wanted or now_s - self._asked_s < PLI_EVERY_S:
            return False
        self._asked_s = now_s
        return True

    def second_passed(self) -> None:
        """Bitrate, frame rate and loss of the last second."""
        now = self.reception
        octets, frames, expected, lost = self._counted
        self.bitrate_bps = 8 * (now.octets - octets)
        self.frames_per_s = float(now.frames - frames)
        self.lost_share = max(now.lost - lost, 0) / max(now.expected - expected, 1)
        self._counted = (now.octets, now.frames, now.expected, now.lost)
