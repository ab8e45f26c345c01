from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rooms.questions.ranking import Ranking, in_turns
from rooms.questions.words import QuestionId

KEYS = st.none() | st.tuples(st.integers(-5, 5), st.integers(0, 5))
CHANGES = st.lists(st.tuples(st.integers(0, 8).map(lambda n: QuestionId(f"q{n}")), KEYS), max_size=60)
GROUPS = st.dictionaries(st.sampled_from("abcd"), st.lists(st.integers(0, 9), max_size=6))


@given(CHANGES)
def test_a_ranking_is_sorted_whatever_changes(changes: list[tuple[QuestionId, tuple[int, int] | None]]) -> None:
    ranking, known = Ranking(), dict[QuestionId, tuple[int, int]]()
    for question, key in changes:
        ranking.put(question, key)
        known.pop(question, None)
        if key is not None:
            known[question] = key
        assert list(ranking) == sorted(known, key=lambda each: (known[each], each))
        assert len(ranking) == len(known)
    assert ranking.window(1, 2) == list(ranking)[1:3]


@given(GROUPS, st.dictionaries(st.sampled_from("abcd"), st.integers(0, 5)))
def test_a_queue_in_turns_holds_all_once_and_keeps_each_group_s_order(
    numbers: dict[str, list[int]], heard: dict[str, int]
) -> None:
    groups = {name: [QuestionId(f"{name}{n}") for n in range(len(list))] for name, list in numbers.items()}
    queue = in_turns(groups, heard, 100)
    assert sorted(queue) == sorted(id for group in groups.values() for id in group)
    for name, group in groups.items():
        assert [id for id in queue if id.startswith(name)] == group


def test_who_was_heard_least_is_next() -> None:
    groups = {name: [QuestionId(f"{name}{n}") for n in range(3)] for name in ("changzhou", "frankfurt")}
    queue = in_turns(groups, {"changzhou": 2}, 4)
    assert queue == ["frankfurt0", "frankfurt1", "changzhou0", "frankfurt2"]
