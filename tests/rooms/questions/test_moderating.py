"""The moderators' board: claims, moves, merges, answers, and the queue to the stage."""

from __future__ import annotations

from msgspec.structs import replace

from rooms.audience import Attendee, Confidence, Desk, Speaker, Wall
from rooms.kernel import LanguageTag, PersonId, Role
from rooms.questions.commands import (
    Answer,
    Archive,
    Ask,
    Claim,
    Configure,
    Decline,
    Edit,
    Find,
    Merge,
    Publish,
    PutOnAir,
    Release,
    SetTurns,
    Shortlist,
    Translate,
    Undo,
    Vote,
    Withdraw,
)
from rooms.questions.words import How, Moderation, QuestionId, Reason, State, Turns
from tests.rooms.hall import ANNA, CHANGZHOU, FRANKFURT, MINDEN, STAGE, do
from tests.rooms.questions.asked import (
    ASKED,
    BERND,
    DAI,
    LI,
    LONG_CHAIN,
    MIA,
    MO,
    NAMES,
    PUBLISHED,
    Q1,
    Q2,
    TWO,
    VERA,
    board,
    code,
    own,
    room,
    seen,
    state,
)


def test_a_claim_keeps_two_moderators_apart_until_it_is_taken_over_knowingly() -> None:
    conference = room(ASKED, (Claim(Q1), MO))
    assert state(conference) == State.IN_REVIEW
    assert board(conference)["items"][Q1]["claimed"] == {"person": "mo", "name": "Mo"}
    assert code(conference, Claim(Q1), MIA) == "question-claimed"
    assert code(conference, Publish(Q1), MIA) == "question-claimed"
    assert code(conference, Release(Q1), MIA) == "question-claimed"
    do(conference, Claim(Q1, over=True), MIA)
    assert code(conference, Publish(Q1), MO) == "question-claimed"
    do(conference, Publish(Q1), MIA)
    assert "claimed" not in board(conference)["items"][Q1]


def test_a_released_question_waits_again() -> None:
    conference = room(ASKED, (Claim(Q1), MO), (Release(Q1), MO))
    assert state(conference) == State.SUBMITTED
    assert conference.decide(Release(Q1), MIA, STAGE, 0) == []


def test_a_stale_tab_decides_nothing() -> None:
    conference = room(ASKED)
    read = board(conference)["items"][Q1]["rev"]
    do(conference, Edit(Q1, "Ganz anders?"), ANNA)
    assert code(conference, Publish(Q1, seen=read), MO) == "question-changed"
    assert conference.decide(Publish(Q1, seen=board(conference)["items"][Q1]["rev"]), MO, STAGE, 0)


def test_taking_a_question_in_hand_changes_nothing_that_was_read() -> None:
    conference = room(ASKED)
    read = board(conference)["items"][Q1]["rev"]
    do(conference, Claim(Q1), MO)
    do(conference, Translate(Q1, LanguageTag("fr"), "Quand ?", seen=read), MO)
    assert code(conference, Publish(Q1, seen=read), MO) == "question-changed"


def test_any_chain_of_merged_questions_counts_and_parts_again() -> None:
    """Each is merged into the next: deeper than a call may reach."""
    asked = [(Ask(f"{number}?"), (ANNA, LI)[number % 2]) for number in range(1, LONG_CHAIN + 1)]
    conference = room(*asked, rules=Configure(moderation=Moderation.AFTER, cooldown_s=0, cap=1000))
    for number in range(1, LONG_CHAIN):
        do(conference, Merge(QuestionId(f"q{number}"), QuestionId(f"q{number + 1}")), MO)
    last = QuestionId(f"q{LONG_CHAIN}")
    do(conference, Vote(Q1, on=True), BERND)
    assert seen(conference, Attendee())["votes"] == {last: 1}
    do(conference, Undo(Q1), MO)
    assert seen(conference, Attendee())["votes"] == {Q1: 0, last: 1}


def test_the_asker_reads_why_a_question_was_declined_and_nobody_else_does() -> None:
    conference = room(ASKED, (Decline(Q1, Reason.OFF_TOPIC, " Bitte am Stand fragen. "), MO))
    row = own(conference, ANNA)["asked"][Q1]
    assert (row["state"], row["reason"], row["note"]) == ("declined", "off_topic", "Bitte am Stand fragen.")
    assert "Stand" not in str(seen(conference, Attendee()))
    do(conference, Publish(Q1), MO)
    assert state(conference) == State.PUBLISHED


def test_a_translation_stands_beside_the_original() -> None:
    conference = room(ASKED, (Translate(Q1, "zh-hans", "何时开工？"), MO), PUBLISHED)
    row = seen(conference, Attendee())["items"][Q1]
    assert (row["text"], row["lang"], row["texts"]) == ("Wann beginnt der Bau?", "de", {"zh-Hans": "何时开工？"})
    assert code(conference, Translate(Q1, "DE", "Neu"), MO) == "original-stays"
    do(conference, Translate(Q1, "zh-Hans", ""), MO)
    assert "texts" not in seen(conference, Attendee())["items"][Q1]


def test_a_question_cannot_be_merged_with_itself_or_in_a_circle() -> None:
    conference = room(*TWO, (Merge(Q2, Q1), MO))
    assert code(conference, Merge(Q1, Q1), MO) == "merge-with-itself"
    assert code(conference, Merge(Q1, Q2), MO) == "merge-with-itself"
    assert conference.decide(Merge(Q2, Q1), MO, STAGE, 0) == []


def test_who_was_merged_into_a_withdrawn_question_stands_for_themselves_again() -> None:
    conference = room(*TWO, (Merge(Q2, Q1), MO), (Withdraw(Q1), ANNA))
    assert state(conference, Q2) == State.PUBLISHED


