from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from rooms.audience import Attendee, Desk
from rooms.features.stage import (
    DelaySet,
    ItemEnded,
    ItemStarted,
    Preview,
    Scene,
    ScenePreviewed,
    SceneTaken,
    SetDelay,
    SetItem,
    SetSound,
    SoundSet,
    Stage,
    Take,
)
from rooms.kernel import FLOOR, Actor, ItemId, PersonId, Refused, Role, SourceId
from rooms.program import Layout
from tests.rooms.hall import (
    ANNA,
    CZ,
    CZ_TABLE,
    DEFINITION,
    DIRECTOR,
    FR,
    FR_TABLE,
    FRANKFURT,
    MINDEN,
    OPERATOR,
    STAGE,
    do,
    given,
    opened,
)

FULL_MINDEN = Take(Layout.FULL, (MINDEN,))
NOWHERE = SourceId("nowhere/camera-1")


def test_a_take_is_on_air_for_everyone() -> None:
    conference = opened()
    assert do(conference, FULL_MINDEN, DIRECTOR) == [SceneTaken(Layout.FULL, (MINDEN,))]
    assert conference.screen(STAGE, Attendee()).sources == (MINDEN,)


def test_the_same_take_again_changes_nothing() -> None:
    assert do(given((FULL_MINDEN, DIRECTOR)), FULL_MINDEN, DIRECTOR) == []


def test_a_preview_is_seen_by_those_whose_turn_it_may_be_not_by_the_audience() -> None:
    scene = Preview(Layout.SIGNING_TABLES, (CZ_TABLE, FR_TABLE))
    conference = opened()
    assert do(conference, scene, DIRECTOR) == [ScenePreviewed(Layout.SIGNING_TABLES, (CZ_TABLE, FR_TABLE))]
    assert do(conference, scene, DIRECTOR) == []
    stage = conference.feature(Stage, STAGE)
    shown = {"layout": "signing_tables", "sources": [CZ_TABLE, FR_TABLE]}
    assert stage.view(Desk(Role.DIRECTOR), {}, 0)["preview"] == shown
    assert stage.view(Desk(Role.OPERATOR), {}, 0)["preview"] == shown
    assert "preview" not in stage.view(Attendee(), {}, 0)
    assert conference.screen(STAGE, Attendee()).sources == (CZ, FR)


