"""The definition of a conference: what an organiser writes in TOML, before anything happens.

A definition is imported once into the journal; from then on the journal's is in force.
"""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from rooms.kernel import ConferenceId, ItemId, PersonId, ProjectId, Role, RoomId, SourceId, VenueId

SLUG: Final = r"^[a-z0-9-]+\Z"
SOURCE: Final = r"^[a-z0-9-]+/[a-z0-9-]+\Z"
SPEAKER: Final = "speaker"
"""Sources of persons are `speaker/<person>`; so no venue may have this id."""
RESERVED_VENUES: Final = (SPEAKER, "slate")
RESERVED_PERSONS: Final = ("pad-", "signatory-")
"""Persons of tablets and signatories begin so."""

Text = Annotated[str, Meta(min_length=1, max_length=500)]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in the four languages of the pages. English is required, the others fall back to it."""

    en: Text
    zh: Text | None = None
    de: Text | None = None
    fr: Text | None = None

    def all(self) -> dict[str, str]:
        return {"zh": self.zh or self.en, "de": self.de or self.en, "en": self.en, "fr": self.fr or self.en}

    def writings(self) -> tuple[str, ...]:
        """Each way it is written, once: what stands where readers of every language look at the same."""
        return tuple(dict.fromkeys(text for text in (self.en, self.zh, self.de, self.fr) if text))


PARTIES_MAX: Final = 6
"""Parties of one project, and tablets at one signing table."""
TO_BE_NAMED: Final = Words(en="to be named", zh="待定", de="noch zu benennen", fr="à désigner")
"""Stands for a party that nobody has named yet."""


class CodecName(StrEnum):
    """What a conference may let in, named as in SDP."""

    VP8 = "VP8"
    H264 = "H264"
    VP9 = "VP9"
    AV1 = "AV1"
    OPUS = "opus"
    RED = "red"


class SourceKind(StrEnum):
    """A camera of a hall, a sound or signing table of a hall, or a person with an own device."""

    CAMERA = "camera"
    TABLE = "table"
    PERSON = "person"


class ItemKind(StrEnum):
    OPENING = "opening"
    ADDRESS = "address"
    SIGNING = "signing"
    DIALOGUE = "dialogue"
    BREAK = "break"
    CLOSE = "close"


class RoomDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place with a program of its own; the first room is where people enter."""

    id: Annotated[RoomId, Meta(pattern=SLUG, max_length=40)]
    title: Words


class VenueDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A hall in a city. Times of the programme are given in the main venue's zone (IANA name).

    `pads`: tablets at its signing table; None: as many as one project has parties there.
    """

    id: Annotated[VenueId, Meta(pattern=SLUG, max_length=40)]
    zone: Text
    city: Words
    name: Words
    main: bool = False
    pads: Annotated[int, Meta(ge=0, le=PARTIES_MAX)] | None = None


class PersonDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Someone the programme names (an office or a public name; private names live in the vault)."""

    id: Annotated[PersonId, Meta(pattern=SLUG, max_length=40)]
    name: Words
    place: Words | None = None
    role: Role = Role.SPEAKER


class SourceDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to see or hear: `<venue>/<what>` in a hall, `speaker/<person>` for a person.

    A person's `venue` is set only if that person sits in a hall with an own device.
    """

    id: Annotated[SourceId, Meta(pattern=SOURCE, max_length=80)]
    name: Words
    venue: VenueId | None = None
    kind: SourceKind = SourceKind.CAMERA
    person: PersonId | None = None


class ItemDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One item of the programme: `start` as HH:MM on the main venue's clock, then `minutes` long.

    `sources` are those the item is made for; `room` None means the first room.
    """

    id: Annotated[ItemId, Meta(pattern=SLUG, max_length=40)]
    start: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
    minutes: Annotated[int, Meta(ge=1, le=1440)]
    title: Words
    kind: ItemKind
    detail: Words | None = None
    sources: tuple[SourceId, ...] = ()
    room: RoomId | None = None

    @property
    def start_min(self) -> int:
        """Minutes after midnight on the main venue's clock."""
        return int(self.start[:2]) * 60 + int(self.start[3:])

    @property
    def end_min(self) -> int:
        return self.start_min + self.minutes


