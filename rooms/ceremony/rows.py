"""The ceremony as pages see it: acts by id, the board, and what desks see beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rooms.ceremony.book import Book
from rooms.ceremony.model import Act, Member, signatory
from rooms.ceremony.rules import Rules
from rooms.ceremony.table import DONE, Step
from rooms.kernel import ConferenceId, Json, Names, SeatId

Row = dict[str, Json]


class Rows:
    """Views of one room's book."""

    def __init__(self, book: Book, rules: Rules, conference: ConferenceId) -> None:
        self._book = book
        self._rules = rules
        self._conference = conference

    def view(self, names: Names, now_ms: int, *, desk: bool) -> Row:
        acts, kept = self._book.acts(), self._book.kept
        if not acts:
            return {}
        view: Row = {
            "acts": {act.id: self._act(order, act, names, now_ms, desk=desk) for order, act in enumerate(acts)},
            "board": _board(acts),
        }
        if kept.shown:
            view["shown"] = kept.shown
        if desk:
            view["tolerance_ms"] = kept.tolerance_ms
            view["display_delays"] = dict(kept.display_delays.items())
            view["ready"] = {act.id: dict.fromkeys(act.ready, True) for act in acts if act.ready}
            view["seats"] = {seat: {"venue": venue} for venue, table in self._rules.tables.items() for seat in table}
        return view

    def mine(self, seat: SeatId) -> Row:
        """What lies before a seat now, and which device is its tablet."""
        view: Row = {"seat": seat}
        if act := self._book.before(seat):
            view |= {"act": act.id, "party": act.seats.index(seat)}
        if device := self._book.kept.devices.get(seat):
            view["device"] = device
        return view

    def _act(self, order: int, act: Act, names: Names, now_ms: int, *, desk: bool) -> Row:
        drafted, running = act.drafted, act.running
        row: Row = {
            "order": order,
            "kind": drafted.kind.value,
            "round": drafted.round,
            "item": drafted.item,
            "title": drafted.title.all(),
            "instrument": drafted.instrument.value,
            "step": act.step_at(now_ms).value,
            "take": running.take,
            "parties": [self._party(act, party, names) for party in range(len(act.parties))],
        }
        said: dict[str, Any] = {
            "sector": drafted.sector.all() if drafted.sector else None,
            "held": act.held or None,
            "paper": act.paper or None,
            "documents": {
                language: {"digest": each.digest, "pages": each.pages} for language, each in act.documents.items()
            },
            "opens_ms": running.again_ms,
            "reveal_ms": act.reveal_ms,
            "voided": act.voided,
            "record": act.record,
            "members": _members(act.members.items(), desk=desk),
        }
        return row | {name: value for name, value in said.items() if value or value == 0}

    def _party(self, act: Act, party: int, names: Names) -> Row:
        words, running = act.parties[party], act.running
        row: Row = {"names": words.names.all(), "venue": words.venue}
        signed, pressed = running.signed.get(party), running.pressed.get(party)
        said: dict[str, Any] = {
            "title": words.title.all() if words.title else None,
            "authority": words.authority.all() if words.authority else None,
            "name": names.get(signatory(self._conference, act.id, party)) if party in act.named else None,
            "seat": act.seats[party] if party < len(act.seats) else None,
            "confirmed": party in running.confirmed or None,
            "signed_ms": round(signed.last_ms) if signed else None,
            "mark": signed.commitment[:16] if signed else None,
            "pressed_ms": round(pressed.at_ms) if pressed else None,
        }
        return row | {name: value for name, value in said.items() if value is not None}


def _members(members: Iterable[tuple[Any, Member]], *, desk: bool) -> list[Json]:
    """Those who are counted; desks see the others too."""
    return [
        {
            "names": member.names.all(),
            **({"venue": member.venue} if member.venue else {}),
            **({"member": id, "admitted": member.admitted} if desk else {}),
        }
        for id, member in members
        if desk or member.admitted
    ]


def _board(acts: Iterable[Act]) -> Row:
    """How many acts are signed, in all, by item and by sector; void ones do not count."""
    counted = [act for act in acts if act.step != Step.VOID]
    sectors = {act.drafted.sector.en: act.drafted.sector for act in counted if act.drafted.sector}
    items = dict.fromkeys(act.drafted.item for act in counted)
    return {
        **_count(counted),
        "items": {item: _count([act for act in counted if act.drafted.item == item]) for item in items},
        "sectors": [
            {
                "sector": sector.all(),
                **_count([act for act in counted if act.drafted.sector and act.drafted.sector.en == name]),
            }
            for name, sector in sectors.items()
        ],
    }


def _count(acts: Iterable[Act]) -> Mapping[str, Json]:
    steps = [act.step for act in acts]
    return {"signed": sum(step in DONE for step in steps), "of": len(steps)}
