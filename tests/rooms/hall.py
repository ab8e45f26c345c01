"""A conference to act on: the words in which the tests of rooms are told."""

from __future__ import annotations

from collections.abc import Sequence

from rooms import conferences
from rooms.conference import Conference
from rooms.definition_text import read
from rooms.journal import Entry, decode, encode, genesis
from rooms.kernel import Actor, Command, CommandId, Event, PersonId, Role, RoomId, SourceId, VenueId

DEFINITION = read(conferences.text("jiangsu-2022"))
STAGE = RoomId("stage")
CHANGZHOU, FRANKFURT = VenueId("changzhou"), VenueId("frankfurt")
CZ, CZ_TABLE = SourceId("changzhou/camera-1"), SourceId("changzhou/table")
FR, FR_TABLE = SourceId("frankfurt/camera-1"), SourceId("frankfurt/table")
MINDEN, DUESSELDORF = SourceId("speaker/minden"), SourceId("speaker/duesseldorf")

ANNA = Actor(PersonId("anna"), Role.ATTENDEE)
DIRECTOR = Actor(PersonId("dai"), Role.DIRECTOR)
OPERATOR = Actor(PersonId("otto"), Role.OPERATOR, FRANKFURT, FR)
ORGANISER = Actor(PersonId("ola"), Role.ORGANISER)


def opened() -> Conference:
    """The conference with its first entry only."""
    return Conference.replayed([genesis(DEFINITION, epoch=1, at_ms=0)])


def do(
    conference: Conference, command: Command, actor: Actor, *, room: RoomId | None = STAGE, now_ms: int = 0
) -> Sequence[Event]:
    """Decide, and take the events in as the journal gives them back. The events."""
    events = conference.decide(command, actor, room, now_ms)
    entry = Entry(conference.seq + 1, 1, now_ms, actor, room, CommandId(""), tuple(events))
    written, warnings = decode(encode(entry))
    assert written == entry
    assert not warnings
    conference.apply(written)
    return events


def given(*steps: tuple[Command, Actor]) -> Conference:
    conference = opened()
    for command, actor in steps:
        do(conference, command, actor)
    return conference
