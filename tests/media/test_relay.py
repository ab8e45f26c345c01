"""What web desires becomes true in the plane; what happens there is observed."""

import itertools

import pytest
from aiortc.rtcdtlstransport import RTCCertificate

from media import relay
from media.control import Desired
from media.ledger import Ledger
from media.model import (
    Codec,
    IceCredentials,
    Kind,
    PublicationState,
    Purpose,
    Route,
    SessionPhase,
    SessionSpec,
    SlotState,
    SourceSpec,
    TrackState,
)
from media.plane import Figures, Life, Lost, Showing
from media.relay import Relay
from tests.media.plane_fake import FakePlane, counted
from tests.media.test_negotiation import HERE, OFFERS

CAMERA = "c:hall/camera-1"
STAGE = "c.stage:attendee"


class FakeSlates:
    wanted: tuple = ()

    def want(self, slates):
        self.wanted = tuple(slates)


class World:
    """A relay on a fake plane, with a clock that stands until it is moved."""

    def __init__(self):
        self.plane, self.slates, self.ledger, self.now_s = FakePlane(), FakeSlates(), Ledger("e1"), 1000.0
        self.changes, self.turns = 0, []
        count = itertools.count(1)
        self.relay = Relay(
            self.plane,
            self.slates,
            HERE,
            RTCCertificate.generateCertificate(),
            self.ledger,
            lambda: self.now_s,
            lambda size: next(count).to_bytes(size),
            self.changed,
            soon=self.turns.append,
        )

    def changed(self):
        self.changes += 1

    def wants(self, *specs, base=None, revision=1, **more):
        taken = self.relay.want(Desired(revision, base, {spec.id: spec for spec in specs}, **more))
        while self.turns:
            self.turns.pop(0)()
        return taken

    def state(self, name):
        return self.ledger.sessions[name]


@pytest.fixture
def world():
    return World()


def publisher(name="p1", **more):
    return SessionSpec(name, Purpose.PUBLISH, "web", **({"offer": OFFERS["chromium-publish"], "source": CAMERA} | more))


def player(name="v1", **more):
    return SessionSpec(name, Purpose.PLAY, "web", **({"offer": OFFERS["chromium-player"], "audience": STAGE} | more))


def test_a_session_is_answered_and_added_to_the_plane(world):
    world.wants(publisher(), player())
    assert set(world.plane.sessions) == {"p1", "v1"}
    assert world.state("p1").answer.startswith("v=0")
    assert world.state("p1").spec.offer == ""
    assert world.state("p1").ice == world.plane.sessions["p1"].local
    assert world.ledger.revision == 1


def test_a_session_per_turn_is_admitted_publishers_first(world):
    world.relay.want(Desired(1, None, {spec.id: spec for spec in (player(), player("v2"), publisher())}))
    assert not world.plane.sessions
    world.turns.pop()()
    assert set(world.plane.sessions) == {"p1"}
    world.relay.want(Desired(2, 1, gone=("v1",)))
    world.turns.pop()()
    assert set(world.plane.sessions) == {"p1", "v2"}
    assert not world.turns


def test_the_same_wish_twice_changes_nothing(world):
    world.wants(publisher())
    before = world.state("p1")
    world.wants(publisher(), revision=2)
    assert world.state("p1") == before


def test_a_refused_offer_ends_with_code_and_reason(world):
    world.wants(publisher(offer="hello"))
    assert world.state("p1").phase is SessionPhase.ENDED
    assert (world.state("p1").refused, bool(world.state("p1").reason)) == ("sdp-unreadable", True)


def test_sessions_of_another_relay_are_lost(world):
    world.wants(player(offer=""))
    assert (world.state("v1").phase, world.state("v1").reason) == (SessionPhase.ENDED, "lost")


def test_a_whole_frame_ends_what_it_does_not_name(world):
    world.wants(publisher(), player(), routes={STAGE: (Route("v0", CAMERA),)})
    world.wants(player(), revision=2)
    assert set(world.plane.sessions) == {"v1"}
    assert world.plane.routes[STAGE] == ()
    assert "p1" not in world.ledger.sessions
    assert world.ledger.changes(0).sessions["p1"].reason == "closed"


def test_a_difference_leaves_the_rest(world):
    world.wants(publisher(), routes={STAGE: (Route("v0", CAMERA),)})
    assert world.wants(player(), base=1, revision=2)
    assert set(world.plane.sessions) == {"p1", "v1"}
    assert world.plane.routes[STAGE] == (Route("v0", CAMERA),)
    assert world.wants(base=2, revision=3, gone=("v1",))
    assert set(world.plane.sessions) == {"p1"}


def test_a_difference_to_another_revision_is_refused(world):
    world.wants(publisher())
    assert not world.wants(player(), base=7, revision=8)
    assert set(world.plane.sessions) == {"p1"}


def test_a_full_relay_says_so(world, monkeypatch):
    """Fails without SESSIONS_MAX (seen with the question left out)."""
    monkeypatch.setattr(relay, "SESSIONS_MAX", 1)
    world.wants(publisher(), player())
    assert world.state("v1").refused == "too-many"


