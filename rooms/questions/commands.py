"""What people may do with questions, and what they may ask for: the closed commands and reads of the feature `qa`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rooms.kernel import Command, LanguageTag, Query
from rooms.questions.words import WINDOW, How, Moderation, Order, QuestionId, Reason, State, Turns

Id = Annotated[QuestionId, Meta(pattern=r"^[a-z0-9]{1,16}\Z")]
Language = Annotated[LanguageTag, Meta(pattern=r"^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,4}\Z")]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]


# What people who ask may do


class Ask(Command, frozen=True, tag="qa.ask"):
    """Ask a question; without a language the text tells it, else `page_language` stands for it."""

    text: str
    language: Language | None = None
    page_language: Language = LanguageTag("en")
    anonymous: bool = False


class Edit(Command, frozen=True, tag="qa.edit"):
    """Write the own question anew, until it is reviewed."""

    question: Id
    text: str
    language: Language | None = None
    page_language: Language = LanguageTag("en")


class Withdraw(Command, frozen=True, tag="qa.withdraw"):
    """Take the own question back, until it is on air."""

    question: Id


class Vote(Command, frozen=True, tag="qa.vote"):
    """The actor wants the question answered, or no longer: a state, so that a repeat changes nothing."""

    question: Id
    on: bool


class ShowPresence(Command, frozen=True, tag="qa.show_presence"):
    """The actor's page was shown the rotating code of a hall; the envelope carries it, the server checks it."""


class Consent(Command, frozen=True, tag="qa.consent"):
    """The invited asker agrees to come on stage, or does not, or steps down."""

    question: Id
    yes: bool


# What moderators may do


class Claim(Command, frozen=True, tag="qa.claim"):
    """Take a question into one's hands; `over` takes it knowingly from another moderator."""

    question: Id
    over: bool = False


class Release(Command, frozen=True, tag="qa.release"):
    """Give a claimed question back."""

    question: Id


class Publish(Command, frozen=True, tag="qa.publish"):
    """Show the question to everybody; `seen` is the revision that the moderator read."""

    question: Id
    seen: int | None = None


class Decline(Command, frozen=True, tag="qa.decline"):
    """Do not take the question, and tell its asker why."""

    question: Id
    reason: Reason
    note: str = ""
    seen: int | None = None


class Merge(Command, frozen=True, tag="qa.merge"):
    """The question is the same as another, which gets its voters, each person once."""

    question: Id
    into: Id
    seen: int | None = None


class Translate(Command, frozen=True, tag="qa.translate"):
    """Set a reviewed translation beside the original; an empty text takes it away."""

    question: Id
    language: Language
    text: str
    seen: int | None = None


class Shortlist(Command, frozen=True, tag="qa.shortlist"):
    """Lay the question before a speaker, a venue, both, or whoever is on stage."""

    question: Id
    speaker: Slug | None = None
    venue: Slug | None = None


class PutOnAir(Command, frozen=True, tag="qa.air"):
    """Show the question on stage; the one before it was answered live."""

    question: Id


class Answer(Command, frozen=True, tag="qa.answer"):
    """Say how the question was answered; written and private answers have a text."""

    question: Id
    how: How
    text: str = ""


class Archive(Command, frozen=True, tag="qa.archive"):
    """Put a question that is done out of the way."""

    question: Id


class Undo(Command, frozen=True, tag="qa.undo"):
    """Take the last move of a moderator with this question back."""

    question: Id


class InviteGuest(Command, frozen=True, tag="qa.invite"):
    """Ask the asker to come on stage with sound and picture."""

    question: Id


class BringGuest(Command, frozen=True, tag="qa.bring"):
    """Put the asker, who agreed, on stage."""

    question: Id


class SendBack(Command, frozen=True, tag="qa.send_back"):
    """Thank the asker and take them off the stage, or take the invitation back."""

    question: Id


class SetTurns(Command, frozen=True, tag="qa.turns"):
    """Between whom the queue takes turns."""

    by: Turns


class SetDoors(Command, frozen=True, tag="qa.doors"):
    """Open or close asking and voting. Asking opened again begins a new session: everybody's cap is fresh."""

    asking: bool
    voting: bool


class Configure(Command, frozen=True, tag="qa.configure"):
    """The room's rules, all of them."""

    moderation: Moderation = Moderation.BEFORE
    anonymous: bool = True
    cooldown_s: Annotated[int, Meta(ge=0, le=3600)] = 20
    cap: Annotated[int, Meta(ge=1, le=1000)] = 10
    languages: Annotated[tuple[Language, ...], Meta(max_length=20)] = ()
    hide_counts_s: Annotated[int, Meta(ge=0, le=3600)] = 0
    group_votes: bool = True


# What people may ask for


class Find(Query, frozen=True, tag="qa.find"):
    """Questions that hold `text` (any case), from the `start`th on; the public sees public ones only."""

    text: Annotated[str, Meta(max_length=300)] = ""
    order: Order = Order.VOTES
    states: Annotated[tuple[State, ...], Meta(max_length=10)] = ()
    venue: Slug | None = None
    language: Language | None = None
    start: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    count: Annotated[int, Meta(ge=1, le=WINDOW)] = WINDOW


AskerCommand = Ask | Edit | Withdraw | Vote | ShowPresence | Consent
BoardCommand = (
    Claim
    | Release
    | Publish
    | Decline
    | Merge
    | Translate
    | Shortlist
    | PutOnAir
    | Answer
    | Archive
    | Undo
    | InviteGuest
    | BringGuest
    | SendBack
)
RoomCommand = SetTurns | SetDoors | Configure
QaCommand = AskerCommand | BoardCommand | RoomCommand
