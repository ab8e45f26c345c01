"""People: who was let in, by which invite, and who was erased. Names stay in the vault, presence in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, assert_never

import msgspec
from msgspec import Meta

from rooms.audience import Audience
from rooms.definition import Definition
from rooms.kernel import (
    Actor,
    Command,
    Event,
    Fact,
    InviteId,
    Json,
    Names,
    PersonId,
    Role,
    RoomId,
    Scope,
    Snapshot,
    VenueId,
)
from rooms.program import Claim


class Enter(Command, frozen=True, tag="people.enter"):
    """The actor comes in; the server sends it when a link is opened with a name."""


class Erase(Command, frozen=True, tag="people.erase"):
    """The node forgets the person's name; the journal keeps the id, which says nothing."""

    person: Annotated[PersonId, Meta(min_length=1, max_length=96)]


class PersonEntered(Event, frozen=True, tag="people.entered"):
    person: PersonId
    role: Role
    venue: VenueId | None = None
    invite: InviteId = InviteId("")


class PersonErased(Event, frozen=True, tag="people.erased"):
    person: PersonId


PeopleCommand = Enter | Erase
PeopleEvent = PersonEntered | PersonErased


class _State(msgspec.Struct, frozen=True):
    entered: dict[PersonId, PersonEntered] = {}
    erased: set[PersonId] = set()


class People:
    """Everyone who entered, with the role, venue and invite of their last entry."""

    name: ClassVar[str] = "people"
    scope: ClassVar[Scope] = Scope.CONFERENCE
    version: ClassVar[int] = 1
    admits: ClassVar[Mapping[type[Command], frozenset[Role]]] = {
        Enter: frozenset(Role),
        Erase: frozenset({Role.ORGANISER}),
    }
    events: ClassVar[tuple[type[Event], ...]] = (PersonEntered, PersonErased)
    urgent: ClassVar[tuple[type[Event], ...]] = ()

    def __init__(self, definition: Definition, room: RoomId | None) -> None:
        self._state = _State()

    def decide(self, command: PeopleCommand, actor: Actor, now_ms: int) -> Sequence[PeopleEvent]:
        match command:
            case Enter():
                entered = PersonEntered(actor.person, actor.role, actor.venue, actor.invite)
                return [] if self._state.entered.get(actor.person) == entered else [entered]
            case Erase(person):
                return [] if person in self._state.erased else [PersonErased(person)]
            case never:
                assert_never(never)

    def apply(self, event: PeopleEvent, fact: Fact) -> None:
        match event:
            case PersonEntered(person):
                self._state.entered[person] = event
                self._state.erased.discard(person)
            case PersonErased(person):
                self._state.entered.pop(person, None)
                self._state.erased.add(person)
            case never:
                assert_never(never)

    def everyone(self) -> Iterable[PersonEntered]:
        """Everyone who ever entered and was not erased."""
        return self._state.entered.values()

    def erased(self) -> frozenset[PersonId]:
        """Those whose names must not be kept. Who enters again is none of them."""
        return frozenset(self._state.erased)

    def claims(self) -> Iterable[Claim]:
        return ()

    def view(self, audience: Audience, names: Names, now_ms: int) -> Mapping[str, Json]:
        """Nothing of its own: who is present is no fact of the journal; the server adds it."""
        return {}

    def snapshot(self) -> Snapshot:
        return Snapshot(self.version, msgspec.Raw(msgspec.json.encode(self._state)))

    def restore(self, snapshot: Snapshot) -> None:
        self._state = msgspec.json.decode(snapshot.state, type=_State)

    @classmethod
    def upcast(cls, version: int, event: dict[str, Any]) -> dict[str, Any]:
        return event
