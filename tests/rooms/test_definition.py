from __future__ import annotations

from msgspec.structs import replace

from rooms.definition import TO_BE_NAMED, Difference, Words, diff
from tests.rooms.hall import CZ, DEFINITION, MINDEN


def test_words_fall_back_to_english() -> None:
    assert Words(en="Hall", de="Saal").all() == {"zh": "Hall", "de": "Saal", "en": "Hall", "fr": "Hall"}


def test_the_main_venue_is_the_one_that_says_so() -> None:
    assert DEFINITION.main.id == "changzhou"


def test_a_source_stands_in_its_hall_s_city_or_at_its_person_s_place() -> None:
    sources = {source.id: source for source in DEFINITION.sources}
    assert DEFINITION.place_of(sources[CZ]).en == "Changzhou"
    assert DEFINITION.place_of(sources[MINDEN]).en == "Minden"


def test_a_person_without_a_place_is_placed_by_the_source_s_name() -> None:
    people = tuple(replace(person, place=None) for person in DEFINITION.people)
    source = next(source for source in DEFINITION.sources if source.id == MINDEN)
    assert replace(DEFINITION, people=people).place_of(source) == source.name


def test_equal_definitions_do_not_differ() -> None:
    assert diff(DEFINITION, DEFINITION) == ()


def test_a_difference_names_its_path_and_both_values() -> None:
    opening, *others = DEFINITION.items
    later = replace(DEFINITION, items=(replace(opening, minutes=3), *others))
    assert diff(DEFINITION, later) == (Difference("items.opening.minutes", "4", "3"),)


def test_what_came_and_what_went_differ_from_nothing() -> None:
    fewer = replace(DEFINITION, sources=DEFINITION.sources[1:])
    gone = {difference.path: difference.after for difference in diff(DEFINITION, fewer)}
    assert gone[f"sources.{CZ}.venue"] is None
    come = {difference.path: difference.before for difference in diff(fewer, DEFINITION)}
    assert come[f"sources.{CZ}.venue"] is None


def test_another_order_is_a_difference() -> None:
    turned = replace(DEFINITION, people=tuple(reversed(DEFINITION.people)))
    order = Difference("people (order)", '["duesseldorf","minden"]', '["minden","duesseldorf"]')
    assert diff(DEFINITION, turned) == (order,)


def test_an_unnamed_party_is_to_be_named_in_four_languages() -> None:
    party = next(project for project in DEFINITION.projects if project.id == "project-1").parties[0]
    assert party.name == TO_BE_NAMED
    assert len(set(TO_BE_NAMED.all().values())) == 4
