"""What happened to questions: the closed events of the feature `qa`."""

from __future__ import annotations

from rooms.kernel import Event, LanguageTag, PersonId, VenueId
from rooms.questions.words import GuestStep, How, Moderation, QuestionId, Reason, Turns


class QuestionAsked(Event, frozen=True, tag="qa.asked"):
    question: QuestionId
    text: str
    language: LanguageTag
    detected: bool = False
    anonymous: bool = False


class QuestionEdited(Event, frozen=True, tag="qa.edited"):
    question: QuestionId
    text: str
    language: LanguageTag
    detected: bool = False


class QuestionWithdrawn(Event, frozen=True, tag="qa.withdrawn"):
    question: QuestionId


class QuestionVoted(Event, frozen=True, tag="qa.voted"):
    """The entry's actor votes."""

    question: QuestionId


class VoteTakenBack(Event, frozen=True, tag="qa.unvoted"):
    question: QuestionId


class PresenceShown(Event, frozen=True, tag="qa.presence_shown"):
    venue: VenueId


class QuestionClaimed(Event, frozen=True, tag="qa.claimed"):
    question: QuestionId


class ClaimReleased(Event, frozen=True, tag="qa.released"):
    question: QuestionId


class QuestionPublished(Event, frozen=True, tag="qa.published"):
    question: QuestionId


class QuestionDeclined(Event, frozen=True, tag="qa.declined"):
    question: QuestionId
    reason: Reason
    note: str = ""


class QuestionMerged(Event, frozen=True, tag="qa.merged"):
    question: QuestionId
    into: QuestionId


class QuestionTranslated(Event, frozen=True, tag="qa.translated"):
    question: QuestionId
    language: LanguageTag
    text: str


class QuestionShortlisted(Event, frozen=True, tag="qa.shortlisted"):
    question: QuestionId
    speaker: PersonId | None = None
    venue: VenueId | None = None


class QuestionAired(Event, frozen=True, tag="qa.aired"):
    question: QuestionId


class QuestionAnswered(Event, frozen=True, tag="qa.answered"):
    question: QuestionId
    how: How
    text: str = ""


class QuestionArchived(Event, frozen=True, tag="qa.archived"):
    question: QuestionId


class MoveUndone(Event, frozen=True, tag="qa.undone"):
    """The question's last move by a moderator is compensated: it stands where it stood before."""

    question: QuestionId


class GuestMoved(Event, frozen=True, tag="qa.guest_moved"):
    """The asker's next step on the way to the stage and back."""

    question: QuestionId
    step: GuestStep


class TurnsSet(Event, frozen=True, tag="qa.turns_set"):
    by: Turns


class DoorsSet(Event, frozen=True, tag="qa.doors_set"):
    asking: bool
    voting: bool


class Configured(Event, frozen=True, tag="qa.configured"):
    moderation: Moderation = Moderation.BEFORE
    anonymous: bool = True
    cooldown_s: int = 20
    cap: int = 10
    languages: tuple[LanguageTag, ...] = ()
    hide_counts_s: int = 0
    group_votes: bool = True


Move = (
    QuestionWithdrawn
    | QuestionPublished
    | QuestionDeclined
    | QuestionMerged
    | QuestionShortlisted
    | QuestionAired
    | QuestionAnswered
    | QuestionArchived
)
"""Events that put a question into another state."""
QaEvent = (
    Move
    | QuestionAsked
    | QuestionEdited
    | QuestionVoted
    | VoteTakenBack
    | PresenceShown
    | QuestionClaimed
    | ClaimReleased
    | QuestionTranslated
    | MoveUndone
    | GuestMoved
    | TurnsSet
    | DoorsSet
    | Configured
)
