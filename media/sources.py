"""Sources and the publications that fill them: who is born, who lives, who takes over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from media.layers import Layer
from media.model import Kind, PublicationId, SourceName, SourceSpec
from media.peers import Peer
from media.plane import InboundTrack
from media.publications import Publication


class Sources:
    """`publications` is what fills each source now, `publishers` the sessions behind (also of those that wait).

    `on_change(source, live)`: its layers changed; `live` is None unless its media began or fell silent.
    """

    def __init__(
        self, on_change: Callable[[SourceName, bool | None], None], ask_keyframe: Callable[[Layer], None]
    ) -> None:
        self.publications: dict[SourceName, Publication] = {}
        self.publishers: dict[Publication, Peer] = {}
        self._delays: dict[SourceName, int] = {}
        self._live: set[SourceName] = set()
        self._on_change = on_change
        self._ask_keyframe = ask_keyframe

    def all(self) -> list[Publication]:
        """Those of sessions and those of slates."""
        return [*self.publishers, *(p for p in self.publications.values() if p.session is None)]

    def configure(self, specs: Sequence[SourceSpec]) -> None:
        """Sound delays; a source that isn't named has none."""
        self._delays = {spec.source: spec.delay_ms for spec in specs}
        for publication in self.all():
            for layer in publication.layers():
                self._delay(layer)

    def born(
        self, source: SourceName, name: PublicationId, tracks: Sequence[InboundTrack], peer: Peer | None
    ) -> Publication:
        """A publication takes its source at once if nothing live has it, else with its own first packet."""
        publication = Publication(source, name, tracks, peer.spec.id if peer is not None else None)
        publication.ask = self._ask_keyframe
        if peer is not None:
            self.publishers[publication] = peer
        present = self.publications.get(source)
        if present is None or not present.live:
            self.publications[source] = publication
        return publication

    def gone(self, publication: Publication) -> None:
        self.publishers.pop(publication, None)
        for layer in publication.layers():
            layer.live, layer.dark = False, True
        source = publication.source
        if self.publications.get(source) is publication:
            del self.publications[source]
            for other in self.publishers:
                if other.source == source:
                    self.publications[source] = other
        self._changed(source)

    def alive(self, layer: Layer) -> None:
        """A layer began, or changed its codec or size."""
        publication = layer.track.publication
        present = self.publications.get(publication.source)
        if not publication.seated or present is None or not present.live:
            self.publications[publication.source] = publication
        publication.seated = True
        self._delay(layer)
        self._changed(publication.source)

    def fades(self, layer: Layer) -> None:
        """A layer fell silent."""
        layer.live = False
        self._changed(layer.track.publication.source)

    def dead(self, layer: Layer) -> None:
        """A layer is silent for so long, or said farewell, that it must be replaced."""
        layer.live, layer.dark = False, True
        self._changed(layer.track.publication.source)

    def _changed(self, source: SourceName) -> None:
        publication = self.publications.get(source)
        live = publication is not None and publication.live
        if live == (source in self._live):
            self._on_change(source, None)
            return
        if live:
            self._live.add(source)
        else:
            self._live.discard(source)
        self._on_change(source, live)

    def _delay(self, layer: Layer) -> None:
        if layer.track.kind is Kind.AUDIO:
            layer.clock.delay(self._delays.get(layer.track.publication.source, 0))
