"""Invites: one link per role, hall, source, speaker and named guest, derived from the definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from rooms.definition import Definition, SourceKind, VenueDefinition
from rooms.kernel import InviteId, PersonId, Role, SeatId, SourceId, VenueId

PAD: Final = "pad-"
"""Invites of signing tables' tablets begin so."""


class Invite(msgspec.Struct, frozen=True):
    """Who may enter by one link. A link with `person` is personal: one person on all devices."""

    id: InviteId
    role: Role
    venue: VenueId | None = None
    source: SourceId | None = None
    person: PersonId | None = None
    name: str | None = None


def invites(definition: Definition) -> tuple[Invite, ...]:
    """All invites, in the order an organiser hands them out. Ids are readable and the same every time."""
    return (
        Invite(InviteId("attendee"), Role.ATTENDEE),
        *_guests(definition),
        *_speakers(definition),
        *_venues(definition),
        *_ceremony(definition),
        *(Invite(InviteId(role.value), role) for role in (Role.DIRECTOR, Role.MODERATOR, Role.ORGANISER)),
    )


def seats(definition: Definition, venue: VenueDefinition) -> tuple[SeatId, ...]:
    """The places at a venue's signing table, from the left as those who sit there see it."""
    return tuple(SeatId(f"{venue.id}-{number}") for number in range(1, definition.pads_at(venue) + 1))


def seat_of(invite: InviteId) -> SeatId | None:
    """The seat whose tablet comes by this invite."""
    return SeatId(invite.removeprefix(PAD)) if invite.startswith(PAD) else None


def pad_person(seat: SeatId) -> PersonId:
    """Whoever holds the seat's tablet: the link is personal, so that all devices are one seat."""
    return PersonId(f"{PAD}{seat}")


def _ceremony(definition: Definition) -> Iterator[Invite]:
    """A tablet per seat, and who leads the ceremony."""
    for venue in definition.venues:
        for seat in seats(definition, venue):
            number = seat.rpartition("-")[2]
            invite = InviteId(f"{PAD}{seat}")
            yield Invite(invite, Role.SIGNATORY, venue.id, person=pad_person(seat), name=f"{venue.city.en} {number}")
    if any(definition.pads_at(venue) for venue in definition.venues):
        yield Invite(InviteId(Role.PROTOCOL_OFFICER.value.replace("_", "-")), Role.PROTOCOL_OFFICER)


def _speakers(definition: Definition) -> Iterator[Invite]:
    people = {person.id: person for person in definition.people}
    for source in definition.sources:
        if source.person:
            name = people[source.person].name.en
            yield Invite(
                InviteId(f"speaker-{source.person}"), Role.SPEAKER, source.venue, source.id, source.person, name
            )


def _guests(definition: Definition) -> Iterator[Invite]:
    """People the definition names who watch: each has a link of their own."""
    for person in definition.people:
        if person.role == Role.ATTENDEE:
            yield Invite(InviteId(f"attendee-{person.id}"), Role.ATTENDEE, person=person.id, name=person.name.en)


def _venues(definition: Definition) -> Iterator[Invite]:
    for venue in definition.venues:
        yield Invite(InviteId(f"on-site-{venue.id}"), Role.ON_SITE, venue.id, name=venue.city.en)
        for source in definition.sources:
            if source.venue == venue.id and source.kind != SourceKind.PERSON:
                invite = InviteId(f"operator-{source.id.replace('/', '-')}")
                yield Invite(invite, Role.OPERATOR, venue.id, source.id, name=source.name.en)
        for role in (Role.WALL, Role.CONFIDENCE):
            yield Invite(InviteId(f"{role}-{venue.id}"), role, venue.id, name=venue.city.en)
