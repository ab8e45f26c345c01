from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from rooms.audience import Attendee, Audience, Confidence, Desk, Player, Speaker, Wall
from rooms.conference import Conference
from rooms.features.qa import Questions
from rooms.journal import decode, encode
from rooms.kernel import Actor, Command, InviteId, LanguageTag, PersonId, Refused, Role, SourceId
from rooms.questions.commands import (
    Answer,
    Archive,
    Ask,
    BringGuest,
    Claim,
    Configure,
    Consent,
    Decline,
    Edit,
    Find,
    InviteGuest,
    Merge,
    Publish,
    PutOnAir,
    Release,
    SendBack,
    SetDoors,
    SetTurns,
    Shortlist,
    ShowPresence,
    Translate,
    Undo,
    Vote,
    Withdraw,
)
from rooms.questions.words import How, Moderation, Order, QuestionId, Reason, State, Turns
from tests.rooms.hall import ANNA, CHANGZHOU, CZ, FR, FRANKFURT, MINDEN, ORGANISER, STAGE, do, opened

BERND = Actor(PersonId("bernd"), Role.ON_SITE, FRANKFURT)
LI = Actor(PersonId("li"), Role.ON_SITE, CHANGZHOU)
MO = Actor(PersonId("mo"), Role.MODERATOR)
MIA = Actor(PersonId("mia"), Role.MODERATOR)
DAI = Actor(PersonId("dai"), Role.DIRECTOR)
NAMES = {ANNA.person: "Anna", BERND.person: "Bernd", LI.person: "Li", MO.person: "Mo"}
Q1, Q2, Q3 = QuestionId("q1"), QuestionId("q2"), QuestionId("q3")
LONG_CHAIN = 1100
"""Beyond what Python calls into itself."""


def room(*steps: tuple[Command, Actor], rules: Configure | None = None) -> Conference:
    """A conference without cooldown, after these steps, a second apart."""
    conference = opened()
    do(conference, rules or Configure(cooldown_s=0), ORGANISER)
    for number, (command, actor) in enumerate(steps, start=1):
        do(conference, command, actor, now_ms=1000 * number)
    return conference


def refusal(conference: Conference, command: Command, actor: Actor, now_ms: int = 1_000_000) -> tuple[str, Any]:
    with pytest.raises(Refused) as refused:
        conference.decide(command, actor, STAGE, now_ms)
    return refused.value.code, refused.value.params


def code(conference: Conference, command: Command, actor: Actor, now_ms: int = 1_000_000) -> str:
    return refusal(conference, command, actor, now_ms)[0]


def seen(conference: Conference, audience: Audience, now_ms: int = 1_000_000) -> Any:
    return conference.feature(Questions, STAGE).view(audience, NAMES, now_ms)


def own(conference: Conference, actor: Actor) -> Any:
    return conference.mine(actor.person, STAGE, 0)["qa"]


def board(conference: Conference, role: Role = Role.MODERATOR) -> Any:
    return seen(conference, Desk(role))


def state(conference: Conference, id: QuestionId = Q1) -> State:
    question = conference.feature(Questions, STAGE).book.question(id)
    assert question is not None
    return question.state


ASKED = (Ask("Wann beginnt der Bau?"), ANNA)
PUBLISHED = (Publish(Q1), MO)
TWO = (ASKED, (Ask("什么时候开工？"), LI), PUBLISHED, (Publish(Q2), MO))


# Asking


def test_a_question_waits_for_review_and_its_asker_alone_sees_it() -> None:
    conference = room(ASKED)
    assert seen(conference, Attendee())["items"] == {}
    row = own(conference, ANNA)["asked"][Q1]
    assert (row["text"], row["lang"], row["state"]) == ("Wann beginnt der Bau?", "de", "submitted")
    assert row["can_edit"]
    assert row["can_withdraw"]
    assert own(conference, BERND)["asked"] == {}


