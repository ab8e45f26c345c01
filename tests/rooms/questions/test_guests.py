"""Who asked comes on stage."""

from __future__ import annotations

from rooms.audience import Attendee, Desk, Speaker
from rooms.kernel import Role, SourceId
from rooms.questions.commands import (
    BringGuest,
    Consent,
    InviteGuest,
    SendBack,
    Withdraw,
)
from tests.rooms.hall import ANNA, CZ, FR, STAGE, do
from tests.rooms.questions.asked import ASKED, DAI, LI, MO, PUBLISHED, Q1, Q2, TWO, code, own, room, seen


def test_an_asker_is_asked_first_then_brought_on_stage_and_sent_back() -> None:
    guest = SourceId("guest/anna")
    conference = room(ASKED, PUBLISHED, (InviteGuest(Q1), MO))
    assert code(conference, BringGuest(Q1), DAI) == "guest-not-agreed"
    assert own(conference, ANNA)["stage"] == {"question": Q1, "step": "invited", "source": guest}
    assert conference.as_guest(ANNA) == ANNA
    do(conference, Consent(Q1, yes=True), ANNA)
    assert conference.as_guest(ANNA).source == guest
    assert guest in conference.screen(STAGE, Desk(Role.DIRECTOR)).sources
    assert guest not in conference.screen(STAGE, Attendee()).sources
    do(conference, BringGuest(Q1), DAI)
    screen = conference.screen(STAGE, Attendee())
    assert screen.sources == (CZ, FR, guest)
    assert guest in [pick.source for pick in screen.sound["floor"]]
    assert guest not in [pick.source for pick in conference.screen(STAGE, Speaker(guest)).sound["floor"]]
    assert seen(conference, Attendee())["on_stage"] == {"question": Q1, "source": guest}
    do(conference, SendBack(Q1), DAI)
    assert conference.screen(STAGE, Attendee()).sources == (CZ, FR)
    assert conference.as_guest(ANNA) == ANNA
    assert "stage" not in own(conference, ANNA)


def test_an_asker_may_refuse_and_step_down() -> None:
    conference = room(ASKED, PUBLISHED, (InviteGuest(Q1), MO), (Consent(Q1, yes=False), ANNA))
    assert code(conference, BringGuest(Q1), MO) == "guest-not-agreed"
    assert code(conference, Consent(Q1, yes=True), ANNA) == "guest-not-invited"
    do(conference, InviteGuest(Q1), MO)
    do(conference, Consent(Q1, yes=True), ANNA)
    do(conference, BringGuest(Q1), MO)
    do(conference, Consent(Q1, yes=False), ANNA)
    assert conference.screen(STAGE, Attendee()).sources == (CZ, FR)


def test_one_guest_at_a_time_is_on_stage() -> None:
    steps = [(InviteGuest(Q1), MO), (InviteGuest(Q2), MO), (Consent(Q1, yes=True), ANNA), (Consent(Q2, yes=True), LI)]
    conference = room(*TWO, *steps, (BringGuest(Q1), MO), (BringGuest(Q2), MO))
    assert conference.screen(STAGE, Attendee()).sources == (CZ, FR, "guest/li")


def test_a_withdrawn_question_takes_its_guest_along() -> None:
    conference = room(ASKED, PUBLISHED, (InviteGuest(Q1), MO), (Consent(Q1, yes=True), ANNA), (Withdraw(Q1), ANNA))
    assert conference.as_guest(ANNA) == ANNA
