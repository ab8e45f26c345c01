"""What may happen to questions: commands in, events out, or Refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, assert_never

from msgspec import UNSET

from rooms.kernel import Actor, InviteId, LanguageTag, PersonId, Refused, VenueId
from rooms.questions.book import ON_THE_WAY, VOTES_MS, Book
from rooms.questions.commands import (
    Answer,
    Archive,
    Ask,
    AskerCommand,
    BoardCommand,
    BringGuest,
    Claim,
    Consent,
    Decline,
    Edit,
    InviteGuest,
    Merge,
    Publish,
    PutOnAir,
    Release,
    SendBack,
    Shortlist,
    ShowPresence,
    Translate,
    Undo,
    Vote,
    Withdraw,
)
from rooms.questions.events import (
    ClaimReleased,
    GuestMoved,
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
    VoteTakenBack,
)
from rooms.questions.model import OPEN, UNREVIEWED, Question
from rooms.questions.words import TEXT_MAX, GuestStep, How, Moderation, QuestionId, State
from rooms.text import clusters, is_blank, plain, spoken

CHARACTERS_MAX: Final = 20 * TEXT_MAX
"""Code points that are looked at: no script needs so many for its clusters."""
EDITS_MAX: Final = 20
"""Edits of one question; each is an entry of the journal."""
VOTES_MAX: Final = 60
"""Votes that one person may change in a minute."""
QUESTIONS_MAX: Final = 20_000
"""Questions of one room."""
CLAIMABLE: Final = UNREVIEWED | {State.PUBLISHED, State.SHORTLISTED}
MERGEABLE: Final = CLAIMABLE
PUBLISHABLE: Final = UNREVIEWED | {State.DECLINED, State.SHORTLISTED}
DECLINABLE: Final = UNREVIEWED | {State.PUBLISHED, State.SHORTLISTED}
WITHDRAWABLE: Final = UNREVIEWED | {State.PUBLISHED, State.SHORTLISTED, State.MERGED}
ANSWERABLE: Final = UNREVIEWED | OPEN
ARCHIVABLE: Final = frozenset({State.ANSWERED, State.DECLINED, State.WITHDRAWN, State.MERGED})


class Rules:
    """The rules of one room over its book. `personal` are the invites that are one person on all devices."""

    def __init__(
        self,
        book: Book,
        personal: frozenset[InviteId],
        speakers: frozenset[PersonId],
        venues: frozenset[VenueId],
    ) -> None:
        self._book = book
        self._personal = personal
        self._speakers = speakers
        self._venues = venues

    # Those who ask

    def asker(self, command: AskerCommand, actor: Actor, now_ms: int) -> Sequence[QaEvent]:
        match command:
            case Ask():
                return self._ask(command, actor, now_ms)
            case Edit():
                return self._edit(command, actor)
            case Withdraw(id):
                return self._withdraw(self._own(id, actor))
            case Vote(id, on):
                return self._vote(self._book.merging.root(self._question(id)), actor, now_ms, on=on)
            case ShowPresence():
                return self._show_presence(actor)
            case Consent(id, yes):
                return self._consent(self._own(id, actor), yes=yes)
            case never:
                assert_never(never)

    def _ask(self, command: Ask, actor: Actor, now_ms: int) -> Sequence[QaEvent]:
        kept = self._book.kept
        if not kept.doors.asking:
            raise Refused("questions-closed")
        text = _text(command.text)
        language, detected = self._language(text, command.language, command.page_language)
        if command.anonymous and not kept.rules.anonymous:
            raise Refused("anonymous-not-allowed")
        self._check_pace(actor, now_ms)
        if len(kept.questions) >= QUESTIONS_MAX:
            raise Refused("questions-full")
        id = QuestionId(f"q{len(kept.questions) + 1}")
        asked = QuestionAsked(id, text, language, detected, command.anonymous)
        return [asked, QuestionPublished(id)] if kept.rules.moderation == Moderation.AFTER else [asked]

    def _check_pace(self, actor: Actor, now_ms: int) -> None:
        rules, pace = self._book.kept.rules, self._book.kept.paces.get(actor.person)
        if pace is None or pace.asked_ms is None:
            return
        if pace.asked >= rules.cap:
            raise Refused("questions-used-up", most=rules.cap)
        if (wait_ms := pace.asked_ms + 1000 * rules.cooldown_s - now_ms) > 0:
            raise Refused("question-too-soon", wait_s=math.ceil(wait_ms / 1000))

    def _edit(self, command: Edit, actor: Actor) -> Sequence[QaEvent]:
        question = self._own(command.question, actor)
        _check(question, UNREVIEWED, "question-reviewed")
        if question.edits >= EDITS_MAX:
            raise Refused("edits-used-up", most=EDITS_MAX)
        text = _text(command.text)
        language, detected = self._language(text, command.language, command.page_language)
        if (text, language) == (question.wording.text, question.wording.language):
            return []
        return [QuestionEdited(question.id, text, language, detected)]

    def _language(self, text: str, chosen: str | None, page: str) -> tuple[LanguageTag, bool]:
        """The text's language, and whether the text told it. Raises Refused."""
        told = None if chosen else spoken(text)
        language = canonical(chosen or told or page)
        taken = self._book.kept.rules.languages
        if taken and language.partition("-")[0] not in {each.partition("-")[0] for each in taken}:
            raise Refused("language-not-taken", languages=", ".join(taken))
        return language, told is not None

    def _withdraw(self, question: Question) -> Sequence[QaEvent]:
        """Those merged into it stand where they stood before: other people asked them."""
        if question.state == State.WITHDRAWN:
            return []
        _check(question, WITHDRAWABLE, "question-too-late")
        freed = [MoveUndone(child) for child in self._book.merging.merged_into(question.id)]
        return [*freed, *_back(question), QuestionWithdrawn(question.id)]

    def _vote(self, question: Question, actor: Actor, now_ms: int, *, on: bool) -> Sequence[QaEvent]:
        kept = self._book.kept
        if not kept.doors.voting:
            raise Refused("voting-closed")
        if not kept.rules.group_votes and actor.invite not in self._personal:
            raise Refused("vote-needs-personal-link")
        _check(question, OPEN, "vote-not-open")
        if (actor.person in self._book.merging.voters(question.id)) == on:
            return []
        pace = kept.paces.get(actor.person)
        if pace and pace.votes >= VOTES_MAX and (wait_ms := pace.votes_from_ms + VOTES_MS - now_ms) > 0:
            raise Refused("votes-too-fast", wait_s=math.ceil(wait_ms / 1000))
        return [QuestionVoted(question.id) if on else VoteTakenBack(question.id)]

    def _show_presence(self, actor: Actor) -> Sequence[QaEvent]:
        if actor.present is UNSET:
            raise Refused("code-wrong")
        same = self._book.kept.present.get(actor.person) == actor.present
        return [] if same else [PresenceShown(actor.present)]

    def _consent(self, question: Question, *, yes: bool) -> Sequence[QaEvent]:
        if question.guest not in ON_THE_WAY:
            raise Refused("guest-not-invited")
        if yes:
            return [GuestMoved(question.id, GuestStep.AGREED)] if question.guest == GuestStep.INVITED else []
        on_stage = question.guest == GuestStep.ON_STAGE
        return [GuestMoved(question.id, GuestStep.SENT_BACK if on_stage else GuestStep.REFUSED)]

    # Those who moderate

    def board(self, command: BoardCommand, actor: Actor) -> Sequence[QaEvent]:
        question = self._question(command.question)
        match command:
            case Claim(_, over):
                return self._claim(question, actor, over=over)
            case Release(id):
                if question.claimed_by is None:
                    return []
                self._check_hands(question, actor)
                return [ClaimReleased(id)]
            case Publish() | Decline() | Merge() | Translate():
                self._check_hands(question, actor)
                if command.seen is not None and command.seen != question.revision:
                    raise Refused("question-changed", state=question.state.value)
                return self._review(question, command)
            case Shortlist() | PutOnAir() | Answer() | Archive() | Undo():
                self._check_hands(question, actor)
                return self._lead(question, command)
            case InviteGuest() | BringGuest() | SendBack():
                return self._guest(question, command)
            case never:
                assert_never(never)

    def _claim(self, question: Question, actor: Actor, *, over: bool) -> Sequence[QaEvent]:
        _check(question, CLAIMABLE, "question-moved")
        if question.claimed_by == actor.person:
            return []
        if question.claimed_by and not over:
            raise Refused("question-claimed")
        return [QuestionClaimed(question.id)]

    def _review(self, question: Question, command: Publish | Decline | Merge | Translate) -> Sequence[QaEvent]:
        match command:
            case Publish(id):
                if question.state == State.PUBLISHED:
                    return []
                _check(question, PUBLISHABLE, "question-moved")
                return [QuestionPublished(id)]
            case Decline(id, reason, note):
                if question.state == State.DECLINED:
                    return []
                _check(question, DECLINABLE, "question-moved")
                return [*_back(question), QuestionDeclined(id, reason, _text(note) if note.strip() else "")]
            case Merge(id, into):
                return self._merge(question, self._question(into))
            case Translate(id, language, text):
                tag, said = canonical(language), _text(text) if text.strip() else ""
                if tag == question.wording.language:
                    raise Refused("original-stays", language=tag)
                return [] if question.wording.translations.get(tag, "") == said else [QuestionTranslated(id, tag, said)]
            case never:
                assert_never(never)

    def _merge(self, question: Question, into: Question) -> Sequence[QaEvent]:
        target = self._book.merging.root(into)
        if question.into == target.id:
            return []
        if target.id == self._book.merging.root(question).id:
            raise Refused("merge-with-itself")
        _check(question, MERGEABLE, "question-moved")
        _check(target, MERGEABLE | {State.ON_AIR}, "question-moved")
        return [*_back(question), QuestionMerged(question.id, target.id)]

    def _lead(self, question: Question, command: Shortlist | PutOnAir | Answer | Archive | Undo) -> Sequence[QaEvent]:
        match command:
            case Shortlist(id, speaker, venue):
                return self._shortlist(question, speaker, venue)
            case PutOnAir(id):
                if question.state == State.ON_AIR:
                    return []
                _check(question, frozenset({State.PUBLISHED, State.SHORTLISTED}), "question-moved")
                before = self._book.on_air()
                return [*(_answered(self._question(before), How.LIVE) if before else []), QuestionAired(id)]
            case Answer(_, how, text):
                _check(question, ANSWERABLE, "question-moved")
                needs_text = how in (How.WRITTEN, How.PRIVATE) or text.strip()
                return _answered(question, how, _text(text) if needs_text else "")
            case Archive(id):
                if question.state == State.ARCHIVED:
                    return []
                _check(question, ARCHIVABLE, "question-moved")
                return [*_back(question), QuestionArchived(id)]
            case Undo():
                return self._undo(question)
            case never:
                assert_never(never)

    def _shortlist(self, question: Question, speaker: str | None, venue: str | None) -> Sequence[QaEvent]:
        if speaker is not None and speaker not in self._speakers:
            raise Refused("speaker-unknown", speaker=speaker)
        if venue is not None and venue not in self._venues:
            raise Refused("venue-unknown", venue=venue)
        shortlisted = QuestionShortlisted(
            question.id, PersonId(speaker) if speaker else None, VenueId(venue) if venue else None
        )
        if question.standing.move == shortlisted:
            return []
        _check(question, frozenset({State.PUBLISHED, State.SHORTLISTED}), "question-moved")
        return [shortlisted]

    def _undo(self, question: Question) -> Sequence[QaEvent]:
        if not question.past:
            raise Refused("nothing-to-undo")
        if question.past[-1].state == State.ON_AIR and self._book.on_air() is not None:
            raise Refused("another-on-air")
        stays = question.past[-1].state in OPEN
        return [*([] if stays else _back(question)), MoveUndone(question.id)]

    def _guest(self, question: Question, command: InviteGuest | BringGuest | SendBack) -> Sequence[QaEvent]:
        match command:
            case InviteGuest(id):
                if question.guest in ON_THE_WAY:
                    return []
                _check(question, OPEN, "question-moved")
                if any(other.author == question.author for other in self._book.guests()):
                    raise Refused("guest-invited-already")
                return [GuestMoved(id, GuestStep.INVITED)]
            case BringGuest(id):
                if question.guest == GuestStep.ON_STAGE:
                    return []
                if question.guest != GuestStep.AGREED:
                    raise Refused("guest-not-agreed")
                before = [other.id for other in self._book.guests() if other.guest == GuestStep.ON_STAGE]
                return [*(GuestMoved(each, GuestStep.SENT_BACK) for each in before), GuestMoved(id, GuestStep.ON_STAGE)]
            case SendBack(id):
                return _back(question)
            case never:
                assert_never(never)

    # What several of them need

    def _question(self, id: QuestionId) -> Question:
        question = self._book.question(id)
        if question is None:
            raise Refused("question-unknown", question=id)
        return question

    def _own(self, id: QuestionId, actor: Actor) -> Question:
        question = self._question(id)
        if question.author != actor.person:
            raise Refused("question-not-yours")
        return question

    def _check_hands(self, question: Question, actor: Actor) -> None:
        if question.claimed_by not in (None, actor.person):
            raise Refused("question-claimed")