def test_a_speaker_and_the_stage_see_what_is_shortlisted_and_for_whom() -> None:
    conference = room(*TWO, (Shortlist(Q1, speaker="minden", venue="changzhou"), DAI))
    for audience in (Speaker(MINDEN), Confidence(CHANGZHOU)):
        view = seen(conference, audience)
        assert view["shortlist"] == [Q1]
        assert view["items"][Q1]["for"] == {"speaker": "minden", "venue": "changzhou"}
    assert code(conference, Shortlist(Q2, speaker="nobody"), MO) == "speaker-unknown"
    assert code(conference, Shortlist(Q2, venue="nowhere"), MO) == "venue-unknown"


def test_the_next_on_air_ends_the_one_before_as_answered_live() -> None:
    conference = room(*TWO, (PutOnAir(Q1), MO), (PutOnAir(Q2), DAI))
    assert state(conference, Q1) == State.ANSWERED
    for audience in (Attendee(), Wall(FRANKFURT), Desk(Role.OPERATOR, FRANKFURT)):
        view = seen(conference, audience)
        assert view["on_air"] == Q2
        assert view["items"][Q2]["aired_ms"] == 6000
    assert seen(conference, Attendee())["items"][Q1]["how"] == "live"


def test_an_undone_answer_needs_a_free_stage() -> None:
    conference = room(*TWO, (PutOnAir(Q1), MO), (PutOnAir(Q2), MO))
    assert code(conference, Undo(Q1), MO) == "another-on-air"
    do(conference, Undo(Q2), MO)
    assert state(conference, Q2) == State.PUBLISHED
    do(conference, Undo(Q1), MO)
    assert state(conference, Q1) == State.ON_AIR


def test_undoing_goes_back_move_by_move() -> None:
    moves = [PUBLISHED, (Shortlist(Q1), MO), (PutOnAir(Q1), MO), (Answer(Q1, How.LIVE), MO), (Archive(Q1), MO)]
    conference = room(ASKED, *moves)
    went = [state(conference)]
    for _ in moves:
        do(conference, Undo(Q1), MO)
        went.append(state(conference))
    assert went == ["archived", "answered", "on_air", "shortlisted", "published", "submitted"]
    assert code(conference, Undo(Q1), MO) == "nothing-to-undo"


def test_a_written_answer_is_public_and_a_private_one_is_the_asker_s() -> None:
    answers = [(Answer(Q1, How.WRITTEN, "Im Mai."), MO), (Answer(Q2, How.PRIVATE, "我们联系您。"), MO)]
    conference = room(*TWO, *answers)
    rows = seen(conference, Attendee())["items"]
    assert rows[Q1]["answer"] == "Im Mai."
    assert "answer" not in rows[Q2]
    assert own(conference, LI)["asked"][Q2]["answer"] == "我们联系您。"
    assert board(conference)["items"][Q2]["answer"] == "我们联系您。"
    assert code(room(*TWO), Answer(Q1, How.WRITTEN), MO) == "question-empty"


def test_what_nobody_published_stays_private_when_its_answer_is() -> None:
    for how in (How.PRIVATE, How.FOLLOW_UP):
        conference = room(ASKED, (Answer(Q1, how, "Wir melden uns."), MO))
        view = seen(conference, Attendee())
        assert (view["answered"], view["counts"]["answered"], view["items"]) == ([], 0, {})
        assert conference.read(Find("wann"), VERA, STAGE, NAMES, 0)["ids"] == []
        assert conference.read(Find(states=(State.ANSWERED,)), VERA, STAGE, NAMES, 0)["total"] == 0
        assert own(conference, ANNA)["asked"][Q1]["answer"] == "Wir melden uns."
        assert board(conference)["columns"]["answered"] == {"count": 1, "ids": [Q1]}
    published = seen(room(ASKED, PUBLISHED, (Answer(Q1, How.PRIVATE, "Hier."), MO)), Attendee())
    to_all = seen(room(ASKED, (Answer(Q1, How.WRITTEN, "Im Mai."), MO)), Attendee())
    assert published["answered"] == to_all["answered"] == [Q1]


def test_an_archived_question_is_out_of_the_way() -> None:
    conference = room(*TWO, (Answer(Q1, How.FOLLOW_UP), MO), (Archive(Q1), MO))
    assert seen(conference, Attendee())["answered"] == []
    assert board(conference)["columns"]["archived"] == {"count": 1, "ids": [Q1]}
    assert code(conference, Archive(Q2), MO) == "question-moved"


def test_the_queue_takes_turns_between_venues_and_balances_what_was_aired() -> None:
    asked = [(Ask(f"Wann {n}?"), replace(BERND, person=PersonId(f"b{n}"))) for n in range(3)]
    others = [(Ask("什么时候？"), LI), (Ask("Wann?"), ANNA)]
    ids = [QuestionId(f"q{n}") for n in range(1, 6)]
    votes = [(Vote(ids[n], on=True), VERA) for n in range(3)]
    conference = room(*asked, *others, *[(Publish(id), MO) for id in ids], *votes)
    assert board(conference)["queue"] == ids
    do(conference, SetTurns(Turns.VENUES), MO)
    assert board(conference)["queue"] == ["q4", "q1", "q5", "q2", "q3"]
    do(conference, PutOnAir(QuestionId("q4")), MO)
    assert board(conference)["queue"] == ["q1", "q5", "q2", "q3"]
    assert board(conference)["balance"]["venues"]["changzhou"] == {"asked": 1, "open": 1, "aired": 1}
    assert board(conference)["balance"]["languages"]["de"] == {"asked": 4, "open": 4, "aired": 0}
    do(conference, SetTurns(Turns.LANGUAGES), MO)
    assert board(conference)["queue"] == ["q1", "q2", "q3", "q5"]