def test_without_moderation_a_question_is_public_at_once() -> None:
    conference = room(ASKED, rules=Configure(moderation=Moderation.AFTER))
    assert seen(conference, Attendee())["by_time"] == [Q1]
    assert code(conference, Edit(Q1, "Anders?"), ANNA) == "question-reviewed"


def test_a_text_s_language_is_chosen_or_told_or_the_page_s() -> None:
    conference = room(
        (Ask("Wann?", language="fr-ch"), ANNA), (Ask("什么时候？"), LI), (Ask("2030?", page_language="fr"), BERND)
    )
    rows = board(conference)["items"]
    assert [rows[id]["lang"] for id in (Q1, Q2, Q3)] == ["fr-CH", "zh", "fr"]
    assert [rows[id].get("detected") for id in (Q1, Q2, Q3)] == [None, True, None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "question-empty"),
        (" \u202e\u200d\n\t", "question-empty"),
        ("\ud800", "question-empty"),
        ("a" * 301, "question-too-long"),
        ("👩\u200d👩\u200d👧" * 301, "question-too-long"),
        ("a" * 65_000, "question-too-long"),
    ],
)
def test_a_text_that_cannot_be_asked_is_refused(text: str, said: str) -> None:
    assert code(room(), Ask(text), ANNA) == said


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=1+1", "👩\u200d👩\u200d👧" * 300, "متى؟", "क्षि" * 300])
def test_any_other_text_is_kept_as_it_is(text: str) -> None:
    assert own(room((Ask(text), ANNA)), ANNA)["asked"][Q1]["text"] == text


def test_controls_and_bidi_overrides_are_stripped_and_the_text_composed() -> None:
    conference = room((Ask("  Wa\u0308re\u202e das\u2066\n\nm\u0000öglich\ufeff? "), ANNA))
    assert own(conference, ANNA)["asked"][Q1]["text"] == "Wäre das möglich?"


def test_a_person_asks_no_faster_than_the_cooldown_and_no_more_than_the_cap() -> None:
    conference = room(rules=Configure(cooldown_s=20, cap=2))
    do(conference, Ask("Eins?"), ANNA, now_ms=1000)
    assert refusal(conference, Ask("Zwei?"), ANNA, now_ms=20_500) == ("question-too-soon", {"wait_s": 1})
    do(conference, Ask("Zwei?"), ANNA, now_ms=21_000)
    assert refusal(conference, Ask("Drei?"), ANNA, now_ms=90_000) == ("questions-used-up", {"most": 2})
    assert own(conference, ANNA)["used"] == 2


def test_ten_thousand_questions_of_one_person_leave_no_more_than_the_cap() -> None:
    conference = room(rules=Configure(cooldown_s=0, cap=3))
    asked = 0
    for number in range(10_000):
        try:
            do(conference, Ask(f"Frage {number}?"), ANNA, now_ms=number)
        except Refused:
            continue
        asked += 1
    assert asked == 3


def test_opening_again_gives_everybody_a_fresh_cap() -> None:
    conference = room(ASKED, rules=Configure(cooldown_s=0, cap=1))
    do(conference, SetDoors(asking=False, voting=True), MO)
    assert code(conference, Ask("Und?"), ANNA) == "questions-closed"
    do(conference, SetDoors(asking=True, voting=True), MO)
    assert conference.decide(Ask("Und?"), ANNA, STAGE, 1_000_000)


def test_a_room_takes_only_the_languages_and_anonymity_that_it_allows() -> None:
    conference = room(rules=Configure(languages=("zh", "de"), anonymous=False))
    assert refusal(conference, Ask("Why?", language="en"), ANNA) == ("language-not-taken", {"languages": "zh, de"})
    assert conference.decide(Ask("Warum?", language="de-AT"), ANNA, STAGE, 0)
    assert code(conference, Ask("Warum?", language="de", anonymous=True), ANNA) == "anonymous-not-allowed"


