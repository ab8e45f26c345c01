from __future__ import annotations

import pytest
from msgspec.structs import replace

from rooms.audience import Attendee, Desk, Wall
from rooms.conference import Conference
from rooms.definition import RoomDefinition, Words
from rooms.features.links import Links, Renew, Revoke
from rooms.features.stage import SetItem, SetSound, Stage, Take
from rooms.journal import Entry, genesis, imported
from rooms.kernel import CommandId, InviteId, ItemId, Refused, Role, RoomId, UnknownEvent
from rooms.program import Layout
from tests.rooms.hall import CHANGZHOU, CZ, DEFINITION, DIRECTOR, FR, MINDEN, ORGANISER, STAGE, do, given, opened

BOOTH = RoomId("booth")
WITH_BOOTH = replace(DEFINITION, rooms=(*DEFINITION.rooms, RoomDefinition(BOOTH, Words(en="Booth"))))
STEPS = (
    (Take(Layout.FULL, (MINDEN,)), DIRECTOR),
    (SetSound(FR, 0.5), DIRECTOR),
    (Revoke(InviteId("wall-frankfurt")), ORGANISER),
)


def test_a_journal_begins_with_a_definition() -> None:
    entry = Entry(1, 1, 0, DIRECTOR, STAGE, CommandId(""), ())
    with pytest.raises(ValueError, match="begins with"):
        Conference.replayed([entry])
    with pytest.raises(ValueError, match="begins with"):
        Conference.replayed([])


def test_an_entry_out_of_turn_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="entry 1 does not follow 1"):
        opened().apply(genesis(DEFINITION, 1, 0))


def test_seq_counts_the_entries() -> None:
    assert Conference(DEFINITION).seq == 0
    assert given(*STEPS).seq == 4


def test_an_unknown_room_is_refused() -> None:
    for room in (None, RoomId("cellar")):
        with pytest.raises(Refused, match="room-unknown"):
            do(opened(), Take(Layout.FULL, (CZ,)), DIRECTOR, room=room)


def test_a_command_to_the_conference_ignores_the_room() -> None:
    assert do(opened(), Renew(InviteId("attendee")), ORGANISER, room=RoomId("cellar"))


def test_each_room_has_a_stage_of_its_own() -> None:
    conference = Conference.replayed([genesis(WITH_BOOTH, 1, 0)])
    do(conference, Take(Layout.FULL, (MINDEN,)), DIRECTOR, room=BOOTH)
    assert conference.rooms() == (STAGE, BOOTH)
    assert conference.screen(BOOTH, Attendee()).sources == (MINDEN,)
    assert conference.screen(STAGE, Attendee()).sources == (CZ, FR)
    assert conference.view(Attendee(), STAGE, {}, 0)["stage"] != conference.view(Attendee(), BOOTH, {}, 0)["stage"]


def test_an_item_belongs_to_its_room() -> None:
    conference = Conference.replayed([genesis(WITH_BOOTH, 1, 0)])
    with pytest.raises(Refused, match="item-unknown"):
        do(conference, SetItem(ItemId("opening")), DIRECTOR, room=BOOTH)


def test_a_new_definition_keeps_what_happened() -> None:
    conference = given(*STEPS)
    conference.apply(imported(WITH_BOOTH, 5, 1, 9, ORGANISER, CommandId("c")))
    assert conference.definition == WITH_BOOTH
    assert conference.seq == 5
    assert conference.screen(STAGE, Attendee()).sources == (MINDEN,)
    assert conference.feature(Links).standing(InviteId("wall-frankfurt")).revoked
    assert conference.feature(Stage, BOOTH)


def test_events_of_a_room_that_went_change_nothing() -> None:
    conference = Conference.replayed([genesis(WITH_BOOTH, 1, 0)])
    events = conference.decide(Take(Layout.FULL, (MINDEN,)), DIRECTOR, BOOTH, 0)
    conference.apply(imported(DEFINITION, 2, 1, 0, ORGANISER, CommandId("c")))
    conference.apply(Entry(3, 1, 0, DIRECTOR, BOOTH, CommandId("d"), tuple(events)))
    assert conference.seq == 3


def test_unknown_events_change_nothing() -> None:
    conference = opened()
    before = conference.view(Attendee(), STAGE, {}, 0)
    conference.apply(Entry(2, 1, 0, DIRECTOR, STAGE, CommandId("d"), (UnknownEvent('{"type":"poll.asked"}'),)))
    assert conference.view(Attendee(), STAGE, {}, 0) == before


def test_a_snapshot_is_the_whole_conference() -> None:
    conference = given(*STEPS)
    again = Conference.restored(conference.snapshot())
    assert again.seq == conference.seq
    for audience in (Attendee(), Wall(CHANGZHOU), Desk(Role.DIRECTOR), Desk(Role.ORGANISER)):
        assert again.view(audience, STAGE, {}, 0) == conference.view(audience, STAGE, {}, 0)
    assert do(again, Take(Layout.FULL, (MINDEN,)), DIRECTOR) == []


def test_a_snapshot_made_by_other_features_is_not_restored() -> None:
    snapshot = opened().snapshot()
    for damaged in (snapshot.replace(b'"links"', b'"lynx"'), snapshot.replace(b'"version":1', b'"version":9'), b"{}"):
        with pytest.raises(ValueError, match="snapshot"):
            Conference.restored(damaged)


def test_a_feature_of_an_unknown_room_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        opened().feature(Stage, RoomId("cellar"))


def test_invites_follow_the_definition() -> None:
    assert "wall-frankfurt" in {invite.id for invite in opened().invites()}
