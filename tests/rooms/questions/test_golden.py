"""Questions of a former evening are read as they were written."""

from __future__ import annotations

from pathlib import Path

from rooms.conference import Conference
from rooms.features.qa import Questions
from rooms.journal import decode, encode
from tests.rooms.hall import ANNA, STAGE
from tests.rooms.questions.asked import BERND, LI, Q1, Q2, own


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
    stood = {id: (each.state.value, len(book.merging.voters(id))) for id, each in book.kept.questions.items()}
    assert stood == {"q1": ("archived", 1), "q2": ("declined", 1), "q3": ("merged", 0), "q4": ("withdrawn", 0)}
    assert book.merging.voters(Q1)[BERND.person].coded
    row = own(conference, ANNA)["asked"][Q1]
    assert (row["texts"], row["aired_ms"]) == ({"zh-Hans": "建设何时开始?"}, 1657177225000)
    assert own(conference, LI)["asked"][Q2]["note"] == "Danke!"
