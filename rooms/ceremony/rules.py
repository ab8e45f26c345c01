"""What may happen to an act: the officer's and the organiser's moves against the table and the rules beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

import msgspec

from rooms.ceremony import commands as c
from rooms.ceremony import events as e
from rooms.ceremony import words as w
from rooms.ceremony.book import Book
from rooms.ceremony.model import Act
from rooms.ceremony.reveal import skew_ms
from rooms.ceremony.table import PRECEDENCE, Step, after
from rooms.ceremony.words import Move
from rooms.definition import Definition, ProjectKind, Words
from rooms.invites import seats
from rooms.kernel import Actor, ItemId, ProjectId, Refused, Role, SeatId, VenueId
from rooms.text import is_blank, plain

AWAKE_MS: Final = 10_000
"""A tablet that stood by so lately is awake: it does so every 5 s."""
BOUND_MAX_MS: Final = 250.0
"""Whoever is less sure of the common time than this could not be said to sign with the others."""
ACTS_MAX: Final = 500
_UNARMED: Final = frozenset({Step.DRAFTED, Step.LOCKED, Step.SEATED, Step.READY})


class Rules:
    """Decides for one room. Raises Refused."""

    def __init__(self, book: Book, definition: Definition, items: frozenset[ItemId]) -> None:
        """`items`: those of the room."""
        self._book = book
        self._items = items
        self.tables: Mapping[VenueId, tuple[SeatId, ...]] = {
            venue.id: seats(definition, venue) for venue in definition.venues
        }

    def act(self, id: ProjectId) -> Act:
        act = self._book.act(id)
        if act is None:
            raise Refused("act-unknown", act=id)
        return act

    def organiser(self, command: c.OrganiserCommand) -> Sequence[e.CeremonyEvent]:
        match command:
            case c.Draft():
                return self._draft(command)
            case c.NameSignatory(id, party, _, commitment):
                act = self.act(id)
                self._party(act, party)
                if act.step not in _UNARMED:
                    raise Refused("act-moved", step=act.step.value)
                if not commitment:
                    raise Refused("busy")
                return [e.SignatoryNamed(id, party, commitment)]
            case c.Attach(id, language, digest, pages, size):
                act = self.act(id)
                after(act.step, Move.DRAFT, act.drafted.kind)
                if language not in act.documents and len(act.documents) >= w.DOCUMENTS_MAX:
                    raise Refused("documents-too-many", most=w.DOCUMENTS_MAX)
                attached = e.DocumentAttached(id, language, digest, pages, size)
                return [] if act.documents.get(language) == attached else [attached]
            case c.Detach(id, language):
                act = self.act(id)
                after(act.step, Move.DRAFT, act.drafted.kind)
                return [e.DocumentDetached(id, language)] if language in act.documents else []
            case never:
                assert_never(never)

    def _draft(self, command: c.Draft) -> Sequence[e.CeremonyEvent]:
        known = self._book.act(command.act)
        if known is not None:
            after(known.step, Move.DRAFT, known.drafted.kind)
        elif len(self._book.acts()) >= ACTS_MAX:
            raise Refused("acts-full", most=ACTS_MAX)
        if command.item not in self._items:
            raise Refused("item-unknown", item=command.item)
        if command.kind == ProjectKind.UNVEILING and len(command.parties) != 2:
            raise Refused("unveiling-needs-two")
        parties = tuple(_cleaned_party(party) for party in command.parties)
        for venue in dict.fromkeys(party.venue for party in parties):
            self._room_at_table(venue, sum(party.venue == venue for party in parties))
        drafted = e.ActDrafted(
            command.act,
            command.kind,
            command.item,
            cleaned(command.title),
            parties,
            command.round,
            cleaned(command.sector) if command.sector else None,
            command.instrument,
        )
        if known is not None and known.drafted == drafted:
            return []
        # The journal alone must tell whether a signatory's party stays: what only the definition says is told first.
        untold = known is not None and known.named and self._book.is_defined(known)
        return [known.drafted, drafted] if known is not None and untold else [drafted]

    def _room_at_table(self, venue: VenueId, parties: int) -> None:
        if venue not in self.tables:
            raise Refused("venue-unknown", venue=venue)
        if parties > len(self.tables[venue]):
            raise Refused("pads-too-few", venue=venue, most=len(self.tables[venue]))

    def officer(self, command: c.OfficerCommand, actor: Actor, now_ms: int) -> Sequence[e.CeremonyEvent]:
        act = self.act(command.act)
        take, kind = act.running.take, act.drafted.kind

        def moved(move: Move) -> Step:
            return after(act.step, move, kind, held=act.held)

        match command:
            case c.Lock(id):
                if act.step == Step.LOCKED:
                    return []
                moved(Move.LOCK)
                return [_locked(act)]
            case c.Unlock(id):
                moved(Move.UNLOCK)
                return [e.ActUnlocked(id)]
            case c.SeatParties(id, wished):
                moved(Move.SEAT)
                placed = self._placed(act, wished)
                return [] if placed == act.seats else [e.PartiesSeated(id, placed)]
            case c.SetReady(id, venue, on):
                moved(Move.READY if on else Move.UNREADY)
                self._check_hall(act, venue, actor)
                return [] if (venue in act.ready) == on else [e.VenueReady(id, venue, on)]
            case c.Arm():
                moved(Move.ARM)
                return [self._armed(act, command, now_ms)]
            case c.Go(id, lead_ms):
                moved(Move.GO)
                return [e.WentLive(id, take, now_ms + lead_ms)]
            case c.Hold(id):
                moved(Move.HOLD)
                return [] if act.held else [e.ActHeld(id, take)]
            case c.Resume(id, lead_ms):
                moved(Move.RESUME)
                return [e.ActResumed(id, take, now_ms + lead_ms if act.step == Step.SIGNING else None)]
            case c.Retake(id):
                moved(Move.RETAKE)
                return [e.ActRetaken(id, take + 1)]
            case c.FallBack(id):
                moved(Move.PAPER)
                return [e.FellBackToPaper(id, take)]
            case c.Void(id, reason):
                moved(Move.VOID)
                return [e.ActVoided(id, take, _said(reason))]
            case c.Exchange(id):
                moved(Move.EXCHANGE)
                return [e.Exchanged(id)]
            case c.Unveil(id):
                moved(Move.UNVEIL)
                return [e.Unveiled(id, dict.fromkeys((*act.venues, "remote"), float(now_ms + w.UNVEIL_LEAD_MS)))]
            case c.Seal(id):
                moved(Move.SEAL)
                return [e.Sealed(id)]
            case c.Admit(id, member, on):
                if member not in act.members:
                    raise Refused("member-unknown", member=member)
                if act.step == Step.SEALED:
                    raise Refused("act-moved", step=act.step.value)
                return [] if act.members[member].admitted == on else [e.MemberAdmitted(id, member, on)]
            case never:
                assert_never(never)

    def room(self, command: c.RoomCommand) -> Sequence[e.CeremonyEvent]:
        kept = self._book.kept
        match command:
            case c.Show(id):
                if id is not None:
                    self.act(id)
                return [] if kept.shown == id else [e.ActShown(id)]
            case c.SetTolerance(ms):
                return [] if kept.tolerance_ms == ms else [e.ToleranceSet(ms)]
            case c.SetDisplayDelay(venue, ms):
                if venue not in self.tables:
                    raise Refused("venue-unknown", venue=venue)
                return [] if kept.display_delays.get(venue, 0) == ms else [e.DisplayDelaySet(venue, ms)]
            case never:
                assert_never(never)

    def _placed(self, act: Act, wished: tuple[SeatId, ...]) -> tuple[SeatId, ...]:
        """A seat per party, at the party's own table."""
        if not wished:
            return self.by_precedence(act)
        fits = len(wished) == len(act.parties) == len(set(wished))
        if not fits or any(
            seat not in self.tables.get(party.venue, ()) for seat, party in zip(wished, act.parties, strict=False)
        ):
            raise Refused("seats-wrong")
        return wished

    def by_precedence(self, act: Act) -> tuple[SeatId, ...]:
        """The first party of a hall in the centre of its table, then right before left."""
        left = {venue: iter(PRECEDENCE.get(len(table), ())) for venue, table in self.tables.items()}
        placed = []
        for party in act.parties:
            place = next(left.get(party.venue, iter(())), None)
            if place is None:
                raise Refused("pads-too-few", venue=party.venue, most=len(self.tables.get(party.venue, ())))
            placed.append(self.tables[party.venue][place - 1])
        return tuple(placed)

    def _check_hall(self, act: Act, venue: VenueId, actor: Actor) -> None:
        if actor.role == Role.OPERATOR and actor.venue != venue:
            raise Refused("venue-not-yours")
        if venue not in act.venues:
            raise Refused("venue-unknown", venue=venue)

    def _armed(self, act: Act, command: c.Arm, now_ms: int) -> e.ActArmed:
        for seat in act.seats:
            if other := self._book.holding(seat, act.id):
                raise Refused("seat-busy", seat=seat, act=other.id)
            pad = command.pads.get(seat)
            if pad is None or now_ms - pad.seen_ms > AWAKE_MS or pad.device != self._book.kept.devices.get(seat):
                raise Refused("pad-asleep", seat=seat)
            if pad.bound_ms > BOUND_MAX_MS:
                raise Refused("pad-clock-unsure", seat=seat, bound_ms=round(pad.bound_ms), most_ms=int(BOUND_MAX_MS))
        pads = {seat: command.pads[seat] for seat in act.seats}
        if act.drafted.kind != ProjectKind.UNVEILING:
            return e.ActArmed(act.id, act.running.take, pads)
        delays = self.delays(act, command.delays)
        if (apart_ms := skew_ms(act, delays)) > self._book.kept.tolerance_ms:
            raise Refused("skew-too-large", skew_ms=round(apart_ms), most_ms=self._book.kept.tolerance_ms)
        return e.ActArmed(act.id, act.running.take, pads, delays)

    def delays(self, act: Act, measured: Mapping[VenueId, float]) -> dict[VenueId, float]:
        """From a hand elsewhere to each hall's screen: the picture's way as measured, and the delay the officer set."""
        configured = self._book.kept.display_delays
        return {venue: measured.get(venue, 0.0) + configured.get(venue, 0) for venue in act.venues}

    def _party(self, act: Act, party: int) -> w.PartyWords:
        if party >= len(act.parties):
            raise Refused("party-unknown", party=party + 1)
        return act.parties[party]


def _locked(act: Act) -> e.ActLocked:
    drafted = act.drafted
    return e.ActLocked(
        act.id,
        drafted.kind,
        drafted.item,
        drafted.round,
        drafted.title,
        drafted.parties,
        act.digests,
        drafted.instrument,
        drafted.sector,
    )


def cleaned(words: Words) -> Words:
    """The words in plain text; a language with nothing to see falls back to English. Raises Refused."""
    said = {name: plain(text) for name, text in msgspec.to_builtins(words).items() if text is not None}
    said = {name: text for name, text in said.items() if not is_blank(text)}
    if "en" not in said:
        raise Refused("text-empty")
    return Words(**said)


def _cleaned_party(party: w.PartyWords) -> w.PartyWords:
    return w.PartyWords(
        party.venue,
        cleaned(party.names),
        cleaned(party.title) if party.title else None,
        cleaned(party.authority) if party.authority else None,
    )


def _said(reason: str) -> str:
    said = plain(reason)
    if is_blank(said):
        raise Refused("text-empty")
    return said
