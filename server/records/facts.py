"""What the journal holds of a room's ceremonies, as the chain takes it in: from the stored bytes, as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from rooms.kernel import RoomId
from server.records.chain import Fact

FEATURE: Final = "ceremony."


class _Actor(msgspec.Struct, frozen=True):
    role: str
    venue: str | None = None


class _Stored(msgspec.Struct, frozen=True):
    """What is read of a journal's entry; events stay what they were when they were written."""

    seq: int
    at_ms: int
    actor: _Actor
    events: tuple[dict[str, Any], ...]
    room: str | None = None


def facts(bodies: Iterable[bytes], room: RoomId) -> Iterator[Fact]:
    """The ceremony's facts in the entries of a journal, in order. Who acted is told by role and hall, not by id.

    Raises ValueError for damaged bytes.
    """
    for body in bodies:
        if FEATURE.encode() not in body:
            continue
        entry = msgspec.json.decode(body, type=_Stored)
        if entry.room != room:
            continue
        for place, event in enumerate(entry.events):
            if str(event.get("type", "")).startswith(FEATURE):
                yield _fact(entry, place, event)


def _fact(entry: _Stored, place: int, event: dict[str, Any]) -> Fact:
    fact = {"seq": entry.seq, "place": place, "at_ms": entry.at_ms, "role": entry.actor.role, "event": event}
    return {**fact, "venue": entry.actor.venue} if entry.actor.venue else fact


def act_of(fact: Fact) -> str | None:
    """The act that a fact is about; None: the whole room."""
    act = fact["event"].get("act")
    return act if isinstance(act, str) else None
