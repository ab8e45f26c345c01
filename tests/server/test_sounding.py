from rooms.kernel import Actor, PersonId, Role, VenueId
from server.presence import Page
from server.sounding import Sounding


def wall(venue: str, since_s: float) -> Page:
    return Page(Actor(PersonId("wall"), Role.WALL, VenueId(venue)), True, since_s)


def test_the_wall_that_is_there_longest_sounds_in_each_venue() -> None:
    sounding = Sounding()
    first, second, other = wall("changzhou", 1), wall("changzhou", 2), wall("frankfurt", 3)
    assert list(sounding.among([first])) == [(first, True)]
    assert list(sounding.among([first, second])) == []
    assert list(sounding.among([first, second, other])) == [(other, True)]


def test_the_next_one_takes_over_when_it_goes() -> None:
    sounding = Sounding()
    first, second = wall("changzhou", 1), wall("changzhou", 2)
    list(sounding.among([second, first]))
    assert list(sounding.among([second])) == [(first, False), (second, True)]
    assert list(sounding.among([])) == [(second, False)]


def test_a_wall_that_comes_back_after_a_restart_of_the_server_gets_its_sound_back() -> None:
    sounding = Sounding()
    second, first_again = wall("changzhou", 2), wall("changzhou", 1)
    list(sounding.among([second]))
    assert list(sounding.among([second, first_again])) == [(second, False), (first_again, True)]


def test_only_walls_sound() -> None:
    confidence = Page(Actor(PersonId("c"), Role.CONFIDENCE, VenueId("changzhou")))
    assert list(Sounding().among([confidence])) == []