def _back(question: Question) -> list[QaEvent]:
    """Who was expected on stage with this question, or is there, no longer is."""
    return [GuestMoved(question.id, GuestStep.SENT_BACK)] if question.guest in ON_THE_WAY else []


def _answered(question: Question, how: How, text: str = "") -> list[QaEvent]:
    """An answer ends the way to the stage; who heard it there stays until somebody leads them back."""
    heard = question.guest == GuestStep.ON_STAGE and how != How.PRIVATE
    return [*([] if heard else _back(question)), QuestionAnswered(question.id, how, text)]


def canonical(tag: str) -> LanguageTag:
    """A language tag as RFC 5646 section 2.1.1 writes it: `zh-Hans-CN`."""
    first, *rest = tag.split("-")
    cased = [part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part.lower() for part in rest]
    return LanguageTag("-".join([first.lower(), *cased]))


def _text(text: str) -> str:
    """The text as it is kept. Raises Refused `question-empty`, `question-too-long`."""
    if len(text) > CHARACTERS_MAX:
        raise Refused("question-too-long", most=TEXT_MAX, has=len(text))
    kept = plain(text)
    if is_blank(kept):
        raise Refused("question-empty")
    if (has := clusters(kept)) > TEXT_MAX:
        raise Refused("question-too-long", most=TEXT_MAX, has=has)
    return kept


def _check(question: Question, states: frozenset[State], code: str) -> None:
    if question.state not in states:
        raise Refused(code, state=question.state.value)
