"""Media sessions as the web process holds them: who opened each, and how to end it.

Everything that must outlive this process travels in `SessionSpec.owner`, which the relay echoes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from media.model import (
    AudienceName,
    Codec,
    IceCredentials,
    PublicationState,
    Purpose,
    Route,
    SessionId,
    SessionPhase,
    SessionSpec,
    SessionState,
    SlateSpec,
    SlotId,
    SourceName,
    SourceSpec,
)
from rooms.audience import Audience
from rooms.kernel import ConferenceId, InviteId, PersonId, Role, RoomId, VenueId

NEGOTIATION_S: Final = 5.0
"""The relay answers within milliseconds; one that needs longer is taken for away."""
NEGOTIATIONS_MOST: Final = 256
"""At once; a flood of offers waits at the door instead of in memory."""
RELAY_AWAY: Final = "relay-away"
TOO_MANY: Final = "too-many"
_UFRAG: Final = re.compile(r"^a=ice-ufrag:(\S+)\s*$", re.MULTILINE)


class Owner(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose session this is, and by which link. `audience` is set when it plays; `ufrag` is the peer's first."""

    conference: ConferenceId
    room: RoomId
    person: PersonId
    role: Role
    invite: InviteId
    generation: int
    venue: VenueId | None = None
    audience: Audience | None = None
    ufrag: str = ""


