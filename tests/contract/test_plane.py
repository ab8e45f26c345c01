"""What every plane promises, seen from the wire."""

from __future__ import annotations

import pytest

from media.model import Codec, PublicationId, Route, SlotId
from media.plane import Handshake, Life, Showing, SrtpProfile, Validated
from media.rtcp import Nack, PictureRequest, SenderReport
from media.rtcp_write import nack
from tests.contract.wire import Wire
from tests.media.world import (
    CHANGZHOU,
    H264,
    MINDEN,
    SLATE,
    STAGE,
    VIDEO_IN,
    Path,
    seqs,
    slot,
    steps,
    vp8_payload,
    write_header,
)

V0, A0 = SlotId("v0"), SlotId("a0")
TO_CHANGZHOU = (Route(V0, CHANGZHOU), Route(A0, CHANGZHOU))
HELLO = b"\x16\xfe\xfd" + bytes(40)
ELSEWHERE: Path = (0, ("198.51.100.7", 5000))


async def test_who_has_not_proven_itself_gets_no_answer(wire: Wire) -> None:
    unheard: list[bytes] = []
    for number, first in enumerate(
        (b"", b"\0\1", HELLO, b"\x80\x60" + bytes(40), b"\x80\xc8" + bytes(40), bytes(1400))
    ):
        stranger: Path = (0, ("198.51.100.8", number))
        await wire.door(stranger, unheard.append)
        wire.deliver(first, stranger)
    heard: list[bytes] = []
    peer = await wire.publisher()
    await wire.door(ELSEWHERE, heard.append)
    peer.check(path=ELSEWHERE)
    await wire.until(lambda: heard)
    assert (len(heard), heard[0][:2], unheard) == (1, b"\1\1", [])
    assert wire.events == [Validated(peer.id)]


async def test_dtls_passes_both_ways_on_the_validated_path(wire: Wire) -> None:
    peer = await wire.publisher()
    wire.deliver(HELLO, peer.path)
    await wire.until(lambda: Handshake(peer.id, HELLO) in wire.events)
    wire.plane.send(peer.id, b"\x16\xfe\xfdhello")
    await wire.until(lambda: b"\x16\xfe\xfdhello" in peer.other)


async def test_a_farewell_reaches_the_peer_of_a_session_that_is_removed_at_once(wire: Wire) -> None:
    peer = await wire.publisher()
    farewell = b"\x15\xfe\xfdfarewell"
    wire.plane.send(peer.id, farewell)
    wire.plane.remove(peer.id)
    await wire.until(lambda: farewell in peer.other)


@pytest.mark.parametrize("profile", list(SrtpProfile))
async def test_sound_and_picture_reach_a_viewer(wire: Wire, profile: SrtpProfile) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = await wire.publisher(profile=profile), await wire.viewer(profile=profile)
    camera = publisher.camera()
    camera.frame(key=True)
    camera.frame()
    for index in range(3):
        publisher.send(0x2000, index, 960 * index, b"opus", payload_type=111)
    await wire.until(lambda: len(viewer.of(0x50000)) == 6 and len(viewer.of(0x60000)) == 2)
    assert set(steps(seqs(viewer.of(0x50000)))) == {1}
    assert [payload for _, payload in viewer.of(0x50000)][:3] == [
        vp8_payload(key=True, start=part == 0, picture=500) for part in range(3)
    ]
    assert {Showing(STAGE, V0, CHANGZHOU), Showing(STAGE, A0, CHANGZHOU), Life(CHANGZHOU, True)} <= set(wire.events)


