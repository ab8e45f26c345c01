"""Invites: one link per role, hall, source, speaker and named guest, derived from the definition."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from rooms.definition import Definition, SourceKind
from rooms.kernel import InviteId, PersonId, Role, SourceId, VenueId


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
        *(Invite(InviteId(role.value), role) for role in (Role.DIRECTOR, Role.MODERATOR, Role.ORGANISER)),
    )


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