@pytest.mark.parametrize("make", [Take, Preview])
@pytest.mark.parametrize(
    ("layout", "sources", "code"),
    [
        (Layout.FULL, (), "layout-needs-sources"),
        (Layout.FULL, (CZ, FR), "layout-needs-sources"),
        (Layout.SIDE_BY_SIDE, (CZ,), "layout-needs-sources"),
        (Layout.SIDE_BY_SIDE, (CZ, FR, MINDEN, CZ_TABLE, FR_TABLE), "layout-needs-sources"),
        (Layout.SIGNING_TABLES, (CZ_TABLE,), "layout-needs-sources"),
        (Layout.MULTIVIEW, (CZ, FR), "layout-not-for-stage"),
        (Layout.FULL, (NOWHERE,), "source-unknown"),
        (Layout.SIDE_BY_SIDE, (CZ, CZ), "source-twice"),
    ],
)
def test_a_scene_that_cannot_be_is_refused(
    make: type[Take] | type[Preview], layout: Layout, sources: tuple[SourceId, ...], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        do(opened(), make(layout, sources), DIRECTOR)
    assert refused.value.code == code


def test_halls_sound_always_and_a_person_only_on_air() -> None:
    conference = opened()
    before = {pick.source for pick in conference.screen(STAGE, Attendee()).sound[FLOOR]}
    do(conference, FULL_MINDEN, DIRECTOR)
    after = {pick.source for pick in conference.screen(STAGE, Attendee()).sound[FLOOR]}
    assert before == {CZ, CZ_TABLE, FR, FR_TABLE}
    assert after == before | {MINDEN}


def test_a_gain_of_nothing_silences_a_source() -> None:
    conference = opened()
    assert do(conference, SetSound(FR, 0), DIRECTOR) == [SoundSet(FR, 0)]
    assert do(conference, SetSound(FR, 0), DIRECTOR) == []
    assert FR not in {pick.source for pick in conference.screen(STAGE, Attendee()).sound[FLOOR]}


def test_a_gain_goes_to_the_screen() -> None:
    conference = given((SetSound(FR, 0.25), DIRECTOR))
    assert 0.25 in {pick.gain for pick in conference.screen(STAGE, Attendee()).sound[FLOOR]}


@pytest.mark.parametrize("gain", [-0.1, 1.1, math.nan, math.inf])
def test_a_gain_out_of_range_is_refused(gain: float) -> None:
    with pytest.raises(Refused, match="gain-out-of-range"):
        do(opened(), SetSound(FR, gain), DIRECTOR)


def test_the_sound_of_an_unknown_source_is_refused() -> None:
    with pytest.raises(Refused, match="source-unknown"):
        do(opened(), SetSound(NOWHERE, 1), DIRECTOR)


def test_an_operator_delays_the_own_source() -> None:
    conference = opened()
    assert do(conference, SetDelay(FR, 120), OPERATOR) == [DelaySet(FR, 120)]
    assert do(conference, SetDelay(FR, 120), OPERATOR) == []
    assert conference.feature(Stage, STAGE).delay_ms(FR) == 120


def test_an_operator_does_not_delay_another_source() -> None:
    other = Actor(PersonId("x"), Role.OPERATOR, FRANKFURT, FR_TABLE)
    with pytest.raises(Refused, match="source-not-yours"):
        do(opened(), SetDelay(FR, 120), other)


@pytest.mark.parametrize("delay_ms", [-1, 501])
def test_a_delay_out_of_range_is_refused(delay_ms: int) -> None:
    with pytest.raises(Refused, match="delay-out-of-range"):
        do(opened(), SetDelay(FR, delay_ms), DIRECTOR)


def test_an_item_starts_and_ends() -> None:
    conference = opened()
    assert do(conference, SetItem(ItemId("opening")), DIRECTOR, now_ms=70) == [ItemStarted(ItemId("opening"))]
    assert do(conference, SetItem(ItemId("opening")), DIRECTOR, now_ms=80) == []
    stage = conference.feature(Stage, STAGE)
    assert stage.view(Attendee(), {}, 0)["item"] == {"id": "opening", "started_ms": 70}
    assert do(conference, SetItem(None), DIRECTOR) == [ItemEnded(ItemId("opening"))]
    assert do(conference, SetItem(None), DIRECTOR) == []
    assert "item" not in stage.view(Attendee(), {}, 0)


def test_an_item_of_no_programme_is_refused() -> None:
    with pytest.raises(Refused, match="item-unknown"):
        do(opened(), SetItem(ItemId("lunch")), DIRECTOR)


def test_only_the_director_takes() -> None:
    with pytest.raises(Refused, match="role-not-admitted"):
        do(opened(), FULL_MINDEN, ANNA)


def test_the_take_says_when_and_to_desks_by_whom() -> None:
    conference = opened()
    do(conference, FULL_MINDEN, DIRECTOR, now_ms=5000)
    stage = conference.feature(Stage, STAGE)
    names = {DIRECTOR.person: "Dai"}
    assert stage.view(Attendee(), names, 0)["take"] == {"seq": 2, "at_ms": 5000}
    assert stage.view(Desk(Role.MODERATOR), names, 0)["take"] == {"seq": 2, "at_ms": 5000, "by": "Dai"}


def test_a_scene_whose_sources_went_shrinks() -> None:
    conference = given((Take(Layout.SIDE_BY_SIDE, (CZ, FR)), DIRECTOR))
    snapshot = conference.feature(Stage, STAGE).snapshot()
    left = replace(DEFINITION, sources=tuple(source for source in DEFINITION.sources if source.id != FR))
    stage = Stage(left, STAGE)
    stage.restore(snapshot)
    assert stage.scene() == Scene(Layout.FULL, (CZ,))


def test_a_snapshot_brings_everything_back() -> None:
    conference = given(
        (FULL_MINDEN, DIRECTOR),
        (Preview(Layout.FULL, (CZ,)), DIRECTOR),
        (SetSound(FR, 0.5), DIRECTOR),
        (SetDelay(CZ, 40), DIRECTOR),
        (SetItem(ItemId("opening")), DIRECTOR),
    )
    stage = conference.feature(Stage, STAGE)
    again = Stage(conference.definition, STAGE)
    again.restore(stage.snapshot())
    assert again.view(Desk(Role.DIRECTOR), {}, 0) == stage.view(Desk(Role.DIRECTOR), {}, 0)
