"""Media from a publisher to viewers: joining, switching, keyframes, repairs, numbers that run on."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from media.model import PublicationId, Route, SlotId
from media.plane import Extensions, Life, Showing
from media.rtcp import Nack, PictureRequest
from media.rtcp_write import nack, picture_loss
from media.rtp import elements
from media.vp8 import read_descriptor
from tests.media.world import (
    CHANGZHOU,
    H264,
    MINDEN,
    SLATE,
    STAGE,
    VIDEO_IN,
    VP8,
    World,
    seqs,
    slot,
    steps,
    vp8_payload,
    write_header,
)

V0, A0 = SlotId("v0"), SlotId("a0")
TO_CHANGZHOU = (Route(V0, CHANGZHOU), Route(A0, CHANGZHOU))
TO_MINDEN = (Route(V0, MINDEN), Route(A0, MINDEN))


def test_a_viewer_gets_the_picture_from_the_next_keyframe_on() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    camera = world.publisher().camera()
    viewer = world.viewer()
    camera.frame()
    assert viewer.rtp == []
    camera.frame(key=True)
    camera.frame()
    assert len(viewer.of(0x50000)) == 6
    assert set(steps(seqs(viewer.of(0x50000)))) == {1}
    assert Showing(STAGE, V0, CHANGZHOU) in world.events
    assert Life(CHANGZHOU, True) in world.events


def test_sound_begins_at_once() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = world.publisher(), world.viewer()
    for index in range(3):
        publisher.send(0x2000, index, 960 * index, b"opus", payload_type=111)
        world.pass_time(0.02)
    heard = viewer.of(0x60000)
    assert [payload for _, payload in heard] == [b"opus"] * 2
    assert [header.marker for header, _ in heard] == [True, False]


def test_a_viewer_who_joins_within_400_ms_of_a_keyframe_is_served_from_the_ring() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    publisher = world.publisher()
    camera = publisher.camera()
    camera.frame(key=True)
    camera.run(0.2)
    asked = len(publisher.items(PictureRequest))
    viewer = world.viewer()
    assert len(viewer.of(0x50000)) == 18
    assert len(publisher.items(PictureRequest)) == asked


def test_viewers_who_join_together_cost_one_keyframe_request_and_it_is_repeated_until_the_keyframe_comes() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    publisher = world.publisher()
    camera = publisher.camera()
    camera.frame(key=True)
    camera.run(0.6)
    for _ in range(5):
        world.viewer()
    assert len(publisher.items(PictureRequest)) == 1
    camera.run(0.6)
    assert len(publisher.items(PictureRequest)) == 2
    camera.frame(key=True)
    camera.run(1.0)
    assert len(publisher.items(PictureRequest)) == 2


def test_a_take_keeps_the_old_picture_until_the_new_keyframe_and_leaves_no_gap() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    changzhou, minden = world.publisher().camera(), world.publisher(MINDEN).camera(index=60000, picture=32760)
    viewer = world.viewer()
    changzhou.frame(key=True)
    minden.frame(key=True)
    for _ in range(15):
        changzhou.run(0.04)
        minden.frame()
    world.plane.route(STAGE, TO_MINDEN)
    before = len(viewer.of(0x50000))
    changzhou.frame()
    assert len(viewer.of(0x50000)) == before + 3
    world.pass_time(0.04)
    minden.frame(key=True)
    changzhou.frame()
    minden.run(0.08)
    got = viewer.of(0x50000)
    assert len(got) == before + 12
    assert set(steps(seqs(got))) == {1}
    pictures = [d.picture.value for _, payload in got if (d := read_descriptor(payload)) and d.start]
    assert {b - a for a, b in pairwise(pictures)} == {1}
    stamps = [header.timestamp for header, _ in got]
    assert all((b - a) % 2**32 < 2**31 for a, b in pairwise(stamps))
    assert world.events[-1] == Showing(STAGE, V0, MINDEN)


def test_a_lost_packet_is_resent_from_the_ring_as_rtx() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    camera, viewer = world.publisher().camera(), world.viewer()
    camera.frame(key=True)
    header, payload = viewer.of(0x50000)[1]
    viewer.send_control(nack(7, 0x50000, [header.seq]))
    ((repair, body),) = viewer.of(0x50001)
    assert repair.payload_type == 97
    assert body == header.seq.to_bytes(2) + payload
    assert repair.timestamp == header.timestamp


def test_a_lost_packet_is_resent_plain_where_rtx_was_not_negotiated() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    camera = world.publisher().camera()
    viewer = world.viewer(slot("v0", (VP8,), rtx=False))
    camera.frame(key=True)
    first = next(datagram for datagram, path in world.sent if path == viewer.path and datagram[0] == 0x90)
    viewer._receiver._media.clear()
    before = len(world.sent)
    viewer.send_control(nack(7, 0x50000, [viewer.of(0x50000)[0][0].seq]))
    assert world.sent[before][0] == first


def test_a_hole_from_the_publisher_is_asked_for_at_once_and_closed_by_its_repair() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = world.publisher(), world.viewer()
    camera = publisher.camera()
    camera.frame(key=True)
    camera.frame(lose=(1,))
    assert publisher.items(Nack) == [Nack(0x1000, (104,))]
    world.pass_time(0.12)
    assert publisher.items(Nack) == [Nack(0x1000, (104,))] * 2
    publisher.send(0x1001, 5, camera.timestamp, (104).to_bytes(2) + b"\x80\x80\x81\xf5lost", payload_type=97)
    world.pass_time(0.12)
    assert len(publisher.items(Nack)) == 2
    assert set(steps(sorted(seqs(viewer.of(0x50000))))) == {1}


def test_a_repaired_first_packet_of_a_keyframe_starts_the_waiting_viewer() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = world.publisher(), world.viewer()
    camera = publisher.camera()
    camera.frame()
    camera.frame(key=True, lose=(0,))
    payload = vp8_payload(key=True, start=True, picture=501)
    publisher.send(0x1001, 5, camera.timestamp, (103).to_bytes(2) + payload, payload_type=97)
    assert len(viewer.of(0x50000)) == 3
    assert set(steps(seqs(viewer.of(0x50000)))) == {1}


def test_the_viewers_picture_requests_reach_the_publisher_coalesced() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    publisher, viewer = world.publisher(), world.viewer()
    camera = publisher.camera()
    camera.frame(key=True)
    camera.run(0.6)
    before = len(publisher.items(PictureRequest))
    for _ in range(10):
        viewer.send_control(picture_loss(7, 0x50000))
    assert len(publisher.items(PictureRequest)) == before + 1


def test_a_silent_source_gives_way_to_its_slate_within_a_second_and_comes_back_at_a_keyframe() -> None:
    world = World()
    world.plane.route(STAGE, (Route(V0, CHANGZHOU, SLATE),))
    world.plane.publish(SLATE, PublicationId("f" * 32), (VIDEO_IN,))

    def slate_frame(number: int) -> None:
        payload = vp8_payload(key=number % 10 == 0, start=True, picture=number)
        world.plane.inject(SLATE, 0x1000, write_header(True, 96, number, round(world.now_s * 90000), 1) + payload)

    camera, viewer = world.publisher().camera(), world.viewer(slot("v0"))
    camera.frame(key=True)
    for number in range(25):
        slate_frame(number)
        world.pass_time(0.04)
    assert world.events[-2:] == [Life(CHANGZHOU, False), Showing(STAGE, V0, SLATE)]
    assert len(viewer.of(0x50000)) > 10
    camera.frame()
    assert world.events[-1] == Life(CHANGZHOU, True)
    slate_frame(25)
    camera.frame(key=True)
    assert world.events[-1] == Showing(STAGE, V0, CHANGZHOU)
    assert set(steps(seqs(viewer.of(0x50000)))) == {1}


def test_a_viewer_without_the_codec_reads_why_and_keeps_the_sound() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    publisher = world.publisher()
    viewer = world.viewer(slot("v0", (H264,), rtx=False), slot("a0"))
    publisher.camera().frame(key=True)
    for index in range(3):
        publisher.send(0x2000, index, 960 * index, b"opus", payload_type=111)
    figures = world.plane.figures().sessions[viewer.id]
    assert figures.slots[V0].reason == "codec-unsupported"
    assert figures.slots[V0].showing is None
    assert figures.slots[A0].showing == CHANGZHOU
    assert len(viewer.of(0x60000)) == 2


def test_a_process_that_stood_still_does_not_take_its_own_silence_for_the_sources() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    camera = world.publisher().camera()
    camera.frame(key=True)
    world.pass_time(0.1)
    world.now_s += 3
    world.plane.tick()
    world.pass_time(0.4)
    assert Life(CHANGZHOU, False) not in world.events
    world.pass_time(0.2)
    assert Life(CHANGZHOU, False) in world.events


def test_audio_levels_are_passed_on_under_the_viewers_own_id() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    publisher = world.publisher()
    viewer = world.viewer(msgspec.structs.replace(slot("a0"), extensions=Extensions(mid=4, audio_level=9)))
    for index in range(2):
        publisher.send(0x2000, index, 960 * index, b"opus", payload_type=111, extensions={5: b"\x22"})
    header, _ = viewer.of(0x60000)[0]
    assert dict(elements(header.profile, header.extension)) == {4: b"0", 9: b"\x22"}


def test_a_publication_that_was_taken_over_does_not_take_the_source_back() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    old, new, viewer = world.publisher().camera(), world.publisher().camera(index=7), world.viewer()
    old.frame(key=True)
    new.frame(key=True)
    for _ in range(20):
        world.pass_time(0.04)
        new.frame()
    before = len(viewer.of(0x50000))
    old.frame(key=True)
    assert len(viewer.of(0x50000)) == before
    assert world.plane.figures().publications[CHANGZHOU].session == new.client.id


def test_a_viewer_who_leaves_while_waiting_holds_up_nothing() -> None:
    world = World()
    world.plane.route(STAGE, TO_CHANGZHOU)
    changzhou, minden = world.publisher().camera(), world.publisher(MINDEN).camera()
    viewer = world.viewer()
    changzhou.frame(key=True)
    minden.frame()
    world.plane.route(STAGE, TO_MINDEN)
    assert Showing(STAGE, V0, MINDEN) not in world.events
    world.plane.remove(viewer.id)
    assert Showing(STAGE, V0, MINDEN) in world.events


def test_a_hiccup_of_six_tenths_of_a_second_keeps_the_picture() -> None:
    world = World()
    world.plane.route(STAGE, (Route(V0, CHANGZHOU, SLATE),))
    world.plane.publish(SLATE, PublicationId("f" * 32), (VIDEO_IN,))
    camera, viewer = world.publisher().camera(), world.viewer(slot("v0"))
    camera.frame(key=True)
    for number in range(15):
        payload = vp8_payload(key=True, start=True, picture=number)
        world.plane.inject(SLATE, 0x1000, write_header(True, 96, number, round(world.now_s * 90000), 1) + payload)
        world.pass_time(0.04)
    assert world.events[-1] == Life(CHANGZHOU, False)
    camera.frame()
    assert len(viewer.of(0x50000)) == 6
    assert world.events[-1] == Life(CHANGZHOU, True)
