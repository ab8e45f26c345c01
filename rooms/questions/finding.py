"""What a page looks for among all questions of a room: by words, state, venue and language, in an order."""

from __future__ import annotations

from collections.abc import Iterable

from rooms.questions.book import Book
from rooms.questions.commands import Find
from rooms.questions.model import REMOTE, Question
from rooms.questions.rules import canonical
from rooms.questions.words import Order, QuestionId
from rooms.text import plain


def found(book: Book, query: Find, order: Order, *, public: bool) -> list[QuestionId]:
    """The ids of all questions that fit, in `order`; with `public` those only that everybody may read.

    Everybody may ask for it at any time: one cheap step over all of them for each thing that is asked.
    """
    ids: Iterable[QuestionId] = _ordered(book, order)
    if public:
        ids = [id for id in ids if id in book.by_time or id in book.answered]
    if needle := plain(query.text).casefold():
        ids = [id for id in ids if needle in book.said[id]]
    if query.states or query.venue or query.language:
        ids = _narrowed(query, [book.kept.questions[id] for id in ids])
    return list(ids)


def _ordered(book: Book, order: Order) -> Iterable[QuestionId]:
    """All questions: those open by votes or in turns first, else the newest first."""
    newest = reversed(book.kept.questions)
    match order:
        case Order.VOTES:
            return dict.fromkeys([*book.by_votes, *newest])
        case Order.TURNS:
            return dict.fromkeys([*book.queue(len(book.kept.questions)), *newest])
        case Order.TIME:
            return newest


def _narrowed(query: Find, questions: Iterable[Question]) -> list[QuestionId]:
    states, venue = frozenset(query.states), query.venue
    language = canonical(query.language) if query.language else None
    return [
        question.id
        for question in questions
        if (not states or question.state in states)
        and (venue is None or (question.asked.venue or REMOTE) == venue)
        and (language is None or question.wording.language == language)
    ]
