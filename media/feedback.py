"""What goes out by the clock: repair and picture requests, reports, bandwidth feedback."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from media.layers import Layer
from media.peers import MTU, OWN_SSRC, Peer
from media.rtcp import Block
from media.rtcp_write import description, estimate, nack, ntp_of, picture_loss, receiver_report, receiver_time
from media.slots import Slot

REPORT_EVERY_S: Final = 1.0
BLOCKS_MAX: Final = 31
ESTIMATE_START_BPS: Final = 5_000_000
ESTIMATE_MIN_BPS: Final = 150_000
ESTIMATE_MAX_BPS: Final = 20_000_000


class Feedback:
    """Writes RTCP for peers; when is the plane's clock's business."""

    def __init__(self, media_ms: Callable[[], float]) -> None:
        self._media_ms = media_ms

    def ask_keyframe(self, peer: Peer, layer: Layer, now_s: float) -> None:
        """A PLI, if one is wanted and due."""
        if layer.keyframe_due(now_s):
            peer.send_control(picture_loss(OWN_SSRC, layer.ssrc))

    def ask_repairs(self, peer: Peer, layer: Layer, now_s: float) -> None:
        """NACKs that are due again."""
        if layer.payload is not None and layer.payload.nack:
            due = layer.repairs.due(now_s, peer.round_trip_ms)
            if due:
                peer.send_control(nack(OWN_SSRC, layer.ssrc, [index & 0xFFFF for index in due]))

    def arrivals(self, peer: Peer) -> None:
        """Transport-wide feedback for what came since the last."""
        if peer.transport_cc:
            for packet in peer.arrivals.feedback(OWN_SSRC, peer.media_ssrc):
                peer.send_control(packet)

    def report_to_publisher(self, peer: Peer, now_s: float) -> None:
        """Receiver report, reference time, and REMB where it is all the peer has."""
        publication = peer.publication
        if publication is None:
            return
        layers = [layer for layer in publication.layers() if layer.live][:BLOCKS_MAX]
        compound = receiver_report(OWN_SSRC, [_block(layer, now_s) for layer in layers])
        compound += description(OWN_SSRC, peer.spec.cname) + receiver_time(OWN_SSRC, ntp_of(self._media_ms()))
        if peer.remb and layers:
            publication.estimate_bps = _moved_on(publication.estimate_bps, layers)
            compound += estimate(OWN_SSRC, publication.estimate_bps, [layer.ssrc for layer in layers])
        peer.send_control(compound)

    def report_to_viewer(self, peer: Peer, slots: Iterable[Slot]) -> None:
        """Sender reports of `slots`, as many in one datagram as fit."""
        now_ms = self._media_ms()
        ntp, compound = ntp_of(now_ms), b""
        for slot in slots:
            report = slot.report(ntp, now_ms)
            if report is None:
                continue
            if len(compound) + len(report) > MTU:
                peer.send_control(compound)
                compound = b""
            compound += report
        if compound:
            peer.send_control(compound)


def _block(layer: Layer, now_s: float) -> Block:
    got = layer.reception
    delay = int((now_s - got.lsr_at_s) * 65536) if got.lsr else 0
    lost = min(got.expected - got.packets, 0x7FFFFF)
    highest = got.highest & 0xFFFFFFFF
    return Block(layer.ssrc, got.fraction(), max(lost, -0x800000), highest, int(got.jitter), got.lsr, delay)


def _moved_on(estimate_bps: int | None, layers: list[Layer]) -> int:
    """Grows by 8 % a second while little is lost, falls to what arrives when much is."""
    lost_share = max(layer.lost_share for layer in layers)
    rate = estimate_bps or ESTIMATE_START_BPS
    if lost_share > 0.1:
        rate = int(0.85 * sum(layer.bitrate_bps for layer in layers))
    elif lost_share < 0.02:
        rate = int(rate * 1.08)
    return max(ESTIMATE_MIN_BPS, min(rate, ESTIMATE_MAX_BPS))