class MediaRefused(Exception):
    """The relay's refusal of an offer, or that it is away: a code and why, in English."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Relay(Protocol):
    """The part of media.client.RelayClient that the web process uses."""

    epoch: str
    connected: bool
    sessions: dict[SessionId, SessionState]
    publications: dict[SourceName, PublicationState]
    showing: dict[AudienceName, dict[SlotId, SourceName]]
    candidates: tuple[str, ...]

    def start(self) -> None: ...
    async def close(self) -> None: ...
    def wants(self, session: SessionId) -> SessionSpec | None: ...
    def put(self, spec: SessionSpec) -> None: ...
    def drop(self, session: SessionId) -> None: ...
    def route(self, audience: AudienceName, routes: Sequence[Route]) -> None: ...
    def configure(self, sources: Sequence[SourceSpec]) -> None: ...
    def slates(self, slates: Sequence[SlateSpec]) -> None: ...
    async def negotiated(self, session: SessionId, timeout_s: float) -> SessionState: ...


class Sessions:
    """The sessions of this node, by id. Nothing here knows HTTP."""

    def __init__(self, relay: Relay, new_id: Callable[[], SessionId]) -> None:
        self._relay = relay
        self._new_id = new_id
        self._owners: dict[SessionId, Owner] = {}
        self._pending = 0
        self._restarts: dict[SessionId, asyncio.Future[SessionState]] = {}

    async def publish(
        self, owner: Owner, source: SourceName, codecs: Sequence[Codec], offer: str, *, takeover: bool
    ) -> SessionState:
        """Negotiate a publication of `source`. Raises MediaRefused."""
        return await self._open(owner, Purpose.PUBLISH, offer, source=source, codecs=codecs, takeover=takeover)

    async def play(self, owner: Owner, audience: AudienceName, codecs: Sequence[Codec], offer: str) -> SessionState:
        """Negotiate a subscription to what `audience` sees and hears. Raises MediaRefused."""
        return await self._open(owner, Purpose.PLAY, offer, audience=audience, codecs=codecs)

    async def _open(
        self,
        owner: Owner,
        purpose: Purpose,
        offer: str,
        *,
        codecs: Sequence[Codec],
        source: SourceName | None = None,
        audience: AudienceName | None = None,
        takeover: bool = False,
    ) -> SessionState:
        self.check_relay()
        if self._pending >= NEGOTIATIONS_MOST:
            raise MediaRefused(TOO_MANY, "Too many sessions are being set up at once: try again in a second.")
        ufrag = _UFRAG.search(offer)
        owner = replace(owner, ufrag=ufrag[1] if ufrag else "")
        spec = SessionSpec(
            id=self._new_id(),
            purpose=purpose,
            owner=msgspec.json.encode(owner).decode(),
            offer=offer,
            source=source,
            audience=audience,
            codecs=tuple(codecs),
            takeover=takeover,
        )
        self._owners[spec.id] = owner
        self._pending += 1
        try:
            self._relay.put(spec)
            return self._accepted(await self._relay.negotiated(spec.id, NEGOTIATION_S))
        except TimeoutError:
            raise away() from None
        finally:
            self._pending -= 1
            if (state := self._relay.sessions.get(spec.id)) is None or not state.answer:
                self.close(spec.id)

    def _accepted(self, state: SessionState) -> SessionState:
        if state.answer:
            return state
        raise MediaRefused(state.refused or state.reason or RELAY_AWAY, state.reason)

    async def restart(self, session: SessionId, remote: IceCredentials) -> tuple[SessionState, tuple[str, ...]]:
        """ICE restart with the peer's new credentials: the state with our new ones, and our `a=candidate` lines.

        Raises MediaRefused.
        """
        self.check_relay()
        spec, state = self._relay.wants(session), self.state(session)
        if spec is None or state is None:
            raise away()
        if spec.restart == remote == state.spec.restart:
            return state, self._relay.candidates
        changed = self._restarts.setdefault(session, asyncio.get_running_loop().create_future())
        self._relay.put(replace(spec, restart=remote))
        try:
            return await asyncio.wait_for(asyncio.shield(changed), NEGOTIATION_S), self._relay.candidates
        except TimeoutError:
            raise away() from None
        finally:
            self._restarts.pop(session, None)

    def check_relay(self) -> None:
        """Raises MediaRefused while the relay is away: then nobody knows which sessions live."""
        if not self._relay.connected:
            raise away()

    def owner(self, session: SessionId) -> Owner | None:
        """Whose session this is; None when there is none of this relay process."""
        return self._owners.get(session)

    def state(self, session: SessionId) -> SessionState | None:
        return self._relay.sessions.get(session)

    def show(self, session: SessionId, heights: Mapping[SlotId, int]) -> None:
        """The displayed heights in px of a session's picture slots, for the choice of layers."""
        if spec := self._relay.wants(session):
            self._relay.put(replace(spec, heights=dict(heights)))

    def close(self, session: SessionId) -> None:
        """End a session; one that is gone already is fine."""
        self._owners.pop(session, None)
        self._relay.drop(session)

    def of_invite(self, conference: ConferenceId, invite: InviteId) -> list[SessionId]:
        return [
            session
            for session, owner in self._owners.items()
            if owner.conference == conference and owner.invite == invite
        ]

    def of_conference(self, conference: ConferenceId) -> list[SessionId]:
        return [session for session, owner in self._owners.items() if owner.conference == conference]

    def publishing(self) -> Iterator[tuple[SessionId, SourceName]]:
        """The sessions that publish, each with its Source."""
        for session in self._owners:
            spec = self._relay.wants(session)
            if spec is not None and spec.source is not None:
                yield session, spec.source

    def adopt(self, spec: SessionSpec) -> Owner | None:
        """Hold a session that an earlier web process opened; None when its owner can't be read."""
        try:
            owner = msgspec.json.decode(spec.owner, type=Owner)
        except msgspec.DecodeError:
            return None
        self._owners[spec.id] = owner
        return owner

    def disown(self, session: SessionId) -> None:
        """Forget a session that the relay is told to end."""
        self._owners.pop(session, None)

    def forget_epoch(self) -> None:
        """Another relay process: all sessions are gone, but those whose offer is still on its way."""
        self._owners = {id: owner for id, owner in self._owners.items() if self._relay.wants(id) is not None}

    def observe(self, states: Mapping[SessionId, SessionState]) -> Iterator[tuple[SessionId, Owner, str]]:
        """Take in what the relay saw; gives the sessions that ended by themselves with the reason."""
        for session, state in states.items():
            self._wake(session, state)
            if state.phase is SessionPhase.ENDED and (owner := self._owners.pop(session, None)) is not None:
                yield session, owner, state.refused or state.reason

    def _wake(self, session: SessionId, state: SessionState) -> None:
        """Answer a waiting restart once the relay has taken the new credentials."""
        waiting = self._restarts.get(session)
        spec = self._relay.wants(session)
        if waiting is None or waiting.done() or spec is None or state.ice is None:
            return
        if state.spec.restart == spec.restart:
            waiting.set_result(state)


def away() -> MediaRefused:
    return MediaRefused(RELAY_AWAY, "The relay is starting again: try again in a second.")
