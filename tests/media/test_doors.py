"""Who is let in: ICE before anything else, one path, roaming, restart, consent."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.ice import SETTLED_S, TCP_FIRST
from media.model import IceCredentials, Purpose, Route, SlotId
from media.peers import HANDSHAKE_MAX
from media.plane import Handshake, Lost, Validated
from media.rtcp_write import receiver_report
from media.stun import BINDING_REQUEST, USERNAME, request
from media.stun import _sealed as sealed
from tests.media.world import CHANGZHOU, STAGE, VIDEO_IN, Client, Path, World, vp8_payload, write_header

pytestmark = pytest.mark.holds

ELSEWHERE: Path = (0, ("198.51.100.7", 5000))
HELLO = b"\x16\xfe\xfd" + bytes(40)


def a_stranger(world: World) -> Client:
    return Client(world, Purpose.PUBLISH, source=CHANGZHOU, inbound=(VIDEO_IN,))


@pytest.mark.parametrize("first", [b"", b"\x00", b"\x01" * 20, HELLO, b"\x80\x60" + bytes(40), b"\x80\xc8" + bytes(40)])
def test_before_ice_nothing_is_answered_and_nothing_handed_up(first: bytes) -> None:
    """Fails when any path counts as known (seen with _by_path.get(path) falling back to the first peer)."""
    world = World()
    a_stranger(world)
    world.plane.receive(first, ELSEWHERE)
    assert world.sent == []
    assert world.events == []


def test_a_check_with_a_wrong_password_is_met_with_silence() -> None:
    """Fails without MESSAGE-INTEGRITY (seen with proven() always true)."""
    world = World()
    peer = a_stranger(world)
    peer.check(local=IceCredentials(peer.local.ufrag, "not the password of it"))
    peer.check(local=IceCredentials("nobody", peer.local.pwd))
    assert world.sent == []


def test_a_nominated_check_opens_the_path_for_dtls() -> None:
    world = World()
    peer = a_stranger(world)
    world.plane.send(peer.id, b"too early")
    peer.check()
    assert world.events == [Validated(peer.id)]
    ask = request(b"transaction1", f"{peer.local.ufrag}:{peer.remote.ufrag}", peer.local.pwd, True)
    assert [len(sent) <= len(ask) for sent, _ in world.sent] == [True]
    world.plane.receive(HELLO, peer.path)
    assert world.events[-1] == Handshake(peer.id, HELLO)
    world.plane.send(peer.id, b"\x16answer")
    assert world.sent[-1] == (b"\x16answer", peer.path)


def test_a_check_that_does_not_nominate_is_answered_and_opens_nothing() -> None:
    """Fails when any proven check opens the path (seen without the question for USE-CANDIDATE)."""
    world = World()
    peer = a_stranger(world)
    peer.check(use_candidate=False)
    world.plane.receive(HELLO, peer.path)
    assert len(world.sent) == 1
    assert world.events == []


def test_dtls_from_another_address_is_not_handed_up() -> None:
    """The hello race. Fails when DTLS of unknown paths goes to the newest peer (seen so)."""
    world = World()
    peer = a_stranger(world)
    peer.check()
    world.plane.receive(HELLO, ELSEWHERE)
    assert world.events == [Validated(peer.id)]


def test_a_flood_of_dtls_ends_at_16_kilobytes() -> None:
    """Fails without handshake_left (seen with a bound of 16 MB)."""
    world = World()
    peer = a_stranger(world)
    peer.check()
    for _ in range(100):
        world.plane.receive(b"\x16" + bytes(999), peer.path)
    handed = sum(len(event.record) for event in world.events if isinstance(event, Handshake))
    assert 15_000 < handed <= HANDSHAKE_MAX
    assert world.plane.figures().dropped["handshake-too-large"] == 84


def test_media_moves_only_after_a_newer_nominated_check() -> None:
    """RTP bleed. Fails when a packet moves the path (seen with agent.path = path before media is opened)."""
    world = World()
    world.plane.route(STAGE, (Route(SlotId("v0"), CHANGZHOU),))
    camera, viewer = world.publisher().camera(), world.viewer()
    camera.frame(key=True)
    header = write_header(False, 96, 1, 1, 9)
    world.plane.receive(viewer.seal(9, 1, header, b"rtp"), ELSEWHERE)
    camera.frame()
    assert world.sent[-1][1] == viewer.path
    viewer.check(path=ELSEWHERE)
    camera.frame()
    assert world.sent[-1][1] == ELSEWHERE


def test_of_many_nominated_ways_udp_is_kept_and_tcp_follows_its_silence() -> None:
    """Firefox nominates all; Chromium only what it took. Fails without Agent._keeps_udp."""
    world = World()
    peer = a_stranger(world)
    by_tcp: Path = (TCP_FIRST, ("192.0.2.1", 50001))
    for path, taken in ((by_tcp, by_tcp), (peer.path, peer.path), (by_tcp, peer.path)):
        peer.check(path=path)
        world.plane.send(peer.id, HELLO)
        assert world.sent[-1] == (HELLO, taken)
    world.pass_time(SETTLED_S + 0.1)
    peer.check(path=by_tcp)
    world.plane.send(peer.id, HELLO)
    assert world.sent[-1] == (HELLO, by_tcp)


def test_a_restart_keeps_the_old_credentials_until_the_new_are_used() -> None:
    world = World()
    peer = world.publisher()
    fresh = IceCredentials("fresh", "password-after-the-restart")
    world.plane.restart(peer.id, fresh, peer.remote)
    before = len(world.sent)
    peer.check()
    assert len(world.sent) == before + 1
    peer.check(local=fresh, path=ELSEWHERE)
    assert world.sent[-1][1] == ELSEWHERE
    peer.check()
    assert len(world.sent) == before + 2
    assert [event for event in world.events if isinstance(event, Validated)] == [Validated(peer.id)]


def test_consent_ends_after_thirty_silent_seconds_and_not_while_checks_come() -> None:
    """Fails without consent (seen with lost() always false)."""
    world = World()
    peer = world.publisher()
    for _ in range(10):
        world.pass_time(5)
        peer.check(use_candidate=False)
    assert Lost(peer.id) not in world.events
    world.pass_time(31)
    assert world.events.count(Lost(peer.id)) == 1


def test_forged_and_replayed_media_is_counted_and_ends_nothing() -> None:
    """Fails without the replay window (seen with Window.check passing all)."""
    world = World()
    world.plane.route(STAGE, (Route(SlotId("v0"), CHANGZHOU),))
    publisher, viewer = world.publisher(), world.viewer()
    camera = publisher.camera()
    camera.frame(key=True)
    sealed = publisher.send(0x1000, 103, 7_000_000, vp8_payload(key=False, start=True, picture=501))
    world.plane.receive(sealed, publisher.path)
    world.plane.receive(sealed[:-1] + b"\0", publisher.path)
    world.plane.receive(sealed[:3] + bytes([sealed[3] ^ 64]) + sealed[4:], publisher.path)
    figures = world.plane.figures()
    assert figures.sessions[publisher.id].dropped_replayed >= 1
    assert figures.sessions[publisher.id].dropped_forged >= 1
    camera.index = 104
    camera.frame()
    assert len(viewer.rtp) == 7


def test_dtls_from_the_path_before_is_not_handed_up() -> None:
    """Whoever took a peer's old address can't race its hello. Fails when both kept paths count (seen so)."""
    world = World()
    peer = a_stranger(world)
    peer.check()
    peer.check(path=ELSEWHERE)
    world.plane.receive(HELLO, peer.path)
    assert world.events == [Validated(peer.id)]
    world.plane.receive(HELLO, ELSEWHERE)
    assert world.events[-1] == Handshake(peer.id, HELLO)


def test_a_check_smaller_than_its_answer_is_not_answered() -> None:
    """Nobody can make us send more than was sent. Fails without stun.SIZE_MIN (seen with 20)."""
    world = World()
    peer = a_stranger(world)
    name = struct.pack("!HH", USERNAME, 12) + b"relay1:peer1"
    check = sealed(BINDING_REQUEST, b"transaction1", name, peer.local.pwd)
    world.plane.receive(check, (0, ("2001:db8::66", 5000)))
    assert (len(check), world.sent) == (68, [])


def test_a_flood_of_forged_media_and_reports_costs_no_memory_and_ends_nothing() -> None:
    """Fails when a window is kept before its packet is proven (seen with _keep ahead of open)."""
    world = World()
    world.plane.route(STAGE, (Route(SlotId("v0"), CHANGZHOU),))
    publisher, viewer = world.publisher(), world.viewer()
    for ssrc in range(1000):
        world.plane.receive(write_header(False, 96, 7, 7, ssrc) + bytes(60), publisher.path)
        world.plane.receive(b"\x80\xc8\0\6" + ssrc.to_bytes(4) + bytes(60), publisher.path)
    publisher.camera().frame(key=True)
    figures = world.plane.figures().sessions[publisher.id]
    assert (figures.dropped_forged, figures.packets_in, len(viewer.rtp)) == (2000, 3, 3)
    assert not [event for event in world.events if isinstance(event, Lost)]


def test_a_replayed_report_is_counted_and_changes_nothing() -> None:
    """Fails without the replay window of SRTCP (seen with Window.check passing all)."""
    world = World()
    peer = world.publisher()
    datagram = peer.send_control(receiver_report(1, []))
    world.plane.receive(datagram, peer.path)
    assert world.plane.figures().sessions[peer.id].dropped_replayed == 1


def test_a_removed_session_is_nobody() -> None:
    world = World()
    peer = world.publisher()
    world.plane.remove(peer.id)
    before = len(world.sent)
    peer.check()
    peer.camera().frame(key=True)
    world.pass_time(1)
    assert len(world.sent) == before


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_garbage_from_anyone_ends_no_session(garbage: bytes, from_the_peer: bool) -> None:
    world = World()
    peer = world.publisher()
    world.plane.receive(garbage, peer.path if from_the_peer else ELSEWHERE)
    peer.camera().frame(key=True)
    assert world.plane.figures().sessions[peer.id].packets_in == 3
