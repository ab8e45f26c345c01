"""Votes: one a person, merged and parted, hidden and closed."""

from __future__ import annotations

from msgspec.structs import replace

from rooms.audience import Attendee, Desk
from rooms.features.qa import Questions
from rooms.kernel import Actor, InviteId, PersonId, Role
from rooms.questions.commands import (
    Ask,
    Configure,
    Find,
    Merge,
    Publish,
    SetDoors,
    Shortlist,
    ShowPresence,
    Undo,
    Vote,
)
from tests.rooms.hall import ANNA, FRANKFURT, MINDEN, ORGANISER, STAGE, do
from tests.rooms.questions.asked import ASKED, BERND, LI, MO, NAMES, Q1, Q2, TWO, board, code, own, refusal, room, seen


def test_a_person_votes_once_and_may_take_it_back() -> None:
    conference = room(*TWO, (Vote(Q1, on=True), BERND))
    assert conference.decide(Vote(Q1, on=True), BERND, STAGE, 0) == []
    assert conference.decide(Vote(Q2, on=False), BERND, STAGE, 0) == []
    assert seen(conference, Attendee())["votes"] == {Q1: 1, Q2: 0}
    assert own(conference, BERND)["votes"] == {Q1: True}
    do(conference, Vote(Q1, on=False), BERND)
    assert seen(conference, Attendee())["votes"] == {Q1: 0, Q2: 0}
    assert own(conference, BERND)["votes"] == {}


def test_most_votes_first_and_of_equals_the_earlier() -> None:
    conference = room(*TWO, (Vote(Q2, on=True), BERND))
    assert seen(conference, Attendee())["by_votes"] == [Q2, Q1]
    assert seen(conference, Attendee())["by_time"] == [Q2, Q1]
    do(conference, Vote(Q1, on=True), BERND)
    assert seen(conference, Attendee())["by_votes"] == [Q1, Q2]


def test_what_was_published_last_is_the_newest_however_long_it_waited() -> None:
    conference = room(ASKED, (Ask("什么时候开工？"), LI), (Publish(Q2), MO), (Publish(Q1), MO), (Shortlist(Q2), MO))
    assert seen(conference, Attendee())["by_time"] == [Q1, Q2]
    do(conference, Undo(Q1), MO)
    assert seen(conference, Attendee())["by_time"] == [Q2]


def test_merging_counts_distinct_people_and_undoing_gives_each_question_its_own_again() -> None:
    votes = [(Vote(Q1, on=True), BERND), (Vote(Q2, on=True), BERND), (Vote(Q2, on=True), LI)]
    conference = room(*TWO, *votes, (Merge(Q2, Q1), MO))
    assert seen(conference, Attendee())["votes"] == {Q1: 2}
    assert own(conference, LI)["votes"] == {Q1: True}
    assert own(conference, LI)["asked"][Q2]["into"] == Q1
    do(conference, Undo(Q2), MO)
    assert seen(conference, Attendee())["votes"] == {Q1: 1, Q2: 2}


def test_a_vote_for_a_merged_question_goes_where_it_went() -> None:
    conference = room(*TWO, (Merge(Q2, Q1), MO), (Vote(Q2, on=True), BERND))
    assert seen(conference, Attendee())["votes"] == {Q1: 1}
    do(conference, Vote(Q2, on=False), BERND)
    assert seen(conference, Attendee())["votes"] == {Q1: 0}


def test_a_vote_given_before_the_merge_is_taken_back_after_it() -> None:
    conference = room(*TWO, (Vote(Q2, on=True), BERND), (Merge(Q2, Q1), MO), (Vote(Q1, on=False), BERND))
    assert own(conference, BERND)["votes"] == {}
    do(conference, Undo(Q2), MO)
    assert seen(conference, Attendee())["votes"] == {Q1: 0, Q2: 0}


def test_a_vote_taken_back_counts_no_longer_for_what_was_merged_either() -> None:
    conference = room(*TWO, (Vote(Q2, on=True), BERND), (Merge(Q2, Q1), MO))
    assert board(conference)["votes"] == {Q1: 1, Q2: 1}
    do(conference, Vote(Q1, on=False), BERND)
    assert board(conference)["votes"] == {Q1: 0, Q2: 0}


def test_a_person_s_votes_of_a_minute_end_somewhere() -> None:
    conference = room(*TWO)
    for number in range(60):
        do(conference, Vote(Q1, on=number % 2 == 0), BERND, now_ms=200_000 + number)
    assert refusal(conference, Vote(Q1, on=True), BERND, now_ms=201_000) == ("votes-too-fast", {"wait_s": 59})
    assert conference.decide(Vote(Q1, on=True), BERND, STAGE, 260_000)
    assert conference.decide(Vote(Q1, on=True), LI, STAGE, 201_000)


def test_the_organiser_decides_whether_group_links_vote() -> None:
    conference = room(*TWO)
    do(conference, Configure(cooldown_s=0, group_votes=False), ORGANISER)
    group = replace(ANNA, invite=InviteId("attendee"))
    personal = Actor(PersonId("minden"), Role.SPEAKER, None, MINDEN, InviteId("speaker-minden"))
    assert code(conference, Vote(Q1, on=True), group) == "vote-needs-personal-link"
    assert conference.decide(Vote(Q1, on=True), personal, STAGE, 0)


def test_closed_voting_takes_no_votes() -> None:
    conference = room(*TWO, (SetDoors(asking=True, voting=False), MO))
    assert code(conference, Vote(Q1, on=True), BERND) == "voting-closed"


def test_counts_stay_hidden_from_the_public_in_the_first_minutes() -> None:
    conference = room(*TWO, (Vote(Q1, on=True), BERND), rules=Configure(cooldown_s=0, hide_counts_s=120))
    hidden = seen(conference, Attendee(), now_ms=100_000)
    assert "votes" not in hidden
    assert hidden["counts_from_ms"] == 121_000
    assert hidden["by_votes"] == hidden["by_time"]
    assert "votes" not in conference.read(Find(), ANNA, STAGE, NAMES, 100_000)
    assert conference.wakes_ms(100_000) == 121_000
    assert board(conference)["votes"][Q1] == 1
    assert seen(conference, Desk(Role.MODERATOR), now_ms=100_000)["counts_from_ms"] == 121_000
    shown = seen(conference, Attendee(), now_ms=121_000)
    assert shown["votes"][Q1] == 1
    assert conference.wakes_ms(121_000) is None


def test_a_shown_code_goes_with_the_votes_that_follow_and_admits_nobody() -> None:
    present = replace(BERND, present=FRANKFURT)
    conference = room(*TWO, (Vote(Q1, on=True), LI), (ShowPresence(), present), (Vote(Q1, on=True), BERND))
    voters = conference.feature(Questions, STAGE).book.merging.voters(Q1)
    assert (voters[LI.person].coded, voters[BERND.person].coded) == (False, True)
    assert own(conference, BERND)["present"] == FRANKFURT
    assert code(conference, ShowPresence(), BERND) == "code-wrong"
    assert conference.decide(ShowPresence(), present, STAGE, 0) == []
