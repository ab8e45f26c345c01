"""Questions and answers of a room: asked in any language, reviewed, voted for, put on air, answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, Final, assert_never

import msgspec

from rooms.audience import Attendee, Audience, Clean, Confidence, Desk, Player, Recorder, Speaker, Wall
from rooms.definition import Definition, SourceDefinition, SourceKind, Words
from rooms.invites import invites
from rooms.kernel import (
    FLOOR,
    Actor,
    Command,
    Event,
    Fact,
    Json,
    Names,
    PersonId,
    Query,
    Role,
    RoomId,
    Scope,
    Snapshot,
)
from rooms.program import Claim, Layout, Pick
from rooms.questions import commands as c
from rooms.questions import events as e
from rooms.questions import story
from rooms.questions.book import Book
from rooms.questions.finding import found
from rooms.questions.model import Kept
from rooms.questions.rows import Eyes, Row, Rows, guest_source
from rooms.questions.rules import Rules, canonical
from rooms.questions.words import WINDOW, GuestStep, Order, QuestionId, State

PRIORITY: Final = 10
"""A guest stands above the stage's scene, and joins it."""
DONE_WINDOW: Final = 20
"""Rows of what is done that a view holds; the rest is found by asking."""
WALL_WINDOW: Final = 8
"""The most wanted questions that a hall's screen has room for."""
GUEST_NAME: Final = Words(en="Guest", zh="来宾", de="Gast", fr="Invité")
"""On a guest's slate: names live in the vault only."""
ASKERS: Final = frozenset({Role.ATTENDEE, Role.ON_SITE, Role.SPEAKER, Role.SIGNATORY, Role.INTERPRETER, Role.EXHIBITOR})
MODERATORS: Final = frozenset({Role.MODERATOR, Role.ORGANISER})
STAGE_CREW: Final = MODERATORS | {Role.DIRECTOR}
_DONE: Final = (State.ANSWERED, State.DECLINED, State.MERGED, State.WITHDRAWN, State.ARCHIVED)


