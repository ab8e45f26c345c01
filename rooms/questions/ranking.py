"""Orders that are kept, not computed: a sorted list per order, and queues that take turns."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heapreplace
from itertools import islice

from rooms.questions.words import QuestionId

Key = tuple[int, int]
"""What a list is sorted by, the smallest first; the second part is a seq and so makes it unique."""


class Ranking:
    """Question ids in the order of their keys. Changing one costs a bisection."""

    def __init__(self) -> None:
        self._sorted: list[tuple[Key, QuestionId]] = []
        self._keys: dict[QuestionId, Key] = {}

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, question: QuestionId) -> bool:
        return question in self._keys

    def __iter__(self) -> Iterator[QuestionId]:
        return (question for _, question in self._sorted)

    def put(self, question: QuestionId, key: Key | None) -> None:
        """Place the question by its key; None takes it out."""
        before = self._keys.get(question)
        if before == key:
            return
        if before is not None:
            del self._sorted[bisect_left(self._sorted, (before, question))]
            del self._keys[question]
        if key is not None:
            insort(self._sorted, (key, question))
            self._keys[question] = key

    def window(self, start: int, count: int) -> list[QuestionId]:
        return [question for _, question in self._sorted[start : start + count]]


def in_turns(groups: Mapping[str, Iterable[QuestionId]], heard: Mapping[str, int], count: int) -> list[QuestionId]:
    """The first `count` of all groups: next is always the group that was heard least, itself in its own order."""
    ahead = [(heard.get(name, 0), name, iter(group)) for name, group in sorted(groups.items())]
    heap = [(taken, name, first, rest) for taken, name, rest in ahead for first in islice(rest, 1)]
    heapify(heap)
    queue: list[QuestionId] = []
    while heap and len(queue) < count:
        taken, name, question, rest = heap[0]
        queue.append(question)
        if (following := next(rest, None)) is None:
            heappop(heap)
        else:
            heapreplace(heap, (taken + 1, name, following, rest))
    return queue
