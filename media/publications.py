"""Publications: which SSRC is which track's which layer, and repairs unwrapped (RFC 4588, 8843, 8852)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from media.layers import Layer
from media.model import Kind, PublicationId, PublicationState, SessionId, SourceName, TrackState
from media.model import Layer as LayerState
from media.plane import InboundTrack, PayloadType
from media.rtp import Header, elements
from media.timeline import PublisherClock

STREAMS_MAX: Final = 48
"""SSRCs of one publication, repairs included."""


class Repair(NamedTuple):
    """An RTX stream and the layer that it repairs."""

    layer: Layer


Stream = Layer | Repair


class Track:
    """One m-line of a publication with its layers by RID."""

    def __init__(self, spec: InboundTrack, publication: Publication) -> None:
        self.spec = spec
        self.kind = spec.kind
        self.publication = publication
        self.layers: dict[str, Layer] = {}
        self._payloads = {payload.number: payload for payload in spec.payloads}
        self.clock_hz = spec.payloads[0].clock_hz if spec.payloads else (90000 if spec.kind is Kind.VIDEO else 48000)

    def payload(self, number: int) -> PayloadType | None:
        return self._payloads.get(number)

    @property
    def sending(self) -> PayloadType | None:
        """What the track sends, or sent last."""
        return next((layer.payload for layer in self.heard), None)

    @property
    def heard(self) -> list[Layer]:
        """The live layers; while none is, the one that was heard last."""
        heard = [layer for layer in self.layers.values() if layer.payload is not None]
        live = [layer for layer in heard if layer.live]
        return live or sorted(heard, key=lambda layer: layer.heard_s)[-1:]

    @property
    def live(self) -> bool:
        return any(layer.live for layer in self.layers.values())

    @property
    def lit(self) -> bool:
        """Live, or not silent long enough to be replaced."""
        return any(not layer.dark for layer in self.layers.values())

    def state(self) -> TrackState | None:
        """None while nothing of it was ever heard."""
        heard = [layer for layer in self.layers.values() if layer.payload is not None]
        if not heard or heard[0].payload is None:
            return None
        return TrackState(
            kind=self.kind,
            codec=heard[0].payload.codec,
            live=self.live,
            layers=tuple(_layer_state(layer) for layer in heard if layer.live),
            packets=sum(layer.reception.packets for layer in heard),
            lost=sum(layer.reception.lost for layer in heard),
            jitter_ms=max(layer.reception.jitter for layer in heard) * 1000 / self.clock_hz,
            lost_share=max((layer.lost_share for layer in heard if layer.live), default=0.0),
            repaired=sum(layer.repairs.mended for layer in heard),
        )


def _layer_state(layer: Layer) -> LayerState:
    return LayerState(layer.rid, layer.width, layer.height, layer.bitrate_bps, layer.frames_per_s)


class Publication:
    """What fills a source: a peer's tracks, or with `session` None a slate's.

    `seated`: its media took the source once; it does not take it again from a living successor.
    """

    def __init__(
        self, source: SourceName, name: PublicationId, tracks: Sequence[InboundTrack], session: SessionId | None
    ) -> None:
        self.source = source
        self.id = name
        self.session = session
        self.clock = PublisherClock()
        self.round_trip_ms: float | None = None
        self.estimate_bps: int | None = None
        self.tracks = [Track(spec, self) for spec in tracks]
        self.streams: dict[int, Stream] = {}
        self.seated = False
        self.ask: Callable[[Layer], None] = lambda layer: None
        for track in self.tracks:
            for ssrc, rid in track.spec.ssrcs.items():
                self._add_layer(track, ssrc, rid)
            for ssrc, repaired in track.spec.repairs.items():
                layer = self.streams.get(repaired)
                if isinstance(layer, Layer):
                    self.streams[ssrc] = Repair(layer)

    @property
    def live(self) -> bool:
        return any(track.live for track in self.tracks)

    def layers(self) -> list[Layer]:
        return [layer for track in self.tracks for layer in track.layers.values()]

    def _add_layer(self, track: Track, ssrc: int, rid: str) -> Layer | None:
        if len(self.streams) >= STREAMS_MAX:
            return None
        previous = track.layers.get(rid)
        if previous is not None:  # the peer took a new SSRC: the old one stays bound for late packets only
            track.layers[f"{rid}~{previous.ssrc}"] = previous
        layer = track.layers[rid] = Layer(track, ssrc, rid, self.session is None)
        self.streams[ssrc] = layer
        return layer

    def bind(self, header: Header) -> Stream | None:
        """The stream of an SSRC seen for the first time; None when nothing says whose it is."""
        values = dict(elements(header.profile, header.extension))
        track = self._track_of(header, values)
        if track is None:
            return None
        ids = track.spec.extensions
        repaired = _text(values, ids.repaired_rid)
        payload = track.payload(header.payload_type)
        if payload is not None and payload.apt is not None:
            layer = track.layers.get(repaired or _text(values, ids.rid))
            if layer is None and len(track.layers) == 1:
                layer = next(iter(track.layers.values()))
            if layer is None or len(self.streams) >= STREAMS_MAX:
                return None
            self.streams[header.ssrc] = Repair(layer)
            return self.streams[header.ssrc]
        rid = _text(values, ids.rid)
        if payload is None or (track.spec.rids and rid not in track.spec.rids):
            return None
        return self._add_layer(track, header.ssrc, rid)

    def _track_of(self, header: Header, values: dict[int, bytes]) -> Track | None:
        """By mid; else the only track that knows the payload type."""
        for track in self.tracks:
            if _text(values, track.spec.extensions.mid) == track.spec.mid:
                return track
        able = [track for track in self.tracks if track.payload(header.payload_type)]
        return able[0] if len(able) == 1 else None

    def state(self) -> PublicationState:
        tracks = tuple(state for track in self.tracks if (state := track.state()))
        return PublicationState(
            self.id, self.source, self.session, tracks, self.round_trip_ms, self._age_ms(), self.estimate_bps
        )

    def _age_ms(self) -> float | None:
        """Capture to relay, of the picture where there is one; None before sender reports tell."""
        if self.clock.offset_ms is None:
            return None
        live = [layer for layer in self.layers() if layer.live]
        pictures = [layer for layer in live if layer.track.kind is Kind.VIDEO]
        return min((layer.age_ms for layer in pictures or live if layer.age_ms is not None), default=None)


def _text(values: dict[int, bytes], name: int) -> str:
    """An SDES item carried as header extension; "" when it isn't there."""
    return values[name].decode("ascii", "replace") if name and name in values else ""


def unwrapped(layer: Layer, header: Header, payload: bytes) -> tuple[int, Header, bytes] | None:
    """The original packet in an RTX packet (RFC 4588 section 4): extended sequence number, header, payload."""
    repair = layer.track.payload(header.payload_type)
    if repair is None or repair.apt is None or len(payload) < 3:
        return None
    seq = int.from_bytes(payload[:2])
    original = header._replace(payload_type=repair.apt, seq=seq, ssrc=layer.ssrc)
    return layer.extend(seq), original, payload[2:]
