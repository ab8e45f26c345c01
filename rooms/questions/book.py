"""The book of a room's questions: takes events in, and keeps every order and count that views need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, assert_never

from msgspec.structs import replace

from rooms.kernel import Fact, PersonId
from rooms.questions.balance import Balance, Facts
from rooms.questions.events import (
    ClaimReleased,
    Configured,
    DoorsSet,
    GuestMoved,
    Move,
    MoveUndone,
    PresenceShown,
    QaEvent,
    QuestionAired,
    QuestionAnswered,
    QuestionArchived,
    QuestionAsked,
    QuestionClaimed,
    QuestionDeclined,
    QuestionEdited,
    QuestionMerged,
    QuestionPublished,
    QuestionShortlisted,
    QuestionTranslated,
    QuestionVoted,
    QuestionWithdrawn,
    TurnsSet,
    VoteTakenBack,
)
from rooms.questions.merging import Merging
from rooms.questions.model import (
    OPEN,
    Asked,
    Ballot,
    Kept,
    Logged,
    Pace,
    Question,
    Stamp,
    Standing,
    Wording,
)
from rooms.questions.ranking import Ranking, in_turns
from rooms.questions.words import GuestStep, QuestionId, State, Turns

VOTES_MS: Final = 60_000
"""The minute in which a person's votes are counted."""
_STATES: Final = {
    QuestionWithdrawn: State.WITHDRAWN,
    QuestionPublished: State.PUBLISHED,
    QuestionDeclined: State.DECLINED,
    QuestionMerged: State.MERGED,
    QuestionShortlisted: State.SHORTLISTED,
    QuestionAired: State.ON_AIR,
    QuestionAnswered: State.ANSWERED,
    QuestionArchived: State.ARCHIVED,
}
ON_THE_WAY: Final = frozenset({GuestStep.INVITED, GuestStep.AGREED, GuestStep.ON_STAGE})
"""Steps of an asker who is expected on stage, or is there."""
_BY_AGE: Final = frozenset({State.SUBMITTED, State.IN_REVIEW})
_BY_VOTES: Final = frozenset({State.PUBLISHED, State.SHORTLISTED})
"""How columns are sorted: who waits longest, who has most votes; else what moved last."""


