"""One session as the plane has it: its path, its keys, its slots or its publication, its counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from media.ice import Agent, Path
from media.model import SlotId
from media.plane import PlaneSession, SessionFigures, SrtpKeys
from media.publications import Publication, Stream
from media.rtp import Header
from media.slots import Slot
from media.srtp import Forged, Replayed, Seal, SrtcpSender, SrtpReceiver, seal_for
from media.transport_cc import ArrivalRecord

HANDSHAKE_MAX: Final = 16 * 1024
"""bytes of DTLS handed up before the keys are there, and again after."""
OWN_SSRC: Final = 1
"""our SSRC in RTCP to publishers, as libwebrtc's own receivers use it."""
MTU: Final = 1200
"""bytes of RTCP in one datagram."""

Transmit = Callable[[bytes, Path], bool]
"""Send a datagram; False when the system refuses it now."""


class Peer:
    """State of one PlaneSession; the plane feeds it."""

    def __init__(self, spec: PlaneSession, transmit: Transmit, first_seq: Callable[[], int]) -> None:
        self.spec = spec
        self.agent = Agent(spec.local, spec.remote)
        self.validated = False
        self.lost = False
        self.publication: Publication | None = None
        self.slots: dict[SlotId, Slot] = {
            slot.slot: Slot(slot, spec.cname, first_seq(), self.send_media) for slot in spec.outbound
        }
        self.by_ssrc = {slot.spec.ssrc: slot for slot in self.slots.values()}
        self.arrivals = ArrivalRecord()
        self.transport_cc = next(
            (t.extensions.transport_cc for t in spec.inbound if any(p.transport_cc for p in t.payloads)), 0
        )
        self.audio_level = max((track.extensions.audio_level for track in spec.inbound), default=0)
        self.remb = not self.transport_cc and any(p.remb for t in spec.inbound for p in t.payloads)
        self.media_ssrc = 0
        self.round_trip_ms: float | None = None
        self.handshake_left = HANDSHAKE_MAX
        self.report_at_s = 0.0
        self.packets_in = self.packets_out = self.forged = self.replayed = self.refused = 0
        self._transmit = transmit
        self._receiver: SrtpReceiver | None = None
        self._control: SrtcpSender | None = None
        self._seal: Seal | None = None

    @property
    def secured(self) -> bool:
        return self._receiver is not None

    def secure(self, keys: SrtpKeys) -> None:
        """Raises ValueError for keys of the wrong length."""
        self._receiver = SrtpReceiver(seal_for(keys.profile, keys.receive))
        self._seal = seal_for(keys.profile, keys.send)
        self._control = SrtcpSender(self._seal)
        self.handshake_left = HANDSHAKE_MAX

    def open(self, packet: bytes, header: Header) -> tuple[int, bytes] | None:
        """Packet index and clear payload; None (counted) for what isn't authentic or was seen."""
        if self._receiver is None:
            return None
        try:
            opened = self._receiver.open(packet, header.ssrc, header.seq, header.size)
        except Forged:
            self.forged += 1
        except Replayed:
            self.replayed += 1
        else:
            self.packets_in += 1
            return opened
        return None

    def open_control(self, packet: bytes) -> bytes | None:
        """The clear compound, None (counted) for what isn't authentic or was seen."""
        if self._receiver is None:
            return None
        try:
            return self._receiver.open_control(packet)
        except Forged:
            self.forged += 1
        except Replayed:
            self.replayed += 1
        return None

    def stream(self, header: Header) -> Stream | None:
        """The stream of a packet that this peer publishes."""
        if self.publication is None:
            return None
        return self.publication.streams.get(header.ssrc) or self.publication.bind(header)

    def send_media(self, ssrc: int, index: int, header: bytes, payload: bytes) -> None:
        path = self.agent.path
        if self._seal is not None and path is not None:
            self.packets_out += 1
            if not self._transmit(self._seal.seal(ssrc, index, header, payload), path):
                self.refused += 1

    def send_control(self, compound: bytes) -> None:
        path = self.agent.path
        if self._control is not None and path is not None:
            self._transmit(self._control.protect(compound), path)

    @property
    def totals(self) -> tuple[int, ...]:
        """In, out, resent, forged, replayed, refused by the system."""
        repaired = sum(slot.repaired for slot in self.slots.values())
        return self.packets_in, self.packets_out, repaired, self.forged, self.replayed, self.refused

    def figures(self) -> SessionFigures:
        return SessionFigures(
            round_trip_ms=self.round_trip_ms,
            lost_share=self._lost_share(),
            packets_in=self.packets_in,
            packets_out=self.packets_out,
            dropped_forged=self.forged,
            dropped_replayed=self.replayed,
            slots={name: slot.state() for name, slot in self.slots.items()},
        )

    def _lost_share(self) -> float:
        if self.publication is not None:
            layers = [layer for layer in self.publication.layers() if layer.live]
            return max((layer.lost_share for layer in layers), default=0.0)
        return max((slot.lost_share for slot in self.slots.values()), default=0.0)
