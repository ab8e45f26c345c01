import pytest

from rooms.audience import Attendee, Desk
from rooms.kernel import Actor, PersonId, Role, VenueId
from server.presence import Page, Presence

ANNA = Actor(PersonId("anna"), Role.ATTENDEE)
OTTO = Actor(PersonId("otto"), Role.OPERATOR, VenueId("frankfurt"))
WALL = Actor(PersonId("wall"), Role.WALL, VenueId("frankfurt"))


def here(*pages: Page) -> Presence:
    presence = Presence()
    for page in pages:
        presence.come(page)
    return presence


def test_people_are_counted_once_and_screens_never() -> None:
    presence = here(Page(ANNA), Page(ANNA), Page(OTTO), Page(WALL))
    assert presence.view(Attendee(), {}) == {"venues": {"frankfurt": 1}, "remote": 1}


def test_a_person_is_gone_with_the_last_page() -> None:
    first, second = Page(ANNA), Page(ANNA)
    presence = here(first, second)
    presence.go(first)
    assert presence.view(Attendee(), {})["remote"] == 1
    presence.go(second)
    assert presence.view(Attendee(), {})["remote"] == 0


def test_who_is_in_the_lobby_or_looks_elsewhere_is_not_counted_until_one_page_is_seen() -> None:
    lobby, hidden = Page(ANNA, visible=False), Page(OTTO, visible=False)
    presence = here(lobby, hidden)
    assert presence.view(Attendee(), {}) == {"venues": {}, "remote": 0}
    lobby.visible = True
    presence.come(Page(OTTO))
    assert presence.view(Attendee(), {}) == {"venues": {"frankfurt": 1}, "remote": 1}


@pytest.mark.parametrize("role", ["director", "moderator", "organiser", "protocol_officer"])
def test_the_crew_of_all_halls_is_no_audience_but_stands_in_the_list(role: str) -> None:
    presence = here(Page(Actor(PersonId("dora"), Role(role))))
    view = presence.view(Desk(Role.DIRECTOR), {})
    assert (view["venues"], view["remote"]) == ({}, 0)
    assert view["present"] == {"dora": {"role": role, "visible": True}}


def test_operators_and_speakers_count_where_they_are() -> None:
    far = Actor(PersonId("sina"), Role.SPEAKER)
    near = Actor(PersonId("sven"), Role.SPEAKER, VenueId("frankfurt"))
    assert here(Page(OTTO), Page(near), Page(far)).view(Attendee(), {}) == {"venues": {"frankfurt": 2}, "remote": 1}


def test_desks_see_who_is_here_and_whether_they_look() -> None:
    presence = here(Page(ANNA, visible=False), Page(ANNA), Page(OTTO, visible=False))
    assert presence.view(Desk(Role.DIRECTOR), {PersonId("anna"): "Anna"})["present"] == {
        "anna": {"role": "attendee", "visible": True, "name": "Anna"},
        "otto": {"role": "operator", "visible": False, "venue": "frankfurt"},
    }