class Book:
    """All questions of one room. `apply` never refuses."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.columns = {state: Ranking() for state in State}
        self.by_votes = Ranking()
        self.by_time = Ranking()
        self.answered = Ranking()
        self.said: dict[QuestionId, str] = {}
        self.asked_by: dict[PersonId, list[QuestionId]] = {}
        self.voted_by: dict[PersonId, set[QuestionId]] = {}
        self.counts: dict[QuestionId, int] = {}
        self.stale: set[QuestionId] = set()
        self._groups: dict[str, Ranking] = {}
        self._guests: set[QuestionId] = set()
        self.balance = Balance()
        self.merging = Merging(kept.questions)
        self._read_all()

    def _read_all(self) -> None:
        """Make what is derived from what is kept."""
        for question in self.kept.questions.values():
            self.asked_by.setdefault(question.author, []).append(question.id)
            for person in question.votes:
                self._voted(person).add(question.id)
            self._note_guest(question)
            self._note_words(question)
            self._place(question)

    # What is there

    def question(self, id: QuestionId) -> Question | None:
        return self.kept.questions.get(id)

    def on_air(self) -> QuestionId | None:
        return next(iter(self.columns[State.ON_AIR]), None)

    def guests(self) -> Iterator[Question]:
        """Questions whose askers are on the way to the stage or on it, the one asked first first."""
        guests = [self.kept.questions[id] for id in self._guests]
        return iter(sorted(guests, key=lambda question: question.asked.stamp.seq))

    def queue(self, count: int) -> list[QuestionId]:
        """Published questions, the next one first: by votes, in turns between venues or languages if wished."""
        if self.kept.turns == Turns.NONE:
            return self.columns[State.PUBLISHED].window(0, count)
        heard = Counter(self._group(facts) for facts in self.balance.facts.values() if facts.aired)
        return in_turns(self._groups, heard, count)

    # What happens

    def apply(self, event: QaEvent, fact: Fact) -> None:
        match event:
            case QuestionAsked() | QuestionEdited():
                self._write(event, fact)
            case QuestionVoted(id) | VoteTakenBack(id):
                self._vote(self.kept.questions[id], fact, on=isinstance(event, QuestionVoted))
            case PresenceShown(venue):
                self.kept.present[fact.actor.person] = venue
            case TurnsSet(by):
                self.kept.turns = by
                self._regroup()
            case DoorsSet():
                self._open(event, fact)
            case Configured():
                self.kept.rules = event
            case QuestionClaimed() | ClaimReleased() | QuestionTranslated() | GuestMoved() | MoveUndone():
                self._touch(self.kept.questions[event.question], event, fact)
            case (
                QuestionWithdrawn()
                | QuestionPublished()
                | QuestionDeclined()
                | QuestionMerged()
                | QuestionShortlisted()
                | QuestionAired()
                | QuestionAnswered()
                | QuestionArchived()
            ):
                self._move(self.kept.questions[event.question], event, _stamp(fact))
            case never:
                assert_never(never)

    def _open(self, doors: DoorsSet, fact: Fact) -> None:
        """Asking that opens begins a session: fresh caps, and counts hidden from now."""
        if doors.asking and not self.kept.doors.asking:
            self._begin(fact.at_ms)
            for pace in self.kept.paces.values():
                pace.asked = 0
        self.kept.doors = doors

    def _begin(self, at_ms: int) -> None:
        self.kept.opened_ms = at_ms
        if self.kept.began_ms is None:
            self.kept.began_ms = at_ms

    def _write(self, event: QuestionAsked | QuestionEdited, fact: Fact) -> None:
        wording, stamp = Wording(event.text, event.language, event.detected), _stamp(fact)
        if isinstance(event, QuestionEdited):
            question = self.kept.questions[event.question]
            question.wording, question.revision, question.edits = wording, fact.seq, question.edits + 1
        else:
            asked = Asked(event.question, stamp, fact.actor.venue, event.anonymous)
            log = [Logged(State.SUBMITTED, stamp)]
            question = Question(asked, wording, Standing(State.SUBMITTED, stamp), fact.seq, log=log)
            self.kept.questions[event.question] = question
            self.asked_by.setdefault(stamp.by, []).append(event.question)
            pace = self._pace(stamp.by)
            pace.asked, pace.asked_ms = pace.asked + 1, stamp.at_ms
            if self.kept.opened_ms is None:
                self._begin(stamp.at_ms)
        self._note_words(question)
        self._place(question)

    def _vote(self, question: Question, fact: Fact, *, on: bool) -> None:
        """The person's vote now stands for `question`, or for none of its family."""
        person, voted = fact.actor.person, self._voted(fact.actor.person)
        family = tuple(self.merging.family(question.id))
        for id in family:
            self.merging.take_back(id, person)
            voted.discard(id)
        if on:
            self.merging.vote(question.id, person, Ballot(fact.actor.venue, person in self.kept.present))
            voted.add(question.id)
        pace = self._pace(person)
        if fact.at_ms - pace.votes_from_ms >= VOTES_MS:
            pace.votes, pace.votes_from_ms = 0, fact.at_ms
        pace.votes += 1
        for id in family:
            self._rank(self.kept.questions[id])

    def _touch(
        self,
        question: Question,
        event: QuestionClaimed | ClaimReleased | QuestionTranslated | GuestMoved | MoveUndone,
        fact: Fact,
    ) -> None:
        match event:
            case QuestionClaimed():
                question.claimed_by = fact.actor.person
            case ClaimReleased():
                question.claimed_by = None
            case QuestionTranslated(_, language, text):
                others = {tag: said for tag, said in question.wording.translations.items() if tag != language}
                translations = {**others, language: text} if text else others
                question.wording = replace(question.wording, translations=translations)
                self._note_words(question)
                question.revision = fact.seq
            case GuestMoved(_, step):
                question.guest = step
                self._note_guest(question)
            case MoveUndone():
                self._stand(question, question.past.pop())
                question.log.append(Logged(question.standing.state, _stamp(fact), undo=True))
                question.revision = fact.seq
            case never:
                assert_never(never)
        self._place(question)

    def _move(self, question: Question, event: Move, stamp: Stamp) -> None:
        state = _STATES[type(event)]
        question.past.append(question.standing)
        if isinstance(event, QuestionWithdrawn):
            question.past.clear()  # what the author takes back, no moderator puts back
        question.claimed_by = None
        question.revision = stamp.seq
        question.log.append(Logged(state, stamp))
        self._stand(question, Standing(state, stamp, event))
        self._place(question)

    def _stand(self, question: Question, standing: Standing) -> None:
        """Leave the question it was merged into, if any, for where it stands now."""
        left = question.into
        question.standing = standing
        for id in self.merging.moved(question, left):
            self._place(self.kept.questions[id])

    # What follows from it

    def _place(self, question: Question) -> None:
        """Put the question into the orders and counts where it belongs now."""
        self.stale.add(question.id)
        state, seq = question.state, question.asked.stamp.seq
        for each, column in self.columns.items():
            if each != state:
                column.put(question.id, None)
        if state in _BY_AGE:
            self.columns[state].put(question.id, (0, seq))
        elif state not in _BY_VOTES:
            self.columns[state].put(question.id, (-question.standing.stamp.seq, seq))
        self.by_time.put(question.id, (-question.published_seq, seq) if state in OPEN else None)
        is_told = state == State.ANSWERED and question.is_public
        self.answered.put(question.id, (-question.standing.stamp.seq, seq) if is_told else None)
        self.balance.count(question)
        self._rank(question)

    def _rank(self, question: Question) -> None:
        self.counts[question.id] = len(self.merging.voters(question.id))
        state, key = question.state, (-self.counts[question.id], question.asked.stamp.seq)
        self.by_votes.put(question.id, key if state in OPEN else None)
        if state in _BY_VOTES:
            self.columns[state].put(question.id, key)
        if self.kept.turns != Turns.NONE:
            group = self._groups.setdefault(self._group(self.balance.facts[question.id]), Ranking())
            group.put(question.id, key if state == State.PUBLISHED else None)

    def _group(self, facts: Facts) -> str:
        match self.kept.turns:
            case Turns.NONE | Turns.BOTH:
                return f"{facts.venue} {facts.language}"
            case Turns.VENUES:
                return facts.venue
            case Turns.LANGUAGES:
                return facts.language
            case never:
                assert_never(never)

    def _regroup(self) -> None:
        self._groups = {}
        for id in self.columns[State.PUBLISHED]:
            self._rank(self.kept.questions[id])

    def _note_guest(self, question: Question) -> None:
        if question.guest in ON_THE_WAY:
            self._guests.add(question.id)
        else:
            self._guests.discard(question.id)

    def _note_words(self, question: Question) -> None:
        """Original and translations as a search compares them, a line each."""
        wording = question.wording
        self.said[question.id] = "\n".join((wording.text, *wording.translations.values())).casefold()

    def _pace(self, person: PersonId) -> Pace:
        return self.kept.paces.setdefault(person, Pace())

    def _voted(self, person: PersonId) -> set[QuestionId]:
        return self.voted_by.setdefault(person, set())


def _stamp(fact: Fact) -> Stamp:
    return Stamp(fact.seq, fact.at_ms, fact.actor.person)
