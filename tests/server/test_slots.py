"""Slots stay with their Sources; a picture and its sound share one index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.model import SlotId
from rooms.audience import Attendee, Desk, Player, Wall
from rooms.conferences import names
from rooms.kernel import FLOOR, ConferenceId, Role, SourceId
from rooms.program import Layout, Pick, Screen
from server.definitions import definition
from server.slots import assign, capacity, recovered, routes, slate_name, source_name
from tests.rooms.hall import CHANGZHOU, CZ, CZ_TABLE, FR, FR_TABLE, MINDEN

C = ConferenceId("jiangsu-2022")


def screen(pictures: tuple[SourceId, ...], sounds: tuple[SourceId, ...] = ()) -> Screen:
    return Screen(Layout.SIDE_BY_SIDE, pictures, {FLOOR: tuple(Pick(source) for source in sounds)})


sources = st.lists(st.sampled_from([CZ, CZ_TABLE, FR, FR_TABLE, MINDEN]), unique=True).map(tuple)
screens = st.builds(screen, sources, sources)


@given(st.lists(screens, min_size=1, max_size=8), st.sampled_from([1, 4, 8]))
def test_over_any_takes_a_source_that_stays_keeps_its_slot(scenes: list[Screen], count: int) -> None:
    before: dict[SourceId, int] = {}
    for scene in scenes:
        after = assign(before, scene, count)
        assert all(after[source] == slot for source, slot in before.items() if source in after)
        assert len(set(after.values())) == len(after)
        assert all(0 <= slot < count for slot in after.values())
        before = after


@given(screens, st.sampled_from([1, 4, 8]))
def test_pictures_get_slots_before_sounds(scene: Screen, count: int) -> None:
    after = assign({}, scene, count)
    assert [source for source in scene.sources if source in after] == list(scene.sources[:count])


def test_a_source_shows_and_sounds_in_one_slot() -> None:
    scene = screen((FR, CZ), (CZ, FR))
    found = {route.slot: route.source for route in routes(C, Attendee(), scene, assign({}, scene, 4))}
    assert found[SlotId("v0")] == found[SlotId("a0")] == source_name(C, FR)
    assert found[SlotId("v1")] == found[SlotId("a1")] == source_name(C, CZ)


def test_every_picture_falls_back_to_its_slate_and_no_sound_does() -> None:
    scene = screen((FR,), (FR,))
    picture, sound = routes(C, Attendee(), scene, assign({}, scene, 4))
    assert picture.fallback == slate_name(C, FR) == "jiangsu-2022:slate/frankfurt/camera-1"
    assert sound.fallback is None


def test_a_player_hears_its_picture_or_else_the_floor() -> None:
    seen_and_heard, heard_only = screen((CZ,), (FR, CZ)), screen((CZ,), (FR,))
    for scene, expected in ((seen_and_heard, CZ), (heard_only, FR)):
        found = {route.slot: route.source for route in routes(C, Player(), scene, assign({}, scene, 1))}
        assert found == {SlotId("v0"): source_name(C, CZ), SlotId("a0"): source_name(C, expected)}


def test_a_control_room_sees_eight_attendees_six_others_four_a_player_one() -> None:
    desks = [Desk(Role.DIRECTOR), Desk(Role.OPERATOR, CHANGZHOU)]
    assert [capacity(one) for one in (*desks, Attendee(), Wall(CHANGZHOU), Player())] == [8, 4, 6, 4, 1]


@pytest.mark.parametrize("name", names())
def test_an_attendee_may_hear_every_source_of_the_founding_events_at_once(name: str) -> None:
    assert len(definition(name).sources) <= capacity(Attendee())


def test_what_the_relay_shows_is_read_back_slates_too() -> None:
    showing = {
        SlotId("v0"): slate_name(C, FR),
        SlotId("v1"): source_name(C, CZ),
        SlotId("a1"): source_name(C, CZ_TABLE),
    }
    found = recovered(C, showing)
    assert (found[FR], found[CZ_TABLE]) == (0, 1)
    assert assign(found, screen((FR, CZ_TABLE)), 4) == {FR: 0, CZ_TABLE: 1}
