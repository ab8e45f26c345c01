"""The Plane: datagrams in, datagrams out.

A plane owns the media sockets and every packet. Python hands it sessions, keys
and routes, and takes events and statistics. Two planes keep this promise:
plane_python (needs no compiler, the oracle of the contract tests) and, where
it is built, the native one. Times are seconds of a monotonic clock that the
plane reads itself; `media_ms` is the node's common clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NewType, Protocol

import msgspec

from media.model import (
    AudienceName,
    Codec,
    IceCredentials,
    Kind,
    PublicationId,
    PublicationState,
    Purpose,
    Route,
    SessionId,
    SlotId,
    SlotState,
    SourceName,
    SourceSpec,
)

Address = NewType("Address", tuple[str, int])
"""(numeric host, port), IPv4 or IPv6."""


class Capability(StrEnum):
    """What a plane can do beyond the contract."""

    GSO = "gso"
    CONGESTION_CONTROL = "congestion-control"
    TEMPORAL_LAYERS = "temporal-layers"
    ICE_TCP = "ice-tcp"


class SrtpProfile(StrEnum):
    AEAD_AES_128_GCM = "AEAD_AES_128_GCM"
    AES128_CM_SHA1_80 = "AES128_CM_SHA1_80"


class SrtpKeys(msgspec.Struct, frozen=True):
    """Master key and salt, concatenated, per direction (RFC 5764 section 4.2)."""

    profile: SrtpProfile
    receive: bytes
    send: bytes


class Extensions(msgspec.Struct, frozen=True):
    """Negotiated RTP header extension ids (RFC 8285), 0: not negotiated."""

    mid: int = 0
    rid: int = 0
    repaired_rid: int = 0
    abs_send_time: int = 0
    transport_cc: int = 0
    abs_capture_time: int = 0
    audio_level: int = 0


class PayloadType(msgspec.Struct, frozen=True):
    """One negotiated payload type; `apt` is set for RTX (RFC 4588): then `codec` is the repaired one's.

    `fmtp` distinguishes H264 profiles and packetization modes. `remb`: the peer's
    bandwidth estimate hangs on goog-remb; it is sent only where `transport_cc` is not.
    """

    number: int
    codec: Codec
    clock_hz: int
    apt: int | None = None
    fmtp: str = ""
    nack: bool = False
    pli: bool = False
    transport_cc: bool = False
    remb: bool = False


class InboundTrack(msgspec.Struct, frozen=True):
    """What a peer will send on one m-line. `ssrcs` maps announced SSRC -> rid ("" for none);
    `repairs` maps an RTX SSRC to the SSRC it repairs. Unannounced SSRCs are bound by mid and rid."""

    mid: str
    kind: Kind
    payloads: tuple[PayloadType, ...]
    extensions: Extensions
    ssrcs: dict[int, str] = {}
    repairs: dict[int, int] = {}
    rids: tuple[str, ...] = ()


class OutboundSlot(msgspec.Struct, frozen=True):
    """A slot on one m-line that we send on, with the SSRCs that our answer announced."""

    slot: SlotId
    mid: str
    kind: Kind
    payloads: tuple[PayloadType, ...]
    extensions: Extensions
    ssrc: int
    rtx_ssrc: int | None


class PlaneSession(msgspec.Struct, frozen=True):
    """All that a plane must know of one session before its first datagram.

    `shard`: which of the plane's threads has it; there is one now.
    """

    id: SessionId
    purpose: Purpose
    local: IceCredentials
    remote: IceCredentials
    cname: str
    source: SourceName | None
    publication: PublicationId | None
    audience: AudienceName | None
    inbound: tuple[InboundTrack, ...] = ()
    outbound: tuple[OutboundSlot, ...] = ()
    shard: int = 0


class Validated(msgspec.Struct, frozen=True, tag="validated"):
    """ICE validated a tuple of this session: DTLS may begin."""

    session: SessionId


class Handshake(msgspec.Struct, frozen=True, tag="handshake"):
    """A DTLS record (first byte 20-63) from the validated tuple."""

    session: SessionId
    record: bytes


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """Consent ended: 30 s without a valid STUN check (RFC 7675)."""

    session: SessionId


class Showing(msgspec.Struct, frozen=True, tag="showing"):
    """An audience's slot switched: `source` is what it shows from this packet on (None: nothing)."""

    audience: AudienceName
    slot: SlotId
    source: SourceName | None


class Life(msgspec.Struct, frozen=True, tag="life"):
    """A publication's media began (`live`) or fell silent."""

    source: SourceName
    live: bool


PlaneEvent = Validated | Handshake | Lost | Showing | Life


class SessionFigures(msgspec.Struct, frozen=True):
    """What a plane counted for one session; slots for those that play, with what their line is believed to carry."""

    round_trip_ms: float | None
    lost_share: float
    packets_in: int
    packets_out: int
    dropped_forged: int
    dropped_replayed: int
    slots: dict[SlotId, SlotState]
    estimate_bps: int | None = None


class Figures(msgspec.Struct, frozen=True):
    """Once a second, everything at a glance."""

    sessions: dict[SessionId, SessionFigures]
    publications: dict[SourceName, PublicationState]
    packets_in: int
    packets_out: int
    repaired: int
    dropped: dict[str, int]


class Plane(Protocol):
    """Datagrams in, datagrams out. Every method is called from one event loop."""

    name: str
    capabilities: frozenset[Capability]

    @property
    def notes(self) -> Sequence[str]:
        """What an administrator should know once it is open, in sentences."""

    async def open(
        self, bind: Sequence[Address], on_event: Callable[[PlaneEvent], None], listen: Sequence[Address] = ()
    ) -> None:
        """Bind the UDP sockets, and listen for ICE-TCP (Capability.ICE_TCP) on `listen`. Raises OSError."""

    async def close(self) -> None: ...
    def add(self, session: PlaneSession) -> None: ...
    def restart(self, session: SessionId, local: IceCredentials, remote: IceCredentials) -> None:
        """ICE restart: keys and streams stay, the tuple is validated anew."""

    def secure(self, session: SessionId, keys: SrtpKeys) -> None:
        """DTLS is done: media may flow."""

    def remove(self, session: SessionId) -> None: ...
    def send(self, session: SessionId, record: bytes) -> None:
        """A DTLS record to the validated tuple; silently nothing before validation."""

    def route(self, audience: AudienceName, routes: Sequence[Route]) -> None:
        """Replace an audience's routes. Slots keep the old picture until the new one's keyframe."""

    def heights(self, session: SessionId, heights: Mapping[SlotId, int]) -> None:
        """Displayed heights in px per slot, for the choice of layer; 0 pauses the slot."""

    def configure(self, sources: Sequence[SourceSpec]) -> None: ...
    def publish(self, source: SourceName, publication: PublicationId, tracks: Sequence[InboundTrack]) -> None:
        """A publication born inside the relay (a slate): packets come by `inject`."""

    def inject(self, source: SourceName, ssrc: int, packet: bytes) -> None:
        """One clear RTP packet of a publication born inside the relay."""

    def withdraw(self, source: SourceName) -> None: ...
    def figures(self) -> Figures: ...
