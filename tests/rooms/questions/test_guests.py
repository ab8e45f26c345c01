"""Who asked comes on stage."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rooms.audience import Attendee, Desk, Speaker
from rooms.conference import Conference
from rooms.kernel import Actor, Command, Role, SourceId
from rooms.questions.commands import (
    Answer,
    Archive,
    BringGuest,
    Consent,
    Decline,
    InviteGuest,
    Merge,
    PutOnAir,
    SendBack,
    Undo,
    Withdraw,
)
from rooms.questions.words import How, Reason
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


def test_guests_stand_in_the_same_order_after_a_restart() -> None:
    steps = [(InviteGuest(Q2), MO), (InviteGuest(Q1), MO), (Consent(Q1, yes=True), ANNA), (Consent(Q2, yes=True), LI)]
    conference = room(*TWO, *steps)
    again = Conference.restored(conference.snapshot())
    for each in (conference, again):
        assert [source.id for source in each.sources()][-2:] == ["guest/anna", "guest/li"]


def test_one_guest_at_a_time_is_on_stage() -> None:
    steps = [(InviteGuest(Q1), MO), (InviteGuest(Q2), MO), (Consent(Q1, yes=True), ANNA), (Consent(Q2, yes=True), LI)]
    conference = room(*TWO, *steps, (BringGuest(Q1), MO), (BringGuest(Q2), MO))
    assert conference.screen(STAGE, Attendee()).sources == (CZ, FR, "guest/li")


AGREED = (*TWO, (InviteGuest(Q1), MO), (Consent(Q1, yes=True), ANNA))
ON_STAGE = (*AGREED, (BringGuest(Q1), DAI))


@pytest.mark.parametrize("before", [AGREED, ON_STAGE])
@pytest.mark.parametrize(
    ("end", "actor"),
    [
        (Withdraw(Q1), ANNA),
        (Decline(Q1, Reason.NO_TIME), MO),
        (Merge(Q1, Q2), MO),
        (Answer(Q1, How.PRIVATE, "Hier."), MO),
        (Undo(Q1), MO),
    ],
)
def test_a_question_that_is_no_longer_open_takes_its_guest_along(
    before: Sequence[tuple[Command, Actor]], end: Command, actor: Actor
) -> None:
    conference = room(*before, (end, actor))
    assert conference.as_guest(ANNA) == ANNA
    assert own(conference, ANNA)["asked"][Q1]["guest"] == "sent_back"
    assert conference.screen(STAGE, Attendee()).sources == (CZ, FR)
    assert code(conference, Consent(Q1, yes=True), ANNA) == "guest-not-invited"


def test_who_hears_the_answer_on_stage_stays_there_until_led_back_and_who_waits_does_not() -> None:
    aired = (PutOnAir(Q1), MO)
    for answer in (Answer(Q1, How.LIVE), PutOnAir(Q2)):
        assert room(*AGREED, aired, (answer, MO)).as_guest(ANNA) == ANNA
        conference = room(*ON_STAGE, aired, (answer, MO))
        assert conference.as_guest(ANNA).source == "guest/anna"
        do(conference, SendBack(Q1), DAI)
        assert conference.as_guest(ANNA) == ANNA
    assert room(*ON_STAGE, (Answer(Q1, How.LIVE), MO), (Archive(Q1), MO)).as_guest(ANNA) == ANNA
