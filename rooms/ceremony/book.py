"""The acts of a room, and what events make of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from rooms.ceremony import events as e
from rooms.ceremony.model import Act, Former, Kept, Member, Running
from rooms.ceremony.table import LIVE, ON_STAGE, Step
from rooms.kernel import Fact, ItemId, ProjectId, SeatId


class Book:
    """`kept` is the state; `drafts` are the acts of the definition, which are made once something happens to them."""

    def __init__(self, kept: Kept, drafts: Mapping[ProjectId, e.ActDrafted], items: Iterable[ItemId]) -> None:
        """`items`: those of the room, in the programme's order."""
        self.kept = kept
        self._drafts = drafts
        self._items = {item: place for place, item in enumerate(items)}

    def act(self, id: ProjectId) -> Act | None:
        """An act of this room as it stands."""
        if id in self.kept.acts:
            return self.kept.acts[id]
        draft = self._drafts.get(id)
        return Act(draft) if draft and draft.item in self._items else None

    def is_defined(self, act: Act) -> bool:
        """Whether it is what the definition drafts."""
        return self._drafts.get(act.id) == act.drafted

    def acts(self) -> list[Act]:
        """All acts in the order of the programme: by item, by round, as they were drafted."""
        found = [act for id in dict.fromkeys([*self._drafts, *self.kept.acts]) if (act := self.act(id))]
        return sorted(found, key=lambda act: (self._items.get(act.drafted.item, len(self._items)), act.drafted.round))

    def holding(self, seat: SeatId, but: ProjectId) -> Act | None:
        """The act that has the seat's tablet open, or will at GO."""
        return next((act for act in self._at(seat) if act.step in LIVE and act.id != but), None)

    def before(self, seat: SeatId) -> Act | None:
        """The act that lies before the seat: the one that is signed now, else the last one on stage, else the next."""
        acts = list(self._at(seat))
        for steps in (LIVE, ON_STAGE, (Step.READY, Step.SEATED)):
            for act in acts:
                if act.step in steps:
                    return act
        return None

    def _at(self, seat: SeatId) -> Iterable[Act]:
        return (act for act in self.acts() if seat in act.seats)

    def apply(self, event: e.CeremonyEvent, fact: Fact) -> None:
        kept = self.kept
        match event:
            case e.PadSeated(seat, device):
                kept.devices[seat] = device
            case e.ActShown(shown):
                kept.shown = shown
            case e.ToleranceSet(ms):
                kept.tolerance_ms = ms
            case e.DisplayDelaySet(venue, ms):
                kept.display_delays[venue] = ms
            case e.ActDrafted():
                self._draft(event)
            case _:
                if act := self.act(event.act):
                    kept.acts[event.act] = act
                    if isinstance(event, e.ActArmed):
                        kept.shown = act.id
                    _happened(act, event, fact)

    def _draft(self, event: e.ActDrafted) -> None:
        """Names of signatories stay with the parties that stay."""
        act = self.act(event.act) or Act(event)
        before, act.drafted = act.parties, event
        same = [party.names for party in before]
        act.named = {n for n in act.named if n < len(event.parties) and event.parties[n].names.all() == same[n].all()}
        self.kept.acts[event.act] = act


def _happened(act: Act, event: e.ActEvent, fact: Fact) -> None:
    running = act.running
    match event:
        case e.ActDrafted():
            act.drafted = event
        case e.SignatoryNamed(_, party):
            act.named.add(party)
            running.confirmed.discard(party)
        case e.DocumentAttached(_, language):
            act.documents[language] = event
        case e.DocumentDetached(_, language):
            act.documents.pop(language, None)
        case e.ActLocked():
            act.step = Step.LOCKED
        case e.ActUnlocked():
            act.step, act.seats = Step.DRAFTED, ()
            act.ready, running.confirmed = [], set()
        case e.PartiesSeated(_, seats):
            act.step, act.seats, act.ready = Step.SEATED, seats, []
        case e.VenueReady(_, venue, on):
            act.ready = [each for each in act.ready if each != venue] + ([venue] if on else [])
            act.step = Step.READY if set(act.ready) >= set(act.venues) else Step.SEATED
        case e.ActArmed(_, _, _, delays):
            act.step, act.armed_seq, running.delays = Step.ARMED, fact.seq, delays
        case e.WentLive(_, _, opens_ms):
            act.step = Step.SIGNING
            running.opens_ms = running.again_ms = opens_ms
        case e.ActHeld():
            act.held = True
        case e.ActResumed(_, _, opens_ms):
            act.held, running.again_ms = False, opens_ms
        case e.ActRetaken(_, take):
            _retake(act, take)
        case e.FellBackToPaper():
            act.step, act.paper, act.held = Step.SIGNED, True, False
        case e.ActVoided(_, _, reason):
            act.step, act.voided, act.held = Step.VOID, reason, False
        case e.PartyConfirmed(_, _, party):
            running.confirmed.add(party)
        case e.SignatureCleared(_, _, party):
            running.cleared.append(running.signed.pop(party))
        case e.Signed(_, _, party):
            running.signed[party] = event
        case e.Pressed(_, _, party):
            running.pressed[party] = event
        case e.Completed():
            act.step = Step.SIGNED
        case e.Exchanged():
            act.step = Step.EXCHANGED
        case e.Unveiled(_, reveal_ms):
            act.step, act.reveal_ms = Step.UNVEILED, reveal_ms
        case e.Sealed():
            act.step = Step.SEALED
        case e.RecordKept(_, digest):
            act.record = digest
        case e.MemberJoined(_, member, names, venue, admitted):
            act.members[member] = Member(names, fact.actor.person, venue, admitted)
        case e.MemberAdmitted(_, member, on):
            known = act.members[member]
            act.members[member] = Member(known.names, known.by, known.venue, on)
        case never:
            assert_never(never)


def _retake(act: Act, take: int) -> None:
    """The venues stay ready, and who confirmed name and document need not do it again."""
    running = act.running
    signatures = (*running.cleared, *running.signed.values())
    act.former.append(Former(running.take, running.opens_ms, signatures))
    act.running = Running(take, confirmed=running.confirmed)
    act.step, act.held, act.paper = Step.READY, False, False
