"""Whatever officers, tablets and clocks do, in whatever order: what must hold of a ceremony holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rooms.audience import Attendee, Desk
from rooms.ceremony import commands as c
from rooms.ceremony import events as e
from rooms.ceremony import words as w
from rooms.ceremony.table import LIVE, TABLE, Step
from rooms.conference import Conference
from rooms.definition import Words
from rooms.features.ceremony import Ceremony
from rooms.journal import Entry, decode, encode, genesis
from rooms.kernel import Actor, Command, CommandId, DeviceId, Event, LanguageTag, PersonId, ProjectId, Refused, Role
from tests.rooms.ceremony.evening import (
    CLOTH,
    COMMITMENT,
    CZ1,
    CZ2,
    CZ3,
    DIGEST,
    FIRST,
    FR1,
    MEMORANDUM,
    NODE,
    OFFICER,
    START,
    Evening,
    drafted,
    pad,
)
from tests.rooms.hall import CHANGZHOU, FRANKFURT, ORGANISER, STAGE

WORDS = json.loads((Path(__file__).parents[3] / "web" / "locales" / "en.json").read_text("utf-8"))
SEATS = (CZ1, CZ2, CZ3, FR1)
ACTS = st.sampled_from((MEMORANDUM, FIRST, CLOTH, START))
PARTIES = st.integers(0, 3)
LATENESS = st.sampled_from((0, 0, 0, 90_000_000))
"""One tablet in four has a clock that is a day off."""
DEVICES = st.sampled_from(("tablet", "tablet", "tablet", "spare"))
OFFICERS_MOVES = (c.Lock, c.Unlock, c.SeatParties, c.Go, c.Hold, c.Resume, c.Retake, c.FallBack, c.Exchange, c.Unveil)
GUESTS = [Actor(PersonId(f"g{n}"), Role.EXHIBITOR) for n in range(3)]


class CeremonyMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.evening: Evening = drafted()
        self.entries = [genesis(self.evening.conference.definition, epoch=1, at_ms=0)]
        self.signed: list[e.Signed] = []
        self.said: set[str] = set()

    def attempt(self, command: Command, actor: Actor) -> Sequence[Event]:
        """Do it through the journal's bytes; what is refused is refused in words and changes nothing."""
        conference, before = self.evening.conference, self.steps()
        try:
            events = conference.decide(command, actor, STAGE, self.evening.now_ms)
        except Refused as refusal:
            self.said.add(refusal.code)
            return []
        if events:
            entry = Entry(
                conference.seq + 1, 1, self.evening.now_ms, actor, STAGE, CommandId(f"c{conference.seq}"), tuple(events)
            )
            self.entries.append(decode(encode(entry))[0])
            conference.apply(self.entries[-1])
        self.signed += [event for event in events if isinstance(event, e.Signed)]
        self.check_moves(before)
        return events

    def steps(self) -> dict[ProjectId, Step]:
        return {act.id: act.step for act in self.ceremony.book.acts()}

    @property
    def ceremony(self) -> Ceremony:
        return self.evening.conference.feature(Ceremony, STAGE)

    def check_moves(self, before: dict[ProjectId, Step]) -> None:
        """Every step leads by the table to the next one; a last hand takes two at once."""
        edges = {(step, to) for (step, _), (to, _) in TABLE.items()}
        for id, after in self.steps().items():
            if before[id] != after:
                assert (before[id], after) in edges, (id, before[id], after)

    # What people do

    @rule(act=ACTS, kind=st.sampled_from(OFFICERS_MOVES))
    def officer_moves(self, act: ProjectId, kind: Any) -> None:
        self.attempt(kind(act), OFFICER)

    @rule(act=ACTS, times=st.integers(1, 8))
    def proceed(self, act: ProjectId, times: int) -> None:
        """The next things of an evening without accidents, so that the machine gets far."""
        for _ in range(times):
            self.next_thing(act)

    def next_thing(self, id: ProjectId) -> None:
        act = self.evening.act(id)
        match act.step_at(self.evening.now_ms):
            case Step.DRAFTED:
                self.attempt(c.Lock(id), OFFICER)
                self.attempt(c.SeatParties(id), OFFICER)
            case Step.SEATED:
                for venue in act.venues:
                    self.attempt(c.SetReady(id, venue, on=True), OFFICER)
            case Step.READY:
                for party, seat in enumerate(act.seats):
                    self.attempt(c.StandBy(0, 1, over=True), pad(seat))
                    self.attempt(c.Confirm(id, act.running.take, party), pad(seat))
                self.arm(id, None)
            case Step.ARMED:
                self.attempt(c.Go(id), OFFICER)
                self.evening.now_ms += w.LEAD_MS
            case Step.SIGNING:
                self.sign(id, len(act.running.signed), "tablet", 0, 0)
                self.press(id, len(act.running.pressed))
            case Step.SIGNED:
                self.attempt(c.Exchange(id), OFFICER)
                self.attempt(c.Unveil(id), OFFICER)
            case _:
                self.seal(id)

    @rule(kinds=st.lists(st.sampled_from((c.Hold, c.Resume, c.Retake, c.FallBack)), min_size=1, max_size=3))
    def accident(self, kinds: list[Any]) -> None:
        """Something goes wrong with what is under way."""
        for act in self.ceremony.book.acts():
            if act.step in LIVE:
                for kind in kinds:
                    self.attempt(kind(act.id), OFFICER)

    @rule(act=ACTS, venue=st.sampled_from((CHANGZHOU, FRANKFURT)), on=st.booleans())
    def hall(self, act: ProjectId, venue: Any, on: bool) -> None:
        self.attempt(c.SetReady(act, venue, on), OFFICER)

    @rule(act=ACTS, asleep=st.sampled_from((None, None, None, *SEATS)))
    def arm(self, act: ProjectId, asleep: Any) -> None:
        devices = self.ceremony.book.kept.devices
        pads = {seat: w.Pad(self.evening.now_ms, 0, 20, devices.get(seat, DeviceId(""))) for seat in SEATS}
        pads.pop(asleep, None)
        armed = self.attempt(c.Arm(act, pads), OFFICER)
        assert not (armed and asleep in self.evening.act(act).seats)

    @rule(act=ACTS, reason=st.sampled_from(("Rain", " ")))
    def void(self, act: ProjectId, reason: str) -> None:
        if act != MEMORANDUM:
            self.attempt(c.Void(act, reason), OFFICER)

    @rule(act=ACTS)
    def seal(self, act: ProjectId) -> None:
        self.attempt(c.Seal(act), OFFICER)
        self.attempt(c.KeepRecord(act, DIGEST), NODE)

    @rule(act=ACTS, party=PARTIES, language=st.sampled_from(("de", "zh")), on=st.booleans())
    def organiser(self, act: ProjectId, party: int, language: str, on: bool) -> None:
        self.attempt(c.NameSignatory(act, party, commitment=COMMITMENT), ORGANISER)
        tag = LanguageTag(language)
        self.attempt(c.Attach(act, tag, DIGEST, 2, 99) if on else c.Detach(act, tag), ORGANISER)

    @rule(seat=st.sampled_from(SEATS), device=DEVICES, over=st.booleans(), bound_ms=st.sampled_from((1.0, 251.0)))
    def stand_by(self, seat: Any, device: str, over: bool, bound_ms: float) -> None:
        self.attempt(c.StandBy(0, bound_ms, over), pad(seat, device))

    @rule(act=ACTS, party=PARTIES, device=DEVICES, take=st.integers(0, 1), late_ms=LATENESS)
    def sign(self, act: ProjectId, party: int, device: str, take: int, late_ms: int) -> None:
        running = self.evening.act(act).running
        seat = dict(enumerate(self.evening.act(act).seats)).get(party, CZ1)
        at_ms = float(self.evening.now_ms - 1 + late_ms)
        self.attempt(
            c.Sign(
                act,
                max(1, running.take - take),
                party,
                dict(self.evening.act(act).digests),
                (((0.1, 0.2, 0.3, at_ms),),),
                0.0,
                5.0,
                commitment=COMMITMENT,
            ),
            pad(seat, device),
        )

    @rule(act=ACTS, party=PARTIES)
    def press(self, act: ProjectId, party: int) -> None:
        seat = dict(enumerate(self.evening.act(act).seats)).get(party, CZ1)
        take = self.evening.act(act).running.take
        self.attempt(c.Press(act, take, party, float(self.evening.now_ms), 0.0, 5.0), pad(seat))

    @rule(act=ACTS, party=PARTIES)
    def clear(self, act: ProjectId, party: int) -> None:
        seat = dict(enumerate(self.evening.act(act).seats)).get(party, CZ1)
        self.attempt(c.Clear(act, self.evening.act(act).running.take, party), pad(seat))

    @rule(guest=st.sampled_from(GUESTS), act=ACTS, member=st.integers(1, 3), on=st.booleans())
    def join(self, guest: Actor, act: ProjectId, member: int, on: bool) -> None:
        self.attempt(c.Join(act, Words(en="Park")), guest)
        self.attempt(c.Admit(act, w.MemberId(f"m{member}"), on), OFFICER)

    @rule(passed_ms=st.sampled_from((10, 3_000, 20_000)))
    def time_passes(self, passed_ms: int) -> None:
        self.evening.now_ms += passed_ms

    # What must hold

    @invariant()
    def nothing_acknowledged_is_lost_and_nothing_stands_twice(self) -> None:
        kept: list[e.Signed] = []
        for act in self.ceremony.book.acts():
            kept += [signed for former in act.former for signed in former.signatures]
            kept += [*act.running.cleared, *act.running.signed.values()]
        assert Counter(map(repr, kept)) == Counter(map(repr, self.signed))

    @invariant()
    def every_refusal_has_words(self) -> None:
        assert {code for code in self.said if f"refused.{code}" not in WORDS} == set()

    @invariant()
    def an_act_is_signed_when_all_have_signed_or_on_paper(self) -> None:
        for act in self.ceremony.book.acts():
            if act.step in (Step.SIGNED, Step.EXCHANGED) and not act.paper:
                assert len(act.running.signed) == len(act.parties)
            if act.step == Step.SIGNING:
                assert len(act.running.signed) < len(act.parties)
                assert act.running.opens_ms is not None

    @invariant()
    def one_seat_serves_one_live_act(self) -> None:
        taken = [seat for act in self.ceremony.book.acts() if act.step in LIVE for seat in act.seats]
        assert len(taken) == len(set(taken))

    @invariant()
    def views_hold_no_null_and_the_next_opening_is_ahead(self) -> None:
        now_ms = self.evening.now_ms
        for audience in (Attendee(), Desk(Role.PROTOCOL_OFFICER)):
            assert "null" not in json.dumps(self.evening.view(audience))
        wakes_ms = self.evening.conference.wakes_ms(now_ms)
        assert wakes_ms is None or wakes_ms > now_ms

    def teardown(self) -> None:
        """The journal makes the same state again, and so does a snapshot."""
        made = self.evening.conference.snapshot()
        assert Conference.replayed(self.entries).snapshot() == made
        assert Conference.restored(made).snapshot() == made


TestCeremonies = CeremonyMachine.TestCase
TestCeremonies.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
