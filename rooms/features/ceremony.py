"""The ceremony of a room: acts signed, handed over, unveiled and begun together by parties in several halls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, get_args

import msgspec

from rooms.audience import Audience, Desk
from rooms.ceremony import commands as c
from rooms.ceremony import events as e
from rooms.ceremony import words as w
from rooms.ceremony.book import Book
from rooms.ceremony.hands import OFFICERS, Hands
from rooms.ceremony.model import Act, Kept, drafts, signatory
from rooms.ceremony.reveal import skew_ms
from rooms.ceremony.rows import Rows
from rooms.ceremony.rules import Rules
from rooms.ceremony.table import DONE, ON_STAGE, Step
from rooms.definition import PARTIES_MAX, Definition, ProjectKind, SourceKind
from rooms.invites import invites, pad_person, seat_of
from rooms.kernel import (
    Actor,
    Command,
    Event,
    Fact,
    Json,
    Names,
    PersonId,
    ProjectId,
    Refused,
    Role,
    RoomId,
    Scope,
    SeatId,
    Snapshot,
    SourceId,
    VenueId,
)
from rooms.program import Claim, Layout

PRIORITY: Final = 5
"""Above the stage's scene, below a guest who joins it."""
SIGNATORY: Final = frozenset({Role.SIGNATORY})
JOINERS: Final = OFFICERS | {Role.EXHIBITOR, Role.SIGNATORY, Role.SPEAKER}
_DESKS: Final = OFFICERS | {Role.DIRECTOR, Role.OPERATOR}


