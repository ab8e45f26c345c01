"""The words every feature is made of: ids, roles, commands, events, features, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NewType, Protocol, runtime_checkable

import msgspec

if TYPE_CHECKING:
    from rooms.audience import Audience
    from rooms.definition import Definition, SourceDefinition
    from rooms.program import Claim

ConferenceId = NewType("ConferenceId", str)
RoomId = NewType("RoomId", str)
VenueId = NewType("VenueId", str)
SourceId = NewType("SourceId", str)
PersonId = NewType("PersonId", str)
DeviceId = NewType("DeviceId", str)
InviteId = NewType("InviteId", str)
CommandId = NewType("CommandId", str)
ItemId = NewType("ItemId", str)
ProjectId = NewType("ProjectId", str)
SeatId = NewType("SeatId", str)
LanguageTag = NewType("LanguageTag", str)

FLOOR = LanguageTag("floor")
"""The language of whatever is spoken on the stage, uninterpreted."""

Names = Mapping[PersonId, str]
"""Names come from the vault and are passed in where a view needs them."""


class Role(StrEnum):
    """Everyone a conference can admit; the later ones are named now so that tables stay complete."""

    ATTENDEE = "attendee"
    ON_SITE = "on_site"
    WALL = "wall"
    CONFIDENCE = "confidence"
    SIGNATORY = "signatory"
    PROTOCOL_OFFICER = "protocol_officer"
    SPEAKER = "speaker"
    OPERATOR = "operator"
    MODERATOR = "moderator"
    DIRECTOR = "director"
    ORGANISER = "organiser"
    INTERPRETER = "interpreter"
    EXHIBITOR = "exhibitor"
    NODE = "node"


class Actor(msgspec.Struct, frozen=True):
    """Who acts: a person in a role, at a venue (None: remote), by an invite, on a device.

    `present` is the hall whose rotating code came with the command. It weighs and never admits.
    """

    person: PersonId
    role: Role
    venue: VenueId | None = None
    source: SourceId | None = None
    invite: InviteId = InviteId("")
    device: DeviceId = DeviceId("")
    present: VenueId | msgspec.UnsetType = msgspec.UNSET


class Command(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """An intent, imperative. Subclasses carry `tag="feature.verb"`."""


class Event(msgspec.Struct, frozen=True, tag_field="type", omit_defaults=True):
    """A fact in the journal, past tense. Subclasses carry `tag="feature.past"`."""


class Query(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True):
    """A question to a feature, which changes nothing. Subclasses carry `tag="feature.verb"`."""


class UnknownEvent(Event, tag="unknown", frozen=True):
    """An event of a newer or a removed feature: kept in the journal, skipped at replay."""

    original: str


class Fact(msgspec.Struct, frozen=True):
    """What surrounds an event when it is applied: its entry's seq, time, actor and room."""

    seq: int
    at_ms: int
    actor: Actor
    room: RoomId | None


class Refused(Exception):
    """A command that may not happen: a code for the pages' words, and what fills them in."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params


class Scope(StrEnum):
    """Whether a feature lives once in the conference or once in each room."""

    CONFERENCE = "conference"
    ROOM = "room"


class Snapshot(msgspec.Struct, frozen=True):
    """A feature's state at a seq: `version` of the feature, `state` as its own JSON."""

    version: int
    state: msgspec.Raw


class Feature(Protocol):
    """One file of rooms/features: closed commands and events, and the state they make.

    `decide` refuses (raises Refused) or returns events; `apply` never refuses.
    It is made for a definition and, in the room's scope, a room.
    `claims` and `view` read. `admits` names the roles of each command class, `urgent` the events
    that people in two halls wait for: their views go out ahead of all others.
    """

    name: ClassVar[str]
    scope: ClassVar[Scope]
    version: ClassVar[int]
    admits: ClassVar[Mapping[type[Command], frozenset[Role]]]
    events: ClassVar[tuple[type[Event], ...]]
    urgent: ClassVar[tuple[type[Event], ...]]

    def __init__(self, definition: Definition, room: RoomId | None) -> None: ...
    def decide(self, command: Any, actor: Actor, now_ms: int) -> Sequence[Event]: ...
    def apply(self, event: Any, fact: Fact) -> None: ...
    def claims(self) -> Iterable[Claim]: ...
    def view(self, audience: Audience, names: Names, now_ms: int) -> Mapping[str, Json]: ...
    def snapshot(self) -> Snapshot: ...
    def restore(self, snapshot: Snapshot) -> None: ...
    @classmethod
    def upcast(cls, version: int, event: dict[str, Json]) -> dict[str, Json]: ...


@runtime_checkable
class Personal(Protocol):
    """A feature that tells each person something of their own, beside the view that their audience shares."""

    def mine(self, person: PersonId, now_ms: int) -> Mapping[str, Json]: ...
    def concerned(self, event: Any, fact: Fact) -> Iterable[PersonId]:
        """Whose `mine` an event changed, after it was applied."""
        ...


@runtime_checkable
class Answering(Protocol):
    """A feature that has more than its views show: it answers queries, each for the roles it names."""

    reads: ClassVar[Mapping[type[Query], frozenset[Role]]]

    def read(self, query: Any, actor: Actor, names: Names, now_ms: int) -> Mapping[str, Json]: ...


@runtime_checkable
class Waking(Protocol):
    """A feature whose view changes by itself when time passes."""

    def wakes_ms(self, now_ms: int) -> int | None:
        """When it does next."""
        ...


@runtime_checkable
class Exporting(Protocol):
    """A feature whose keeper may take its facts home: a row per thing, nested as JSON likes it, names included."""

    def table(self, names: Names) -> Iterable[Mapping[str, Json]]: ...


@runtime_checkable
class Hosting(Protocol):
    """A feature that gives persons a Source for a while, who have none in the definition."""

    def guests(self) -> Iterable[SourceDefinition]: ...


Json = None | bool | int | float | str | Sequence[Any] | Mapping[str, Any]
"""A view on its way to a page. Views omit what is absent: they hold no null (RFC 7396 patches)."""
