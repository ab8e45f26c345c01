from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rooms.journal
from rooms.audience import Attendee
from rooms.conference import Conference
from rooms.features.links import LinkRenewed, Links, Standing
from rooms.features.stage import Stage, Take
from rooms.journal import (
    DefinitionImported,
    Entry,
    Envelope,
    decode,
    decode_event,
    encode,
    encode_event,
    envelope,
    genesis,
    warning,
)
from rooms.kernel import CommandId, Event, InviteId, Refused, RoomId, UnknownEvent
from rooms.program import Layout
from tests.rooms.hall import CZ, DEFINITION, FR, MINDEN, ORGANISER, STAGE

GOLDEN = Path(__file__).parents[1] / "golden" / "jiangsu-2022.jsonl"
UNKNOWN = b'{"type" : "poll.asked","text":"Wann\\u003f",  "n":1.0, "v":3}'


def test_the_first_entry_holds_the_definition() -> None:
    entry = genesis(DEFINITION, epoch=7, at_ms=5)
    assert (entry.seq, entry.epoch, entry.at_ms) == (1, 7, 5)
    assert decode(encode(entry)) == (entry, ())
    assert entry.events == (DefinitionImported(DEFINITION),)


def test_an_event_that_no_feature_knows_is_kept_as_it_is_and_warned_of() -> None:
    event = decode_event(UNKNOWN)
    assert isinstance(event, UnknownEvent)
    assert bytes(encode_event(event)) == UNKNOWN
    assert warning(event) == "event poll.asked v3 is unknown and skipped"


def test_an_event_of_a_newer_version_is_kept_as_it_is() -> None:
    newer = b'{"type":"links.renewed","invite":"attendee","generation":"two","v":2}'
    assert bytes(encode_event(decode_event(newer))) == newer


class SecondLinks(Links):
    """Links as they may be one day: generations were called `number` before."""

    version: ClassVar[int] = 2

    @classmethod
    def upcast(cls, version: int, event: dict[str, Any]) -> dict[str, Any]:
        assert version == 1
        number = event.pop("number")
        return {**event, "generation": number}


def test_an_event_of_an_older_version_is_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms.journal, "events", lambda: {"links.renewed": (LinkRenewed, SecondLinks)})
    event = decode_event(b'{"type":"links.renewed","invite":"attendee","number":4}')
    assert event == LinkRenewed(InviteId("attendee"), 4)
    written = bytes(encode_event(event))
    assert written == b'{"type":"links.renewed","invite":"attendee","generation":4,"v":2}'
    assert decode_event(written) == event


@pytest.mark.parametrize(
    "damaged",
    [b"", b"{", b"[]", b'{"type":3}', b'{"type":"stage.taken"}', b'{"type":"stage.taken","layout":"round"}', b"\xff"],
)
def test_a_damaged_event_is_no_unknown_event(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="not understood"):
        decode_event(damaged)


@given(st.binary(max_size=80))
def test_damaged_bytes_are_named(data: bytes) -> None:
    with pytest.raises(ValueError, match="not understood"):
        decode(data)


def golden() -> list[bytes]:
    return GOLDEN.read_bytes().splitlines()


def test_the_golden_journal_is_written_as_it_was_read() -> None:
    """All but the definition, which gets the fields that it has today."""
    founding, *others = golden()
    for line in others:
        assert encode(decode(line)[0]) == line
    assert decode(encode(decode(founding)[0])) == decode(founding)


def test_the_golden_journal_makes_the_same_conference() -> None:
    conference = Conference.replayed(decode(line)[0] for line in golden())
    assert [len(decode(line)[1]) for line in golden()] == [0, 0, 0, 0, 1, 0]
    assert conference.seq == 6
    assert conference.screen(STAGE, Attendee()).sources == (CZ, FR)
    stage = conference.feature(Stage, STAGE).view(Attendee(), {}, 0)
    assert stage["take"] == {"seq": 6, "at_ms": 1657177200000}
    assert stage["item"] == {"id": "opening", "started_ms": 1657177140000}
    assert conference.feature(Links).standing(InviteId("wall-frankfurt")) == Standing(1, revoked=True)


COMMAND = {"type": "stage.take", "layout": "full", "sources": [MINDEN]}


def test_an_envelope_holds_a_closed_command() -> None:
    read = envelope({"id": "9b1c-4", "room": "stage", "command": COMMAND})
    assert read == Envelope(CommandId("9b1c-4"), Take(Layout.FULL, (MINDEN,)), STAGE)


def test_a_command_to_the_conference_names_no_room() -> None:
    read = envelope({"id": "1", "command": {"type": "people.enter"}})
    assert read.room is None


DEEP: list[Any] = []
for _ in range(5000):
    DEEP = [DEEP]

ODD = [
    None,
    3,
    "stage.take",
    [],
    {},
    {"id": "1"},
    {"id": "", "command": COMMAND},
    {"id": "x" * 65, "command": COMMAND},
    {"id": "1\n", "command": COMMAND},
    {"id": 1, "command": COMMAND},
    {"id": "1", "command": COMMAND, "more": 1},
    {"id": "1", "room": "Stage One", "command": COMMAND},
    {"id": "1", "room": 7, "command": COMMAND},
    {"id": "1", "command": {}},
    {"id": "1", "command": {"type": "stage.explode"}},
    {"id": "1", "command": {"type": ["stage.take"]}},
    {"id": "1", "command": {"type": {}}},
    {"id": "1", "command": {"type": "stage.taken", "layout": "full", "sources": [MINDEN]}},
    {"id": "1", "command": {**COMMAND, "by": "me"}},
    {"id": "1", "command": {**COMMAND, "layout": "round"}},
    {"id": "1", "command": {**COMMAND, "sources": MINDEN}},
    {"id": "1", "command": {**COMMAND, "sources": [MINDEN] * 33}},
    {"id": "1", "command": {**COMMAND, "sources": DEEP}},
    {"id": "1", "command": {"type": "stage.sound", "source": MINDEN, "gain": "loud"}},
    {"id": "1", "command": {"type": "stage.sound", "source": MINDEN, "gain": True}},
    {"id": "1", "command": {"type": "stage.item"}},
    {"id": "1", "command": {"type": "people.enter"}, "room": "s" * 41},
    {1: 2},
    {"id": b"1", "command": COMMAND},
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_envelope_is_refused(odd: object) -> None:
    with pytest.raises(Refused, match="command-unreadable"):
        envelope(odd)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_json_is_refused_or_read(data: object) -> None:
    with pytest.raises(Refused, match="command-unreadable"):
        envelope({"id": "1", "command": {"type": "stage.sound", "source": "a", "gain": 1, "odd": data}})


def test_a_room_s_entry_keeps_its_room() -> None:
    event: Event = LinkRenewed(InviteId("attendee"), 2)
    entry = Entry(9, 1, 3, ORGANISER, RoomId("booth"), CommandId("c"), (event,))
    assert decode(encode(entry)) == (entry, ())
