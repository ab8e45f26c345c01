"""The relay: makes what web desires true in the plane, and observes what is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from typing import Final, Protocol, TypeVar, assert_never

import structlog
from aiortc.rtcdtlstransport import RTCCertificate
from msgspec.structs import replace

from media.answer import Endpoint
from media.control import Desired
from media.handshake import Handshake, HandshakeFailed
from media.ledger import Ledger
from media.model import (
    AudienceName,
    PublicationId,
    Purpose,
    Route,
    SessionId,
    SessionPhase,
    SessionSpec,
    SessionState,
    SlateSpec,
    SlotId,
    SlotState,
    SourceName,
    SourceSpec,
    Traffic,
)
from media.negotiation import Negotiated, RandomBytes, Refusal, ice_credentials, negotiate
from media.plane import Figures, Life, Lost, Plane, PlaneEvent, SessionFigures, Showing, Validated
from media.plane import Handshake as HandshakeRecord
from media.session import Session, Tenant

SESSIONS_MAX: Final = 4096
"""On one node; beyond it a newcomer is told so instead of everybody being served badly."""
UNCONNECTED_S: Final = 10.0

Name = TypeVar("Name", bound=str)
log = structlog.get_logger("relay")


class Slates(Protocol):
    """Who publishes prerendered loops into the plane."""

    def want(self, slates: Iterable[SlateSpec]) -> None:
        """Publish these, and no others."""


class Relay:
    """All sessions of one relay process. Call everything from one event loop."""

    def __init__(
        self,
        plane: Plane,
        slates: Slates,
        endpoint: Endpoint,
        certificate: RTCCertificate,
        ledger: Ledger,
        now_s: Callable[[], float],
        random: RandomBytes,
        on_change: Callable[[], None],
        soon: Callable[[Callable[[], None]], object],
    ) -> None:
        """`now_s` is monotonic; `on_change()` after the ledger changed at a moment that matters; `soon(call)`
        calls in the event loop's next turn, after the packets that came meanwhile."""
        self._plane, self._slates, self._endpoint, self._certificate = plane, slates, endpoint, certificate
        self._ledger, self._now_s, self._random, self._on_change = ledger, now_s, random, on_change
        self._soon = soon
        self._arriving: dict[SessionId, SessionSpec] = {}
        self._sessions: dict[SessionId, Session] = {}
        self._tenants: dict[SourceName, Tenant] = {}
        self._routes: dict[AudienceName, tuple[Route, ...]] = {}
        self._sources: tuple[SourceSpec, ...] = ()

    def want(self, desired: Desired) -> bool:
        """Bring the plane to what web desires; False when `desired` builds on a revision that is not in force."""
        if desired.base is not None and desired.base != self._ledger.revision:
            return False
        self._ledger.revision = desired.revision
        self._want_routes(desired)
        if desired.sources is not None and desired.sources != self._sources:
            self._sources = desired.sources
            self._plane.configure(desired.sources)
        if desired.slates is not None:
            self._slates.want(desired.slates)
        known = [*self._ledger.sessions, *self._arriving]
        for session in (*desired.gone, *_unnamed(desired, known, desired.sessions)):
            self._drop(session)
        for spec in sorted(desired.sessions.values(), key=_publishers_first):
            self._want_session(spec)
        self._on_change()
        return True

    def on_event(self, event: PlaneEvent) -> None:
        """The plane's word. Events of sessions that are gone change nothing."""
        match event:
            case Validated(session):
                self._shake(session)
            case HandshakeRecord(session, record):
                if (found := self._sessions.get(session)) is not None and found.handshake is not None:
                    found.handshake.feed(record)
            case Lost(session):
                self._end(session, "lost")
            case Showing(audience, slot, source):
                if audience in self._routes:
                    self._ledger.shows(audience, slot, source)
                    self._on_change()
            case Life(source, live):
                self._lives(source, live)
            case never:
                assert_never(never)

    def tick(self) -> None:
        """Once a second: figures into the ledger, unconnected sessions out."""
        late_s = self._now_s() - UNCONNECTED_S
        for session in [name for name, found in self._sessions.items() if found.is_unconnected_since(late_s)]:
            self._end(session, "handshake-timeout")
        self._count(self._plane.figures())
        self._on_change()

    def close(self) -> None:
        """End every session; peers are told by DTLS."""
        for session in list(self._sessions):
            self._end(session, "closed")

    # What web desires

    def _want_routes(self, desired: Desired) -> None:
        unnamed = _unnamed(desired, self._routes, desired.routes)
        for audience, routes in (*desired.routes.items(), *((name, ()) for name in unnamed)):
            if self._routes.get(audience, ()) != routes:
                self._routes[audience] = routes  # first: the Python plane says at once what the slots show
                self._plane.route(audience, routes)
            if not routes and self._routes.pop(audience, None) is not None:
                self._ledger.forget_audience(audience)

    def _want_session(self, spec: SessionSpec) -> None:
        found = self._sessions.get(spec.id)
        if found is not None:
            self._change(found, spec)
        elif spec.id not in self._ledger.sessions:
            if not self._arriving:
                self._soon(self._admit_next)
            self._arriving[spec.id] = spec

    def _admit_next(self) -> None:
        """One session per turn of the event loop: hundreds that return at once hold no packet up."""
        if not self._arriving:
            return
        spec = self._arriving.pop(next(iter(self._arriving)))
        try:
            self._admit(spec)
        except Refusal as refusal:
            log.info("session refused", session=spec.id, code=refusal.code, reason=refusal.reason)
            self._record_end(replace(spec, offer=""), refused=refusal.code, reason=refusal.reason)
        self._on_change()
        if self._arriving:
            self._soon(self._admit_next)

    def _admit(self, spec: SessionSpec) -> None:
        """A new session: answer it, hand it to the plane. Raises Refusal."""
        if not spec.offer:
            self._record_end(spec, reason="lost")
            return
        if len(self._sessions) >= SESSIONS_MAX:
            raise Refusal("too-many", f"this relay holds {SESSIONS_MAX} sessions already")
        publication = None
        if spec.purpose is Purpose.PUBLISH:
            self._require_free(spec)
            publication = PublicationId(self._random(16).hex())
        elif spec.audience is None:
            raise Refusal("unknown-audience", "the session names no audience")
        negotiated = negotiate(spec, publication, self._endpoint, self._random)
        self._install(replace(spec, offer=""), negotiated)

    def _require_free(self, spec: SessionSpec) -> None:
        if spec.source is None:
            raise Refusal("no-media", "the session names no source to publish")
        tenant = self._tenants.get(spec.source)
        if tenant is not None and tenant.is_alive(self._now_s()) and not spec.takeover:
            raise Refusal("occupied", "another encoder is live on this source; stop it, or take over with ?takeover=1")

    def _install(self, spec: SessionSpec, negotiated: Negotiated) -> None:
        session = Session(spec, replace(negotiated, answer=""), self._now_s())
        if spec.source is not None and spec.purpose is Purpose.PUBLISH:
            if (former := self._tenants.get(spec.source)) is not None:
                self._end(former.session, "replaced")
            self._tenants[spec.source] = Tenant(spec.id, negotiated, self._now_s())
        self._sessions[spec.id] = session
        self._plane.add(negotiated.session)
        if spec.heights:
            self._plane.heights(spec.id, spec.heights)
        self._ledger.session(
            SessionState(
                spec,
                SessionPhase.NEW,
                answer=negotiated.answer,
                ice=negotiated.session.local,
                slots={slot: SlotState(None, reason=reason) for slot, reason in negotiated.deaf.items()},
            )
        )
        log.info("session accepted", session=spec.id, purpose=spec.purpose)

    def _change(self, session: Session, spec: SessionSpec) -> None:
        """Heights and an ICE restart are all that may change in a session."""
        state = self._ledger.sessions[spec.id]
        if spec.heights != session.spec.heights:
            self._plane.heights(spec.id, spec.heights)
        if spec.restart is not None and spec.restart != session.spec.restart:
            ice = ice_credentials(self._random)
            self._plane.restart(spec.id, ice, spec.restart)
            state = replace(state, ice=ice)
        session.spec = replace(session.spec, heights=spec.heights, restart=spec.restart)
        self._ledger.session(replace(state, spec=session.spec))

    def _drop(self, session: SessionId) -> None:
        self._arriving.pop(session, None)
        self._end(session, "closed")
        self._ledger.forget(session)

    # What happens

    def _shake(self, name: SessionId) -> None:
        """ICE found a way: DTLS may begin. A second way (restart, new tuple) changes nothing."""
        session = self._sessions.get(name)
        if session is None or session.handshake is not None:
            return
        session.handshake = Handshake(
            self._certificate,
            session.negotiated.role,
            session.negotiated.fingerprints,
            send=lambda record: self._plane.send(name, record),
            on_close=lambda: self._end(name, "closed"),
        )
        session.task = asyncio.create_task(self._secure(session, session.handshake), name=f"handshake {name}")

    async def _secure(self, session: Session, handshake: Handshake) -> None:
        name = session.spec.id
        try:
            keys = await handshake.run()
        except TimeoutError:
            self._end(name, "handshake-timeout")
        except HandshakeFailed:
            self._end(name, "handshake-failed")
        except Exception:
            log.exception("handshake broke", session=name)
            self._end(name, "handshake-failed")
        else:
            self._plane.secure(name, keys)
            self._ledger.session(replace(self._ledger.sessions[name], phase=SessionPhase.CONNECTED, answer=""))
            self._on_change()
            log.info("session connected", session=name, profile=keys.profile)

    def _end(self, name: SessionId, reason: str) -> None:
        """Over, for `reason`; sessions that are over already stay as they ended."""
        session = self._sessions.pop(name, None)
        if session is None:
            return
        session.stop()
        self._plane.remove(name)
        source = session.spec.source
        if source is not None and (tenant := self._tenants.get(source)) is not None and tenant.session == name:
            del self._tenants[source]
            self._ledger.dark(source)
        self._record_end(session.spec, reason=reason)
        self._on_change()
        log.info("session ended", session=name, reason=reason)

    def _record_end(self, spec: SessionSpec, refused: str = "", reason: str = "") -> None:
        self._ledger.session(SessionState(spec, SessionPhase.ENDED, refused=refused, reason=reason))

    def _lives(self, source: SourceName, live: bool) -> None:
        if (tenant := self._tenants.get(source)) is not None:
            tenant.lives(live, self._now_s())
            known = self._ledger.publications.get(source) or tenant.publication(source)
            self._ledger.publication(replace(known, tracks=tuple(replace(track, live=live) for track in known.tracks)))
        self._on_change()

    def _count(self, figures: Figures) -> None:
        self._ledger.traffic = Traffic(
            self._plane.name, self._now_s(), figures.packets_in, figures.packets_out, figures.repaired, figures.dropped
        )
        for name, counted in figures.sessions.items():
            if (session := self._sessions.get(name)) is not None:
                self._ledger.session(_counted(self._ledger.sessions[name], session.negotiated.deaf, counted))
        for publication in figures.publications.values():
            self._ledger.publication(publication)
        for source in [name for name in self._ledger.publications if name not in figures.publications]:
            if source not in self._tenants:
                self._ledger.dark(source)


def _unnamed(desired: Desired, have: Iterable[Name], named: Container[Name]) -> list[Name]:
    """What a whole frame does not name must go; a difference leaves it."""
    return [name for name in have if name not in named] if desired.base is None else []


def _publishers_first(spec: SessionSpec) -> bool:
    """Viewers who return to an empty stage would only see slates."""
    return spec.purpose is not Purpose.PUBLISH


def _counted(state: SessionState, deaf: dict[SlotId, str], counted: SessionFigures) -> SessionState:
    slots = dict(counted.slots)
    slots |= {slot: SlotState(None, reason=reason) for slot, reason in deaf.items()}
    round_trip_ms = None if counted.round_trip_ms is None else round(counted.round_trip_ms, 1)
    return replace(
        state,
        round_trip_ms=round_trip_ms,
        lost_share=round(counted.lost_share, 4),
        slots=slots,
        estimate_bps=counted.estimate_bps,
    )
