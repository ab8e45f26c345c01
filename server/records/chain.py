"""The chain of a room's ceremony: each entry's digest, each link over the one before it.

    digest = SHA-256("twinhall/ceremony/entry/v1" 00 canonical(fact))
    link   = SHA-256("twinhall/ceremony/link/v1" 00 link-before digest)

The link before the first is SHA-256("twinhall/ceremony/root/v1" 00 canonical({conference, room})).
A record shows the whole chain; the facts of other acts stand in it as digests only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from server.records.canonical import Digest, Unreadable, canonical, hashed

Sha256 = Annotated[Digest, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Fact = Mapping[str, Any]
"""`{seq, place, at_ms, role, venue?, event}`: an event of the journal, at `place` in the entry `seq`."""
ENTRIES_MAX: Final = 100_000


class Wound(StrEnum):
    """What happened to an entry."""

    CHANGED = "changed"
    LOST = "lost"
    SWAPPED = "swapped"
    CUT = "cut"


class Fault(msgspec.Struct, frozen=True):
    """The first thing wrong: in which entry (from 1; 0: in none), and in words."""

    wound: Wound
    entry: int
    words: str


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One link: `n` counts from 1 without gaps; `fact` is there for the entries of the record's own act."""

    n: Annotated[int, Meta(ge=1, le=ENTRIES_MAX)]
    digest: Sha256
    link: Sha256
    fact: dict[str, Any] | None = None


def root(conference: str, room: str) -> Digest:
    """The link before the first one."""
    return hashed("root", canonical({"conference": conference, "room": room}))


def digest(fact: Fact) -> Digest:
    """Raises Unreadable."""
    return hashed("entry", canonical(fact))


def linked(before: Digest, entry: Digest) -> Digest:
    """The link over `entry` that follows `before`."""
    return hashed("link", bytes.fromhex(before), bytes.fromhex(entry))


def chained(start: Digest, facts: Iterable[Fact]) -> Iterator[Entry]:
    """The chain over the facts, in their order."""
    before = start
    for n, fact in enumerate(facts, 1):
        own = digest(fact)
        before = linked(before, own)
        yield Entry(n, own, before, dict(fact))


def fault(start: Digest, entries: Sequence[Entry], count: int, head: Digest) -> Fault | None:
    """The first thing wrong with a chain of `count` entries that ends in `head`; None when it is whole."""
    before, latest = start, (0, -1)
    for n, entry in enumerate(entries, 1):
        found = _misplaced(n, entry, entries) or _changed(entry, before) or _back(entry, latest)
        if found:
            return found
        before = entry.link
        latest = _time(entry) or latest
    if len(entries) < count:
        return Fault(Wound.CUT, len(entries) + 1, f"entry {len(entries) + 1} of {count} is cut off")
    if (len(entries), before) != (count, head):
        return Fault(Wound.CHANGED, count, f"the chain does not end where the checkpoint says, after entry {count}")
    return None


def _misplaced(n: int, entry: Entry, entries: Sequence[Entry]) -> Fault | None:
    if entry.n == n:
        return None
    if any(other.n == n for other in entries[n:]):
        return Fault(Wound.SWAPPED, n, f"entry {n} is not in its place, entry {entry.n} stands there")
    return Fault(Wound.LOST, n, f"entry {n} is missing")


def _changed(entry: Entry, before: Digest) -> Fault | None:
    try:
        stated = entry.fact is None or digest(entry.fact) == entry.digest
    except Unreadable:
        stated = False
    if not stated:
        return Fault(Wound.CHANGED, entry.n, f"entry {entry.n} is not what its digest says")
    if linked(before, entry.digest) != entry.link:
        return Fault(Wound.CHANGED, entry.n, f"entry {entry.n} does not follow the one before it")
    return None


def _back(entry: Entry, latest: tuple[int, int]) -> Fault | None:
    if (_time(entry) or (latest[0] + 1, 0)) > latest:
        return None
    return Fault(Wound.SWAPPED, entry.n, f"entry {entry.n} happened before the one it follows")


def _time(entry: Entry) -> tuple[int, int] | None:
    """The place of the entry's fact in the journal, where it is told."""
    if entry.fact is None:
        return None
    seq, place = entry.fact.get("seq"), entry.fact.get("place")
    return (seq, place) if isinstance(seq, int) and isinstance(place, int) else (0, -1)
