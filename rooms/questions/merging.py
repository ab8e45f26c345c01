"""Questions merged into others, and the persons who voted for any of such a family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rooms.kernel import PersonId
from rooms.questions.model import Ballot, Question
from rooms.questions.words import QuestionId


class Merging:
    """Follows `questions`, which are its owner's to change."""

    def __init__(self, questions: Mapping[QuestionId, Question]) -> None:
        self._questions = questions
        self._merged: dict[QuestionId, set[QuestionId]] = {}
        self._voters: dict[QuestionId, dict[PersonId, Ballot]] = {}
        for question in questions.values():
            if question.into:
                self._merged.setdefault(question.into, set()).add(question.id)
        for id in questions:
            self._join(id)

    def root(self, question: Question) -> Question:
        """The question that this one ended up in by merging, else itself."""
        while question.into:
            question = self._questions[question.into]
        return question

    def merged_into(self, id: QuestionId) -> tuple[QuestionId, ...]:
        """The questions merged into this one directly."""
        return tuple(sorted(self._merged.get(id, ())))

    def family(self, id: QuestionId) -> Iterator[QuestionId]:
        """The question and all that were merged into it."""
        waiting = [id]
        while waiting:
            yield (each := waiting.pop())
            waiting.extend(self._merged.get(each, ()))

    def voters(self, id: QuestionId) -> Mapping[PersonId, Ballot]:
        """The distinct persons for a question and all merged into it."""
        joined = self._voters.get(id)
        return self._questions[id].votes if joined is None else joined

    def take_back(self, id: QuestionId, person: PersonId) -> None:
        """The person's vote for the question, if there is one."""
        self._questions[id].votes.pop(person, None)
        self._voters.get(id, {}).pop(person, None)

    def vote(self, id: QuestionId, person: PersonId, ballot: Ballot) -> None:
        votes = self._questions[id].votes
        votes[person] = ballot
        self._voters.get(id, votes)[person] = ballot

    def moved(self, question: Question, left: QuestionId | None) -> list[QuestionId]:
        """It left the question it was merged into, if any, for where it stands now: whose voters are others now."""
        changed: list[QuestionId] = []
        if left:
            self._merged[left].discard(question.id)
            changed += self._rejoined(left)
        if question.into:
            self._merged.setdefault(question.into, set()).add(question.id)
            changed += self._rejoined(question.into)
        return changed

    def _rejoined(self, id: QuestionId) -> list[QuestionId]:
        """Count the voters of a question and of what it was merged into anew."""
        above: QuestionId | None = id
        found: list[QuestionId] = []
        while above:
            self._join(above)
            found.append(above)
            above = self._questions[above].into
        return found

    def _join(self, id: QuestionId) -> None:
        """Each voter once, with the ballot for the question itself if there is one."""
        self._voters.pop(id, None)
        if self._merged.get(id):
            family = tuple(self.family(id))
            self._voters[id] = {k: v for each in reversed(family) for k, v in self._questions[each].votes.items()}
