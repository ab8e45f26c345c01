"""A slot on its way out: one SSRC whose source changes under it while its numbers run on.

Sequence numbers have no gap at a switch (RFC 3550 section 5.1), timestamps are media
time, VP8 and VP9 picture ids go on. All that a packet becomes follows from the segment
it falls into, so a NACK is answered from the layer's ring by computing it again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from media import red
from media.codecs import SHIFTED, matching, picture_numbers, repair_for
from media.model import Codec, Kind, SlotState, SourceName
from media.plane import OutboundSlot, PayloadType
from media.rtcp_write import description, sender_report
from media.rtp import Packet, extension_block
from media.segments import CATCH_UP_TICKS, Segment, Segments, catch_up

if TYPE_CHECKING:
    from media.layers import Layer

YOUNG_S: Final = 0.4
"""a keyframe in the ring that is younger is burst to a new viewer instead of asking for one."""
HOLE_MAX: Final = 1000
"""packets; a larger hole in the publisher's sequence is closed, for nobody will repair it."""
OVERLAP_MAX_TICKS: Final = 48_000
"""a sound that begins at most this (1 s) before the last one's end is cut, so that it keeps its own media time."""
_FIXED: Final = struct.Struct("!BBHII")
_WRAP: Final = 1 << 32

Send = Callable[[int, int, bytes, bytes], None]
"""(SSRC, packet index, header, payload): seal and send."""


