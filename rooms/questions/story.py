"""The story of every question, for the organiser to take home."""

from __future__ import annotations

import datetime
import zoneinfo
from collections import Counter
from collections.abc import Iterator, Mapping

from rooms.definition import Definition
from rooms.kernel import Json, Names, PersonId
from rooms.questions.book import Book
from rooms.questions.events import QuestionAnswered, QuestionDeclined, QuestionShortlisted
from rooms.questions.model import REMOTE, Logged, Question

Row = dict[str, Json]


def table(book: Book, definition: Definition, names: Names) -> Iterator[Row]:
    """A row per question. `replay_s` counts from the opening of the first session; `media_ms` is the common clock."""
    clocks = _Clocks(definition, book.kept.began_ms or 0)
    for question in tuple(book.kept.questions.values()):
        yield _row(book, question, definition, clocks, names)


class _Clocks:
    """One instant as every hall's clock shows it."""

    def __init__(self, definition: Definition, began_ms: int) -> None:
        self._zones = {str(venue.id): zoneinfo.ZoneInfo(venue.zone) for venue in definition.venues}
        self._began_ms = began_ms

    def shown(self, at_ms: int) -> Row:
        utc = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
        local = {venue: utc.astimezone(zone).isoformat(timespec="milliseconds") for venue, zone in self._zones.items()}
        return {
            "media_ms": at_ms,
            "utc": utc.isoformat(timespec="milliseconds"),
            **local,
            "replay_s": (at_ms - self._began_ms) / 1000,
        }


def _row(book: Book, question: Question, definition: Definition, clocks: _Clocks, names: Names) -> Row:
    asked, wording = question.asked, question.wording
    return {
        "id": question.id,
        "state": question.state.value,
        "text": wording.text,
        "language": wording.language,
        "language_detected": wording.detected,
        "translations": {str(tag): text for tag, text in sorted(wording.translations.items())},
        "person": question.author,
        "name": names.get(question.author, ""),
        "anonymous": asked.anonymous,
        "venue": asked.venue or REMOTE,
        "asked": clocks.shown(asked.stamp.at_ms),
        **({"aired": clocks.shown(question.aired_ms)} if question.aired_ms else {}),
        **_outcome(question),
        "votes": _votes(book, question, definition),
        "ballots": [
            {"person": person, "venue": ballot.venue or REMOTE, "code": ballot.coded}
            for person, ballot in question.votes.items()
        ],
        "story": [_line(each, clocks, names) for each in question.log],
    }


def _outcome(question: Question) -> Mapping[str, Json]:
    match question.standing.move:
        case QuestionDeclined(_, reason, note):
            return {"reason": reason.value, "note": note}
        case QuestionShortlisted(_, speaker, venue):
            return {"for_speaker": speaker or "", "for_venue": venue or ""}
        case QuestionAnswered(_, how, text):
            return {"answered": how.value, "answer": text}
        case _:
            return {"merged_into": question.into} if question.into else {}


def _votes(book: Book, question: Question, definition: Definition) -> Row:
    """Distinct persons, those of merged questions among them: in all, by hall, and with the hall's code."""
    ballots = book.merging.voters(question.id).values()
    halls = Counter(ballot.venue or REMOTE for ballot in ballots)
    coded = Counter(ballot.venue or REMOTE for ballot in ballots if ballot.coded)
    places = [*(str(venue.id) for venue in definition.venues), REMOTE]
    return {
        "all": len(ballots),
        **{place: halls[place] for place in places},
        "with_code": {"all": coded.total(), **{place: coded[place] for place in places}},
    }


def _line(logged: Logged, clocks: _Clocks, names: Names) -> Row:
    by: PersonId = logged.stamp.by
    line: Row = {
        "state": logged.state.value,
        "person": by,
        "name": names.get(by, ""),
        **clocks.shown(logged.stamp.at_ms),
    }
    return {**line, "undo": True} if logged.undo else line
