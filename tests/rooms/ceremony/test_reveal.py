"""When each hall sees an unveiling."""

from __future__ import annotations

from rooms.ceremony.model import Act, drafted
from rooms.ceremony.reveal import reveals, skew_ms
from rooms.definition import ProjectKind
from tests.rooms.ceremony.evening import CLOTH, two
from tests.rooms.hall import CHANGZHOU, FRANKFURT

ACT = Act(drafted(two(CLOTH, ProjectKind.UNVEILING)))


def test_each_hall_waits_for_the_later_of_its_own_hand_and_the_other_s_picture() -> None:
    seen = reveals(ACT, {0: 1000.0, 1: 1040.0}, {CHANGZHOU: 150, FRANKFURT: 30})
    assert seen == {CHANGZHOU: 1190.0, FRANKFURT: 1040.0, "remote": 1040.0}


def test_halls_with_the_same_way_reveal_together() -> None:
    assert skew_ms(ACT, {CHANGZHOU: 200, FRANKFURT: 200}) == 0
    assert skew_ms(ACT, {CHANGZHOU: 200}) == 200


def test_two_hands_in_one_hall_wait_for_nobody() -> None:
    project = two(CLOTH, ProjectKind.UNVEILING)
    here = Act(drafted(type(project)(project.id, project.title, project.item, (project.parties[0],) * 2, project.kind)))
    assert reveals(here, {0: 5.0, 1: 7.0}, {CHANGZHOU: 200}) == {CHANGZHOU: 7.0, "remote": 7.0}
    assert skew_ms(here, {CHANGZHOU: 200}) == 0
