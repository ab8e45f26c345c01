from __future__ import annotations

from rooms.audience import Desk
from rooms.features.people import Enter, Erase, People, PersonEntered, PersonErased
from rooms.kernel import Actor, InviteId, PersonId, Role
from tests.rooms.hall import ANNA, FRANKFURT, ORGANISER, do, given, opened

WALL = Actor(PersonId("w"), Role.WALL, FRANKFURT, invite=InviteId("wall-frankfurt"))


def test_who_enters_is_journaled_by_id_only() -> None:
    entered = PersonEntered(WALL.person, Role.WALL, FRANKFURT, InviteId("wall-frankfurt"))
    conference = opened()
    assert do(conference, Enter(), WALL, room=None) == [entered]
    assert list(conference.feature(People).everyone()) == [entered]


def test_entering_again_the_same_way_changes_nothing() -> None:
    assert do(given((Enter(), ANNA)), Enter(), ANNA) == []


def test_entering_in_another_role_is_a_new_fact() -> None:
    conference = given((Enter(), ANNA))
    speaker = Actor(ANNA.person, Role.SPEAKER)
    assert do(conference, Enter(), speaker) == [PersonEntered(ANNA.person, Role.SPEAKER)]


def test_nobody_is_known_before_entering() -> None:
    assert list(opened().feature(People).everyone()) == []


def test_presence_is_not_shown_by_the_journal() -> None:
    people = given((Enter(), ANNA)).feature(People)
    assert people.view(Desk(Role.ORGANISER), {ANNA.person: "Anna"}, 0) == {}
    assert list(people.claims()) == []


def test_a_snapshot_brings_everyone_back() -> None:
    conference = given((Enter(), ANNA), (Enter(), WALL))
    again = People(conference.definition, None)
    again.restore(conference.feature(People).snapshot())
    everyone = list(again.everyone())
    assert [entered.person for entered in everyone] == [ANNA.person, WALL.person]
    assert everyone == list(conference.feature(People).everyone())


def test_an_erased_person_is_nobody_until_they_enter_again() -> None:
    conference = given((Enter(), ANNA))
    assert do(conference, Erase(ANNA.person), ORGANISER, room=None) == [PersonErased(ANNA.person)]
    people = conference.feature(People)
    assert list(people.everyone()) == []
    assert people.erased() == {ANNA.person}
    assert do(conference, Erase(ANNA.person), ORGANISER, room=None) == []

    assert do(conference, Enter(), ANNA, room=None)
    assert people.erased() == frozenset()
    assert [entered.person for entered in people.everyone()] == [ANNA.person]


def test_a_snapshot_remembers_the_erased() -> None:
    conference = given((Enter(), ANNA), (Erase(ANNA.person), ORGANISER))
    again = People(conference.definition, None)
    again.restore(conference.feature(People).snapshot())
    assert again.erased() == {ANNA.person}
