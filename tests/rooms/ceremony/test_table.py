"""The machine's table: what it promises of itself."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rooms.ceremony.table import DONE, PRECEDENCE, TABLE, Step, after
from rooms.ceremony.words import Move
from rooms.definition import PARTIES_MAX, ProjectKind
from rooms.kernel import Refused


@pytest.mark.parametrize("kind", ProjectKind)
def test_every_step_can_be_reached_and_every_act_can_end(kind: ProjectKind) -> None:
    edges = {(step, to) for (step, _), (to, kinds) in TABLE.items() if kind in kinds}
    reached, ahead = {Step.DRAFTED}, [Step.DRAFTED]
    while ahead:
        here = ahead.pop()
        for to in {to for step, to in edges if step == here} - reached:
            reached.add(to)
            ahead.append(to)
    unused = {Step.EXCHANGED} if kind in (ProjectKind.UNVEILING, ProjectKind.INITIATIVE) else set()
    assert reached == set(Step) - unused
    for step in reached - {Step.SEALED, Step.VOID}:
        assert (step, Step.VOID) in edges


def test_sealed_and_void_are_the_end() -> None:
    assert not {step for step, _ in TABLE} & {Step.SEALED, Step.VOID}


def test_a_held_act_goes_on_only_knowingly() -> None:
    with pytest.raises(Refused, match="act-held"):
        after(Step.SIGNING, Move.SIGN, ProjectKind.SIGNING, held=True)
    with pytest.raises(Refused, match="act-not-held"):
        after(Step.SIGNING, Move.RESUME, ProjectKind.SIGNING)
    assert after(Step.SIGNING, Move.RESUME, ProjectKind.SIGNING, held=True) == Step.SIGNING


def test_what_is_not_in_the_table_is_refused_with_the_step() -> None:
    with pytest.raises(Refused) as refused:
        after(Step.DRAFTED, Move.GO, ProjectKind.SIGNING)
    assert (refused.value.code, refused.value.params) == ("act-moved", {"step": "drafted"})


def test_nothing_is_unsigned_again_but_by_a_retake_or_a_void() -> None:
    back = {move for (step, move), (to, _) in TABLE.items() if step in DONE and to not in DONE}
    assert back == {Move.RETAKE, Move.VOID}


def test_precedence_seats_the_first_in_the_centre_and_then_right_before_left() -> None:
    assert set(PRECEDENCE) == set(range(1, PARTIES_MAX + 1))
    for seats, order in PRECEDENCE.items():
        assert sorted(order) == list(range(1, seats + 1))
        centre = (seats + 1) / 2
        far = [abs(seat - centre) for seat in order]
        assert far == sorted(far)
        for left, right in pairwise(order):
            assert abs(left - centre) != abs(right - centre) or left > right
