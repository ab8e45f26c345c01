"""What those at a signing table, and those who join an initiative, may do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, assert_never

from rooms.ceremony import commands as c
from rooms.ceremony import events as e
from rooms.ceremony import words as w
from rooms.ceremony.book import Book
from rooms.ceremony.model import Act
from rooms.ceremony.reveal import reveals
from rooms.ceremony.rules import BOUND_MAX_MS, Rules, cleaned
from rooms.ceremony.table import Step, after
from rooms.ceremony.words import Move
from rooms.definition import ProjectKind
from rooms.invites import seat_of
from rooms.kernel import Actor, Refused, Role, SeatId

MEMBERS_MAX: Final = 1000
OFFICERS: Final = frozenset({Role.PROTOCOL_OFFICER, Role.ORGANISER})
_SITTING: Final = frozenset({Step.SEATED, Step.READY, Step.ARMED, Step.SIGNING})
_BEGUN: Final = frozenset({Step.SIGNED, Step.UNVEILED})
"""An initiative takes members from when its parties signed until it is sealed."""


class Hands:
    """Decides for the tablets of one room. Raises Refused."""

    def __init__(self, book: Book, rules: Rules) -> None:
        self._book = book
        self._rules = rules

    def decide(self, command: c.PadCommand, actor: Actor, now_ms: int) -> Sequence[e.CeremonyEvent]:
        seat = _seat(actor)
        match command:
            case c.StandBy(_, bound_ms, over):
                _check_clock(bound_ms)
                return self._stood_by(seat, actor, over=over)
            case c.Confirm(id, take, party):
                act = self._before(seat, actor, id, take, party)
                if act.step not in _SITTING:
                    raise Refused("act-moved", step=act.step.value)
                return [] if party in act.running.confirmed else [e.PartyConfirmed(id, take, party)]
            case c.Clear(id, take, party):
                act = self._open(seat, actor, command, Move.SIGN, now_ms)
                return [e.SignatureCleared(id, take, party)] if party in act.running.signed else []
            case c.Sign():
                return self._signed(seat, actor, command, now_ms)
            case c.Press():
                return self._pressed(seat, actor, command, now_ms)
            case never:
                assert_never(never)

    def _stood_by(self, seat: SeatId, actor: Actor, *, over: bool) -> Sequence[e.CeremonyEvent]:
        device = self._book.kept.devices.get(seat)
        if device == actor.device:
            return []
        if device is not None and not over:
            raise Refused("seat-taken")
        return [e.PadSeated(seat, actor.device)]

    def _before(self, seat: SeatId, actor: Actor, id: w.Id, take: int, party: int) -> Act:
        """The act, when this tablet may speak for the party in this take."""
        act = self._rules.act(id)
        if party >= len(act.seats) or act.seats[party] != seat:
            raise Refused("seat-not-yours")
        if self._book.kept.devices.get(seat) != actor.device:
            raise Refused("seat-taken")
        if take != act.running.take:
            raise Refused("take-over", take=act.running.take)
        return act

    def _open(self, seat: SeatId, actor: Actor, command: c.Clear | c.Sign | c.Press, move: Move, now_ms: int) -> Act:
        """The act, when its pads are open."""
        act = self._before(seat, actor, command.act, command.take, command.party)
        after(act.step, move, act.drafted.kind, held=act.held)
        if act.step_at(now_ms) != Step.SIGNING:
            raise Refused("not-open-yet")
        return act

    def _signed(self, seat: SeatId, actor: Actor, command: c.Sign, now_ms: int) -> Sequence[e.CeremonyEvent]:
        act = self._open(seat, actor, command, Move.SIGN, now_ms)
        party, running = command.party, act.running
        if party not in running.confirmed:
            raise Refused("not-confirmed")
        if party in running.signed:
            raise Refused("signed-already")
        if command.documents != act.digests:
            raise Refused("document-changed")
        first_ms, last_ms = _times(command)
        _check_clock(command.bound_ms)
        _check_time(first_ms, last_ms, running.opens_ms or 0, command.bound_ms, now_ms)
        if not command.commitment:
            raise Refused("busy")
        signed = e.Signed(
            act.id,
            running.take,
            party,
            command.documents,
            command.commitment,
            first_ms,
            last_ms,
            command.offset_ms,
            command.bound_ms,
            command.device,
        )
        last = running.signed.keys() | {party} >= set(range(len(act.parties)))
        return [signed, e.Completed(act.id, running.take)] if last else [signed]

    def _pressed(self, seat: SeatId, actor: Actor, command: c.Press, now_ms: int) -> Sequence[e.CeremonyEvent]:
        act = self._open(seat, actor, command, Move.PRESS, now_ms)
        party, running = command.party, act.running
        if party in running.pressed:
            return []
        _check_clock(command.bound_ms)
        _check_time(command.at_ms, command.at_ms, running.opens_ms or 0, command.bound_ms, now_ms)
        pressed = e.Pressed(act.id, running.take, party, command.at_ms, command.offset_ms, command.bound_ms)
        hands = {**{each: before.at_ms for each, before in running.pressed.items()}, party: command.at_ms}
        if len(hands) < len(act.parties):
            return [pressed]
        shown = e.Unveiled(act.id, reveals(act, hands, running.delays))
        return [pressed, e.Completed(act.id, running.take), shown]

    def join(self, command: c.Join, actor: Actor) -> Sequence[e.CeremonyEvent]:
        """A person asks for one member, and may mend its names until it is admitted; the officer adds many."""
        act = self._rules.act(command.act)
        if act.drafted.kind != ProjectKind.INITIATIVE or act.step not in _BEGUN:
            raise Refused("not-open-to-members")
        names, officer = cleaned(command.names), actor.role in OFFICERS
        own = None if officer else next((id for id, each in act.members.items() if each.by == actor.person), None)
        if own is not None:
            if act.members[own].admitted:
                raise Refused("joined-already")
            return [] if act.members[own].names == names else [e.MemberJoined(act.id, own, names, actor.venue)]
        if len(act.members) >= MEMBERS_MAX:
            raise Refused("members-full", most=MEMBERS_MAX)
        member = w.MemberId(f"m{len(act.members) + 1}")
        return [e.MemberJoined(act.id, member, names, actor.venue, officer)]


def _seat(actor: Actor) -> SeatId:
    seat = seat_of(actor.invite)
    if seat is None:
        raise Refused("seat-not-yours")
    return seat


def _check_clock(bound_ms: float) -> None:
    if not bound_ms <= BOUND_MAX_MS:
        raise Refused("clock-unsure", bound_ms=round(bound_ms), most_ms=int(BOUND_MAX_MS))


def _times(command: c.Sign) -> tuple[float, float]:
    """When the first and the last point was drawn; points come in the order they were drawn."""
    points = [point for stroke in command.strokes for point in stroke]
    if not points:
        raise Refused("signature-empty")
    if len(points) > w.POINTS_MAX:
        raise Refused("signature-too-long", most=w.POINTS_MAX)
    if not all(math.isfinite(share) for point in points for share in point):
        raise Refused("command-unreadable")
    times = [point[3] for point in points]
    if times != sorted(times):
        raise Refused("strokes-out-of-order")
    return times[0], times[-1]


def _check_time(first_ms: float, last_ms: float, opens_ms: int, bound_ms: float, now_ms: int) -> None:
    """Drawn after the pads opened and before it came here, within what the clocks may differ."""
    if not (opens_ms - bound_ms <= first_ms and last_ms <= now_ms + bound_ms):
        raise Refused("clock-off")