class Ceremony:
    """The acts of one room. Names and strokes live in the vault; `Book` holds the state, `Rules` and `Hands` decide."""

    name: ClassVar[str] = "ceremony"
    scope: ClassVar[Scope] = Scope.ROOM
    version: ClassVar[int] = 1
    admits: ClassVar[Mapping[type[Command], frozenset[Role]]] = {
        **dict.fromkeys(get_args(c.OrganiserCommand), frozenset({Role.ORGANISER})),
        **dict.fromkeys((*get_args(c.OfficerCommand), *get_args(c.RoomCommand)), OFFICERS),
        c.SetReady: OFFICERS | {Role.OPERATOR},
        **dict.fromkeys(get_args(c.PadCommand), SIGNATORY),
        c.Join: JOINERS,
        c.KeepRecord: frozenset({Role.NODE}),
    }
    events: ClassVar[tuple[type[Event], ...]] = get_args(e.CeremonyEvent)
    urgent: ClassVar[tuple[type[Event], ...]] = events

    def __init__(self, definition: Definition, room: RoomId | None) -> None:
        assert room is not None, "acts are signed in a room"
        self._room = room
        self._definition = definition
        self._items = tuple(item.id for item in definition.items if definition.room_of(item) == room)
        self._seats: Mapping[PersonId, SeatId] = {
            pad_person(seat): seat for invite in invites(definition) if (seat := seat_of(invite.id))
        }
        self._keep(Kept())

    def _keep(self, kept: Kept) -> None:
        definition = self._definition
        self.book = Book(kept, drafts(definition), self._items)
        self._rules = Rules(self.book, definition, frozenset(self._items))
        self._hands = Hands(self.book, self._rules)
        self._rows = Rows(self.book, self._rules, definition.id)

    def copy(self) -> Ceremony:
        """The same state once more, to try commands on."""
        again = Ceremony(self._definition, self._room)
        again.restore(self.snapshot())
        return again

    def act(self, id: ProjectId) -> Act | None:
        """An act as it stands: for the record, for the lane of strokes."""
        return self.book.act(id)

    def signatories(self) -> Iterable[tuple[PersonId, ProjectId, int]]:
        """The persons of whoever may have been named or have signed for a party, also for one that is no more."""
        for act in self.book.acts():
            for party in range(PARTIES_MAX):
                yield signatory(self._definition.id, act.id, party), act.id, party

    def to_seal(self) -> tuple[ProjectId, ...]:
        """Acts that are sealed and whose record is not kept yet."""
        return tuple(act.id for act in self.book.acts() if act.step == Step.SEALED and act.record is None)

    def skews(self, measured: Mapping[VenueId, float]) -> Mapping[ProjectId, int]:
        """How far apart the halls would reveal each unveiling that is to come, ms; `measured` as in `Arm.delays`."""
        return {
            act.id: round(skew_ms(act, act.running.delays or self._rules.delays(act, measured)))
            for act in self.book.acts()
            if act.drafted.kind == ProjectKind.UNVEILING and act.step not in DONE | {Step.VOID}
        }

    def decide(self, command: c.CeremonyCommand, actor: Actor, now_ms: int) -> Sequence[e.CeremonyEvent]:
        match command:
            case c.StandBy() | c.Confirm() | c.Clear() | c.Sign() | c.Press():
                return self._hands.decide(command, actor, now_ms)
            case c.Draft() | c.NameSignatory() | c.Attach() | c.Detach():
                return self._rules.organiser(command)
            case c.Show() | c.SetTolerance() | c.SetDisplayDelay():
                return self._rules.room(command)
            case c.Join():
                return self._hands.join(command, actor)
            case c.KeepRecord(id, digest):
                return self._recorded(id, digest)
            case _:
                return self._rules.officer(command, actor, now_ms)

    def _recorded(self, id: ProjectId, digest: w.Digest) -> Sequence[e.CeremonyEvent]:
        act = self._rules.act(id)
        if act.step != Step.SEALED:
            raise Refused("act-moved", step=act.step.value)
        return [] if act.record is not None else [e.RecordKept(id, digest)]

    def apply(self, event: e.CeremonyEvent, fact: Fact) -> None:
        self.book.apply(event, fact)

    def claims(self) -> Iterable[Claim]:
        """The tables of the halls concerned, from armed until unveiled; a scene that is taken later stands above."""
        live = [act for act in self.book.acts() if act.step in ON_STAGE and act.armed_seq]
        if live:
            act = max(live, key=lambda act: act.armed_seq)
            tables = tuple(self._table(venue) for venue in act.venues)
            yield Claim(self._room, Layout.SIGNING_TABLES, tables, {}, PRIORITY, since=act.armed_seq)

    def tables(self) -> Mapping[VenueId, SourceId]:
        """The picture of each hall's signing table."""
        return {venue.id: self._table(venue.id) for venue in self._definition.venues}

    def _table(self, venue: VenueId) -> SourceId:
        """The camera on the hall's signing table, else its first one."""
        here = [source for source in self._definition.sources if source.venue == venue]
        return next((source.id for source in here if source.kind == SourceKind.TABLE), here[0].id)

    def view(self, audience: Audience, names: Names, now_ms: int) -> Mapping[str, Json]:
        desk = isinstance(audience, Desk) and audience.role in _DESKS
        return self._rows.view(names, now_ms, desk=desk)

    def mine(self, person: PersonId, now_ms: int) -> Mapping[str, Json]:
        """For a tablet: what lies before its seat."""
        seat = self._seats.get(person)
        return self._rows.mine(seat) if seat else {}

    def concerned(self, event: e.CeremonyEvent, fact: Fact) -> Iterable[PersonId]:
        """Every tablet: an act that moves may make way for another one at the same table."""
        return self._seats

    def wakes_ms(self, now_ms: int) -> int | None:
        """When the next pads open."""
        opening = [
            act.running.again_ms
            for act in self.book.acts()
            if act.step == Step.SIGNING and act.running.again_ms and act.running.again_ms > now_ms
        ]
        return min(opening, default=None)

    def snapshot(self) -> Snapshot:
        return Snapshot(self.version, msgspec.Raw(msgspec.json.encode(self.book.kept)))

    def restore(self, snapshot: Snapshot) -> None:
        self._keep(msgspec.json.decode(snapshot.state, type=Kept))

    @classmethod
    def upcast(cls, version: int, event: dict[str, Any]) -> dict[str, Any]:
        return event
