"""What the relay knows: sessions, publications, tracks, layers, slots, routes.

Names of conferences, people and rooms mean nothing here; they pass through as text.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

import msgspec

SessionId = NewType("SessionId", str)
"""128 random bits as 32 hex digits, made by the web process; part of the WHIP/WHEP resource URL."""
PublicationId = NewType("PublicationId", str)
"""128 random bits as 32 hex digits, made by the relay where the publication was born."""
SourceName = NewType("SourceName", str)
"""A Source of some conference, qualified: `jiangsu-2022:changzhou/camera-1`."""
AudienceName = NewType("AudienceName", str)
"""An audience of some room, qualified: `jiangsu-2022.stage:wall:changzhou`."""
SlotId = NewType("SlotId", str)
"""A place in a subscription: `v0`, `v1` ... pictures, `a0`, `a1` ... sounds, in the order of the offer's m-lines.

`v<n>` and `a<n>` share one MediaStream, so that a source on both stays in sync."""


class Kind(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"


class Codec(StrEnum):
    """Codecs that pass through; names as in SDP, compared without case."""

    VP8 = "VP8"
    H264 = "H264"
    VP9 = "VP9"
    AV1 = "AV1"
    OPUS = "opus"
    RED = "red"


class IceCredentials(msgspec.Struct, frozen=True):
    """RFC 8839 ice-ufrag and ice-pwd."""

    ufrag: str
    pwd: str


class Purpose(StrEnum):
    PUBLISH = "publish"
    PLAY = "play"


class SessionSpec(msgspec.Struct, frozen=True):
    """A session that web wants: who (as web's own text), and to publish `source` or to play `audience`.

    `offer` is the peer's SDP. It is left out ("") once the answer was observed: the relay
    keeps what it needs. `restart` are the peer's newest ICE credentials after a restart.
    `heights` are the displayed heights in px per picture slot (0: not shown, do not send).
    """

    id: SessionId
    purpose: Purpose
    owner: str
    offer: str = ""
    source: SourceName | None = None
    audience: AudienceName | None = None
    codecs: tuple[Codec, ...] = (Codec.VP8, Codec.H264, Codec.VP9, Codec.AV1, Codec.OPUS)
    takeover: bool = False
    restart: IceCredentials | None = None
    heights: dict[SlotId, int] = {}


class Route(msgspec.Struct, frozen=True):
    """A Source into a Slot; `fallback` is taken by the plane itself while `source` has no live media."""

    slot: SlotId
    source: SourceName
    fallback: SourceName | None = None


class SlateSpec(msgspec.Struct, frozen=True):
    """A prerendered loop that publishes as `source`: its place and what it shows, each as every language writes it
    (the first ones are kept where all are too long); one rendering per codec."""

    source: SourceName
    place: tuple[str, ...]
    shows: tuple[str, ...]
    codecs: tuple[Codec, ...]


class SourceSpec(msgspec.Struct, frozen=True):
    """Settings of a Source that outlive its publications: sound `delay_ms` against its picture (0-500)."""

    source: SourceName
    delay_ms: int = 0


class SessionPhase(StrEnum):
    NEW = "new"
    CONNECTED = "connected"
    ENDED = "ended"


class Layer(msgspec.Struct, frozen=True):
    """One encoding of a track (a simulcast RID, "" when there is one only)."""

    rid: str
    width: int
    height: int
    bitrate_bps: int
    frames_per_s: float


class TrackState(msgspec.Struct, frozen=True):
    """One track of a publication. `packets`, `lost` and `repaired` (lost, and came when it was asked for) count from
    its beginning; `lost_share` is the last second's, of the layer that loses most."""

    kind: Kind
    codec: Codec
    live: bool
    layers: tuple[Layer, ...]
    packets: int
    lost: int
    jitter_ms: float
    lost_share: float = 0.0
    repaired: int = 0


class PublicationState(msgspec.Struct, frozen=True):
    """What fills a Source now. `age_ms` is capture to relay on the common clock, None while unknown.

    `estimate_bps` is what its encoder was told that its line carries (REMB); None where nobody is told, for an encoder
    with transport-wide feedback reckons that itself.
    """

    id: PublicationId
    source: SourceName
    session: SessionId | None
    tracks: tuple[TrackState, ...]
    round_trip_ms: float | None
    age_ms: float | None
    estimate_bps: int | None = None

    @property
    def lost_share(self) -> float:
        """0 to 1, of the last second, of the track that fares worst."""
        return round(max((track.lost_share for track in self.tracks), default=0.0), 4)


class Traffic(msgspec.Struct, frozen=True):
    """What a relay moved until `at_s` (its monotonic clock), on which plane; datagrams it `dropped` by reason."""

    plane: str
    at_s: float
    packets_in: int = 0
    packets_out: int = 0
    repaired: int = 0
    dropped: dict[str, int] = {}


class SlotState(msgspec.Struct, frozen=True):
    """One slot of one session: what it shows since its last switch, and why not if it can't.

    `layer` is the RID that is sent and `height` its picture's in px; `packets` and `repaired` (sent again
    on request) count from the session's beginning; `lost_share` and `jitter_ms` are the viewer's own report.
    """

    showing: SourceName | None
    bitrate_bps: int = 0
    reason: str = ""
    layer: str = ""
    height: int = 0
    packets: int = 0
    repaired: int = 0
    lost_share: float = 0.0
    jitter_ms: float = 0.0


class SessionState(msgspec.Struct, frozen=True):
    """A session as the relay has it. `spec` has no offer; `answer` is the relay's SDP.

    `refused` is a code (see media.negotiation.Refusal); `reason` says it in English for logs and encoders.
    `estimate_bps` is what a player's line is believed to carry, None while nothing limits it that is known of.
    """

    spec: SessionSpec
    phase: SessionPhase
    answer: str = ""
    ice: IceCredentials | None = None
    refused: str = ""
    reason: str = ""
    round_trip_ms: float | None = None
    lost_share: float = 0.0
    slots: dict[SlotId, SlotState] = {}
    estimate_bps: int | None = None