def test_an_anonymous_asker_is_known_to_the_journal_s_keeper_only() -> None:
    conference = room((Ask("Wer zahlt?", anonymous=True), ANNA), PUBLISHED)
    for audience in (Attendee(), Wall(CHANGZHOU), Speaker(MINDEN), Desk(Role.MODERATOR), Desk(Role.DIRECTOR)):
        said = str(seen(conference, audience))
        assert "Anna" not in said
        assert "'anna'" not in said
    row = board(conference, Role.ORGANISER)["items"][Q1]
    assert (row["by"], row["person"], row["anonymous"]) == ("Anna", "anna", True)


def test_an_asker_edits_until_the_question_is_reviewed() -> None:
    conference = room(ASKED, (Translate(Q1, "en", "When?"), MO), (Edit(Q1, "Wann endet der Bau?"), ANNA))
    row = own(conference, ANNA)["asked"][Q1]
    assert row["text"] == "Wann endet der Bau?"
    assert "texts" not in row
    assert code(conference, Edit(Q1, "Meins!"), BERND) == "question-not-yours"
    do(conference, Publish(Q1), MO)
    assert code(conference, Edit(Q1, "Doch anders"), ANNA) == "question-reviewed"


def test_edits_end_somewhere() -> None:
    conference = room(ASKED)
    for number in range(20):
        do(conference, Edit(Q1, f"Wann {number}?"), ANNA)
    assert refusal(conference, Edit(Q1, "Wann?"), ANNA) == ("edits-used-up", {"most": 20})


@pytest.mark.parametrize("steps", [(), (PUBLISHED,), (PUBLISHED, (Shortlist(Q1), MO))])
def test_an_asker_withdraws_until_on_air(steps: Any) -> None:
    conference = room(ASKED, *steps, (Withdraw(Q1), ANNA))
    assert state(conference) == State.WITHDRAWN
    assert conference.decide(Withdraw(Q1), ANNA, STAGE, 0) == []
    assert seen(conference, Attendee())["items"] == {}
    assert code(conference, Vote(Q1, on=True), BERND) == "vote-not-open"
    assert code(conference, Undo(Q1), MO) == "nothing-to-undo"


def test_on_air_it_is_too_late_to_withdraw() -> None:
    conference = room(ASKED, PUBLISHED, (PutOnAir(Q1), MO))
    assert refusal(conference, Withdraw(Q1), ANNA) == ("question-too-late", {"state": "on_air"})


# Voting


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
    voters = conference.feature(Questions, STAGE).book.voters(Q1)
    assert (voters[LI.person].coded, voters[BERND.person].coded) == (False, True)
    assert own(conference, BERND)["present"] == FRANKFURT
    assert code(conference, ShowPresence(), BERND) == "code-wrong"
    assert conference.decide(ShowPresence(), present, STAGE, 0) == []


# Moderating


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


def test_an_archived_question_is_out_of_the_way() -> None:
    conference = room(*TWO, (Answer(Q1, How.FOLLOW_UP), MO), (Archive(Q1), MO))
    assert seen(conference, Attendee())["answered"] == []
    assert board(conference)["columns"]["archived"] == {"count": 1, "ids": [Q1]}
    assert code(conference, Archive(Q2), MO) == "question-moved"


def test_the_queue_takes_turns_between_venues_and_balances_what_was_aired() -> None:
    asked = [(Ask(f"Wann {n}?"), replace(BERND, person=PersonId(f"b{n}"))) for n in range(3)]
    others = [(Ask("什么时候？"), LI), (Ask("Wann?"), ANNA)]
    ids = [QuestionId(f"q{n}") for n in range(1, 6)]
    votes = [(Vote(ids[n], on=True), MIA_VOTES) for n in range(3)]
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


MIA_VOTES = Actor(PersonId("v"), Role.ATTENDEE)


# On stage


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


# Finding, windows, keeping


