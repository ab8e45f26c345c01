"""Whatever people and moderators do, in whatever order: what must hold of the questions holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rooms.audience import Attendee, Desk, Speaker
from rooms.conference import Conference
from rooms.features.qa import Questions
from rooms.kernel import Actor, Command, Event, PersonId, Refused, Role
from rooms.questions.book import Book
from rooms.questions.commands import (
    Answer,
    Archive,
    Ask,
    BringGuest,
    Claim,
    Configure,
    Consent,
    Decline,
    Edit,
    Find,
    InviteGuest,
    Merge,
    Publish,
    PutOnAir,
    Release,
    SendBack,
    SetDoors,
    SetTurns,
    Shortlist,
    Translate,
    Undo,
    Vote,
    Withdraw,
)
from rooms.questions.events import QuestionAnswered
from rooms.questions.model import OPEN, Question
from rooms.questions.words import GuestStep, How, Moderation, Order, QuestionId, Reason, State, Turns
from tests.rooms.hall import CHANGZHOU, FRANKFURT, ORGANISER, STAGE, do, opened

WORDS = json.loads((Path(__file__).parents[3] / "web" / "locales" / "en.json").read_text("utf-8"))
ASKERS = [Actor(PersonId(f"p{n}"), Role.ATTENDEE, venue) for n, venue in enumerate((None, CHANGZHOU, FRANKFURT, None))]
MODERATORS = [Actor(PersonId(name), Role.MODERATOR) for name in ("mo", "mia")]
IDS: st.SearchStrategy[QuestionId] = st.runner().flatmap(lambda run: st.sampled_from(sorted(run.book.kept.questions)))
"""A question that is there: else nearly every command is refused, and the states that matter are never reached."""
QUESTIONS_MAX = 6
ROOM = [*map(SetTurns, Turns), SetDoors(True, True), SetDoors(False, True), SetDoors(True, False), SetDoors(True, True)]
asker, moderator = st.sampled_from(ASKERS), st.sampled_from(MODERATORS)


class Machine(RuleBasedStateMachine):
    """Commands of four people and two moderators on some questions; refusals are part of the game."""

    @initialize(moderation=st.sampled_from(Moderation), hidden_s=st.sampled_from((0, 5)))
    def begin(self, moderation: Moderation, hidden_s: int) -> None:
        self.conference = opened()
        self.now_ms = 0
        rules = Configure(moderation=moderation, cooldown_s=0, cap=3, hide_counts_s=hidden_s)
        self.act(rules, ORGANISER)
        for actor in ASKERS[:3]:
            self.act(Ask("Wann?"), actor)

    @property
    def book(self) -> Book:
        return self.conference.feature(Questions, STAGE).book

    def act(self, command: Command, actor: Actor) -> Sequence[Event] | None:
        """Do it, or find that the refusal has words and changes nothing. The events, None when refused."""
        self.now_ms += 1000
        before = self.conference.snapshot()
        try:
            return do(self.conference, command, actor, now_ms=self.now_ms)
        except Refused as refused:
            code = refused.code
        assert f"refused.{code}" in WORDS
        assert self.conference.snapshot() == before
        return None

    @rule(actor=asker, text=st.sampled_from(("Wann?", "什么时候", "Why is that?")), anonymous=st.booleans())
    def ask(self, actor: Actor, text: str, anonymous: bool) -> None:
        if len(self.book.kept.questions) < QUESTIONS_MAX:
            self.act(Ask(text, anonymous=anonymous), actor)

    @rule(actor=asker, id=IDS, text=st.sampled_from(("Wo?", "Where is it?")))
    def edit(self, actor: Actor, id: QuestionId, text: str) -> None:
        self.act(Edit(id, text), actor)

    @rule(id=IDS)
    def withdraw(self, id: QuestionId) -> None:
        self.act(Withdraw(id), self.author(id))

    def author(self, id: QuestionId) -> Actor:
        author = self.book.kept.questions[id].author
        return next(actor for actor in ASKERS if actor.person == author)

    @rule(actor=asker, id=IDS, on=st.booleans())
    def vote(self, actor: Actor, id: QuestionId, on: bool) -> None:
        if self.act(Vote(id, on), actor) is not None:
            root = self.book.merging.root(self.book.kept.questions[id])
            assert (actor.person in self.book.merging.voters(root.id)) == on
            assert self.conference.decide(Vote(id, on), actor, STAGE, self.now_ms) == []

    @rule(actor=moderator, id=IDS, over=st.booleans())
    def claim(self, actor: Actor, id: QuestionId, over: bool) -> None:
        holder = self.claimer(id)
        if self.act(Claim(id, over), actor) is not None:
            assert over or holder in (None, actor.person)
            assert self.claimer(id) == actor.person

    def claimer(self, id: QuestionId) -> PersonId | None:
        question = self.book.question(id)
        return question.claimed_by if question else None

    @rule(actor=moderator, id=IDS, kind=st.sampled_from((Publish, PutOnAir, Release, Archive, Undo, Shortlist)))
    def move(self, actor: Actor, id: QuestionId, kind: Any) -> None:
        holder = self.claimer(id)
        if self.act(kind(id), actor):
            assert holder in (None, actor.person), "a claim keeps two moderators apart"

    @rule(actor=moderator, id=IDS, steps=st.integers(2, 4))
    def guide(self, actor: Actor, id: QuestionId, steps: int) -> None:
        """Some steps of an asker's way to the stage."""
        yes = Consent(id, yes=True), self.author(id)
        for command, walker in [(Publish(id), actor), (InviteGuest(id), actor), yes, (BringGuest(id), actor)][:steps]:
            self.act(command, walker)

    @rule(actor=moderator, id=IDS)
    def send_back(self, actor: Actor, id: QuestionId) -> None:
        self.act(SendBack(id), actor)

    @rule(actor=moderator, id=IDS, into=IDS)
    def merge(self, actor: Actor, id: QuestionId, into: QuestionId) -> None:
        known = self.book.question(id), self.book.question(into)
        if known[0] and known[1] and known[0].state in OPEN and known[1].state in OPEN:
            people = {*self.book.merging.voters(id), *self.book.merging.voters(into)}
            if self.act(Merge(id, into), actor):
                assert set(self.book.merging.voters(into)) == people
        else:
            self.act(Merge(id, into), actor)

    @rule(actor=moderator, id=IDS, how=st.sampled_from(How), text=st.sampled_from(("", "Im Mai.")))
    def answer(self, actor: Actor, id: QuestionId, how: How, text: str) -> None:
        self.act(Answer(id, how, text), actor)

    @rule(actor=moderator, id=IDS, reason=st.sampled_from(Reason))
    def decline(self, actor: Actor, id: QuestionId, reason: Reason) -> None:
        self.act(Decline(id, reason), actor)

    @rule(actor=moderator, id=IDS, text=st.sampled_from(("", "Quand ?")))
    def translate(self, actor: Actor, id: QuestionId, text: str) -> None:
        question = self.book.question(id)
        original = (question.wording.text, question.wording.language) if question else None
        self.act(Translate(id, "fr", text), actor)
        assert original is None or (question and (question.wording.text, question.wording.language) == original)

    @rule(id=IDS, yes=st.booleans())
    def consent(self, id: QuestionId, yes: bool) -> None:
        self.act(Consent(id, yes), self.author(id))

    @rule(command=st.sampled_from(ROOM))
    def change_the_room(self, command: Command) -> None:
        self.act(command, MODERATORS[0])

    @precondition(lambda self: self.book.kept.questions)
    @rule()
    def restart(self) -> None:
        """A snapshot makes the same conference: the same state, the same views."""
        again = Conference.restored(self.conference.snapshot())
        for audience in (Attendee(), Desk(Role.MODERATOR), Desk(Role.ORGANISER), Speaker(None)):
            assert again.view(audience, STAGE, {}, self.now_ms) == self.conference.view(
                audience, STAGE, {}, self.now_ms
            )
        for actor in ASKERS:
            assert again.mine(actor.person, STAGE, 0) == self.conference.mine(actor.person, STAGE, 0)
        self.conference = again

    # What holds always

    def questions(self) -> list[Question]:
        return list(self.book.kept.questions.values())

    @invariant()
    def one_question_at_most_is_on_air_and_one_guest_on_stage(self) -> None:
        assert sum(question.state == State.ON_AIR for question in self.questions()) <= 1
        assert sum(question.guest == GuestStep.ON_STAGE for question in self.questions()) <= 1

    @invariant()
    def a_person_counts_once_for_a_question_and_all_merged_into_it(self) -> None:
        for question in self.questions():
            family = [self.book.kept.questions[id] for id in self.book.merging.family(question.id)]
            ballots = Counter(person for each in family for person in each.votes)
            assert set(self.book.merging.voters(question.id)) == set(ballots)
            assert self.book.counts[question.id] == len(ballots)

    @invariant()
    def the_kept_orders_are_those_that_sorting_gives(self) -> None:
        public = [question for question in self.questions() if question.state in OPEN]
        voted = sorted(public, key=lambda each: (-len(self.book.merging.voters(each.id)), each.asked.stamp.seq))
        assert list(self.book.by_votes) == [question.id for question in voted]
        shown = sorted(public, key=lambda each: (-each.published_seq, each.asked.stamp.seq))
        assert list(self.book.by_time) == [question.id for question in shown]
        for state, column in self.book.columns.items():
            assert set(column) == {question.id for question in self.questions() if question.state == state}

    @invariant()
    def the_queue_holds_every_published_question_once(self) -> None:
        queue = self.book.queue(100)
        assert sorted(queue) == sorted(self.book.columns[State.PUBLISHED])

    @invariant()
    def the_balance_is_what_counting_gives(self) -> None:
        for facts in (self.book.balance.venues, self.book.balance.languages):
            assert sum(each["asked"] for each in facts.values()) == len(self.questions())
            assert sum(each["open"] for each in facts.values()) == len(self.book.by_time)
            aired = sum(question.aired_ms is not None for question in self.questions())
            assert sum(each["aired"] for each in facts.values()) == aired

    @invariant()
    def who_asked_always_finds_the_own_question(self) -> None:
        for actor in ASKERS:
            mine: Any = self.conference.mine(actor.person, STAGE, 0)["qa"]
            own = {question.id: question.state for question in self.questions() if question.author == actor.person}
            assert {id: row["state"] for id, row in mine["asked"].items()} == own

    @invariant()
    def the_public_sees_and_finds_what_is_public_only(self) -> None:
        public = {question.id for question in self.questions() if _is_public(question)}
        view: Any = self.conference.view(Attendee(), STAGE, {}, self.now_ms)["qa"]
        assert set(view["items"]) == public
        assert view["counts"]["answered"] == len(view["answered"])
        for order in Order:
            found = self.conference.read(Find(order=order), ASKERS[0], STAGE, {}, self.now_ms)["ids"]
            assert sorted(found) == sorted(public)

    @invariant()
    def who_is_expected_on_stage_has_an_open_question_or_had_it_answered_there(self) -> None:
        for question in self.book.guests():
            on_stage = question.guest == GuestStep.ON_STAGE and question.state == State.ANSWERED
            assert question.state in OPEN or (on_stage and _how(question) != How.PRIVATE)


def _how(question: Question) -> How | None:
    move = question.standing.move
    return move.how if isinstance(move, QuestionAnswered) else None


def _is_public(question: Question) -> bool:
    """As a person would tell it from the question's story: open, or answered to all or after everybody saw it."""
    stood = [*question.past, question.standing]
    shown = any(each.state == State.PUBLISHED for each in stood) or _how(question) in (How.LIVE, How.WRITTEN)
    return question.state in OPEN or (question.state == State.ANSWERED and shown)


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None, derandomize=True)
TestQuestions = Machine.TestCase
