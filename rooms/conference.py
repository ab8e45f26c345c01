"""A conference: routes commands, events, claims and views to the features that own them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from rooms.audience import Audience
from rooms.definition import Definition, SourceDefinition
from rooms.features import Kind, commands, events, kinds, queries, tag
from rooms.invites import Invite, invites
from rooms.journal import DefinitionImported, Entry
from rooms.kernel import (
    Actor,
    Answering,
    Command,
    Event,
    Exporting,
    Fact,
    Feature,
    Hosting,
    Json,
    Names,
    Personal,
    PersonId,
    Query,
    Refused,
    RoomId,
    Scope,
    Snapshot,
    Waking,
)
from rooms.program import Screen, SourceFacts, screen
from rooms.views import conference_view, screen_view

F = TypeVar("F")
_Place = tuple[Kind, RoomId | None]
"""A feature of the conference (None) or of one room."""


class ConferenceSnapshot(msgspec.Struct, frozen=True):
    """A whole conference at `seq`; features by `name` or `name@room`."""

    seq: int
    definition: Definition
    features: dict[str, Snapshot]


class Conference:
    """The state of one conference. `seq` is the last entry applied, 0 before the first."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.seq = 0
        self._features: dict[_Place, Feature] = {place: _made(place, definition) for place in _places(definition)}

    @classmethod
    def replayed(cls, entries: Iterable[Entry]) -> Conference:
        """The conference that `entries` make. Raises ValueError if the first holds no definition."""
        ahead = iter(entries)
        first = next(ahead, None)
        match first:
            case Entry(events=(DefinitionImported(definition), *_)):
                conference = cls(definition)
            case _:
                raise ValueError("a journal begins with a conference's definition")
        conference.apply(first)
        for entry in ahead:
            conference.apply(entry)
        return conference

    def decide(self, command: Command, actor: Actor, room: RoomId | None, now_ms: int) -> Sequence[Event]:
        """What `command` makes happen, perhaps nothing. Raises Refused."""
        _, kind = commands()[tag(type(command))]
        if actor.role not in kind.admits[type(command)]:
            raise Refused("role-not-admitted", role=actor.role.value, command=tag(type(command)))
        feature = self._features.get(_place(kind, room))
        if feature is None:
            raise Refused("room-unknown", room=room or "")
        return feature.decide(command, actor, now_ms)

    def apply(self, entry: Entry) -> None:
        """Take the next entry in. Events of features or rooms that are not here change nothing."""
        assert entry.seq == self.seq + 1, f"entry {entry.seq} does not follow {self.seq}"
        fact = _fact(entry)
        for event in entry.events:
            if isinstance(event, DefinitionImported):
                self._redefine(event.definition)
            elif known := events().get(tag(type(event))):
                feature = self._features.get(_place(known[1], entry.room))
                if feature is not None:
                    feature.apply(event, fact)
        self.seq = entry.seq

    def _redefine(self, definition: Definition) -> None:
        """Features keep their state and see the new definition."""
        before = self._features
        self.definition = definition
        self._features = {place: _made(place, definition) for place in _places(definition)}
        for place, feature in self._features.items():
            if place in before:
                feature.restore(before[place].snapshot())

    def feature(self, kind: type[F], room: RoomId | None = None) -> F:
        """One feature, to ask it something: `conference.feature(Links).standing(invite)`. KeyError: no such room."""
        feature = next((feature for place, feature in self._features.items() if place == (kind, room)), None)
        if not isinstance(feature, kind):
            raise KeyError(room)
        return feature

    def rooms(self) -> tuple[RoomId, ...]:
        return tuple(room.id for room in self.definition.rooms)

    def invites(self) -> tuple[Invite, ...]:
        return invites(self.definition)

    def sources(self) -> tuple[SourceDefinition, ...]:
        """The definition's sources, and those of guests for as long as they are guests."""
        return (*self.definition.sources, *{guest.id: guest for guest in self._guests()}.values())

    def _guests(self) -> Iterator[SourceDefinition]:
        for feature in self._features.values():
            if isinstance(feature, Hosting):
                yield from feature.guests()

    def as_guest(self, actor: Actor) -> Actor:
        """The actor with the Source that a feature gave them, if they have none of their own."""
        given = next((guest.id for guest in self._guests() if guest.person == actor.person), None)
        return actor if given is None or actor.source is not None else replace(actor, source=given)

    def screen(self, room: RoomId, audience: Audience) -> Screen:
        """What an audience of a room sees and hears."""
        claims = [claim for feature in self._features.values() for claim in feature.claims() if claim.room == room]
        facts = [SourceFacts(source.id, source.venue) for source in self.sources()]
        return screen(audience, claims, facts)

    def view(self, audience: Audience, room: RoomId, names: Names, now_ms: int) -> dict[str, Json]:
        """The page's view as far as the journal knows it; the server adds slots, media, presence and health."""
        described = conference_view(self.definition, self.sources(), room, now_ms)
        sections: dict[str, Json] = {"conference": described}
        for (kind, where), feature in self._features.items():
            section = feature.view(audience, names, now_ms) if where in (None, room) else {}
            if section:
                sections[kind.name] = section
        shown = screen_view(self.screen(room, audience))
        stage = sections.get("stage")
        sections["stage"] = {**shown, **stage} if isinstance(stage, dict) else shown
        return sections

    def mine(self, person: PersonId, room: RoomId, now_ms: int) -> dict[str, Json]:
        """What the features tell one person alone, beside the view."""
        return {
            kind.name: feature.mine(person, now_ms)
            for (kind, where), feature in self._features.items()
            if where in (None, room) and isinstance(feature, Personal)
        }

    def concerned(self, entry: Entry) -> Iterator[PersonId]:
        """Whose `mine` an applied entry changed."""
        fact = _fact(entry)
        for event in entry.events:
            if known := events().get(tag(type(event))):
                feature = self._features.get(_place(known[1], entry.room))
                if isinstance(feature, Personal):
                    yield from feature.concerned(event, fact)

    def read(self, query: Query, actor: Actor, room: RoomId | None, names: Names, now_ms: int) -> Mapping[str, Json]:
        """The answer to a query. Raises Refused."""
        name = tag(type(query))
        _, kind = queries()[name]
        feature = self._features.get(_place(kind, room))
        if feature is None:
            raise Refused("room-unknown", room=room or "")
        assert isinstance(feature, Answering), "who names queries answers them"
        if actor.role not in feature.reads[type(query)]:
            raise Refused("role-not-admitted", role=actor.role.value, command=name)
        return feature.read(query, actor, names, now_ms)

    def table(self, name: str, room: RoomId | None, names: Names) -> Iterable[Mapping[str, Json]] | None:
        """What the feature of this name has to export; None when there is no such feature or room."""
        for (kind, where), feature in self._features.items():
            if kind.name == name and where in (None, room) and isinstance(feature, Exporting):
                return feature.table(names)
        return None

    def wakes_ms(self, now_ms: int) -> int | None:
        """When some view changes next by time alone."""
        waking = [feature.wakes_ms(now_ms) for feature in self._features.values() if isinstance(feature, Waking)]
        return min((at_ms for at_ms in waking if at_ms is not None), default=None)

    def snapshot(self) -> bytes:
        """The whole state as JSON, for `restored`."""
        features = {_key(place): feature.snapshot() for place, feature in self._features.items()}
        return msgspec.json.encode(ConferenceSnapshot(self.seq, self.definition, features))

    @classmethod
    def restored(cls, data: bytes) -> Conference:
        """A conference as it was at its snapshot.

        Raises ValueError if features came, went or changed since: then the journal has to be replayed.
        """
        try:
            stored = msgspec.json.decode(data, type=ConferenceSnapshot)
        except msgspec.MsgspecError as odd:
            raise ValueError(f"snapshot not understood: {odd}") from odd
        conference = cls(stored.definition)
        versions = {_key(place): feature.version for place, feature in conference._features.items()}
        if versions != {key: snapshot.version for key, snapshot in stored.features.items()}:
            raise ValueError("the snapshot was made by other features")
        for place, feature in conference._features.items():
            feature.restore(stored.features[_key(place)])
        conference.seq = stored.seq
        return conference


def _places(definition: Definition) -> Iterator[_Place]:
    for kind in kinds():
        if kind.scope == Scope.CONFERENCE:
            yield kind, None
        else:
            yield from ((kind, room.id) for room in definition.rooms)


def _place(kind: Kind, room: RoomId | None) -> _Place:
    return kind, None if kind.scope == Scope.CONFERENCE else room


def _made(place: _Place, definition: Definition) -> Feature:
    kind, room = place
    return kind(definition, room)


def _fact(entry: Entry) -> Fact:
    return Fact(entry.seq, entry.at_ms, entry.actor, entry.room)


def _key(place: _Place) -> str:
    kind, room = place
    return kind.name if room is None else f"{kind.name}@{room}"
