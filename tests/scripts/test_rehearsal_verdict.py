"""The verdict says what was wrong, and nothing when all was well."""

from types import SimpleNamespace
from typing import Any

import pytest

from scripts.rehearsal.framecode import Code
from scripts.rehearsal.person import merged
from scripts.rehearsal.verdict import (
    Ages,
    Ceremony,
    Questions,
    Seen,
    Slate,
    Take,
    ages,
    faults_of_ceremony,
    faults_of_questions,
    faults_of_slate,
    faults_of_take,
    faults_of_watching,
)
from scripts.rehearsal.viewer import Eyes


def seen(**changes: object) -> Seen:
    """A wall that saw and heard the other hall for ten seconds."""
    facts: dict[str, object] = {
        "name": "wall A", "role": "wall", "venue": "a", "first_frame_ms": 200.0, "frames": 150, "codes_ok": 150,
        "sources_seen": {"b/1": 150}, "gaps": 0, "age_ms": None, "sound": {"a/1": 0, "b/1": 10},
    }  # fmt: skip
    return Seen(**(facts | changes))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"first_frame_ms": None}, "no picture"),
        ({"first_frame_ms": 9000.0}, "waited"),
        ({"codes_ok": 100}, "could read 100 of 150"),
        ({"gaps": 151}, "missed 151 frames"),
        ({"sources_seen": {}}, "never saw b/1"),
        ({"sources_seen": {"a/1": 3, "b/1": 9}}, "not on that screen"),
        ({"sound": {"a/1": 1, "b/1": 10}}, "must be silent"),
        ({"sound": {"a/1": 0, "b/1": 2}}, "2 beeps"),
    ],
)
def test_each_fault_of_watching_has_its_words(changes: dict[str, object], word: str) -> None:
    assert faults_of_watching(seen(), {"b/1"}, {"b/1"}, 10) == []
    assert any(word in fault for fault in faults_of_watching(seen(**changes), {"b/1"}, {"b/1"}, 10))


def test_a_take_that_never_arrives_is_a_fault() -> None:
    assert faults_of_take(Take("full", ("a/1",), {"Anna": 120.0})) == []
    assert faults_of_take(Take("full", ("a/1",), {"Anna": None})) == ["take full a/1 at Anna: never"]


def test_a_slate_after_the_second_is_a_fault() -> None:
    assert faults_of_slate(Slate("a/1", {"Anna": 900.0}, {"Anna": 700.0})) == []
    assert len(faults_of_slate(Slate("a/1", {"Anna": 1500.0}, {"Anna": None}))) == 2
    assert faults_of_slate(Slate("a/1", {"Anna": 1300.0}, {"Anna": 700.0}, halted_ms=350.0)) == []
    assert len(faults_of_slate(Slate("a/1", {"Anna": 1400.0}, {"Anna": 700.0}, halted_ms=350.0))) == 1


def test_ages_name_the_middle_and_the_slow_end() -> None:
    assert ages([]) is None
    assert ages(list(range(100))) is not None
    assert (ages(list(range(100))).p50, ages(list(range(100))).p95) == (50, 95)  # type: ignore[union-attr]


async def test_eyes_count_missing_frames_and_slates() -> None:
    hall = SimpleNamespace(source="a/1", age_ms=lambda number, now_s: 40.0)
    eyes = Eyes([hall])  # type: ignore[list-item]
    eyes.see(0, None, now_s=0.0)
    for number in (0, 1, 4):
        eyes.see(0, Code(0, number), now_s=float(number))
    eyes.see(0, None, now_s=5.0)
    assert (eyes.frames, eyes.codes_ok, eyes.gaps, eyes.slate_s) == (4, 3, 2, {0: 5.0})


def test_a_merge_patch_changes_adds_and_removes() -> None:
    assert merged({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 5}, "e": []}) == {
        "b": {"c": 5, "d": 3},
        "e": [],
    }


def questions(**changes: object) -> Questions:
    """Thirty-two questions that went through a kill whole."""
    facts: dict[str, object] = {
        "askers": 8, "languages": ["de", "en", "zh"], "acknowledged": 32, "found": 32, "doubled": 0,
        "votes_acknowledged": 90, "votes_found": 90, "kill_ms": 900.0, "on_air_ms": {"Anna": 20.0},
        "on_stage_ms": {"Anna": 300.0},
    }  # fmt: skip
    return Questions(**(facts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"found": 31}, "1 of 32 acknowledged questions are lost"),
        ({"doubled": 2}, "2 questions stand there twice"),
        ({"votes_found": 89}, "90 votes were acknowledged, 89 are counted"),
        ({"on_air_ms": {"Anna": None}}, "on air at Anna: never"),
        ({"on_stage_ms": {}}, "nobody was to see who is on stage"),
    ],
)
def test_each_fault_of_questions_has_its_words(changes: dict[str, object], word: str) -> None:
    assert faults_of_questions(questions()) == []
    assert faults_of_questions(questions(**changes)) == [word]


def held(**changes: object) -> Ceremony:
    """Eleven acts, all signed and sealed, nothing lost."""
    facts: dict[str, Any] = {
        "projects": 11, "signed": 11, "acknowledged": 24, "found": 24, "doubled": 0, "skew_ms": 3.0, "records": 11,
        "kill_ms": 900.0, "ink_ms": Ages(30.0, 170.0), "echo_ms": Ages(9.0, 110.0),
    }  # fmt: skip
    return Ceremony(**(facts | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"signed": 10}, ["10 of 11 acts were signed"]),
        ({"found": 23}, ["1 acknowledged signatures are lost"]),
        ({"doubled": 1}, ["1 signatures stand there twice"]),
        ({"records": 9}, ["9 of 11 records were sealed"]),
        ({"skew_ms": 251.0}, ["the pads of one act opened 251.0 ms apart"]),
        ({"ink_ms": None}, ["no page saw a hand draw"]),
        (
            {"ink_ms": Ages(40.0, 170.1)},
            ["ink came 170.1 ms after the hand (p95), an echo took 110.0: promised 60 more at most"],
        ),
    ],
)
def test_a_ceremony_s_faults_are_named(changes: dict[str, object], words: list[str]) -> None:
    assert faults_of_ceremony(held(**changes)) == words
