"""Two hands that unveil as each hall sees them, and an initiative that others join."""

from __future__ import annotations

from rooms.ceremony import commands as c
from rooms.ceremony import words as w
from rooms.definition import Words
from rooms.features.ceremony import Ceremony
from rooms.kernel import Actor, PersonId, Role
from tests.rooms.ceremony.evening import CLOTH, OFFICER, START, drafted
from tests.rooms.hall import CHANGZHOU, FRANKFURT, STAGE

GUEST = Actor(PersonId("exhi"), Role.EXHIBITOR)


def test_two_hands_unveil_and_each_hall_waits_for_the_other_s_picture() -> None:
    evening = drafted()
    evening.do(c.SetDisplayDelay(FRANKFURT, 200), OFFICER)
    evening.do(c.SetDisplayDelay(CHANGZHOU, 120), OFFICER)
    assert evening.conference.feature(Ceremony, STAGE).skews({}) == {CLOTH: 80}
    evening.signing(CLOTH)
    at_ms = evening.now_ms
    evening.press(0)
    evening.now_ms += 50
    evening.press(1)
    expected = {CHANGZHOU: at_ms + 50 + 120, FRANKFURT: at_ms + 200, "remote": at_ms + 50}
    assert evening.view()["acts"][CLOTH]["reveal_ms"] == expected
    assert evening.step(CLOTH) == "unveiled"


def test_halls_that_would_see_it_too_far_apart_are_not_armed() -> None:
    evening = drafted().ready(CLOTH)
    evening.do(c.SetDisplayDelay(FRANKFURT, 301), OFFICER)
    assert evening.refused(evening.arm(CLOTH), OFFICER) == "skew-too-large"
    evening.do(c.SetTolerance(301), OFFICER)
    assert evening.refused(evening.arm(CLOTH), OFFICER) == ""


def test_an_unveiling_whose_tablet_fails_is_revealed_by_hand() -> None:
    evening = drafted().signing(CLOTH)
    evening.press(0)
    evening.do(c.Unveil(CLOTH), OFFICER)
    assert evening.view()["acts"][CLOTH]["reveal_ms"][FRANKFURT] == evening.now_ms + w.UNVEIL_LEAD_MS
    assert evening.refused(c.FallBack(CLOTH), OFFICER) == "act-moved"


def test_parks_join_an_initiative_and_are_counted_when_they_are_admitted() -> None:
    evening = drafted()
    assert evening.refused(c.Join(START, Words(en="Park")), GUEST) == "not-open-to-members"
    evening.signed(START)
    evening.do(c.Join(START, Words(en="Prak")), GUEST)
    evening.do(c.Join(START, Words(en="Park")), GUEST)
    assert "members" not in evening.view()["acts"][START]
    assert evening.desk()["acts"][START]["members"] == [
        {"names": Words(en="Park").all(), "member": "m1", "admitted": False}
    ]
    evening.do(c.Admit(START, w.MemberId("m1"), on=True), OFFICER)
    assert evening.view()["acts"][START]["members"] == [{"names": Words(en="Park").all()}]
    assert evening.refused(c.Join(START, Words(en="Other")), GUEST) == "joined-already"
    evening.do(c.Join(START, Words(en="Works")), OFFICER)
    assert len(evening.view()["acts"][START]["members"]) == 2
    evening.do(c.Unveil(START), OFFICER)
    evening.do(c.Join(START, Words(en="Late")), Actor(PersonId("late"), Role.SPEAKER))
    evening.do(c.Seal(START), OFFICER)
    assert evening.refused(c.Admit(START, w.MemberId("m3"), on=True), OFFICER) == "act-moved"
