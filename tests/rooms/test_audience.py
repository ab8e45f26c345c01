from __future__ import annotations

from rooms.audience import (
    Attendee,
    Audience,
    Clean,
    Confidence,
    Desk,
    Player,
    Recorder,
    Speaker,
    Wall,
    audience_of,
    key,
)
from rooms.kernel import Actor, PersonId, Role
from tests.rooms.hall import ANNA, CHANGZHOU, CZ, DIRECTOR, FRANKFURT, MINDEN, OPERATOR

ALL: list[Audience] = [
    Attendee(),
    Wall(CHANGZHOU),
    Wall(FRANKFURT),
    Confidence(CHANGZHOU),
    Speaker(MINDEN),
    Speaker(None),
    Player(),
    Player(CZ),
    Recorder(),
    Clean(),
    Desk(Role.DIRECTOR),
    Desk(Role.OPERATOR, FRANKFURT),
]


def test_each_audience_has_a_key_of_its_own() -> None:
    assert len({key(audience) for audience in ALL}) == len(ALL)
    assert key(Wall(CHANGZHOU)) == "wall:changzhou"


def test_an_actor_s_role_and_place_make_the_audience() -> None:
    wall = Actor(PersonId("w"), Role.WALL, CHANGZHOU)
    confidence = Actor(PersonId("c"), Role.CONFIDENCE, CHANGZHOU)
    speaker = Actor(PersonId("minden"), Role.SPEAKER, None, MINDEN)
    assert audience_of(ANNA) == Attendee()
    assert audience_of(wall) == Wall(CHANGZHOU)
    assert audience_of(confidence) == Confidence(CHANGZHOU)
    assert audience_of(speaker) == Speaker(MINDEN)
    assert audience_of(DIRECTOR) == Desk(Role.DIRECTOR)
    assert audience_of(OPERATOR) == Desk(Role.OPERATOR, FRANKFURT)
