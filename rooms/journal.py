"""Entries of the journal and envelopes of commands: the only places where their bytes are read and written.

An entry is JSON. Each event carries its tag, and `v` when its feature's version
is above 1. Events that no feature here knows are kept as they are.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from rooms.definition import Definition
from rooms.features import commands, events, queries, tag
from rooms.kernel import Actor, Command, CommandId, Event, PersonId, Query, Refused, Role, RoomId, UnknownEvent

VERSION_KEY: Final = "v"
NODE: Final = Actor(PersonId("node"), Role.NODE)
"""The node itself, as the actor of what no person did."""


class DefinitionImported(Event, frozen=True, tag="conference.definition_imported"):
    """From here on this definition is in force. A conference's first event."""

    definition: Definition


class Entry(msgspec.Struct, frozen=True):
    """What one command made happen: `seq` counts from 1 without gaps, `epoch` is the writer's fencing number."""

    seq: int
    epoch: int
    at_ms: int
    actor: Actor
    room: RoomId | None
    command_id: CommandId
    events: tuple[Event, ...]


class _Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry as it is stored."""

    seq: int
    epoch: int
    at_ms: int
    actor: Actor
    events: tuple[msgspec.Raw, ...]
    room: RoomId | None = None
    command_id: CommandId = CommandId("")


class _Head(msgspec.Struct, frozen=True):
    """What every event has."""

    type: str
    v: int = 1


def genesis(definition: Definition, epoch: int, at_ms: int) -> Entry:
    """A conference's first entry: its definition."""
    return imported(definition, 1, epoch, at_ms, NODE, CommandId(""))


def imported(definition: Definition, seq: int, epoch: int, at_ms: int, actor: Actor, command_id: CommandId) -> Entry:
    """The entry that puts a definition in force."""
    return Entry(seq, epoch, at_ms, actor, None, command_id, (DefinitionImported(definition),))


def encode(entry: Entry) -> bytes:
    """The entry's bytes in the journal."""
    written = tuple(encode_event(event) for event in entry.events)
    record = _Record(entry.seq, entry.epoch, entry.at_ms, entry.actor, written, entry.room, entry.command_id)
    return msgspec.json.encode(record)


def decode(data: bytes) -> tuple[Entry, tuple[str, ...]]:
    """An entry, and a warning for each event that no feature knows. Raises ValueError for damaged bytes."""
    try:
        record = msgspec.json.decode(data, type=_Record)
    except msgspec.MsgspecError as odd:
        raise ValueError(f"journal entry not understood: {odd}") from odd
    read = tuple(decode_event(raw) for raw in record.events)
    entry = Entry(record.seq, record.epoch, record.at_ms, record.actor, record.room, record.command_id, read)
    return entry, tuple(f"entry {entry.seq}: {warning(event)}" for event in read if isinstance(event, UnknownEvent))


def encode_event(event: Event) -> msgspec.Raw:
    """One event's JSON; an unknown one's is byte for byte what was read."""
    if isinstance(event, UnknownEvent):
        return msgspec.Raw(event.original.encode())
    known = events().get(tag(type(event)))
    if known is None or known[1].version == 1:
        return msgspec.Raw(msgspec.json.encode(event))
    return msgspec.Raw(msgspec.json.encode({**msgspec.to_builtins(event), VERSION_KEY: known[1].version}))


def decode_event(data: bytes | msgspec.Raw) -> Event:
    """One event, lifted to its feature's version; UnknownEvent if no feature here knows it.

    Raises ValueError for damaged bytes.
    """
    try:
        return _event(bytes(data))
    except msgspec.MsgspecError as odd:
        raise ValueError(f"event not understood: {odd}") from odd


def warning(event: UnknownEvent) -> str:
    """What to log of an event that is skipped."""
    head = msgspec.json.decode(event.original, type=_Head)
    return f"event {head.type} v{head.v} is unknown and skipped"


def newer(event: UnknownEvent) -> tuple[str, int, int] | None:
    """The feature, the version it had there, and the one it has here, when a newer program wrote the event."""
    head = msgspec.json.decode(event.original, type=_Head)
    _, feature = events().get(head.type, (None, None))
    return None if feature is None else (feature.name, head.v, feature.version)


def _event(data: bytes) -> Event:
    head = msgspec.json.decode(data, type=_Head)
    if head.type == tag(DefinitionImported):
        return msgspec.json.decode(data, type=DefinitionImported)
    kind, feature = events().get(head.type, (None, None))
    if kind is None or feature is None or head.v > feature.version:
        return UnknownEvent(data.decode())
    if head.v == feature.version:
        return msgspec.json.decode(data, type=kind)
    older = msgspec.json.decode(data, type=dict[str, Any])
    return msgspec.convert(feature.upcast(head.v, older), kind)


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command on its way in, with the client's id of the intent; the same id gets the same answer.

    `code` is the rotating code of a hall, if the page was shown one.
    """

    id: CommandId
    command: Command
    room: RoomId | None = None
    code: str = ""


_Room = Annotated[RoomId, Meta(pattern=r"^[a-z0-9-]{1,40}\Z")]


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[CommandId, Meta(pattern=r"^[A-Za-z0-9-]{1,64}\Z")]
    command: dict[str, Any]
    room: _Room | None = None
    code: Annotated[str, Meta(pattern=r"^[A-Z0-9]{0,16}\Z")] = ""


class Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query on its way in."""

    query: Query
    room: RoomId | None = None


class _Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    query: dict[str, Any]
    room: _Room | None = None


def envelope(data: object) -> Envelope:
    """The command in `data`, JSON as Python has it. Raises Refused("command-unreadable") for anything odd."""
    try:
        outer = msgspec.convert(data, _Envelope)
        kind, _ = commands()[outer.command.get("type", "")]
        return Envelope(outer.id, msgspec.convert(outer.command, kind), outer.room, outer.code)
    except (msgspec.ValidationError, KeyError, TypeError, RecursionError):
        raise Refused("command-unreadable") from None


def asking(data: object) -> Asking:
    """The query in `data`, JSON as Python has it. Raises Refused("query-unreadable") for anything odd."""
    try:
        outer = msgspec.convert(data, _Asking)
        kind, _ = queries()[outer.query.get("type", "")]
        return Asking(msgspec.convert(outer.query, kind), outer.room)
    except (msgspec.ValidationError, KeyError, TypeError, RecursionError):
        raise Refused("query-unreadable") from None
