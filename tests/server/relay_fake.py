"""A relay that does what it is told: answers at once, or refuses as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from msgspec.structs import replace

from media.control import Observed
from media.model import (
    AudienceName,
    Codec,
    IceCredentials,
    Kind,
    Layer,
    PublicationId,
    PublicationState,
    Route,
    SessionId,
    SessionPhase,
    SessionSpec,
    SessionState,
    SlateSpec,
    SlotId,
    SourceName,
    SourceSpec,
    TrackState,
)

CANDIDATE = "a=candidate:1 1 udp 2130706431 192.0.2.1 8443 typ host"
ANSWER = f"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n{CANDIDATE}\r\n"


class RelayListener(Protocol):
    """What a RelayClient calls back."""

    def observed(self, frame: Observed) -> None: ...
    def linked(self, connected: bool) -> None: ...
    def another_epoch(self, epoch: str) -> None: ...
    def adopt(self, spec: SessionSpec) -> bool: ...


class FakeRelay:
    """Stands in for media.client.RelayClient; `listener` is set by the test."""

    def __init__(self) -> None:
        self.listener: RelayListener | None = None
        self.epoch = "epoch-1"
        self.connected = True
        self.sessions: dict[SessionId, SessionState] = {}
        self.publications: dict[SourceName, PublicationState] = {}
        self.showing: dict[AudienceName, dict[SlotId, SourceName]] = {}
        self.candidates = (CANDIDATE,)
        self.specs: dict[SessionId, SessionSpec] = {}
        self.routes: dict[AudienceName, tuple[Route, ...]] = {}
        self.configured: list[tuple[SourceSpec, ...]] = []
        self.slated: list[tuple[SlateSpec, ...]] = []
        self.routed = 0
        self.started = False
        self.refuse = ""
        self.silent = False
        self._generation = 0

    def start(self) -> None:
        self.started = True

    async def close(self) -> None:
        self.started = False

    def wants(self, session: SessionId) -> SessionSpec | None:
        return self.specs.get(session)

    def put(self, spec: SessionSpec) -> None:
        known = self.specs.get(spec.id)
        self.specs[spec.id] = replace(spec, offer="")
        if self.silent:
            return
        if known is not None:
            restarted = spec.restart != known.restart
            ice = self._fresh_ice() if restarted else self.sessions[spec.id].ice
            state = replace(self.sessions[spec.id], spec=self.specs[spec.id], ice=ice, answer="")
            self.sessions[spec.id] = state
            asyncio.get_running_loop().call_soon(self.observe, {spec.id: state})

    def _fresh_ice(self) -> IceCredentials:
        self._generation += 1
        return IceCredentials(f"ufrag{self._generation}", "p" * 22)

    def drop(self, session: SessionId) -> None:
        self.specs.pop(session, None)
        self.sessions.pop(session, None)

    def route(self, audience: AudienceName, routes: Sequence[Route]) -> None:
        self.routed += 1
        self.routes[audience] = tuple(routes)

    def configure(self, sources: Sequence[SourceSpec]) -> None:
        self.configured.append(tuple(sources))

    def slates(self, slates: Sequence[SlateSpec]) -> None:
        self.slated.append(tuple(slates))

    async def negotiated(self, session: SessionId, timeout_s: float) -> SessionState:
        spec = self.specs[session]
        if self.silent:
            raise TimeoutError
        if self.refuse:
            return SessionState(spec, SessionPhase.ENDED, refused=self.refuse, reason="so said the test")
        self.sessions[session] = SessionState(spec, SessionPhase.NEW, answer=ANSWER, ice=self._fresh_ice())
        return self.sessions[session]

    # What the test makes happen

    def observe(self, sessions: dict[SessionId, SessionState] | None = None, whole: bool = False) -> None:
        """The listener is told of these sessions and of all publications."""
        assert self.listener is not None
        self.listener.observed(Observed(self.epoch, 1, whole, 0, sessions or {}, dict(self.publications)))

    def end(self, session: SessionId, reason: str) -> None:
        """The relay ends a session by itself."""
        spec = self.specs.pop(session)
        self.sessions.pop(session, None)
        self.observe({session: SessionState(spec, SessionPhase.ENDED, reason=reason)})

    def restart(self) -> None:
        """Another relay process answers."""
        assert self.listener is not None
        self.epoch = "epoch-2"
        self.specs, self.sessions, self.publications, self.showing = {}, {}, {}, {}
        self.listener.another_epoch(self.epoch)

    def reconnect(self) -> None:
        """The first connect of a web process that came back: its sessions are put to it."""
        assert self.listener is not None
        for session, spec in list(self.specs.items()):
            if not self.listener.adopt(spec):
                self.drop(session)


def publication(source: str, session: str | None = None, *, live: bool = True) -> PublicationState:
    """A camera at 720p with sound."""
    picture = TrackState(Kind.VIDEO, Codec.VP8, live, (Layer("", 1280, 720, 2_000_000, 30.0),), 990, 10, 4.0, 0.03, 7)
    sound = TrackState(Kind.AUDIO, Codec.OPUS, live, (Layer("", 0, 0, 96_000, 50.0),), 50, 0, 1.0)
    id = PublicationId("f" * 32)
    return PublicationState(
        id, SourceName(source), SessionId(session) if session else None, (picture, sound), 80.0, 130.0
    )