def test_the_public_finds_public_questions_and_a_moderator_all() -> None:
    conference = room(*TWO, (Ask("Wann, bitte?"), BERND))
    found = conference.read(Find("WANN"), ANNA, STAGE, NAMES, 0)
    assert (found["ids"], found["total"]) == ([Q1], 1)
    assert conference.read(Find("wann", order=Order.TIME), MO, STAGE, NAMES, 0)["ids"] == [Q3, Q1]
    assert conference.read(Find(venue="remote"), MO, STAGE, NAMES, 0)["ids"] == [Q1]
    assert conference.read(Find(language="zh"), MO, STAGE, NAMES, 0)["ids"] == [Q2]
    assert conference.read(Find(states=(State.SUBMITTED,)), MO, STAGE, NAMES, 0)["ids"] == [Q3]
    assert conference.read(Find(states=(State.SUBMITTED,)), ANNA, STAGE, NAMES, 0)["ids"] == []
    assert conference.read(Find(start=1, count=1), MO, STAGE, NAMES, 0)["ids"] == [Q2]


def test_no_view_holds_more_than_its_windows() -> None:
    conference = room(rules=Configure(moderation=Moderation.AFTER, cooldown_s=0))
    for number in range(200):
        do(conference, Ask(f"Frage {number}?"), Actor(PersonId(f"p{number}"), Role.ATTENDEE))
    view = seen(conference, Attendee())
    assert (len(view["by_votes"]), len(view["by_time"]), view["counts"]["open"]) == (50, 50, 200)
    assert len(view["items"]) == 100
    assert len(board(conference)["columns"]["published"]["ids"]) == 50
    assert board(conference)["columns"]["published"]["count"] == 200
    assert seen(conference, Player()) == {}


def test_a_new_name_is_seen_and_an_erased_one_is_not() -> None:
    questions = room(*TWO).feature(Questions, STAGE)
    assert questions.view(Attendee(), {ANNA.person: "Anna"}, 0)["items"][Q1]["by"] == "Anna"
    assert questions.view(Attendee(), {ANNA.person: "Anne"}, 0)["items"][Q1]["by"] == "Anne"
    assert "by" not in questions.view(Attendee(), {}, 0)["items"][Q1]


def test_a_snapshot_keeps_everything() -> None:
    conference = room(
        *TWO, (Vote(Q1, on=True), BERND), (Merge(Q2, Q1), MO), (InviteGuest(Q1), MO), (SetTurns(Turns.BOTH), MO)
    )
    again = Conference.restored(conference.snapshot())
    for audience in (Attendee(), Wall(FRANKFURT), Desk(Role.MODERATOR), Speaker(MINDEN)):
        assert seen(again, audience) == seen(conference, audience)
    for actor in (ANNA, BERND, LI):
        assert own(again, actor) == own(conference, actor)
    assert again.snapshot() == conference.snapshot()


def golden() -> list[bytes]:
    return (Path(__file__).parents[2] / "golden" / "questions.jsonl").read_bytes().splitlines()


def test_the_golden_questions_are_written_as_they_were_read_and_hold_every_event() -> None:
    read = [decode(line) for line in golden()]
    assert [encode(entry) for entry, _ in read[1:]] == golden()[1:]
    assert not [warning for _, warnings in read for warning in warnings]
    assert {type(event) for entry, _ in read for event in entry.events} >= set(Questions.events)


def test_the_golden_questions_stand_where_they_stood() -> None:
    conference = Conference.replayed(decode(line)[0] for line in golden())
    book = conference.feature(Questions, STAGE).book
    stood = {id: (each.state.value, len(book.voters(id))) for id, each in book.kept.questions.items()}
    assert stood == {"q1": ("archived", 1), "q2": ("declined", 1), "q3": ("merged", 0), "q4": ("withdrawn", 0)}
    assert book.voters(Q1)[BERND.person].coded
    row = own(conference, ANNA)["asked"][Q1]
    assert (row["texts"], row["aired_ms"]) == ({"zh-Hans": "建设何时开始?"}, 1657177225000)
    assert own(conference, LI)["asked"][Q2]["note"] == "Danke!"
