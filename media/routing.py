"""Which layer each slot should show: routes, fallbacks, codecs, displayed heights, and who is alive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from media.layers import Layer
from media.model import AudienceName, Kind, Route, SlotId, SourceName
from media.peers import Peer
from media.plane import Showing
from media.publications import Publication, Track
from media.slots import Slot

WRONG_CODEC = "codec-unsupported"
PAUSED = "paused"
SILENT = "source-silent"


class Audience:
    """One audience: its routes, its sessions, and what its slots show."""

    def __init__(self, name: AudienceName) -> None:
        self.name = name
        self.routes: dict[SlotId, Route] = {}
        self.peers: list[Peer] = []
        self.showing: dict[SlotId, SourceName] = {}

    @property
    def sources(self) -> set[SourceName]:
        named = {route.source for route in self.routes.values()}
        return named | {route.fallback for route in self.routes.values() if route.fallback is not None}


class Router:
    """Routes per audience, held against the publications that live."""

    def __init__(self, publications: dict[SourceName, Publication], emit: Callable[[Showing], None]) -> None:
        self._publications = publications
        self._emit = emit
        self._audiences: dict[AudienceName, Audience] = {}
        self.switched: list[tuple[Peer, Slot]] = []

    def route(self, name: AudienceName, routes: Sequence[Route], now_s: float) -> None:
        audience = self._audience(name)
        audience.routes = {route.slot: route for route in routes}
        self._decide(audience, now_s)
        self._forget_if_empty(audience)

    def join(self, peer: Peer, now_s: float) -> None:
        """A playing session's keys are there."""
        if peer.spec.audience is None:
            return
        audience = self._audience(peer.spec.audience)
        if peer not in audience.peers:
            audience.peers.append(peer)
            for slot in peer.slots.values():
                slot.on_switch = lambda slot, source: self._switched(audience, peer, slot, source)
        self.decide_peer(peer, now_s)

    def leave(self, peer: Peer, now_s: float) -> None:
        for slot in peer.slots.values():
            slot.aim(None, now_s)
        audience = self._audiences.get(peer.spec.audience) if peer.spec.audience is not None else None
        if audience is not None and peer in audience.peers:
            audience.peers.remove(peer)
            self._tell(audience)
            self._forget_if_empty(audience)

    def decide_peer(self, peer: Peer, now_s: float) -> None:
        """Aim one session's slots anew (it joined, or displays another size)."""
        audience = self._audiences.get(peer.spec.audience) if peer.spec.audience is not None else None
        if audience is not None and peer in audience.peers:
            for slot in peer.slots.values():
                self._aim(slot, audience.routes.get(slot.spec.slot), now_s)
            self._tell(audience)

    def changed(self, source: SourceName, now_s: float) -> None:
        """A source's media came, went, or changed its layers."""
        for audience in list(self._audiences.values()):
            if source in audience.sources:
                self._decide(audience, now_s)

    def _forget_if_empty(self, audience: Audience) -> None:
        if not audience.peers and not audience.routes:
            del self._audiences[audience.name]

    def _audience(self, name: AudienceName) -> Audience:
        return self._audiences.setdefault(name, Audience(name))

    def _decide(self, audience: Audience, now_s: float) -> None:
        for peer in audience.peers:
            for slot in peer.slots.values():
                self._aim(slot, audience.routes.get(slot.spec.slot), now_s)
        self._tell(audience)

    def _tell(self, audience: Audience) -> None:
        """Say what is shown, but for slots that still wait for a keyframe."""
        for name in audience.routes.keys() | audience.showing.keys():
            waiting = any(name in peer.slots and peer.slots[name].waiting is not None for peer in audience.peers)
            expected = self._expected(audience.routes.get(name))
            if not waiting or expected is None:
                self._show(audience, name, expected)

    def _switched(self, audience: Audience, peer: Peer, slot: Slot, source: SourceName) -> None:
        """A session's slot switched; one that lacks the codec and shows its slate says nothing about the rest."""
        self.switched.append((peer, slot))
        name = slot.spec.slot
        if source == self._expected(audience.routes.get(name)):
            self._show(audience, name, source)

    def _show(self, audience: Audience, slot: SlotId, source: SourceName | None) -> None:
        if audience.showing.get(slot) == source:
            return
        if source is None:
            del audience.showing[slot]
        else:
            audience.showing[slot] = source
        self._emit(Showing(audience.name, slot, source))

    def _expected(self, route: Route | None) -> SourceName | None:
        """What a slot shows to those who can decode it."""
        if route is None:
            return None
        kind = Kind.AUDIO if route.slot.startswith("a") else Kind.VIDEO
        if self._tracks(route.source, kind):
            return route.source
        if kind is Kind.VIDEO and route.fallback is not None and self._tracks(route.fallback, kind):
            return route.fallback
        return None

    def _tracks(self, source: SourceName, kind: Kind) -> list[Track]:
        publication = self._publications.get(source)
        tracks = [track for track in publication.tracks if track.kind is kind] if publication else []
        lit = [track for track in tracks if track.lit]
        if kind is Kind.AUDIO and not lit:
            return [track for track in tracks if track.sending is not None]
        return lit

    def _aim(self, slot: Slot, route: Route | None, now_s: float) -> None:
        slot.reason = ""
        if route is None:
            slot.aim(None, now_s)
            return
        if slot.video and slot.height == 0:
            slot.reason = PAUSED
            slot.aim(None, now_s)
            return
        tracks = self._tracks(route.source, slot.spec.kind)
        layer = self._layer(slot, tracks)
        if layer is None:
            slot.reason = WRONG_CODEC if tracks else SILENT
            if slot.video and route.fallback is not None:
                layer = self._layer(slot, self._tracks(route.fallback, slot.spec.kind))
        slot.aim(layer, now_s)

    def _layer(self, slot: Slot, tracks: Iterable[Track]) -> Layer | None:
        for track in tracks:
            if track.sending is not None and slot.carries(track.sending):
                return best_layer(track.heard, slot.height)
        return None


def best_layer(layers: Sequence[Layer], height: int | None) -> Layer | None:
    """The smallest layer at least `height` px high, else the largest; None asks for the largest."""
    ordered = sorted(layers, key=lambda layer: (layer.height, layer.bitrate_bps))
    if not ordered:
        return None
    if height is None:
        return ordered[-1]
    return next((layer for layer in ordered if layer.height >= height), ordered[-1])