async def test_a_late_viewer_makes_the_publisher_send_a_keyframe(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    publisher = await wire.publisher()
    camera = publisher.camera()
    camera.frame()
    await wire.until(lambda: Life(CHANGZHOU, True) in wire.events)
    viewer = await wire.viewer()
    await wire.until(lambda: publisher.items(PictureRequest))
    camera.frame(key=True)
    await wire.until(lambda: len(viewer.of(0x50000)) == 3)


async def test_a_take_changes_the_picture_and_not_the_stream(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    first, second = (await wire.publisher()).camera(), (await wire.publisher(MINDEN)).camera(index=9, picture=3)
    viewer = await wire.viewer()
    first.frame(key=True)
    second.frame()
    await wire.until(lambda: len(viewer.of(0x50000)) == 3 and Life(MINDEN, True) in wire.events)
    wire.plane.route(STAGE, (Route(V0, MINDEN),))
    first.frame()
    await wire.until(lambda: len(viewer.of(0x50000)) == 6)
    second.frame(key=True)
    await wire.until(lambda: Showing(STAGE, V0, MINDEN) in wire.events and len(viewer.of(0x50000)) == 9)
    assert set(steps(seqs(viewer.of(0x50000)))) == {1}


async def test_holes_are_mended_on_both_sides(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = await wire.publisher(), await wire.viewer()
    camera = publisher.camera()
    camera.frame(key=True, lose=(1,))
    await wire.until(lambda: Nack(0x1000, (101,)) in publisher.rtcp)
    body = vp8_payload(key=True, start=False, picture=500)
    publisher.send(0x1001, 5, camera.timestamp, (101).to_bytes(2) + body, payload_type=97)
    await wire.until(lambda: len(viewer.of(0x50000)) == 3)
    assert set(steps(sorted(seqs(viewer.of(0x50000))))) == {1}
    lost, payload = viewer.of(0x50000)[0]
    viewer.send_control(nack(7, 0x50000, [lost.seq]))
    await wire.until(lambda: viewer.of(0x50001))
    assert viewer.of(0x50001)[0][1] == lost.seq.to_bytes(2) + payload


async def test_a_silent_source_gives_way_to_its_slate_and_returns(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(V0, CHANGZHOU, SLATE),))
    wire.plane.publish(SLATE, PublicationId("f" * 32), (VIDEO_IN,))
    camera = (await wire.publisher()).camera()
    viewer = await wire.viewer(slot("v0"))
    camera.frame(key=True)
    await wire.until(lambda: Showing(STAGE, V0, CHANGZHOU) in wire.events)
    number = 0
    while Showing(STAGE, V0, SLATE) not in wire.events:
        payload = vp8_payload(key=True, start=True, picture=number)
        wire.plane.inject(SLATE, 0x1000, write_header(True, 96, number, round(wire.now_s * 90000), 1) + payload)
        number += 1
        await wire.news(0.05)
    camera.frame(key=True)
    camera.frame(key=True)
    await wire.until(lambda: [e for e in wire.events if isinstance(e, Showing)][-1].source == CHANGZHOU)
    assert set(steps(seqs(viewer.of(0x50000)))) == {1}


async def test_the_first_sender_report_comes_at_once_and_is_on_the_common_clock(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = await wire.publisher(), await wire.viewer()
    publisher.camera().frame(key=True)
    await wire.until(lambda: viewer.items(SenderReport))
    report, *_ = viewer.items(SenderReport)
    assert isinstance(report, SenderReport)
    media_ms = (report.ntp >> 32) * 1000 - 2208988800000 + (report.ntp & 0xFFFFFFFF) * 1000 / 2**32
    assert (report.rtp - round(media_ms * 90) + 1) % 2**32 <= 2
    assert viewer.of(0x50000)[0][0].timestamp != 7_000_000


async def test_a_viewer_follows_its_checks_to_another_address(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    camera, viewer = (await wire.publisher()).camera(), await wire.viewer()
    camera.frame(key=True)
    await wire.until(lambda: len(viewer.rtp) == 3)
    roamed: list[bytes] = []
    await wire.door(ELSEWHERE, roamed.append)
    viewer.check(path=ELSEWHERE)
    await wire.until(lambda: roamed)
    camera.frame()
    await wire.until(lambda: len(roamed) >= 4)


async def test_a_check_that_strangers_repeat_moves_nobody(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = await wire.publisher(), await wire.viewer()
    camera = publisher.camera()
    camera.frame(key=True)
    seen = [publisher.check(), viewer.check()]
    strangers: dict[Path, list[bytes]] = {(0, ("198.51.100.7", 5000 + number)): [] for number in range(2)}
    for path, heard in strangers.items():
        await wire.door(path, heard.append)
        for datagram in seen:
            wire.deliver(datagram, path)
        await wire.until(lambda heard=heard: len(heard) == len(seen))
    camera.frame()
    await wire.until(lambda: len(viewer.of(0x50000)) == 6)
    assert {datagram[:2] for heard in strangers.values() for datagram in heard} == {b"\1\1"}


async def test_garbage_and_forgeries_end_nothing_and_are_counted(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = await wire.publisher(), await wire.viewer()
    for first in range(256):
        wire.deliver(bytes([first]) + bytes(60), publisher.path)
    camera = publisher.camera()
    camera.frame(key=True)
    await wire.until(lambda: len(viewer.of(0x50000)) == 3)
    figures = wire.plane.figures().sessions[publisher.id]
    assert figures.packets_in == 3
    assert figures.dropped_forged > 0


async def test_a_codec_that_a_viewer_lacks_is_named(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = await wire.publisher(), await wire.viewer(slot("v0", (H264,), rtx=False), slot("a0"))
    publisher.camera().frame(key=True)
    for index in range(3):
        publisher.send(0x2000, index, 960 * index, b"opus", payload_type=111)
    await wire.until(lambda: viewer.of(0x60000))
    figures = wire.plane.figures()
    assert figures.sessions[viewer.id].slots[V0].reason == "codec-unsupported"
    assert {track.codec for track in figures.publications[CHANGZHOU].tracks} == {Codec.VP8, Codec.OPUS}


async def test_a_removed_session_hears_nothing_more(wire: Wire) -> None:
    wire.plane.route(STAGE, TO_CHANGZHOU)
    camera = (await wire.publisher()).camera()
    gone, stays = await wire.viewer(), await wire.viewer()
    camera.frame(key=True)
    await wire.until(lambda: len(gone.rtp) == len(stays.rtp) == 3)
    wire.plane.remove(gone.id)
    camera.frame()
    await wire.until(lambda: len(stays.rtp) == 6)
    assert len(gone.rtp) == 3
