"""Questions as they are asked: what is taken, changed, withdrawn, and how much of it."""

from __future__ import annotations

from typing import Any

import pytest

from rooms.audience import Attendee, Desk, Speaker, Wall
from rooms.kernel import Refused, Role
from rooms.questions.commands import (
    Ask,
    Configure,
    Edit,
    Publish,
    PutOnAir,
    SetDoors,
    Shortlist,
    Translate,
    Undo,
    Vote,
    Withdraw,
)
from rooms.questions.words import Moderation, State
from tests.rooms.hall import ANNA, CHANGZHOU, MINDEN, STAGE, do
from tests.rooms.questions.asked import (
    ASKED,
    BERND,
    LI,
    MO,
    PUBLISHED,
    Q1,
    Q2,
    Q3,
    board,
    code,
    own,
    refusal,
    room,
    seen,
    state,
)


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