class ProjectKind(StrEnum):
    """What is done together: contracts signed, letters handed over by the first party, a cloth drawn, a start made."""

    SIGNING = "signing"
    APPOINTMENT = "appointment"
    UNVEILING = "unveiling"
    INITIATIVE = "initiative"


class Instrument(StrEnum):
    """What binds the parties in law; the record of a ceremony does not."""

    PAPER = "paper"
    QES = "qes"
    CA = "ca"
    NONE = "none"


class PartyDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs at which venue; without a name it is to be named.

    `title` and `authority` are the signatory's: the office, and what gives the right to sign.
    """

    venue: VenueId
    name: Words = TO_BE_NAMED
    title: Words | None = None
    authority: Words | None = None


class ProjectDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something done together by 2 to 6 parties in an item of the programme; rounds follow one another."""

    id: Annotated[ProjectId, Meta(pattern=SLUG, max_length=40)]
    title: Words
    item: ItemId
    parties: Annotated[tuple[PartyDefinition, ...], Meta(min_length=2, max_length=PARTIES_MAX)]
    kind: ProjectKind = ProjectKind.SIGNING
    round: Annotated[int, Meta(ge=1, le=100)] = 1
    sector: Words | None = None
    instrument: Instrument = Instrument.NONE


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole conference, checked: every id it names exists, times are in order, one venue is the main one.

    `day` is the day on the main venue's calendar. `codecs` are in order of preference.
    """

    id: Annotated[ConferenceId, Meta(pattern=SLUG, max_length=40)]
    title: Words
    day: datetime.date
    rooms: Annotated[tuple[RoomDefinition, ...], Meta(min_length=1, max_length=50)]
    venues: Annotated[tuple[VenueDefinition, ...], Meta(min_length=1, max_length=20)]
    sources: Annotated[tuple[SourceDefinition, ...], Meta(min_length=1, max_length=200)]
    motto: Words | None = None
    codecs: Annotated[tuple[CodecName, ...], Meta(min_length=1)] = tuple(c for c in CodecName if c != CodecName.RED)
    people: Annotated[tuple[PersonDefinition, ...], Meta(max_length=1000)] = ()
    items: Annotated[tuple[ItemDefinition, ...], Meta(max_length=500)] = ()
    projects: Annotated[tuple[ProjectDefinition, ...], Meta(max_length=200)] = ()

    @property
    def main(self) -> VenueDefinition:
        return next(venue for venue in self.venues if venue.main)

    def pads_at(self, venue: VenueDefinition) -> int:
        """Tablets at the venue's signing table."""
        if venue.pads is not None:
            return venue.pads
        return max((sum(p.venue == venue.id for p in project.parties) for project in self.projects), default=0)

    def room_of(self, item: ItemDefinition) -> RoomId:
        return item.room or self.rooms[0].id

    def place_of(self, source: SourceDefinition) -> Words:
        """Where a source stands, for its slate: the hall's city or the person's place."""
        for venue in self.venues:
            if venue.id == source.venue:
                return venue.city
        places = [person.place for person in self.people if person.id == source.person and person.place]
        return places[0] if places else source.name


class Difference(msgspec.Struct, frozen=True):
    """One value that differs: its path (`items.opening.start`), as JSON before and after (None: absent)."""

    path: str
    before: str | None
    after: str | None


def diff(journal: Definition, file: Definition) -> tuple[Difference, ...]:
    """What importing `file` would change in the definition that `journal` holds."""
    before, after = _flat(journal), _flat(file)
    return tuple(
        Difference(path, before.get(path), after.get(path))
        for path in dict.fromkeys([*before, *after])
        if before.get(path) != after.get(path)
    )


def _flat(definition: Definition) -> dict[str, str]:
    leaves: dict[str, str] = {}
    ahead: list[tuple[str, object]] = [("", msgspec.to_builtins(definition))]
    while ahead:
        path, value = ahead.pop()
        match value:
            case dict():
                ahead += [(f"{path}.{key}" if path else key, child) for key, child in reversed(value.items())]
            case tuple() if value and isinstance(value[0], dict) and "id" in value[0]:
                leaves[f"{path} (order)"] = msgspec.json.encode([child["id"] for child in value]).decode()
                ahead += [(f"{path}.{child['id']}", child) for child in reversed(value)]
            case None:
                pass
            case _:
                leaves[path] = msgspec.json.encode(value).decode()
    return leaves
