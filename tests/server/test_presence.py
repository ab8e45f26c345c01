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


def test_desks_see_who_is_here_and_whether_they_look() -> None:
    presence = here(Page(ANNA, visible=False), Page(ANNA), Page(OTTO, visible=False))
    assert presence.view(Desk(Role.DIRECTOR), {PersonId("anna"): "Anna"})["present"] == {
        "anna": {"role": "attendee", "visible": True, "name": "Anna"},
        "otto": {"role": "operator", "visible": False, "venue": "frankfurt"},
    }
