"""Questions as pages see them: rows that are made once per change, in windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from rooms.kernel import Json, Names, PersonId, SourceId
from rooms.questions.book import Book
from rooms.questions.events import QuestionAnswered, QuestionDeclined, QuestionShortlisted
from rooms.questions.model import UNREVIEWED, Question
from rooms.questions.rules import WITHDRAWABLE
from rooms.questions.words import How, QuestionId, State

GUEST: Final = "guest"


class Eyes(Enum):
    """Who reads a row: everybody; who works with it; who keeps the journal and may know all names."""

    PUBLIC = "public"
    DESK = "desk"
    KEEPER = "keeper"


Row = dict[str, Json]
_Called = tuple[str | None, str | None]
"""The names of asker and claimer that a row holds."""
_Made = tuple[PersonId, str | None, PersonId | None, str | None, Row]
"""Asker and claimer, each with the name then, and the row."""


class Rows:
    """The rows of a book. A row is made anew only when its question or a name in it changed."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._made: dict[Eyes, dict[QuestionId, _Made]] = {eyes: {} for eyes in Eyes}

    def of(self, ids: Iterable[QuestionId], eyes: Eyes, names: Names) -> dict[str, Row]:
        """Rows by question id."""
        self._forget()
        made, called = self._made[eyes], names.get
        rows: dict[str, Row] = {}
        for id in ids:
            if id in made:
                asker, name, claimer, claimer_s_name, row = made[id]
                if called(asker) == name and (claimer is None or called(claimer) == claimer_s_name):
                    rows[id] = row
                    continue
            made[id] = self._make(self._book.kept.questions[id], eyes, names)
            rows[id] = made[id][4]
        return rows

    def _make(self, question: Question, eyes: Eyes, names: Names) -> _Made:
        claimer = question.claimed_by if eyes != Eyes.PUBLIC else None
        called = names.get(question.author), names.get(claimer) if claimer else None
        return question.author, called[0], claimer, called[1], self._row(question, eyes, called)

    def _forget(self) -> None:
        for id in self._book.stale:
            for made in self._made.values():
                made.pop(id, None)
        self._book.stale.clear()

    def _row(self, question: Question, eyes: Eyes, called: _Called) -> Row:
        row = _public(question)
        if called[0] and (eyes == Eyes.KEEPER or not question.asked.anonymous):
            row["by"] = called[0]
        if eyes != Eyes.PUBLIC:
            row |= self._desk(question, eyes, called)
        return row

    def _desk(self, question: Question, eyes: Eyes, called: _Called) -> Row:
        row: Row = {"rev": question.revision, **_told(question)}
        if eyes == Eyes.KEEPER or not question.asked.anonymous:
            row["person"] = question.author
        if question.claimed_by:
            row["claimed"] = {"person": question.claimed_by, **({"name": called[1]} if called[1] else {})}
        if merged := self._book.merging.merged_into(question.id):
            row["merged"] = list(merged)
        if question.guest:
            row["guest"] = question.guest.value
        if question.past:
            row["undo"] = question.past[-1].state.value
        if question.wording.detected:
            row["detected"] = True
        return row

    def votes(self, ids: Iterable[QuestionId]) -> dict[str, int]:
        counts = self._book.counts
        return {id: counts[id] for id in ids}

    def own(self, question: Question) -> Row:
        """The author's own row: state, reason, answer, and what can be done now."""
        row = {**_public(question), **_told(question), "rev": question.revision}
        if question.into:
            row["into_state"] = self._book.merging.root(question).state.value
        if question.state in UNREVIEWED:
            row["can_edit"] = True
        if question.state in WITHDRAWABLE:
            row["can_withdraw"] = True
        if question.guest:
            row["guest"] = question.guest.value
        return row


def guest_source(person: PersonId) -> SourceId:
    """The Source of a person who was asked to come on stage."""
    return SourceId(f"{GUEST}/{person}")


def _public(question: Question) -> Row:
    asked, wording, standing = question.asked, question.wording, question.standing
    row: Row = {
        "seq": asked.stamp.seq,
        "at_ms": asked.stamp.at_ms,
        "text": wording.text,
        "lang": wording.language,
        "state": question.state.value,
        "moved_ms": standing.stamp.at_ms,
    }
    if asked.venue:
        row["venue"] = asked.venue
    if asked.anonymous:
        row["anonymous"] = True
    if wording.translations:
        row["texts"] = {str(tag): text for tag, text in wording.translations.items()}
    if aired_ms := question.aired_ms:
        row["aired_ms"] = aired_ms
    match standing.move:
        case QuestionShortlisted(_, speaker, venue):
            row["for"] = {**({"speaker": speaker} if speaker else {}), **({"venue": venue} if venue else {})}
        case QuestionAnswered(_, how, text):
            row["how"] = how.value
            if text and how != How.PRIVATE:
                row["answer"] = text
        case _:
            pass
    return row


def _told(question: Question) -> Mapping[str, Json]:
    """What the author and the desks are told: reason, target, private answer."""
    match question.standing.move:
        case QuestionDeclined(_, reason, note) if question.state == State.DECLINED:
            return {"reason": reason.value, **({"note": note} if note else {})}
        case QuestionAnswered(_, How.PRIVATE, text) if text:
            return {"answer": text}
        case _:
            return {"into": question.into} if question.into else {}
