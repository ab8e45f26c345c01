"""Everything web wants of the relay, and what of it the relay was not told yet."""

from __future__ import annotations

import msgspec

from media.control import Desired
from media.model import AudienceName, Route, SessionId, SessionSpec, SlateSpec, SourceSpec


class Wishes:
    """Everything web wants, and what of it the relay was not told yet."""

    def __init__(self) -> None:
        self._revision = 0
        self.sessions: dict[SessionId, SessionSpec] = {}
        self.routes: dict[AudienceName, tuple[Route, ...]] = {}
        self._sources: tuple[SourceSpec, ...] = ()
        self._slates: tuple[SlateSpec, ...] = ()
        self._fresh_sources: tuple[SourceSpec, ...] | None = None
        self._fresh_slates: tuple[SlateSpec, ...] | None = None
        self._fresh_sessions: set[SessionId] = set()
        self._fresh_routes: set[AudienceName] = set()
        self._gone: set[SessionId] = set()

    def put(self, spec: SessionSpec) -> None:
        if self.sessions.get(spec.id) != spec:
            self.sessions[spec.id] = spec
            self._fresh_sessions.add(spec.id)
            self._gone.discard(spec.id)

    def drop(self, session: SessionId) -> None:
        if self.sessions.pop(session, None) is not None:
            self._fresh_sessions.discard(session)
            self._gone.add(session)

    def route(self, audience: AudienceName, routes: tuple[Route, ...]) -> None:
        if self.routes.get(audience, ()) != routes:
            self.routes[audience] = routes
            self._fresh_routes.add(audience)
            if not routes:
                del self.routes[audience]

    def configure(self, sources: tuple[SourceSpec, ...]) -> None:
        if self._sources != sources:
            self._sources = self._fresh_sources = sources

    def slate(self, slates: tuple[SlateSpec, ...]) -> None:
        if self._slates != slates:
            self._slates = self._fresh_slates = slates

    def answered(self, session: SessionId) -> None:
        """The relay keeps the offer now; it need not travel again."""
        if (spec := self.sessions.get(session)) is not None and spec.offer:
            self.sessions[session] = msgspec.structs.replace(spec, offer="")

    def forget_answered(self) -> None:
        self.sessions = {session: spec for session, spec in self.sessions.items() if spec.offer}

    def whole(self) -> Desired:
        self._next_revision()
        return Desired(self._revision, None, self.sessions, (), self.routes, self._sources, self._slates)

    def difference(self) -> Desired | None:
        """What changed since the last frame, None when nothing did."""
        sessions = {session: self.sessions[session] for session in self._fresh_sessions if session in self.sessions}
        routes = {audience: self.routes.get(audience, ()) for audience in self._fresh_routes}
        gone, sources, slates = tuple(self._gone), self._fresh_sources, self._fresh_slates
        if not sessions and not routes and not gone and sources is None and slates is None:
            return None
        base = self._revision
        self._next_revision()
        return Desired(self._revision, base, sessions, gone, routes, sources, slates)

    def _next_revision(self) -> None:
        self._revision += 1
        self._fresh_sessions, self._fresh_routes, self._gone = set(), set(), set()
        self._fresh_sources = self._fresh_slates = None