class Slot:
    """One outbound slot of one session."""

    def __init__(self, spec: OutboundSlot, cname: str, first_seq: int, send: Send) -> None:
        self.spec = spec
        self.video = spec.kind is Kind.VIDEO
        self.height: int | None = None
        self.reason = ""
        self.waiting: Layer | None = None
        self.packets = 0
        self.octets = 0
        self.repaired = 0
        self.bitrate_bps = 0
        self.lost_share = 0.0
        self.jitter_ms = 0.0
        self.on_switch: Callable[[Slot, SourceName], None] | None = None
        self._cname = cname
        self._send = send
        self._segments = Segments()
        self._segment: Segment | None = None
        self._following = False
        self._newest: Packet | None = None
        self._out = first_seq - 1
        self._repair_out = first_seq
        self._timestamp: int | None = None
        self._media_timestamp = -1
        self._catch_up: dict[int, int] = {}
        self._counted = 0
        self._mid = {spec.extensions.mid: spec.mid.encode()} if spec.extensions.mid else {}
        self._block = extension_block(self._mid)
        self._first = 0x90 if self._block else 0x80

    # --- what to show

    @property
    def current(self) -> Layer | None:
        """The layer that is forwarded now."""
        return self._segment.layer if self._segment and self._following else None

    @property
    def showing(self) -> SourceName | None:
        return self._segment.layer.track.publication.source if self._segment and self._following else None

    def carries(self, payload: PayloadType) -> bool:
        """Whether this viewer negotiated what `payload` carries."""
        return self._outgoing(payload) is not None

    def _outgoing(self, payload: PayloadType) -> PayloadType | None:
        found = matching(self.spec.payloads, payload)
        if found is None and payload.codec is Codec.RED:
            return next((own for own in self.spec.payloads if own.codec is Codec.OPUS), None)
        return found

    def aim(self, layer: Layer | None, now_s: float) -> None:
        """Show `layer` as soon as it can be decoded; the old one stays until then. None: stop."""
        if layer is self.waiting and layer is not None:
            return
        self._stop_waiting()
        if layer is None:
            self._detach()
        elif layer is not self.current:
            self.waiting = layer
            layer.waiting.append(self)
            if self.video:
                self._begin_from_ring(layer, now_s)

    def _begin_from_ring(self, layer: Layer, now_s: float) -> None:
        burst = layer.ring.since_keyframe(float("-inf") if layer.local else now_s - YOUNG_S)
        if burst:
            self._catch_up = catch_up(burst)
            self.switch(burst)
            self._catch_up = {}
        else:
            layer.want_keyframe()

    def switch(self, packets: Sequence[Packet]) -> None:
        """The awaited layer begins with `packets` (from a keyframe's first on, or any sound).

        Sound that came a longer way than what was heard until now lies further back. It is cut,
        not moved: receivers learn a stream's line from many reports, and a moved one would part
        from its picture for as long.
        """
        layer = self.waiting
        if layer is None:
            return
        self._detach()
        if not self.video and 0 < self._behind(packets[0]) <= OVERLAP_MAX_TICKS:
            return
        self._stop_waiting()
        segment = self._begin(layer, packets[0])
        if segment is None:
            return
        self._enter(segment)
        self._following = True
        self._media_timestamp = -1
        layer.following.append(self)
        if self.on_switch is not None:
            self.on_switch(self, layer.track.publication.source)
        for packet in packets:
            self.forward(packet)

    def _begin(self, layer: Layer, packet: Packet) -> Segment | None:
        payload = layer.payload
        own = self._outgoing(payload) if payload else None
        if payload is None or own is None:
            return None
        picture_step, tl0_step = self._picture_steps(payload.codec, packet)
        inner = next((p.number for p in self.spec.payloads if p.codec is Codec.OPUS), 0)
        return Segment(
            layer=layer,
            start=packet.index,
            seq_step=self._out + 1 - packet.index,
            payload_type=own.number,
            repair_type=repair_for(self.spec.payloads, own.number) if self.spec.rtx_ssrc is not None else None,
            lead=self._lead(packet) if self.video else 0,
            timestamp_step=None if self.video else self._sound_step(packet),
            shift=SHIFTED.get(payload.codec) if picture_step or tl0_step else None,
            picture_step=picture_step,
            tl0_step=tl0_step,
            unpack_red=payload.codec is Codec.RED and own.codec is not Codec.RED,
            inner_type=inner if own.codec is Codec.RED else 0,
        )

    def _picture_steps(self, codec: Codec, packet: Packet) -> tuple[int, int]:
        old, newest = self._segment, self._newest
        if old is None or newest is None or old.layer.payload is None or old.layer.payload.codec is not codec:
            return 0, 0
        before, after = picture_numbers(codec, newest.payload), picture_numbers(codec, packet.payload)
        if before is None or after is None:
            return 0, 0
        return before[0] + old.picture_step + 1 - after[0], before[1] + old.tl0_step + 1 - after[1]

    def _lead(self, packet: Packet) -> int:
        """Ticks to add to media time so that the picture does not step back, and a burst is shown at once."""
        lead = self._catch_up.get(packet.media_timestamp, 0)
        if self._timestamp is None:
            return lead
        least = (self._timestamp + CATCH_UP_TICKS - packet.media_timestamp) % _WRAP
        return lead if least >= _WRAP // 2 else max(lead, least)

    def _sound_step(self, packet: Packet) -> int:
        """What makes publisher timestamps media time, fixed until the next switch; never back by a sample."""
        return (packet.media_timestamp + self._behind(packet) - packet.timestamp) % _WRAP

    def _behind(self, packet: Packet) -> int:
        """Ticks by which a sound lies before the end of what was sent."""
        if self._timestamp is None:
            return 0
        least = (self._timestamp + 960 - packet.media_timestamp) % _WRAP
        return 0 if least >= _WRAP // 2 else least

    def _enter(self, segment: Segment) -> None:
        self._segment = segment
        self._segments.add(segment)

    def _stop_waiting(self) -> None:
        if self.waiting is not None:
            self.waiting.waiting.remove(self)
            self.waiting = None

    def _detach(self) -> None:
        if self._following and self._segment is not None:
            self._segment.layer.following.remove(self)
        self._following = False

    # --- packets

    def forward(self, packet: Packet) -> None:
        """Send a packet of the current layer, at its place in the outgoing sequence."""
        segment = self._segment
        if segment is None:
            return
        out = packet.index + segment.seq_step
        if out <= self._out or packet.index < segment.start:
            self._forward_late(packet)
            return
        if not packet.payload:  # padding is not passed on, and leaves no hole
            self._enter(segment._replace(start=packet.index + 1, seq_step=segment.seq_step - 1))
            return
        if out > self._out + HOLE_MAX:
            segment = segment._replace(start=packet.index, seq_step=self._out + 1 - packet.index)
            out = self._out + 1
            self._enter(segment)
        if segment.timestamp_step is not None:
            self._timestamp = (packet.timestamp + segment.timestamp_step) % _WRAP
        elif packet.media_timestamp != self._media_timestamp:
            segment = self._next_frame(packet, segment)
        self._out = out
        self._newest = packet
        self._emit(packet, segment, out)

    def _next_frame(self, packet: Packet, segment: Segment) -> Segment:
        lead = self._lead(packet)
        if lead != segment.lead:
            segment = segment._replace(start=packet.index, lead=lead)
            self._enter(segment)
        self._media_timestamp = packet.media_timestamp
        self._timestamp = (packet.media_timestamp + lead) % _WRAP
        return segment

    def _forward_late(self, packet: Packet) -> None:
        """A packet that came out of order or was repaired: by the rules of its own time."""
        segment = self._segments.of_late(packet)
        if segment is not None and packet.payload:
            out = packet.index + segment.seq_step
            self._out = max(self._out, out)
            self._emit(packet, segment, out)

    def _emit(self, packet: Packet, segment: Segment, out: int) -> None:
        header, payload = self._written(packet, segment, out, segment.payload_type, self.spec.ssrc)
        self.packets += 1
        self.octets += len(payload)
        self._send(self.spec.ssrc, out, header, payload)

    def _written(self, packet: Packet, segment: Segment, seq: int, payload_type: int, ssrc: int) -> tuple[bytes, bytes]:
        """Header and payload: the same bytes each time, for one packet index never seals two texts."""
        payload = packet.payload
        if segment.timestamp_step is None:
            timestamp = (packet.media_timestamp + segment.lead) & 0xFFFFFFFF
            if segment.shift is not None:
                payload = segment.shifted(packet)
        else:
            timestamp = (packet.timestamp + segment.timestamp_step) & 0xFFFFFFFF
            if segment.unpack_red:
                payload = red.primary(payload)
            elif segment.inner_type:
                payload = red.renumbered(payload, segment.inner_type)
        block, first = self._block, self._first
        if packet.level and self.spec.extensions.audio_level:
            block, first = extension_block({**self._mid, self.spec.extensions.audio_level: packet.level}), 0x90
        marked = packet.marker or (packet.index == segment.start and not self.video)
        second = payload_type | (0x80 if marked else 0)
        return _FIXED.pack(first, second, seq & 0xFFFF, timestamp, ssrc) + block, payload

    def repair(self, seqs: tuple[int, ...]) -> int:
        """Answer a NACK from the rings, as RTX where negotiated. Returns how many were sent."""
        sent = 0
        for seq in seqs:
            out = self._out - ((self._out - seq) & 0xFFFF)
            found = self._segments.sent_as(out)
            if found is not None:
                self._resend(found[1], found[0], out)
                sent += 1
        self.repaired += sent
        return sent

    def _resend(self, packet: Packet, segment: Segment, out: int) -> None:
        if segment.repair_type is None or self.spec.rtx_ssrc is None:
            self._emit(packet, segment, out)
            return
        header, payload = self._written(packet, segment, self._repair_out, segment.repair_type, self.spec.rtx_ssrc)
        self._send(self.spec.rtx_ssrc, self._repair_out, header, (out & 0xFFFF).to_bytes(2) + payload)
        self._repair_out += 1

    # --- reports

    def report(self, ntp: int, now_ms: float) -> bytes | None:
        """A sender report with SDES: what RTP timestamp media time `now_ms` has on this slot; None before media."""
        segment = self._segment
        if segment is None or not self.packets:
            return None
        clock = segment.layer.clock
        rtp = clock.ticks_at(now_ms)
        if segment.timestamp_step is not None:
            rtp += segment.timestamp_step - (clock.anchor or 0)
        ssrc = self.spec.ssrc
        return sender_report(ssrc, ntp, rtp, self.packets, self.octets) + description(ssrc, self._cname)

    def second_passed(self) -> None:
        self.bitrate_bps = 8 * (self.octets - self._counted)
        self._counted = self.octets

    def state(self) -> SlotState:
        layer = self.current
        return SlotState(
            self.showing,
            self.bitrate_bps,
            self.reason,
            layer=layer.rid if layer is not None else "",
            height=layer.height if layer is not None else 0,
            packets=self.packets,
            repaired=self.repaired,
            lost_share=self.lost_share,
            jitter_ms=self.jitter_ms,
        )
