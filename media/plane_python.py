"""The small obvious plane: needs no compiler, is the oracle of the contract tests."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from media.clock import CommonClock
from media.doors import Doors
from media.feedback import REPORT_EVERY_S, Feedback
from media.ice import Path
from media.intake import Intake
from media.layers import DARK_S, SILENT_S, Layer
from media.model import (
    AudienceName,
    IceCredentials,
    PublicationId,
    Route,
    SessionId,
    SlotId,
    SourceName,
    SourceSpec,
)
from media.peers import Peer, Transmit
from media.plane import Address, Capability, Figures, InboundTrack, Life, Lost, PlaneEvent, PlaneSession, SrtpKeys
from media.routing import Router
from media.rtp import read_header, without_padding
from media.sources import Sources
from media.tcp import Streams
from media.udp import Sockets

TICK_S: Final = 0.02
FEEDBACK_EVERY_S: Final = 0.1
FIGURES_EVERY_S: Final = 1.0
STALL_S: Final = 0.2
"""if the process itself stood still for so long, nobody's silence counts before it listened again."""


class PythonPlane:
    """Implements media.plane.Plane. `receive` and `tick` are its whole input besides the calls."""

    name = "python"
    capabilities: frozenset[Capability] = frozenset({Capability.ICE_TCP})
    notes: Sequence[str] = ()

    def __init__(
        self,
        monotonic_s: Callable[[], float] = time.monotonic,
        media_ms: Callable[[], float] | None = None,
        transmit: Transmit | None = None,
    ) -> None:
        """`media_ms` is the node's common clock; `transmit` stands in for the sockets."""
        self._now = monotonic_s
        self._media_ms = media_ms or CommonClock()
        self._streams = Streams()
        self._sockets = Sockets(self._streams.transmit)
        self._transmit = transmit or self._sockets.transmit
        self._on_event: Callable[[PlaneEvent], None] = lambda event: None
        self._timer: asyncio.TimerHandle | None = None
        self._sources = Sources(self._life_changed, self._ask)
        self._router = Router(self._sources.publications, self._emit)
        self._doors = Doors(self._transmit, self._emit, self._media, self._control)
        self._intake = Intake(self._media_ms, self._sources.alive, self._sources.dead, self._doors.dropped)
        self._feedback = Feedback(self._media_ms)
        self._ticked_s = self._awake_s = float("-inf")
        self._feedback_at_s = self._second_at_s = 0.0
        self._ended: tuple[int, ...] = (0,) * 6

    # --- lifetime

    async def open(
        self, bind: Sequence[Address], on_event: Callable[[PlaneEvent], None], listen: Sequence[Address] = ()
    ) -> None:
        """Bind the UDP sockets, and listen for ICE-TCP on `listen`. Raises OSError."""
        self._on_event = on_event
        self._sockets.open(bind, self.receive)
        try:
            await self._streams.open(listen, self.receive)
        except OSError:
            self._sockets.close()
            raise
        self._tick_again()

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._sockets.close()
        self._streams.close()

    @property
    def addresses(self) -> list[Address]:
        """Where the sockets are bound."""
        return self._sockets.addresses

    def _tick_again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick_again)
        self.tick()

    # --- sessions

    def add(self, session: PlaneSession) -> None:
        peer = Peer(session, self._transmit, lambda: secrets.randbelow(1 << 14))
        self._doors.add(peer)
        if session.source is not None and session.publication is not None and session.inbound:
            peer.publication = self._sources.born(session.source, session.publication, session.inbound, peer)

    def restart(self, session: SessionId, local: IceCredentials, remote: IceCredentials) -> None:
        """ICE restart: keys and streams stay, the tuple is validated anew."""
        if session in self._doors.peers:
            self._doors.restart(session, local, remote)

    def secure(self, session: SessionId, keys: SrtpKeys) -> None:
        """DTLS is done: media may flow. Raises ValueError for keys of the wrong length."""
        peer = self._doors.peers.get(session)
        if peer is not None:
            peer.secure(keys)
            self._router.join(peer, self._now())

    def remove(self, session: SessionId) -> None:
        peer = self._doors.remove(session)
        if peer is None:
            return
        self._router.leave(peer, self._now())
        self._ended = tuple(map(sum, zip(self._ended, peer.totals, strict=True)))
        peer.agent.path = None
        if peer.publication is not None:
            self._sources.gone(peer.publication)

    def send(self, session: SessionId, record: bytes) -> None:
        """A DTLS record to the validated tuple; silently nothing before validation."""
        peer = self._doors.peers.get(session)
        if peer is not None and peer.agent.path is not None:
            self._transmit(record, peer.agent.path)

    # --- routes and sources

    def route(self, audience: AudienceName, routes: Sequence[Route]) -> None:
        """Replace an audience's routes. Slots keep the old picture until the new one's keyframe."""
        self._router.route(audience, routes, self._now())

    def heights(self, session: SessionId, heights: Mapping[SlotId, int]) -> None:
        """Displayed heights in px per slot, for the choice of layer; 0 pauses the slot."""
        peer = self._doors.peers.get(session)
        if peer is not None:
            for name, height in heights.items():
                if name in peer.slots:
                    peer.slots[name].height = height
            self._router.decide_peer(peer, self._now())

    def configure(self, sources: Sequence[SourceSpec]) -> None:
        """Sound delays; a source that isn't named has none."""
        self._sources.configure(sources)

    def publish(self, source: SourceName, publication: PublicationId, tracks: Sequence[InboundTrack]) -> None:
        """A publication born inside the relay (a slate): packets come by `inject`."""
        self.withdraw(source)
        self._sources.born(source, publication, tracks, None)

    def inject(self, source: SourceName, ssrc: int, packet: bytes) -> None:
        """One clear RTP packet of a publication born inside the relay."""
        publication, header = self._sources.publications.get(source), read_header(packet)
        if publication is None or publication.session is not None or header is None:
            return
        header = header._replace(ssrc=ssrc)
        layer = publication.streams.get(ssrc) or publication.bind(header)
        if isinstance(layer, Layer):
            payload = packet[header.size :]
            payload = without_padding(payload) if header.padded else payload
            self._intake.layer_packet(layer, layer.extend(header.seq), header, payload, b"", self._now())

    def withdraw(self, source: SourceName) -> None:
        publication = self._sources.publications.get(source)
        if publication is not None and publication.session is None:
            self._sources.gone(publication)

    def figures(self) -> Figures:
        peers = self._doors.peers
        totals = (self._ended, *(peer.totals for peer in peers.values()))
        packets_in, packets_out, repaired, forged, replayed, refused = map(sum, zip(*totals, strict=True))
        return Figures(
            sessions={name: peer.figures() for name, peer in peers.items()},
            publications={name: publication.state() for name, publication in self._sources.publications.items()},
            packets_in=packets_in,
            packets_out=packets_out,
            repaired=repaired,
            dropped={**self._doors.dropped, "forged": forged, "replayed": replayed, "send-refused": refused},
        )

    def _life_changed(self, source: SourceName, live: bool | None) -> None:
        if live is not None:
            self._emit(Life(source, live))
        self._router.changed(source, self._now())

    def _ask(self, layer: Layer) -> None:
        peer = self._sources.publishers.get(layer.track.publication)
        if peer is not None:
            self._feedback.ask_keyframe(peer, layer, self._now())

    # --- datagrams and time

    def receive(self, datagram: bytes, path: Path) -> None:
        """One datagram that came in on `path`."""
        self._doors.receive(datagram, path, self._now())

    def _media(self, peer: Peer, datagram: bytes, now_s: float) -> None:
        self._intake.media(peer, datagram, now_s)

    def _control(self, peer: Peer, datagram: bytes, now_s: float) -> None:
        self._intake.control(peer, datagram, now_s)

    def _emit(self, event: PlaneEvent) -> None:
        self._on_event(event)

    def tick(self) -> None:
        """What is due by the clock; called every TICK_S or more often."""
        now_s = self._now()
        if now_s - self._ticked_s > STALL_S:
            self._awake_s = now_s
        self._ticked_s = now_s
        self._watch_layers(now_s)
        switched, self._router.switched = self._router.switched, []
        for peer, slot in switched:
            self._feedback.report_to_viewer(peer, [slot])
        if now_s - self._feedback_at_s >= FEEDBACK_EVERY_S:
            self._feedback_at_s = now_s
            self._watch_peers(now_s)
        if now_s - self._second_at_s >= FIGURES_EVERY_S:
            self._second_at_s = now_s
            self._second_passed()

    def _watch_layers(self, now_s: float) -> None:
        for publication in self._sources.all():
            peer = self._sources.publishers.get(publication)
            for layer in publication.layers():
                if layer.dark:
                    continue
                silent_s = now_s - max(layer.heard_s, self._awake_s)
                if silent_s >= DARK_S:
                    self._sources.dead(layer)
                elif layer.live and silent_s >= SILENT_S:
                    self._sources.fades(layer)
                elif layer.live and peer is not None:
                    self._feedback.ask_keyframe(peer, layer, now_s)
                    self._feedback.ask_repairs(peer, layer, now_s)

    def _watch_peers(self, now_s: float) -> None:
        for peer in list(self._doors.peers.values()):
            if peer.agent.lost(now_s) and not peer.lost:
                peer.lost = True
                self._emit(Lost(peer.spec.id))
            if not peer.secured or peer.lost:
                continue
            self._feedback.arrivals(peer)
            if now_s >= peer.report_at_s:
                peer.report_at_s = now_s + REPORT_EVERY_S
                self._feedback.report_to_publisher(peer, now_s)
                self._feedback.report_to_viewer(peer, peer.slots.values())

    def _second_passed(self) -> None:
        for publication in self._sources.all():
            for layer in publication.layers():
                layer.second_passed()
        for peer in self._doors.peers.values():
            for slot in peer.slots.values():
                slot.second_passed()