def test_a_living_source_is_occupied_until_taken_over(world):
    world.wants(publisher())
    world.relay.on_event(Life(CAMERA, True))
    world.now_s += 60
    world.wants(publisher("p2"), base=1, revision=2)
    assert world.state("p2").refused == "occupied"
    world.wants(publisher("p3", takeover=True), base=2, revision=3)
    assert world.state("p1").reason == "replaced"
    assert set(world.plane.sessions) == {"p3"}


def test_a_source_silent_for_two_seconds_is_replaced_unasked(world):
    world.wants(publisher())
    world.relay.on_event(Life(CAMERA, True))
    world.relay.on_event(Life(CAMERA, False))
    world.now_s += 1.4
    world.wants(publisher("p2"), base=1, revision=2)
    assert world.state("p2").refused == "occupied"
    world.now_s += 0.2
    world.wants(publisher("p3"), base=2, revision=3)
    assert world.state("p1").reason == "replaced"
    assert world.plane.sessions["p3"].publication is not None


def test_sessions_unconnected_for_ten_seconds_are_freed(world):
    """Fails when tick() frees none (seen so)."""
    world.wants(player())
    world.now_s += 9
    world.relay.tick()
    assert world.state("v1").phase is SessionPhase.NEW
    world.now_s += 1
    world.relay.tick()
    assert world.state("v1").reason == "handshake-timeout"
    assert not world.plane.sessions


def test_a_lost_peer_ends_its_session_and_darkens_its_source(world):
    world.wants(publisher())
    world.relay.on_event(Life(CAMERA, True))
    assert [track.live for track in world.ledger.publications[CAMERA].tracks] == [True, True]
    world.ledger.changes(0)
    world.relay.on_event(Lost("p1"))
    frame = world.ledger.changes(0)
    assert frame.sessions["p1"].reason == "lost"
    assert frame.dark == (CAMERA,)


def test_a_silent_source_is_observed_at_once(world):
    world.wants(publisher())
    world.relay.on_event(Life(CAMERA, True))
    before = world.changes
    world.relay.on_event(Life(CAMERA, False))
    assert world.changes > before
    assert not any(track.live for track in world.ledger.publications[CAMERA].tracks)


def test_heights_and_restarts_reach_the_plane_once(world):
    world.wants(player())
    restart = IceCredentials("abcd", "x" * 22)
    changed = player(offer="", heights={"v0": 480}, restart=restart)
    for revision in (2, 3):
        world.wants(changed, base=revision - 1, revision=revision)
    assert world.plane.shown["v1"] == {"v0": 480}
    assert len(world.plane.restarts) == 1
    assert world.state("v1").ice == world.plane.restarts[0][1]
    assert world.state("v1").spec.restart == restart


def test_what_a_slot_shows_is_observed(world):
    world.wants(routes={STAGE: (Route("v0", CAMERA),)})
    world.relay.on_event(Showing(STAGE, "v0", CAMERA))
    assert world.ledger.changes(0).showing == {STAGE: {"v0": CAMERA}}
    world.relay.on_event(Showing(STAGE, "v0", None))
    assert world.ledger.changes(0).showing == {STAGE: {}}


def test_what_an_audience_s_first_routes_show_at_once_is_observed(world):
    world.plane.route = lambda audience, routes: world.relay.on_event(Showing(audience, routes[0].slot, CAMERA))
    world.wants(routes={STAGE: (Route("v0", CAMERA),)})
    assert world.ledger.changes(0).showing == {STAGE: {"v0": CAMERA}}


def test_figures_become_states_with_the_reason_of_deaf_slots(world):
    world.wants(player(offer=OFFERS["libdatachannel-player"], codecs=(Codec.VP8, Codec.OPUS)))
    shown = {"a0": SlotState(CAMERA, 96_000)}
    track = TrackState(Kind.AUDIO, Codec.OPUS, True, (), 50, 0, 1.0)
    camera = PublicationState("p" * 32, CAMERA, None, (track,), 20.0, 30.0)
    world.plane.figured = Figures({"v1": counted(round_trip_ms=12.34, slots=shown)}, {CAMERA: camera}, 0, 0, 0, {})
    world.relay.tick()
    assert world.state("v1").round_trip_ms == 12.3
    assert world.state("v1").slots["a0"].bitrate_bps == 96_000
    assert "served are VP8" in world.state("v1").slots["v0"].reason
    assert world.ledger.publications == {CAMERA: camera}
    world.plane.figured = Figures({}, {}, 0, 0, 0, {})
    world.relay.tick()
    assert world.ledger.publications == {}


def test_sources_and_slates_are_handed_on(world):
    world.wants(sources=(SourceSpec(CAMERA, 120),), slates=())
    assert world.plane.settings == (SourceSpec(CAMERA, 120),)
    assert world.slates.wanted == ()


def test_the_end_of_the_relay_ends_every_session(world):
    world.wants(publisher(), player())
    world.relay.close()
    assert not world.plane.sessions
    assert {state.reason for state in world.ledger.sessions.values()} == {"closed"}
