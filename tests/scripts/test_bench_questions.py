from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from rooms.questions.events import QuestionPublished, QuestionVoted
from scripts.benches import questions
from tests.rooms.hall import DEFINITION

GOOD = questions.Figures(5000, 100_000, 12.0, 2.0, 0.03, 0.04, 320.0, 1000)


def test_the_figures_are_the_ones_promised() -> None:
    names = ["questions", "votes", "apply_us", "decode_us", "view_ms", "encode_ms", "publish_p95_ms", "clients"]
    assert list(questions.judged(GOOD).figures) == names


@pytest.mark.parametrize(("name", "value"), [("apply_us", 121.0), ("view_ms", 0.09), ("publish_p95_ms", 500.1)])
def test_each_promise_of_the_questions_can_be_broken(name: str, value: float) -> None:
    known: dict[str, Any] = {field: getattr(GOOD, field) for field in GOOD.__struct_fields__}
    assert questions.judged(GOOD).broken == ()
    assert len(questions.judged(questions.Figures(**known | {name: value})).broken) == 1


def test_the_journal_holds_each_vote_of_a_person_once_and_leaves_questions_waiting() -> None:
    written = list(questions.entries(DEFINITION, questions=500, votes=2000, persons=100, epoch=1))
    events = [(entry.actor.person, event) for entry in written for event in entry.events]
    votes = Counter((person, event.question) for person, event in events if isinstance(event, QuestionVoted))
    assert sum(isinstance(event, QuestionPublished) for _, event in events) == 500 - questions.WAITING
    assert votes.total() == 2000
    assert max(votes.values()) == 1
    assert [entry.seq for entry in written] == list(range(1, len(written) + 1))
