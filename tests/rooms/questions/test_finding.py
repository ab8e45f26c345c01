"""What of many questions is found, shown and kept."""

from __future__ import annotations

from rooms.audience import Attendee, Desk, Player, Speaker, Wall
from rooms.conference import Conference
from rooms.features.qa import Questions
from rooms.kernel import Actor, PersonId, Role
from rooms.questions.commands import (
    Ask,
    Configure,
    Find,
    InviteGuest,
    Merge,
    SetTurns,
    Translate,
    Vote,
)
from rooms.questions.words import Moderation, Order, State, Turns
from tests.rooms.hall import ANNA, FRANKFURT, MINDEN, STAGE, do
from tests.rooms.questions.asked import BERND, LI, MO, NAMES, Q1, Q2, Q3, TWO, board, own, room, seen


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


def test_words_are_found_in_any_case_and_form_in_the_original_and_in_translations_of_now() -> None:
    conference = room(*TWO, (Translate(Q2, "fr", "Quand débutent les travaux ?"), MO))

    def found(text: str) -> list[str]:
        return list(conference.read(Find(text), ANNA, STAGE, NAMES, 0)["ids"])

    assert found("DE\u0301BUTENT ") == found("开工") == [Q2]
    assert found("wann") == [Q1]
    assert found("bau?\nquand") == []
    do(conference, Translate(Q2, "fr", ""), MO)
    assert found("débutent") == []
    assert Conference.restored(conference.snapshot()).read(Find("开工"), ANNA, STAGE, NAMES, 0)["ids"] == [Q2]


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