class Questions:
    """The questions of one room. Names live in the vault; `Book` holds the state, `Rules` decide."""

    name: ClassVar[str] = "qa"
    scope: ClassVar[Scope] = Scope.ROOM
    version: ClassVar[int] = 1
    admits: ClassVar[Mapping[type[Command], frozenset[Role]]] = {
        **dict.fromkeys(c.AskerCommand.__args__, ASKERS),
        **dict.fromkeys((c.Claim, c.Release, c.Publish, c.Decline, c.Merge, c.Archive, c.SetTurns), MODERATORS),
        c.Translate: MODERATORS | {Role.INTERPRETER},
        **dict.fromkeys((c.Shortlist, c.PutOnAir, c.Answer, c.Undo), STAGE_CREW),
        **dict.fromkeys((c.InviteGuest, c.BringGuest, c.SendBack), STAGE_CREW),
        c.SetDoors: MODERATORS,
        c.Configure: frozenset({Role.ORGANISER}),
    }
    reads: ClassVar[Mapping[type[Query], frozenset[Role]]] = {c.Find: frozenset(Role)}
    events: ClassVar[tuple[type[Event], ...]] = e.QaEvent.__args__
    urgent: ClassVar[tuple[type[Event], ...]] = (e.QuestionAired, e.GuestMoved)

    def __init__(self, definition: Definition, room: RoomId | None) -> None:
        assert room is not None, "questions are asked in a room"
        self._room = room
        self._definition = definition
        self._keep(Kept())

    def _keep(self, kept: Kept) -> None:
        definition = self._definition
        self.book = Book(kept)
        self._rows = Rows(self.book)
        self._rules = Rules(
            self.book,
            frozenset(invite.id for invite in invites(definition) if invite.person),
            frozenset(person.id for person in definition.people if person.role == Role.SPEAKER),
            frozenset(venue.id for venue in definition.venues),
        )

    def decide(self, command: c.QaCommand, actor: Actor, now_ms: int) -> Sequence[e.QaEvent]:
        kept = self.book.kept
        match command:
            case c.SetTurns(by):
                return [] if by == kept.turns else [e.TurnsSet(by)]
            case c.SetDoors(asking, voting):
                doors = e.DoorsSet(asking, voting)
                return [] if doors == kept.doors else [doors]
            case c.Configure():
                return self._configure(command)
            case c.Ask() | c.Edit() | c.Withdraw() | c.Vote() | c.ShowPresence() | c.Consent():
                return self._rules.asker(command, actor, now_ms)
            case _:
                return self._rules.board(command, actor)

    def _configure(self, command: c.Configure) -> Sequence[e.QaEvent]:
        wished = msgspec.structs.asdict(command)
        wished["languages"] = tuple(dict.fromkeys(canonical(each) for each in command.languages))
        configured = e.Configured(**wished)
        return [] if configured == self.book.kept.rules else [configured]

    def apply(self, event: e.QaEvent, fact: Fact) -> None:
        self.book.apply(event, fact)

    # What others see

    def claims(self) -> Iterable[Claim]:
        """A guest on stage joins the scene with sound and picture."""
        for question in self.book.guests():
            if question.guest == GuestStep.ON_STAGE:
                source = guest_source(question.author)
                sound = {FLOOR: (Pick(source),)}
                yield Claim(self._room, Layout.SIDE_BY_SIDE, (source,), sound, PRIORITY, joins=True)

    def guests(self) -> Iterable[SourceDefinition]:
        """The Source of each asker who agreed to come on stage."""
        for question in self.book.guests():
            if question.guest in (GuestStep.AGREED, GuestStep.ON_STAGE):
                source = guest_source(question.author)
                venue = question.asked.venue
                yield SourceDefinition(source, GUEST_NAME, venue, SourceKind.PERSON, question.author)

    def view(self, audience: Audience, names: Names, now_ms: int) -> Mapping[str, Json]:
        match audience:
            case Attendee():
                return self._public_view(names, now_ms)
            case Wall() | Clean() | Recorder():
                return self._screen_view({"by_votes": self._ranked(now_ms).window(0, WALL_WINDOW)}, names, now_ms)
            case Speaker():
                return self._public_view(names, now_ms, shortlist=self._shortlist())
            case Confidence():
                return self._screen_view({"shortlist": self._shortlist()}, names, now_ms)
            case Desk(Role.OPERATOR):
                return self._screen_view({}, names, now_ms)
            case Desk(role):
                return self._board_view(Eyes.KEEPER if role == Role.ORGANISER else Eyes.DESK, names, now_ms)
            case Player():
                return {}
            case never:
                assert_never(never)

    def _shortlist(self) -> list[QuestionId]:
        return self.book.columns[State.SHORTLISTED].window(0, WINDOW)

    def _public_view(self, names: Names, now_ms: int, **more: list[QuestionId]) -> Row:
        book = self.book
        lists = {
            **more,
            "by_votes": self._ranked(now_ms).window(0, WINDOW),
            "by_time": book.by_time.window(0, WINDOW),
            "answered": book.answered.window(0, DONE_WINDOW),
        }
        counts = {"open": len(book.by_time), "answered": len(book.answered)}
        return {
            **self._screen_view(lists, names, now_ms),
            "counts": counts,
            "rules": msgspec.to_builtins(book.kept.rules),
        }

    def _screen_view(self, lists: Mapping[str, list[QuestionId]], names: Names, now_ms: int) -> Row:
        """What is on air and these lists, with the counts unless they are hidden still."""
        on_air = self.book.on_air()
        shown = list(dict.fromkeys(chain(*lists.values(), [on_air] if on_air else [])))
        view: Row = {**self._head(), **lists, "items": self._rows.of(shown, Eyes.PUBLIC, names)}
        if hidden_until_ms := self.wakes_ms(now_ms):
            view["counts_from_ms"] = hidden_until_ms
        else:
            view["votes"] = self._rows.votes(shown)
        return view

    def _board_view(self, eyes: Eyes, names: Names, now_ms: int) -> Row:
        """All columns with their counts; until when the public sees none stands beside."""
        book = self.book
        columns = {
            state: column.window(0, DONE_WINDOW if state in _DONE else WINDOW) for state, column in book.columns.items()
        }
        queue = book.queue(WINDOW)
        shown = dict.fromkeys([id for ids in columns.values() for id in ids] + queue)
        hidden_until_ms = self.wakes_ms(now_ms)
        return {
            **self._head(),
            **({"counts_from_ms": hidden_until_ms} if hidden_until_ms else {}),
            "columns": {
                state.value: {"count": len(book.columns[state]), "ids": columns[state]} for state in book.columns
            },
            "queue": queue,
            "turns": book.kept.turns.value,
            "items": self._rows.of(shown, eyes, names),
            "votes": self._rows.votes(shown),
            "balance": {
                "venues": {name: dict(facts) for name, facts in book.balance.venues.items() if facts["asked"]},
                "languages": {name: dict(facts) for name, facts in book.balance.languages.items() if facts["asked"]},
            },
            "rules": msgspec.to_builtins(book.kept.rules),
        }

    def _head(self) -> Row:
        doors = self.book.kept.doors
        head: Row = {"doors": {"asking": doors.asking, "voting": doors.voting}}
        if on_air := self.book.on_air():
            head["on_air"] = on_air
        for question in self.book.guests():
            if question.guest == GuestStep.ON_STAGE:
                head["on_stage"] = {"question": question.id, "source": guest_source(question.author)}
        return head

    def _ranked(self, now_ms: int) -> Any:
        """Order by votes; while counts are hidden an order that does not tell them."""
        return self.book.by_time if self.wakes_ms(now_ms) else self.book.by_votes

    def wakes_ms(self, now_ms: int) -> int | None:
        """When the hidden counts come out; None once they are."""
        kept = self.book.kept
        if not kept.rules.hide_counts_s or kept.opened_ms is None:
            return None
        until_ms = kept.opened_ms + 1000 * kept.rules.hide_counts_s
        return until_ms if until_ms > now_ms else None

    # What one person sees

    def mine(self, person: PersonId, now_ms: int) -> Mapping[str, Json]:
        """The own questions, whatever became of them; the own votes; what one may still do."""
        book, kept = self.book, self.book.kept
        own = [kept.questions[id] for id in book.asked_by.get(person, ())]
        pace = kept.paces.get(person)
        view: Row = {
            "asked": {question.id: self._rows.own(question) for question in own[-WINDOW:]},
            "votes": {book.merging.root(kept.questions[id]).id: True for id in sorted(book.voted_by.get(person, ()))},
            "used": pace.asked if pace else 0,
        }
        if pace and pace.asked_ms is not None:
            view["last_ms"] = pace.asked_ms
        if venue := kept.present.get(person):
            view["present"] = venue
        for question in own:
            if question.guest and question.guest != GuestStep.SENT_BACK:
                view["stage"] = {
                    "question": question.id,
                    "step": question.guest.value,
                    "source": guest_source(person),
                }
        return view

    def concerned(self, event: e.QaEvent, fact: Fact) -> Iterable[PersonId]:
        """Who acted, who asked it or what was merged into it; at a merge also who voted for it."""
        yield fact.actor.person
        book = self.book
        match event:
            case e.DoorsSet():
                yield from book.kept.paces
            case e.TurnsSet() | e.Configured() | e.PresenceShown() | e.QuestionVoted() | e.VoteTakenBack():
                pass
            case _:
                for id in book.merging.family(event.question):
                    yield book.kept.questions[id].author
                if isinstance(event, e.QuestionMerged | e.MoveUndone):
                    yield from book.merging.voters(event.question)

    def read(self, query: c.Find, actor: Actor, names: Names, now_ms: int) -> Mapping[str, Json]:
        """A window of what is found: `ids` in order, `items`, `votes`, and how many there are in all."""
        eyes = _eyes(actor)
        hidden = eyes == Eyes.PUBLIC and self.wakes_ms(now_ms) is not None
        ids = found(self.book, query, _order(query.order, eyes, hidden=hidden), public=eyes == Eyes.PUBLIC)
        window = ids[query.start : query.start + query.count]
        answer: Row = {"ids": window, "total": len(ids), "items": self._rows.of(window, eyes, names)}
        return answer if hidden else {**answer, "votes": self._rows.votes(window)}

    def table(self, names: Names) -> Iterable[Mapping[str, Json]]:
        """Every question with its whole story, in the order they were asked."""
        return story.table(self.book, self._definition, names)

    # What is kept

    def snapshot(self) -> Snapshot:
        return Snapshot(self.version, msgspec.Raw(msgspec.json.encode(self.book.kept)))

    def restore(self, snapshot: Snapshot) -> None:
        self._keep(msgspec.json.decode(snapshot.state, type=Kept))

    @classmethod
    def upcast(cls, version: int, event: dict[str, Any]) -> dict[str, Any]:
        return event


def _eyes(actor: Actor) -> Eyes:
    if actor.role == Role.ORGANISER:
        return Eyes.KEEPER
    return Eyes.DESK if actor.role in STAGE_CREW | {Role.PROTOCOL_OFFICER, Role.INTERPRETER} else Eyes.PUBLIC


def _order(wished: Order, eyes: Eyes, *, hidden: bool) -> Order:
    """The order of what is found: none that tells the public of hidden counts, or of the desks' queue."""
    return Order.TIME if hidden or (eyes == Eyes.PUBLIC and wished == Order.TURNS) else wished
