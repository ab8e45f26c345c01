"""The shape of a record as it comes from outside: decoded once, into closed types."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from server.records.canonical import Digest
from server.records.chain import ENTRIES_MAX, Entry, Fault, Sha256, Wound
from server.records.checkpoint import Checkpoint, Signature
from server.records.commitments import Opening, Salt

_AT: Final = re.compile(r"entries\[(\d+)\]")
Slug = Annotated[str, Meta(min_length=1, max_length=100)]


class Conference(msgspec.Struct, frozen=True):
    id: Slug


class Chain(msgspec.Struct, frozen=True):
    root: Sha256
    count: Annotated[int, Meta(ge=0, le=ENTRIES_MAX)]
    head: Sha256
    entries: Annotated[list[Entry], Meta(max_length=ENTRIES_MAX)]


class Told(msgspec.Struct, frozen=True):
    """An act by its id; what it tells is compared as a whole."""

    act: Slug
    record: Sha256 | None = None
    file: Sha256 | None = None


class Ceremony(msgspec.Struct, frozen=True):
    item: Slug
    acts: Annotated[list[Told], Meta(max_length=1000)]


class Record(msgspec.Struct, frozen=True):
    """What verifying needs of a record; the rest is signed, and hashed as it is."""

    format: str
    subject: Literal["act", "ceremony"]
    conference: Conference
    room: Slug
    chain: Chain
    checkpoint: Checkpoint
    signature: Signature
    act: Told | None = None
    ceremony: Ceremony | None = None

    @property
    def name(self) -> str:
        """What its file is called when it leaves the node."""
        if self.act is not None:
            return f"{self.conference.id}-{self.act.act}"
        return f"{self.conference.id}-ceremony-{self.ceremony.item if self.ceremony else ''}"


class Opened(msgspec.Struct, frozen=True):
    """One opening, and the commitment that it is said to open."""

    commitment: Sha256
    kind: str
    salt: Salt
    value: Any

    @property
    def opening(self) -> Opening:
        """Raises ValidationError for a kind that is none."""
        return msgspec.convert({"kind": self.kind, "salt": self.salt, "value": self.value}, Opening)


class Personal(msgspec.Struct, frozen=True):
    format: str
    record: Digest
    openings: Annotated[list[Opened], Meta(max_length=10_000)]


def shaped(value: Any) -> Record | Fault:
    """The record in `value`, or what is wrong with its shape."""
    try:
        record = msgspec.convert(value, Record)
    except (msgspec.ValidationError, RecursionError) as odd:
        found = _AT.search(str(odd))
        if found:
            entry = int(found[1]) + 1
            return Fault(Wound.CHANGED, entry, f"entry {entry} is no entry any more ({odd})")
        return Fault(Wound.CHANGED, 0, f"the record lacks what every record has ({odd})")
    if [name for name in ("act", "ceremony") if name in value] != [record.subject] or not (
        record.act or record.ceremony
    ):
        return Fault(Wound.CHANGED, 0, f"the record is of subject {record.subject}, and does not tell of it alone")
    return record


def readable_entries(text: str) -> int:
    """How many entries of the chain can be read in a record that is no JSON any more."""
    at = text.find('"entries":[')
    if at < 0:
        return 0
    at, count, decoder = at + len('"entries":['), 0, json.JSONDecoder()
    while count < ENTRIES_MAX:
        try:
            entry, at = decoder.raw_decode(text, at)
            Entry(**entry)
        except (ValueError, TypeError, RecursionError):
            return count
        count += 1
        if text[at : at + 1] != ",":
            return count
        at += 1
    return count
