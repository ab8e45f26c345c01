"""What the relay observes, and what of it web was not told yet."""

from __future__ import annotations

from collections.abc import Iterable

from media.control import Observed
from media.model import AudienceName, PublicationState, SessionId, SessionState, SlotId, SourceName, Traffic


class Ledger:
    """Sessions, publications and what is shown; `whole` and `changes` make frames of it."""

    def __init__(self, epoch: str, candidates: Iterable[str] = ()) -> None:
        self.epoch = epoch
        self._candidates = tuple(candidates)
        self.revision = -1
        self.sessions: dict[SessionId, SessionState] = {}
        self.publications: dict[SourceName, PublicationState] = {}
        self.showing: dict[AudienceName, dict[SlotId, SourceName]] = {}
        self.traffic: Traffic | None = None
        self._changed: dict[SessionId, SessionState] = {}
        self._lit: set[SourceName] = set()
        self._dark: set[SourceName] = set()
        self._switched: set[AudienceName] = set()
        self._told: tuple[int, Traffic | None] = (-1, None)

    def session(self, state: SessionState) -> None:
        """The session's state from now on."""
        if self.sessions.get(state.spec.id) != state:
            self.sessions[state.spec.id] = self._changed[state.spec.id] = state

    def forget(self, session: SessionId) -> None:
        """Web wants it no more and was told, or will be, that it ended."""
        self.sessions.pop(session, None)

    def publication(self, state: PublicationState) -> None:
        if self.publications.get(state.source) != state:
            self.publications[state.source] = state
            self._lit.add(state.source)
            self._dark.discard(state.source)

    def dark(self, source: SourceName) -> None:
        """Nothing fills the source any more."""
        if self.publications.pop(source, None) is not None:
            self._lit.discard(source)
            self._dark.add(source)

    def shows(self, audience: AudienceName, slot: SlotId, source: SourceName | None) -> None:
        slots = self.showing.setdefault(audience, {})
        if slots.get(slot) != source:
            self._switched.add(audience)
            if source is None:
                del slots[slot]
            else:
                slots[slot] = source

    def forget_audience(self, audience: AudienceName) -> None:
        if self.showing.pop(audience, None) is not None:
            self._switched.add(audience)

    def whole(self, clock_ms: float) -> Observed:
        """Everything; what was told by it is not told again."""
        self._settle()
        return Observed(
            self.epoch,
            self.revision,
            True,
            clock_ms,
            dict(self.sessions),
            dict(self.publications),
            (),
            self.showing,
            self.traffic,
            self._candidates,
        )

    def changes(self, clock_ms: float) -> Observed | None:
        """What changed since the last frame, None when nothing did."""
        told = (self.revision, self.traffic)
        if not (self._changed or self._lit or self._dark or self._switched) and self._told == told:
            return None
        frame = Observed(
            self.epoch,
            self.revision,
            False,
            clock_ms,
            self._changed,
            {source: self.publications[source] for source in self._lit},
            tuple(sorted(self._dark)),
            {audience: dict(self.showing.get(audience, {})) for audience in self._switched},
            self.traffic,
        )
        self._settle()
        return frame

    def _settle(self) -> None:
        self._changed, self._lit, self._dark, self._switched = {}, set(), set(), set()
        self._told = (self.revision, self.traffic)
