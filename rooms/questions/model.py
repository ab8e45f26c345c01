"""One question and what belongs to it, and the state of a room's questions as it is kept."""

from __future__ import annotations

from typing import Final

import msgspec

from rooms.kernel import LanguageTag, PersonId, VenueId
from rooms.questions.events import Configured, DoorsSet, Move, QuestionAnswered, QuestionMerged
from rooms.questions.words import GuestStep, How, QuestionId, State, Turns


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """Which entry, when (UTC, ms, which is media time) and by whom."""

    seq: int
    at_ms: int
    by: PersonId


class Asked(msgspec.Struct, frozen=True):
    """Where a question comes from; `venue` None: remote."""

    question: QuestionId
    stamp: Stamp
    venue: VenueId | None = None
    anonymous: bool = False


class Wording(msgspec.Struct, frozen=True):
    """The original, and the reviewed translations beside it. `detected`: the text told its language."""

    text: str
    language: LanguageTag
    detected: bool = False
    translations: dict[LanguageTag, str] = {}


class Standing(msgspec.Struct, frozen=True):
    """A question's state, since when and by whom; the move says reason, speaker or answer."""

    state: State
    stamp: Stamp
    move: Move | None = None


class Logged(msgspec.Struct, frozen=True, array_like=True):
    """One line of a question's story; an undone move is a line of its own."""

    state: State
    stamp: Stamp
    undo: bool = False


class Ballot(msgspec.Struct, frozen=True, array_like=True):
    """One person's vote: from which hall, and whether the hall's code was shown before."""

    venue: VenueId | None
    coded: bool


class Question(msgspec.Struct):
    """A question. `revision`: the seq of the last change of what is read or where it stands; a claim is none."""

    asked: Asked
    wording: Wording
    standing: Standing
    revision: int
    past: list[Standing] = []
    log: list[Logged] = []
    votes: dict[PersonId, Ballot] = {}
    claimed_by: PersonId | None = None
    guest: GuestStep | None = None
    edits: int = 0

    @property
    def id(self) -> QuestionId:
        return self.asked.question

    @property
    def author(self) -> PersonId:
        return self.asked.stamp.by

    @property
    def state(self) -> State:
        """A submitted question that somebody claimed is in review."""
        state = self.standing.state
        return State.IN_REVIEW if state == State.SUBMITTED and self.claimed_by else state

    @property
    def into(self) -> QuestionId | None:
        """The question that this one was merged into."""
        move = self.standing.move
        return move.into if isinstance(move, QuestionMerged) and self.state == State.MERGED else None

    @property
    def aired_ms(self) -> int | None:
        """When it went on air last; None if never, or if that was undone."""
        on_air = [each for each in (*self.past, self.standing) if each.state == State.ON_AIR]
        return on_air[-1].stamp.at_ms if on_air else None

    @property
    def published_seq(self) -> int:
        """The entry that showed it to everybody last; 0 if none did, or that was undone."""
        shown = [each for each in (*self.past, self.standing) if each.state == State.PUBLISHED]
        return shown[-1].stamp.seq if shown else 0

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it: it is open, or was answered to all, or was shown to all before its answer."""
        if self.state in OPEN:
            return True
        move = self.standing.move
        return isinstance(move, QuestionAnswered) and (move.how in TO_ALL or self.published_seq > 0)


class Pace(msgspec.Struct):
    """What one person did lately: questions of this session, votes of this minute."""

    asked: int = 0
    asked_ms: int | None = None
    votes: int = 0
    votes_from_ms: int = 0


class Kept(msgspec.Struct):
    """All of a room's questions, as a snapshot keeps them.

    `opened_ms`: when this session opened; `began_ms`: when the first one did.
    """

    rules: Configured = Configured()
    doors: DoorsSet = DoorsSet(asking=True, voting=True)
    opened_ms: int | None = None
    began_ms: int | None = None
    turns: Turns = Turns.NONE
    questions: dict[QuestionId, Question] = {}
    paces: dict[PersonId, Pace] = {}
    present: dict[PersonId, VenueId] = {}


OPEN: Final = frozenset({State.PUBLISHED, State.SHORTLISTED, State.ON_AIR})
"""Everybody sees these and may vote for them."""
TO_ALL: Final = frozenset({How.LIVE, How.WRITTEN})
"""Answers that everybody hears or reads; others are between the asker and who answers."""
UNREVIEWED: Final = frozenset({State.SUBMITTED, State.IN_REVIEW})
REMOTE: Final = "remote"
"""Stands for the venue of those who are in no hall."""
