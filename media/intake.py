"""What comes in from peers: media into layers and on to slots, RTCP to whom it concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import assert_never

from media.layers import Layer
from media.model import Kind
from media.peers import OWN_SSRC, Peer
from media.publications import Publication, Repair, unwrapped
from media.rtcp import Bye, LastReceiverTime, Nack, PictureRequest, Reports, SenderReport, read_compound
from media.rtcp_write import middle, nack, ntp_of, round_trip_ms, unix_ms_of
from media.rtp import Header, Packet, elements, read_header, without_padding

LateLife = Callable[[Layer], None]


class Intake:
    """Feeds authentic packets to layers and their followers. `alive(layer)` tells that one began or changed."""

    def __init__(self, media_ms: Callable[[], float], alive: LateLife, dead: LateLife, dropped: Counter[str]) -> None:
        self._media_ms = media_ms
        self._alive = alive
        self._dead = dead
        self._dropped = dropped

    # --- media

    def media(self, peer: Peer, datagram: bytes, now_s: float) -> None:
        """One SRTP packet of a peer."""
        header = read_header(datagram)
        opened = peer.open(datagram, header) if header is not None else None
        if header is None or opened is None:
            self._dropped["media-refused"] += 1
            return
        index, payload = opened
        level = self._read_extensions(peer, header, now_s) if header.extension else b""
        stream = peer.stream(header)
        if stream is None:
            self._dropped["unknown-ssrc"] += 1
            return
        if header.padded:
            payload = without_padding(payload)
        if isinstance(stream, Repair):
            self._repair(peer, stream.layer, header, payload, now_s)
        else:
            self._layer_packet(peer, stream, index, header, payload, level, now_s)

    def _read_extensions(self, peer: Peer, header: Header, now_s: float) -> bytes:
        """Note the transport-wide number; return the audio level, b"" without one."""
        level = b""
        for name, value in elements(header.profile, header.extension):
            if name == peer.transport_cc and name and len(value) == 2:
                peer.arrivals.note(int.from_bytes(value), now_s)
                peer.media_ssrc = header.ssrc
            elif name == peer.audio_level and name and len(value) == 1:
                level = value
        return level

    def _repair(self, peer: Peer, layer: Layer, header: Header, payload: bytes, now_s: float) -> None:
        original = unwrapped(layer, header, payload) if layer.reception.highest >= 0 else None
        if original is not None:
            index, header, payload = original
            self._layer_packet(peer, layer, index, header, payload, b"", now_s)

    def _layer_packet(
        self, peer: Peer, layer: Layer, index: int, header: Header, payload: bytes, level: bytes, now_s: float
    ) -> None:
        self.layer_packet(layer, index, header, payload, level, now_s)
        if layer.payload is None or not layer.payload.nack:
            return
        holes, too_many = layer.repairs.arrived(index, now_s)
        if too_many and layer.track.kind is Kind.VIDEO:
            layer.want_keyframe()
        if holes:
            peer.send_control(nack(OWN_SSRC, layer.ssrc, [hole & 0xFFFF for hole in holes]))

    def layer_packet(
        self, layer: Layer, index: int, header: Header, payload: bytes, level: bytes, now_s: float
    ) -> None:
        """A clear packet of a layer: ring, waiting slots, following slots, life."""
        sent_before, height_before = layer.payload, layer.height
        packet = layer.take(index, header, payload, now_s, self._media_ms())
        if packet is None:
            self._dropped["unusable"] += 1
            return
        packet.level = level
        changed = layer.payload is not sent_before and sent_before is not None
        if changed:
            for slot in list(layer.following):
                slot.aim(None, now_s)
        for slot in layer.following:
            slot.forward(packet)
        if layer.waiting and not changed and (packet.keyframe or layer.track.kind is Kind.AUDIO):
            self._switch(layer, packet)
        layer.heard_s = now_s
        if not layer.live or changed or layer.height != height_before:
            layer.live = True
            layer.dark = False
            self._alive(layer)

    def _switch(self, layer: Layer, packet: Packet) -> None:
        """Slots that wait begin at `packet`; if it was repaired, what overtook it follows."""
        overtook = layer.ring.later(packet.index) if packet.index < layer.reception.highest else []
        for slot in list(layer.waiting):
            slot.switch([packet, *overtook])

    # --- RTCP

    def control(self, peer: Peer, datagram: bytes, now_s: float) -> None:
        """One SRTCP packet of a peer."""
        compound = peer.open_control(datagram)
        if compound is None:
            self._dropped["control-refused"] += 1
            return
        now_ms = self._media_ms()
        for item in read_compound(compound):
            match item:
                case SenderReport():
                    self._sender_report(peer, item, now_s, now_ms)
                case Reports():
                    self._reports(peer, item, now_ms)
                case Nack():
                    slot = peer.by_ssrc.get(item.ssrc)
                    if slot is not None:
                        slot.repair(item.seqs)
                case PictureRequest():
                    slot = peer.by_ssrc.get(item.ssrc)
                    layer = (slot.waiting or slot.current) if slot is not None and slot.video else None
                    if layer is not None:
                        layer.want_keyframe()
                case Bye():
                    self._bye(peer, item)
                case LastReceiverTime():
                    self._round_trip(peer, item, now_s, now_ms)
                case never:
                    assert_never(never)

    def _sender_report(self, peer: Peer, report: SenderReport, now_s: float, now_ms: float) -> None:
        publication = peer.publication
        layer = publication.streams.get(report.ssrc) if publication is not None else None
        if publication is None or not isinstance(layer, Layer) or not report.ntp:
            return
        ntp_ms = unix_ms_of(report.ntp)
        publication.clock.heard(now_s, now_ms, ntp_ms)
        layer.reception.lsr = middle(report.ntp)
        layer.reception.lsr_at_s = now_s
        layer.clock.report(now_s, ntp_ms, report.rtp)
        layer.clock.settle(publication.clock.offset_ms)

    def _reports(self, peer: Peer, reports: Reports, now_ms: float) -> None:
        for block in reports.blocks:
            slot = peer.by_ssrc.get(block.ssrc)
            if slot is not None:
                slot.lost_share = block.fraction / 256
                slot.jitter_ms = round(block.jitter * 1000 / (90_000 if slot.video else 48_000), 1)
                if block.lsr:
                    peer.round_trip_ms = round_trip_ms(ntp_of(now_ms), block.lsr, block.dlsr)

    def _round_trip(self, peer: Peer, item: LastReceiverTime, now_s: float, now_ms: float) -> None:
        if peer.publication is not None and item.ssrc == OWN_SSRC and item.last:
            peer.round_trip_ms = round_trip_ms(ntp_of(now_ms), item.last, item.delay)
            _note_round_trip(peer.publication, peer.round_trip_ms, now_s)

    def _bye(self, peer: Peer, bye: Bye) -> None:
        for ssrc in bye.ssrcs:
            layer = peer.publication.streams.get(ssrc) if peer.publication is not None else None
            if isinstance(layer, Layer):
                self._dead(layer)


def _note_round_trip(publication: Publication, milliseconds: float, now_s: float) -> None:
    publication.round_trip_ms = milliseconds
    publication.clock.round_trip(now_s, milliseconds)
