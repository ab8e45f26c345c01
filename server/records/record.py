"""The record of one act, or of a whole ceremony, as canonical JSON: pure, the same bytes from the same facts.

A record ends with the fact that ordered its seal, so that it can be made again at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Final

import msgspec

from rooms.definition import Definition
from rooms.kernel import ItemId, ProjectId, RoomId
from rooms.timetable import is_rehearsal
from server.records.canonical import Digest, canonical, hashed
from server.records.chain import Entry, Fact, chained, root
from server.records.checkpoint import Signer
from server.records.commitments import Opening
from server.records.facts import act_of
from server.records.story import LANGUAGES, in_languages, told
from server.records.wording import words

FORMAT: Final = "twinhall-ceremony-1"
PERSONAL: Final = "twinhall-personal-1"
SEALED: Final = "ceremony.sealed"
_SETTLED: Final = frozenset({SEALED, "ceremony.voided"})
"""After these nothing can happen to an act."""


class Frame(msgspec.Struct, frozen=True):
    """What stands around every record of a room: the conference, its halls, who signs."""

    definition: Definition
    room: RoomId
    signer: Signer

    @property
    def root(self) -> Digest:
        return root(self.definition.id, self.room)


class Kept(msgspec.Struct, frozen=True):
    """An act's record that was kept: SHA-256 of its JSON and of its sealed PDF."""

    record: Digest
    file: Digest


def act_record(frame: Frame, facts: Iterable[Fact], act: ProjectId) -> dict[str, Any]:
    """The signed record of one act. Raises KeyError when nobody ordered its seal."""
    entries = _until_sealed(chained(frame.root, facts), act)
    shown = [_shown(entry, {act}) for entry in entries]
    own = told(act, own_facts(entries, act))
    return _signed(frame, "act", shown, {"act": own}, entries[-1])


def ceremony_record(
    frame: Frame, facts: Iterable[Fact], item: ItemId, kept: Mapping[ProjectId, Kept | None]
) -> dict[str, Any]:
    """The signed record of an item's acts, up to where the last one was sealed or declared void.

    `kept`: the digests of their own records; None for an act that was declared void, which has none: its facts and
    the reason stand here.
    """
    entries = list(chained(frame.root, facts))
    last = max(n for act in kept for n in _settled(entries, act))
    entries = entries[:last]
    shown = [_shown(entry, kept.keys()) for entry in entries]
    acts = [
        told(act, own_facts(entries, act)) | (msgspec.to_builtins(digests) if digests else {})
        for act, digests in kept.items()
    ]
    titled = next(each for each in frame.definition.items if each.id == item)
    content = {"item": item, "title": in_languages(titled.title.all()), "acts": acts}
    return _signed(frame, "ceremony", shown, {"ceremony": content}, entries[-1])


def personal(record: Mapping[str, Any], openings: Mapping[Digest, Opening]) -> dict[str, Any]:
    """What opens the record's commitments: the second attachment."""
    opened = [{"commitment": digest, **msgspec.to_builtins(opening)} for digest, opening in sorted(openings.items())]
    return {"format": PERSONAL, "record": record_digest(record), "openings": opened}


def record_digest(record: Mapping[str, Any]) -> Digest:
    """SHA-256 over the whole record, its signature too."""
    return hashed("file", canonical(record))


def commitments(record: Mapping[str, Any]) -> Iterator[Digest]:
    """Every commitment that the record holds, those of signatures that were set aside too."""
    for act in acts(record):
        yield from (party["signatory"] for party in act.get("parties", ()) if party.get("signatory"))
        for take in act.get("takes", ()):
            for signature in (*take.get("signatures", ()), *take.get("cleared", ())):
                if isinstance(signature.get("strokes"), str):
                    yield signature["strokes"]


def acts(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The acts that a record tells of."""
    return [record["act"]] if "act" in record else record["ceremony"]["acts"]


def own_facts(entries: Iterable[Entry], act: str) -> Iterator[tuple[int, Fact]]:
    """The facts of one act, and those of the room, by their number in the chain.

    Up to where the act was sealed or declared void: what happens in the room later is not told of it.
    """
    for entry in entries:
        if entry.fact is not None and act_of(entry.fact) in (act, None):
            yield entry.n, entry.fact
            if _settles(entry.fact, act, _SETTLED):
                return


def _until_sealed(entries: Iterable[Entry], act: str) -> list[Entry]:
    found = list(entries)
    for n in _settled(found, act, frozenset({SEALED})):
        return found[:n]
    raise KeyError(act)


def _settled(entries: Sequence[Entry], act: str, by: Set[str] = _SETTLED) -> Iterator[int]:
    """Where the act came to its end."""
    return (entry.n for entry in entries if entry.fact and _settles(entry.fact, act, by))


def _settles(fact: Fact, act: str, by: Set[str]) -> bool:
    return act_of(fact) == act and fact["event"].get("type") in by


def _shown(entry: Entry, acts: Iterable[str]) -> Entry:
    """An entry as the record shows it: what happened in other acts stays a digest."""
    assert entry.fact is not None, "a chain that was made has all facts"
    if act_of(entry.fact) in (None, *acts):
        return entry
    return Entry(entry.n, entry.digest, entry.link)


def _signed(
    frame: Frame, subject: str, entries: Sequence[Entry], content: Mapping[str, Any], last: Entry
) -> dict[str, Any]:
    definition = frame.definition
    assert last.fact is not None, "a chain that was made has all facts"
    at_ms = last.fact["at_ms"]
    checkpoint = frame.signer.checkpoint(definition.id, frame.room, last.n, last.link, at_ms)
    halls = {
        venue.id: {"city": in_languages(venue.city.all()), "zone": venue.zone, "main": venue.main}
        for venue in definition.venues
    }
    record = {
        "format": FORMAT,
        "subject": subject,
        "note": {language: words(language)["note"] for language in LANGUAGES},
        "conference": {
            "id": definition.id,
            "title": in_languages(definition.title.all()),
            "day": definition.day.isoformat(),
            "rehearsal": is_rehearsal(definition, at_ms),
        },
        "room": frame.room,
        "venues": halls,
        **content,
        "chain": {
            "root": frame.root,
            "count": last.n,
            "head": last.link,
            "entries": [msgspec.to_builtins(entry) for entry in entries],
        },
        "checkpoint": msgspec.to_builtins(checkpoint),
    }
    return {**record, "signature": frame.signer.sign("record", record)}
