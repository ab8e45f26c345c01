"""Strokes in flight: merged, complete for whoever comes late, and never in a slow reader's way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

from rooms.kernel import ProjectId
from server.ink import MERGE_S, SIGNATURES_MAX, Hand, Ink
from server.outbox import Outbox

HAND = Hand(ProjectId("memorandum"), 1, 0)


class Reader:
    """A page's way out that remembers what was written."""

    def __init__(self) -> None:
        self.is_behind = False
        self.frames: list[bytes] = []

    def write(self, frame: bytes) -> None:
        self.frames.append(frame)

    def told(self) -> list[Any]:
        found = [json.loads(frame[frame.index(b"[") :])[1] for frame in self.frames]
        self.frames.clear()
        return found


class Loop:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Any:
        self.calls.append((self.now_s + delay, callback))
        return self

    def cancel(self) -> None:
        self.calls.clear()

    def when(self) -> float:
        return self.calls[0][0]

    def move(self, by_s: float) -> None:
        self.now_s += by_s
        for at_s, callback in list(self.calls):
            if at_s <= self.now_s:
                callback()


def scene() -> tuple[Ink, Loop, Reader]:
    loop, reader = Loop(), Reader()
    return Ink(loop, lambda: [cast(Outbox, reader)]), loop, reader


def points(count: int, first: int = 0) -> list[tuple[float, float, float, float]]:
    return [(0.1, 0.2, 0.5, float(first + number)) for number in range(count)]


def test_the_first_points_go_at_once_and_what_follows_is_merged() -> None:
    ink, loop, reader = scene()
    ink.draw(HAND, 0, 0, points(2))
    loop.move(0)
    assert [(one["from"], len(one["points"])) for one in reader.told()] == [(0, 2)]
    for number in range(3):
        ink.draw(HAND, 0, 2 + number, points(1, 2 + number))
    assert reader.told() == []
    loop.move(MERGE_S)
    assert [(one["from"], len(one["points"])) for one in reader.told()] == [(2, 3)]


def test_a_repetition_changes_nothing_and_a_gap_waits_for_what_is_missing() -> None:
    ink, loop, reader = scene()
    ink.draw(HAND, 0, 0, points(4))
    loop.move(1)
    reader.told()
    ink.draw(HAND, 0, 0, points(4))
    ink.draw(HAND, 0, 6, points(1, 6))
    ink.draw(HAND, 2, 0, points(1))
    loop.move(1)
    assert reader.told() == []
    ink.draw(HAND, 0, 2, points(5, 2))
    loop.move(1)
    assert [(one["from"], [point[3] for point in one["points"]]) for one in reader.told()] == [(4, [4, 5, 6])]


def test_a_signature_completes_what_was_lost_on_the_way() -> None:
    ink, loop, reader = scene()
    ink.draw(HAND, 0, 0, points(2))
    ink.whole(HAND, [points(3), points(2)])
    loop.move(1)
    assert [(one["stroke"], len(one["points"])) for one in reader.told()] == [(0, 3), (1, 2)]


def test_a_signature_that_begins_otherwise_replaces_what_was_drawn_before() -> None:
    """The tablet's clear got lost with its line."""
    ink, loop, reader = scene()
    ink.draw(HAND, 0, 0, points(5))
    ink.draw(HAND, 1, 0, points(2))
    loop.move(1)
    reader.told()
    signature = [points(3, 100), points(2, 200)]
    ink.whole(HAND, signature)
    loop.move(1)
    assert drawn_by(reader) == signature
    late = Reader()
    ink.welcome(cast(Outbox, late))
    assert drawn_by(late) == signature


def test_a_page_that_was_away_begins_the_hand_anew() -> None:
    """It may remember strokes that were cleared meanwhile."""
    ink, loop, reader = scene()
    ink.draw(HAND, 0, 0, points(2))
    loop.move(1)
    ink.draw(HAND, 0, 2, points(2, 2))
    ink.draw(HAND, 1, 0, points(1))
    loop.move(1)
    assert [one.get("cleared", False) for one in reader.told()] == [True, False, False]
    ink.welcome(cast(Outbox, reader))
    assert [one.get("cleared", False) for one in reader.told()] == [True, False]


def drawn_by(reader: Reader) -> list[list[tuple[float, ...]]]:
    """The hand as a page has it after what it was told."""
    hand: list[list[tuple[float, ...]]] = []
    for one in reader.told():
        hand = [] if one.get("cleared") else hand
        if "points" in one:
            hand += [[] for _ in range(one["stroke"] + 1 - len(hand))]
            known = hand[one["stroke"]]
            known += [tuple(point) for point in one["points"][len(known) - one["from"] :]]
    return hand


def test_a_page_that_comes_late_gets_the_strokes_so_far() -> None:
    ink, loop, _ = scene()
    ink.draw(HAND, 0, 0, points(2))
    loop.move(1)
    late = Reader()
    ink.welcome(cast(Outbox, late))
    assert [(one["from"], len(one["points"])) for one in late.told()] == [(0, 2)]


def test_who_is_behind_is_passed_over_and_gets_it_all_once_the_line_is_free() -> None:
    ink, loop, reader = scene()
    reader.is_behind = True
    ink.draw(HAND, 0, 0, points(2))
    loop.move(1)
    assert reader.told() == []
    reader.is_behind = False
    ink.draw(HAND, 0, 2, points(1, 2))
    loop.move(1)
    assert reader.told()[0]["points"] == [list(point) for point in points(3)]


def test_a_cleared_field_is_told_after_what_was_drawn() -> None:
    ink, loop, reader = scene()
    ink.draw(HAND, 0, 0, points(1))
    ink.clear(HAND)
    assert [("points" in one, one["cleared"]) for one in reader.told()] == [(True, True), (False, True)]
    ink.draw(HAND, 0, 0, points(1))
    loop.move(1)
    assert len(reader.told()) == 1


def test_memory_holds_no_more_than_so_many_signatures() -> None:
    ink, _, _ = scene()
    for number in range(SIGNATURES_MAX + 5):
        ink.draw(Hand(ProjectId("memorandum"), 1, number), 0, 0, points(1))
    assert len(tuple(ink.hands())) == SIGNATURES_MAX
