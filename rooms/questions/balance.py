"""Whose questions were asked and aired: by venue, by language."""

from __future__ import annotations

from collections import Counter

import msgspec

from rooms.questions.model import OPEN, REMOTE, Question
from rooms.questions.words import QuestionId


class Facts(msgspec.Struct, frozen=True):
    """What a question counts as in the balance."""

    venue: str
    language: str
    is_open: bool
    aired: bool


class Balance:
    """How many questions were asked, are open, and were aired: by venue (`remote` for none) and by language."""

    def __init__(self) -> None:
        self.venues: dict[str, Counter[str]] = {}
        self.languages: dict[str, Counter[str]] = {}
        self.facts: dict[QuestionId, Facts] = {}

    def count(self, question: Question) -> None:
        """As it is now, in place of what it was."""
        venue, language = question.asked.venue or REMOTE, question.wording.language
        facts = Facts(venue, language, question.state in OPEN, question.aired_ms is not None)
        before = self.facts.get(question.id)
        if before != facts:
            if before:
                self._add(before, -1)
            self._add(facts, 1)
            self.facts[question.id] = facts

    def _add(self, facts: Facts, by: int) -> None:
        counted = {"asked": by, "open": by * facts.is_open, "aired": by * facts.aired}
        self.venues.setdefault(facts.venue, Counter()).update(counted)
        self.languages.setdefault(facts.language, Counter()).update(counted)
