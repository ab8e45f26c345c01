"""The native plane: media.plane.Plane over `twinhall_native`. No packet comes by here, only messages.

Structs travel as MessagePack: commands down, one call each; events up, when the shard rings. Their
mirror in Rust is media/native/core/src/model.rs. One shard now; sessions carry a shard's number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from media.clock import CommonClock
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
from media.plane import (
    Address,
    Capability,
    Figures,
    InboundTrack,
    PlaneEvent,
    PlaneSession,
    SrtpKeys,
)

if TYPE_CHECKING:
    from twinhall_native import Shard

CLOCK_EVERY_S: Final = 0.5
STEP_MAX_US: Final = 100_000
"""The common clock never steps; only a machine that slept makes the two differ by more."""
CAPABILITIES: Final = frozenset({Capability.ICE_TCP, Capability.CONGESTION_CONTROL, Capability.TEMPORAL_LAYERS})
"""and GSO once it is open, where the kernel takes runs"""
_MASTER: Final = {"AEAD_AES_128_GCM": 28, "AES128_CM_SHA1_80": 30}
"""bytes of master key and salt."""


class _Map(msgspec.Struct, frozen=True):
    """How the common clock runs: `media_us` at monotonic `at_us`, and what it gains from there."""

    at_us: int
    media_us: int
    gain_ppm: float

    def media_at(self, now_us: int) -> float:
        since_us = now_us - self.at_us
        return self.media_us + since_us * (1 + self.gain_ppm / 1e6)


class _Command(msgspec.Struct, frozen=True, tag_field="type"):
    """What a shard is told; each is one method of the Plane."""


class _Clock(_Command, frozen=True, tag="clock"):
    map: _Map


class _Add(_Command, frozen=True, tag="add"):
    session: PlaneSession


class _Restart(_Command, frozen=True, tag="restart"):
    session: SessionId
    local: IceCredentials
    remote: IceCredentials


class _Secure(_Command, frozen=True, tag="secure"):
    session: SessionId
    keys: SrtpKeys


class _Remove(_Command, frozen=True, tag="remove"):
    session: SessionId


class _Send(_Command, frozen=True, tag="send"):
    session: SessionId
    record: bytes


class _Route(_Command, frozen=True, tag="route"):
    audience: AudienceName
    routes: Sequence[Route]


class _Heights(_Command, frozen=True, tag="heights"):
    session: SessionId
    heights: Mapping[SlotId, int]


class _Configure(_Command, frozen=True, tag="configure"):
    sources: Sequence[SourceSpec]


class _Publish(_Command, frozen=True, tag="publish"):
    source: SourceName
    publication: PublicationId
    tracks: Sequence[InboundTrack]


class _Inject(_Command, frozen=True, tag="inject"):
    source: SourceName
    ssrc: int
    packet: bytes


class _Withdraw(_Command, frozen=True, tag="withdraw"):
    source: SourceName


log = structlog.get_logger("relay")
_encode = msgspec.msgpack.Encoder().encode
_events = msgspec.msgpack.Decoder(list[PlaneEvent])
_figures = msgspec.msgpack.Decoder(Figures)


class NativePlane:
    """Implements media.plane.Plane. Importing this module needs no built `twinhall_native`; `open` does."""

    name = "native"

    def __init__(self, media_ms: Callable[[], float] | None = None) -> None:
        """`media_ms` is the node's common clock."""
        self.capabilities: frozenset[Capability] = CAPABILITIES
        self._media_ms = media_ms or CommonClock()
        self._on_event: Callable[[PlaneEvent], None] = lambda event: None
        self._shard: Shard | None = None
        self._map: _Map | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._before: list[_Command] = []

    # --- lifetime

    async def open(
        self, bind: Sequence[Address], on_event: Callable[[PlaneEvent], None], listen: Sequence[Address] = ()
    ) -> None:
        """Bind the UDP sockets, and listen for ICE-TCP on `listen`. Raises OSError."""
        from twinhall_native import Shard

        self._on_event = on_event
        self._shard = Shard(list(bind), list(listen))
        self.capabilities = CAPABILITIES | ({Capability.GSO} if self._shard.gso else set())
        self._tell_clock_again()
        before, self._before = self._before, []
        for command in before:
            self._tell(command)
        asyncio.get_running_loop().add_reader(self._shard.events_fd, self._hear)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._shard is not None:
            asyncio.get_running_loop().remove_reader(self._shard.events_fd)
            self._shard.close()
            self._shard = None

    @property
    def addresses(self) -> list[Address]:
        """Where the sockets are bound."""
        return [Address(address) for address in self._shard.addresses] if self._shard is not None else []

    @property
    def notes(self) -> Sequence[str]:
        """What an administrator should know, in sentences."""
        return self._shard.notes if self._shard is not None else []

    # --- sessions

    def add(self, session: PlaneSession) -> None:
        self._tell(_Add(session))

    def restart(self, session: SessionId, local: IceCredentials, remote: IceCredentials) -> None:
        """ICE restart: keys and streams stay, the tuple is validated anew."""
        self._tell(_Restart(session, local, remote))

    def secure(self, session: SessionId, keys: SrtpKeys) -> None:
        """DTLS is done: media may flow. Raises ValueError for keys of the wrong length."""
        if {len(keys.receive), len(keys.send)} != {_MASTER[keys.profile]}:
            raise ValueError(f"{keys.profile} takes {_MASTER[keys.profile]} bytes of key and salt")
        self._tell(_Secure(session, keys))

    def remove(self, session: SessionId) -> None:
        self._tell(_Remove(session))

    def send(self, session: SessionId, record: bytes) -> None:
        """A DTLS record to the validated tuple; silently nothing before validation."""
        self._tell(_Send(session, record))

    # --- routes and sources

    def route(self, audience: AudienceName, routes: Sequence[Route]) -> None:
        """Replace an audience's routes. Slots keep the old picture until the new one's keyframe."""
        self._tell(_Route(audience, routes))

    def heights(self, session: SessionId, heights: Mapping[SlotId, int]) -> None:
        """Displayed heights in px per slot, for the choice of layer; 0 pauses the slot."""
        self._tell(_Heights(session, heights))

    def configure(self, sources: Sequence[SourceSpec]) -> None:
        """Sound delays; a source that isn't named has none."""
        self._tell(_Configure(sources))

    def publish(self, source: SourceName, publication: PublicationId, tracks: Sequence[InboundTrack]) -> None:
        """A publication born inside the relay (a slate): packets come by `inject`."""
        self._tell(_Publish(source, publication, tracks))

    def inject(self, source: SourceName, ssrc: int, packet: bytes) -> None:
        """One clear RTP packet of a publication born inside the relay."""
        self._tell(_Inject(source, ssrc, packet))

    def withdraw(self, source: SourceName) -> None:
        self._tell(_Withdraw(source))

    def figures(self) -> Figures:
        """Raises TimeoutError if the shard does not answer."""
        if self._shard is None:
            return Figures({}, {}, 0, 0, 0, {})
        return _figures.decode(self._shard.figures())

    # --- messages

    def _tell(self, command: _Command) -> None:
        """What is wanted before the shard runs waits for it."""
        if self._shard is None:
            self._before.append(command)
        else:
            self._shard.command(_encode(command))

    def _hear(self) -> None:
        if self._shard is not None:
            for event in _events.decode(self._shard.events()):
                try:
                    self._on_event(event)
                except Exception:
                    log.exception("an event broke", kind=type(event).__name__)  # those that came with it are heard

    def _tell_clock_again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(CLOCK_EVERY_S, self._tell_clock_again)
        self._tell_clock()

    def _tell_clock(self) -> None:
        """The line that the common clock follows until it is told again; it begins where the last one ended."""
        now_us, media_us = time.monotonic_ns() // 1000, self._media_ms() * 1000
        begin_us = self._map.media_at(now_us) if self._map is not None else media_us
        if abs(media_us - begin_us) > STEP_MAX_US:
            begin_us = media_us
        self._map = _Map(now_us, round(begin_us), (media_us - begin_us) / CLOCK_EVERY_S)
        self._tell(_Clock(self._map))
