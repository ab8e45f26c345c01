"""The ceremony at the edge: personal data goes into the vault before a command is decided, strokes pass in flight."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterable, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from rooms.ceremony import commands as c
from rooms.ceremony import words as w
from rooms.ceremony.model import Act, signatory
from rooms.ceremony.table import ON_STAGE, Step
from rooms.features.ceremony import Ceremony
from rooms.features.people import People, PersonErased
from rooms.invites import seat_of
from rooms.journal import Entry, Envelope
from rooms.kernel import Actor, Command, PersonId, Refused, RoomId
from server.clock import Clock
from server.hall import Hall
from server.ink import Cleared, Drawn, Given, Hand, Stroke
from server.names import cleaned
from server.personal import Personal
from server.records.canonical import Digest
from server.records.commitments import SALT_BYTES, Kind, opened

log = structlog.get_logger()
_PLACEHOLDER: Final = w.Digest("0" * 64)
"""Stands for a commitment while it is tried whether the command would be taken."""


class Ceremonies:
    """Between the pages' sockets and the host."""

    def __init__(self, vault: Personal, clock: Clock, halls: Iterable[Hall]) -> None:
        self._vault = vault
        self._clock = clock
        self._halls = tuple(halls)
        for hall in self._halls:
            hall.host.listen(functools.partial(self._happened, hall))

    async def remember(self) -> None:
        """After a start: what was signed of the acts on screens is seen again, as far as the vault can be read."""
        try:
            for hall in self._halls:
                await self._remember(hall)
        except Refused as refusal:
            log.warning("strokes are not shown again", reason=refusal.code)

    async def _remember(self, hall: Hall) -> None:
        """Nothing that is known already is sent twice, here or by another process."""
        ceremony = hall.host.conference.feature(Ceremony, hall.room)
        given = {
            signed.commitment: Hand(act.id, act.running.take, party)
            for act in ceremony.book.acts()
            if _is_seen(ceremony, act)
            for party, signed in act.running.signed.items()
        }
        for commitment, opening in (await self._vault.openings(map(Digest, given))).items():
            self._take(hall, Given(hall.room, *given[w.Digest(commitment)], opening.value["strokes"]))

    def _happened(self, hall: Hall, entries: Sequence[Entry]) -> None:
        """Ink of acts that left the stage, of former takes, and of persons who were erased, is forgotten."""
        erased = {event.person for entry in entries for event in entry.events if isinstance(event, PersonErased)}
        ceremony = hall.host.conference.feature(Ceremony, hall.room)
        for hand in hall.ink.hands():
            act = ceremony.act(hand.act)
            stays = act is not None and _is_seen(ceremony, act) and act.running.take == hand.take
            if not stays or signatory(hall.id, hand.act, hand.party) in erased:
                hall.ink.forget(hand)

    async def prepared(self, hall: Hall, actor: Actor, sent: Envelope) -> Envelope:
        """The command as it may be decided; what it says of a person is durable in the vault. Raises Refused."""
        match sent.command:
            case c.Sign() as sign:
                return await self._kept_signature(hall, actor, sent, sign)
            case c.NameSignatory() as naming:
                return await self._kept_name(hall, actor, sent, naming)
            case c.Attach():
                raise Refused("document-unknown")  # an upload attaches what it has read, and knows its pages and size
            case c.Arm() as arm:
                armed = replace(arm, pads=hall.pads.all(), delays=hall.ages())
                return replace(sent, command=armed)
            case c.StandBy(offset_ms, bound_ms) as standing:
                seat = seat_of(actor.invite)
                over = standing.over or seat is None or not hall.pads.is_awake(seat, self._clock.now_ms())
                return replace(sent, command=c.StandBy(offset_ms, bound_ms, over))
            case _:
                return sent

    async def _kept_signature(self, hall: Hall, actor: Actor, sent: Envelope, sign: c.Sign) -> Envelope:
        if not self._would_do(hall, actor, sent, replace(sign, commitment=_PLACEHOLDER)):
            return replace(sent, command=replace(sign, commitment=w.Digest("")))
        person = signatory(hall.id, sign.act, sign.party)
        _check_kept(hall, person)
        value = {"aspect": sign.aspect, "strokes": sign.strokes}
        opening = opened(Kind.STROKES, value, secrets.token_bytes(SALT_BYTES))
        await self._vault.keep(person, opening)
        return replace(sent, command=replace(sign, commitment=w.Digest(opening.commitment)))

    async def _kept_name(self, hall: Hall, actor: Actor, sent: Envelope, naming: c.NameSignatory) -> Envelope:
        nameless = replace(naming, name="", commitment=w.Digest(""))
        if not self._would_do(hall, actor, sent, replace(nameless, commitment=_PLACEHOLDER)):
            return replace(sent, command=nameless)
        person = signatory(hall.id, naming.act, naming.party)
        name = name_of(hall, person, naming.name)
        opening = opened(Kind.SIGNATORY, name, secrets.token_bytes(SALT_BYTES))
        await self._vault.keep(person, opening)
        await self._vault.call(person, name)
        return replace(sent, command=replace(nameless, commitment=w.Digest(opening.commitment)))

    def _would_do(self, hall: Hall, actor: Actor, sent: Envelope, command: Command) -> bool:
        """Whether it would change anything now; if not, the host says why, or answers a repetition as before."""
        try:
            return bool(hall.host.conference.decide(command, actor, sent.room, int(self._clock.now_ms())))
        except Refused:
            return False

    async def done(self, hall: Hall, actor: Actor, command: Command) -> None:
        """The command took effect."""
        match command:
            case c.StandBy(offset_ms, bound_ms):
                if seat := seat_of(actor.invite):
                    pad = w.Pad(int(self._clock.now_ms()), offset_ms, bound_ms, actor.device)
                    hall.pads.stood_by(seat, pad)
                    hall.changed()
                    hall.pass_on((seat, pad))
            case c.Sign(act, take, party, _, strokes):
                self._take(hall, Given(hall.room, act, take, party, strokes))
            case c.Clear(act, take, party):
                self._take(hall, Cleared(hall.room, act, take, party))
            case c.Show():
                await self.remember()  # an act of before is shown once more
            case _:
                pass

    def draw(self, hall: Hall, actor: Actor, stroke: Stroke) -> None:
        """Pass strokes on that a tablet draws while its pad is open; others are dropped."""
        if self._is_open(hall, actor, stroke):
            self._take(hall, stroke)

    def clear(self, hall: Hall, actor: Actor, cleared: Cleared) -> None:
        if self._is_open(hall, actor, cleared):
            self._take(hall, cleared)

    def _take(self, hall: Hall, drawn: Drawn) -> None:
        hall.ink.take(drawn)
        hall.pass_on(drawn)

    def _is_open(self, hall: Hall, actor: Actor, signal: Stroke | Cleared) -> bool:
        ceremony = _ceremony(hall, signal.room)
        act = ceremony.act(signal.act) if ceremony else None
        seat = seat_of(actor.invite)
        return (
            ceremony is not None
            and act is not None
            and act.step_at(self._clock.now_ms()) == Step.SIGNING
            and not act.held
            and act.running.take == signal.take
            and signal.party not in act.running.signed
            and act.seats[signal.party : signal.party + 1] == (seat,)
            and ceremony.book.kept.devices.get(act.seats[signal.party]) == actor.device
        )


def _is_seen(ceremony: Ceremony, act: Act) -> bool:
    """Whether screens show the act's hands: it is on stage, or the officer shows it."""
    return act.step in ON_STAGE or ceremony.book.kept.shown == act.id


def name_of(hall: Hall, person: PersonId, name: str) -> str:
    """The signatory's name as it may be kept. Raises Refused."""
    _check_kept(hall, person)
    return cleaned(name)


def _check_kept(hall: Hall, person: PersonId) -> None:
    """Who was erased is not stored again."""
    if person in hall.host.conference.feature(People).erased():
        raise Refused("signatory-erased")


def _ceremony(hall: Hall, room: RoomId) -> Ceremony | None:
    try:
        return hall.host.conference.feature(Ceremony, room)
    except KeyError:
        return None
