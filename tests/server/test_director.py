"""The director follows the program, and tells what the relay saw."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from media.model import AudienceName, Purpose, SessionId, SessionSpec, SlotId, SourceName
from rooms.audience import Attendee, Desk, Wall
from rooms.conference import Conference
from rooms.features.links import Revoke
from rooms.features.stage import SetDelay, Take
from rooms.kernel import Actor, ConferenceId, InviteId, PersonId, Role, RoomId
from rooms.program import Layout
from rooms.questions.commands import Ask, BringGuest, Consent, InviteGuest, Publish, SendBack
from rooms.questions.words import QuestionId
from server.director import Director
from server.media_port import MediaListener
from server.sessions import MediaRefused, Owner, Sessions
from tests.rooms.hall import CHANGZHOU, CZ, CZ_TABLE, DIRECTOR, FR, ORGANISER, STAGE, do, opened
from tests.server.relay_fake import FakeRelay, publication

C = ConferenceId("jiangsu-2022")
ATTENDEES = AudienceName("jiangsu-2022.stage:attendee")
ANNA = Owner(C, STAGE, PersonId("anna"), Role.ATTENDEE, InviteId("attendee"), 1, audience=Attendee())


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.changes: list[bool] = []
        self.epochs: list[str] = []
        self.ended: list[tuple[str, str, str]] = []

    def media_changed(self, conference: ConferenceId, *, urgent: bool) -> None:
        self.changes.append(urgent)

    def media_epoch(self, epoch: str, conference: ConferenceId | None = None) -> None:
        self.epochs.append(epoch)

    def media_ended(
        self, conference: ConferenceId, invite: InviteId, person: PersonId, session: str, reason: str
    ) -> None:
        self.ended.append((person, session, reason))


class House:
    """A director on a fake relay with one conference."""

    def __init__(self, relay: FakeRelay | None = None) -> None:
        self.relay = relay or FakeRelay()
        self.conference: Conference = opened()
        self.ids = iter(SessionId(f"{number:032x}") for number in range(99))
        self.sessions = Sessions(self.relay, lambda: next(self.ids))
        self.director = Director(self.relay, self.sessions, lambda: {C: self.conference})
        self.relay.listener = self.director
        self.listener = Listener()

    async def start(self) -> House:
        told: MediaListener = self.listener
        await self.director.start(told)
        return self

    async def play(self, owner: Owner = ANNA) -> SessionId:
        assert owner.audience is not None
        name = self.director.attend(C, owner.room, owner.audience)
        return (await self.sessions.play(owner, name, (), "v=0")).spec.id

    def routed(self, audience: AudienceName = ATTENDEES) -> dict[str, str]:
        return {route.slot: route.source for route in self.relay.routes[audience]}


@pytest.fixture
async def house() -> House:
    return await House().start()


async def test_attendees_are_routed_before_anybody_came(house: House) -> None:
    assert house.relay.started
    assert house.routed()["v0"] == "jiangsu-2022:changzhou/camera-1"
    assert house.routed()["v1"] == "jiangsu-2022:frankfurt/camera-1"


def pictures(house: House) -> list[str]:
    return [source for slot, source in house.routed().items() if slot.startswith("v")]


async def test_a_take_changes_the_routes_and_keeps_the_slots_of_those_who_stay(house: House) -> None:
    do(house.conference, Take(Layout.SIDE_BY_SIDE, (FR, CZ_TABLE)), DIRECTOR)
    house.director.refresh(C)
    slots = house.director.slots(C, STAGE, Attendee())
    assert house.routed()["v1"] == f"{C}:{FR}"
    assert house.routed()[f"v{slots[CZ_TABLE]}"] == f"{C}:{CZ_TABLE}"


async def test_the_old_picture_goes_on_until_the_new_one_is_shown(house: House) -> None:
    house.relay.showing[ATTENDEES] = {SlotId("v0"): SourceName(f"{C}:{CZ}"), SlotId("v1"): SourceName(f"{C}:{FR}")}
    house.relay.observe()
    do(house.conference, Take(Layout.FULL, (CZ_TABLE,)), DIRECTOR)
    house.director.refresh(C)
    assert {f"{C}:{CZ}", f"{C}:{FR}", f"{C}:{CZ_TABLE}"} == set(pictures(house))
    slot = SlotId(f"v{house.director.slots(C, STAGE, Attendee())[CZ_TABLE]}")
    house.relay.showing[ATTENDEES] |= {slot: SourceName(f"{C}:slate/{CZ_TABLE}")}
    house.relay.observe()
    assert pictures(house) == [f"{C}:{CZ_TABLE}"]


async def test_a_wall_never_gets_a_sound_of_its_own_hall(house: House) -> None:
    house.director.attend(C, STAGE, Wall(CHANGZHOU))
    routed = house.routed(AudienceName("jiangsu-2022.stage:wall:changzhou"))
    assert routed
    assert not [source for slot, source in routed.items() if slot.startswith("a") and "changzhou" in source]


async def test_a_delay_reaches_the_relay_once(house: House) -> None:
    do(house.conference, SetDelay(FR, 120), DIRECTOR)
    house.director.refresh(C)
    house.director.refresh(C)
    assert len(house.relay.configured) == 2
    assert {spec.source: spec.delay_ms for spec in house.relay.configured[-1]}[SourceName(f"{C}:{FR}")] == 120


async def test_every_source_has_a_slate_with_its_name_and_city(house: House) -> None:
    slates = {slate.source: slate for slate in house.relay.slated[-1]}
    slate = slates[SourceName("jiangsu-2022:slate/frankfurt/camera-1")]
    assert slate.place == ("Frankfurt", "法兰克福", "Francfort")
    assert slate.shows == ("Frankfurt, hall", "法兰克福会场", "Frankfurt, Saal", "Francfort, salle")
    assert len(slates) == len(house.conference.definition.sources)


async def test_life_and_showing_are_urgent_and_figures_are_not(house: House) -> None:
    house.relay.publications[SourceName(f"{C}:{CZ}")] = publication(f"{C}:{CZ}")
    house.relay.observe()
    house.relay.observe()
    house.relay.showing[ATTENDEES] = {SlotId("v0"): SourceName(f"{C}:{CZ}")}
    house.relay.observe()
    assert house.listener.changes == [True, False, True]


async def test_attendees_learn_who_lives_and_desks_get_figures(house: House) -> None:
    house.relay.publications[SourceName(f"{C}:{CZ}")] = publication(f"{C}:{CZ}", "5" * 32)
    house.relay.showing[ATTENDEES] = {SlotId("v0"): SourceName(f"{C}:slate/{FR}"), SlotId("a0"): SourceName("x")}
    seen = house.director.media_view(C, STAGE, Attendee())
    assert seen["relay"] == "ok"
    assert seen["showing"] == {"v0": f"slate/{FR}"}
    assert seen["sources"][CZ] == {"live": True, "slate": False, "codec": "VP8"}  # type: ignore[index,call-overload]
    assert seen["sources"][FR] == {"live": False, "slate": True}  # type: ignore[index,call-overload]
    desk = house.director.media_view(C, STAGE, Desk(Role.DIRECTOR))["sources"][CZ]  # type: ignore[index,call-overload]
    assert (desk["width"], desk["height"], desk["bitrate_bps"]) == (1280, 720, 2_096_000)
    assert (desk["lost_share"], desk["round_trip_ms"], desk["age_ms"]) == (0.03, 80.0, 130.0)
    assert desk["session"] == "5" * 32


async def test_revoking_a_link_ends_its_sessions_only(house: House) -> None:
    anna = await house.play()
    other = await house.play(Owner(C, STAGE, PersonId("w"), Role.WALL, InviteId("wall"), 1, audience=Wall(CHANGZHOU)))
    house.director.end_sessions_of(C, InviteId("attendee"))
    assert house.relay.wants(anna) is None
    assert house.relay.wants(other) is not None


async def test_a_session_that_ends_by_itself_is_told_to_its_owner_once(house: House) -> None:
    anna = await house.play()
    house.relay.end(anna, "lost")
    assert house.listener.ended == [("anna", anna, "lost")]
    assert house.sessions.owner(anna) is None


async def test_another_relay_process_is_told_and_its_sessions_are_forgotten(house: House) -> None:
    anna = await house.play()
    house.relay.restart()
    assert house.listener.epochs == ["epoch-2"]
    assert house.sessions.owner(anna) is None
    assert house.director.epoch() == "epoch-2"


async def test_a_lost_relay_is_told_at_once(house: House) -> None:
    house.relay.connected = False
    house.director.linked(False)
    assert house.listener.changes == [True]
    assert house.director.epoch() is None
    assert house.director.media_view(C, STAGE, Attendee())["relay"] == "lost"
    with pytest.raises(MediaRefused, match="relay-away"):
        await house.play()


async def test_heights_of_ones_own_session_are_passed_on_and_others_ignored(house: House) -> None:
    anna = await house.play()
    own = Actor(ANNA.person, Role.ATTENDEE, invite=ANNA.invite)
    house.director.viewport(own, anna, {"v0": 480, "v1": 0})
    house.director.viewport(Actor(PersonId("eve"), Role.ATTENDEE, invite=ANNA.invite), anna, {"v0": 1080})
    house.director.viewport(own, anna, {"v0": 9999})
    house.director.viewport(own, anna, {"a0": 100})
    spec = house.relay.wants(anna)
    assert spec is not None
    assert spec.heights == {"v0": 480, "v1": 0}


async def test_a_web_process_that_comes_back_adopts_sessions_and_their_slots() -> None:
    first = await House().start()
    do(first.conference, Take(Layout.SIDE_BY_SIDE, (FR, CZ_TABLE)), DIRECTOR)
    first.director.refresh(C)
    anna = await first.play()
    slots = dict(first.director.slots(C, STAGE, Attendee()))
    first.relay.showing[ATTENDEES] = {route.slot: route.source for route in first.relay.routes[ATTENDEES]}

    second = House(first.relay)
    second.conference = first.conference
    await second.start()
    second.relay.reconnect()
    assert second.director.slots(C, STAGE, Attendee()) == slots
    assert second.sessions.owner(anna) == ANNA
    second.director.end_sessions_of(C, ANNA.invite)
    assert second.relay.wants(anna) is None


def written(conference: str = C, room: str = STAGE, generation: int = 1) -> str:
    """An owner as an earlier web process wrote it."""
    return msgspec.json.encode(replace(ANNA, conference=conference, room=room, generation=generation)).decode()


@pytest.mark.parametrize("owner", ["not json", written(conference="gone"), written(room="no"), written(generation=2)])
async def test_sessions_of_nobody_or_of_an_outdated_link_are_not_adopted(house: House, owner: str) -> None:
    spec = SessionSpec(SessionId("1" * 32), Purpose.PUBLISH, owner)
    assert not house.director.adopt(spec)
    assert house.sessions.owner(spec.id) is None


async def test_sessions_of_a_link_revoked_meanwhile_are_not_adopted(house: House) -> None:
    anna = await house.play()
    spec = house.relay.specs[anna]
    do(house.conference, Revoke(InviteId("attendee")), ORGANISER, room=None)
    assert not house.director.adopt(spec)


async def test_a_room_that_was_taken_out_loses_its_routes(house: House) -> None:
    house.director.attend(C, RoomId("gone"), Attendee())
    assert house.relay.routes[AudienceName("jiangsu-2022.gone:attendee")] == ()


async def test_a_guest_has_a_slate_while_invited_and_publishes_no_longer_than_that(house: House) -> None:
    q1, anna, mo = QuestionId("q1"), Actor(PersonId("anna"), Role.ATTENDEE), Actor(PersonId("mo"), Role.MODERATOR)
    for command, actor in ((Ask("Wann?"), anna), (Publish(q1), mo), (InviteGuest(q1), mo), (Consent(q1, True), anna)):
        do(house.conference, command, actor)
    house.director.refresh(C)
    assert "jiangsu-2022:slate/guest/anna" in [spec.source for spec in house.relay.slated[-1]]
    source = SourceName("jiangsu-2022:guest/anna")
    session = (await house.sessions.publish(replace(ANNA, audience=None), source, (), "v=0", takeover=False)).spec.id
    do(house.conference, BringGuest(q1), mo)
    house.director.refresh(C)
    assert source in house.routed().values()
    assert house.relay.wants(session)
    do(house.conference, SendBack(q1), mo)
    house.director.refresh(C)
    assert source not in [heard for slot, heard in house.routed().items() if slot.startswith("a")]
    assert house.relay.wants(session) is None
