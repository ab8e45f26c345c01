"""Links: which invites are revoked, and the generation of each invite's link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, assert_never

import msgspec

from rooms.audience import Audience, Desk
from rooms.definition import Definition
from rooms.invites import Invite, invites
from rooms.kernel import Actor, Command, Event, Fact, InviteId, Json, Names, Refused, Role, RoomId, Scope, Snapshot
from rooms.program import Claim


class Revoke(Command, frozen=True, tag="links.revoke"):
    """The invite's link lets nobody in any more, and those who came by it must leave."""

    invite: InviteId


class Renew(Command, frozen=True, tag="links.renew"):
    """The invite gets a new link; the old one is dead. A revoked invite opens again."""

    invite: InviteId


class LinkRevoked(Event, frozen=True, tag="links.revoked"):
    invite: InviteId


class LinkRenewed(Event, frozen=True, tag="links.renewed"):
    invite: InviteId
    generation: int


LinksCommand = Revoke | Renew
LinksEvent = LinkRevoked | LinkRenewed


class Standing(msgspec.Struct, frozen=True):
    """An invite's link now: only a token of this `generation` is good, and none while `revoked`."""

    generation: int = 1
    revoked: bool = False


class _State(msgspec.Struct, frozen=True):
    standings: dict[InviteId, Standing] = {}


class Links:
    """The standing of every invite of the definition."""

    name: ClassVar[str] = "links"
    scope: ClassVar[Scope] = Scope.CONFERENCE
    version: ClassVar[int] = 1
    admits: ClassVar[Mapping[type[Command], frozenset[Role]]] = {
        Revoke: frozenset({Role.ORGANISER}),
        Renew: frozenset({Role.ORGANISER}),
    }
    events: ClassVar[tuple[type[Event], ...]] = (LinkRevoked, LinkRenewed)
    urgent: ClassVar[tuple[type[Event], ...]] = ()

    def __init__(self, definition: Definition, room: RoomId | None) -> None:
        self._invites = {invite.id: invite for invite in invites(definition)}
        self._state = _State()

    def decide(self, command: LinksCommand, actor: Actor, now_ms: int) -> Sequence[LinksEvent]:
        match command:
            case Revoke(invite):
                if self._invite(invite).role == Role.ORGANISER:
                    raise Refused("organiser-link-needed", invite=invite)
                return [] if self.standing(invite).revoked else [LinkRevoked(invite)]
            case Renew(invite):
                self._invite(invite)
                return [LinkRenewed(invite, self.standing(invite).generation + 1)]
            case never:
                assert_never(never)

    def _invite(self, id: InviteId) -> Invite:
        if id not in self._invites:
            raise Refused("invite-unknown", invite=id[:80])
        return self._invites[id]

    def apply(self, event: LinksEvent, fact: Fact) -> None:
        standings = self._state.standings
        match event:
            case LinkRevoked(invite):
                standings[invite] = Standing(self.standing(invite).generation, revoked=True)
            case LinkRenewed(invite, generation):
                standings[invite] = Standing(generation)
            case never:
                assert_never(never)

    def standing(self, invite: InviteId) -> Standing:
        """The standing of an invite; the first generation, not revoked, if nothing happened to it."""
        return self._state.standings.get(invite, Standing())

    def claims(self) -> Iterable[Claim]:
        return ()

    def view(self, audience: Audience, names: Names, now_ms: int) -> Mapping[str, Json]:
        """Rows by invite, for the organiser only. The URLs are not in it."""
        if not (isinstance(audience, Desk) and audience.role == Role.ORGANISER):
            return {}
        return {invite.id: self._row(invite) for invite in self._invites.values()}

    def _row(self, invite: Invite) -> dict[str, Json]:
        standing = self.standing(invite.id)
        row = {"role": invite.role.value, "venue": invite.venue, "source": invite.source, "name": invite.name}
        said = {key: value for key, value in row.items() if value is not None}
        return {**said, "revoked": standing.revoked, "generation": standing.generation}

    def snapshot(self) -> Snapshot:
        return Snapshot(self.version, msgspec.Raw(msgspec.json.encode(self._state)))

    def restore(self, snapshot: Snapshot) -> None:
        self._state = msgspec.json.decode(snapshot.state, type=_State)

    @classmethod
    def upcast(cls, version: int, event: dict[str, Any]) -> dict[str, Any]:
        return event
