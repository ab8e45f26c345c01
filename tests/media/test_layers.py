"""Layers: bound by what packets say, chosen by what is displayed, left when they stop."""

from __future__ import annotations

from media.model import Kind, Route, SlotId
from media.plane import Extensions, InboundTrack
from media.publications import STREAMS_MAX
from media.rtcp import Nack
from tests.media.world import (
    CHANGZHOU,
    IDS,
    OPUS,
    RED,
    STAGE,
    VP8,
    VP8_RTX,
    Camera,
    Client,
    World,
    seqs,
    slot,
    steps,
    vp8_payload,
)

V0, A0 = SlotId("v0"), SlotId("a0")
SIMULCAST = InboundTrack("0", Kind.VIDEO, (VP8, VP8_RTX), IDS, rids=("l", "m", "h"))
HEIGHTS = {"l": 180, "m": 360, "h": 720}


class Simulcast:
    """Three layers of one camera; SSRCs that nobody announced."""

    def __init__(self, client: Client) -> None:
        self.world = client.world
        self.layers = {
            rid: Camera(client, 0x3000 + number, index=1000 * number + 7, picture=100 * number, height=height)
            for number, (rid, height) in enumerate(HEIGHTS.items())
        }

    def frame(self, *, key: bool = False, rids: str = "lmh") -> None:
        self.world.pass_time(0.04)
        for rid in rids:
            self.layers[rid].frame(key=key, rid=rid)

    def run(self, frames: int, **options: str) -> None:
        for _ in range(frames):
            self.frame(**options)


def height_of(world: World, viewer: Client) -> int:
    """The height of the last keyframe that the viewer got."""
    starts = [payload for _, payload in viewer.of(0x50000) if payload[0] == 0x90 and not payload[5] & 1]
    return int.from_bytes(starts[-1][13:15], "little")


def on_stage() -> tuple[World, Client, Simulcast, Client]:
    world = World()
    world.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    publisher = world.publisher(tracks=(SIMULCAST,))
    camera = Simulcast(publisher)
    viewer = world.viewer(slot("v0"))
    camera.frame(key=True)
    camera.run(3)
    return world, publisher, camera, viewer


def test_without_a_size_the_largest_layer_is_sent() -> None:
    world, _, camera, viewer = on_stage()
    camera.run(10)
    camera.frame(key=True)
    assert height_of(world, viewer) == 720


def test_the_smallest_layer_that_fills_the_slot_is_sent() -> None:
    world, _, camera, viewer = on_stage()
    for displayed, expected in ((100, 180), (181, 360), (360, 360), (900, 720)):
        world.plane.heights(viewer.id, {V0: displayed})
        camera.run(11)
        camera.frame(key=True)
        assert height_of(world, viewer) == expected
    assert set(steps(seqs(viewer.of(0x50000)))) == {1}


def test_a_slot_that_is_not_displayed_costs_nothing() -> None:
    world, _, camera, viewer = on_stage()
    world.plane.heights(viewer.id, {V0: 0})
    before = len(viewer.of(0x50000))
    camera.frame(key=True)
    assert len(viewer.of(0x50000)) == before
    assert world.plane.figures().sessions[viewer.id].slots[V0].reason == "paused"
    world.plane.heights(viewer.id, {V0: 720})
    assert len(viewer.of(0x50000)) > before


def test_a_layer_that_stops_gives_way_to_the_best_one_that_lives() -> None:
    world, _, camera, viewer = on_stage()
    camera.run(14, rids="lm")
    camera.frame(key=True, rids="lm")
    assert height_of(world, viewer) == 360
    camera.frame(key=True)
    camera.frame(key=True)
    assert height_of(world, viewer) == 720


def test_the_figures_name_layers_with_their_sizes_and_rates() -> None:
    world, _, camera, _ = on_stage()
    camera.run(50)
    (track,) = world.plane.figures().publications[CHANGZHOU].tracks
    assert track.live
    assert {layer.rid: layer.height for layer in track.layers} == HEIGHTS
    assert all(24 <= layer.frames_per_s <= 26 and layer.bitrate_bps > 0 for layer in track.layers)


def test_a_repair_is_bound_by_the_stream_that_it_names() -> None:
    _, publisher, camera, viewer = on_stage()
    high = camera.layers["h"]
    high.frame(lose=(1,), rid="h")
    assert Nack(0x3002, (high.index - 2,)) in publisher.rtcp
    body = (high.index - 2).to_bytes(2) + vp8_payload(key=False, start=False, picture=high.picture - 1)
    publisher.send(0x3999, 4, high.timestamp, body, payload_type=97, extensions={1: b"0", 3: b"h"})
    camera.run(13)
    assert set(steps(sorted(seqs(viewer.of(0x50000))))) == {1}


def test_without_mid_and_announcement_the_payload_type_tells_the_track() -> None:
    world = World()
    world.plane.route(STAGE, (Route(V0, CHANGZHOU), Route(A0, CHANGZHOU)))
    plain = Extensions()
    video = InboundTrack("video", Kind.VIDEO, (VP8,), plain)
    audio = InboundTrack("audio", Kind.AUDIO, (OPUS,), plain)
    publisher, viewer = world.publisher(tracks=(video, audio)), world.viewer()
    publisher.camera(0x777).frame(key=True)
    for index in range(3):
        publisher.send(0x888, index, 960 * index, b"opus", payload_type=111)
    assert len(viewer.of(0x50000)) == 3
    assert len(viewer.of(0x60000)) == 2


def test_a_publisher_cannot_open_streams_without_end() -> None:
    world = World()
    publisher = world.publisher(tracks=(InboundTrack("0", Kind.VIDEO, (VP8,), Extensions()),))
    for ssrc in range(200):
        publisher.send(10_000 + ssrc, 1, 1, b"\x10\0")
    (publication,) = world.plane._sources.publications.values()
    assert len(publication.streams) <= STREAMS_MAX


def test_red_passes_through_and_is_unpacked_for_who_lacks_it() -> None:
    world = World()
    world.plane.route(STAGE, (Route(A0, CHANGZHOU),))
    publisher = world.publisher(tracks=(InboundTrack("1", Kind.AUDIO, (RED, OPUS), IDS, ssrcs={0x2000: ""}),))
    other = OPUS.__class__(109, OPUS.codec, 48000)
    able = world.viewer(slot("a0", (RED, other)))
    unable = world.viewer(slot("a0", (other,)))
    redundant = bytes([0x80 | 111, 0, 0, 3, 111]) + b"oldnew"
    for index in range(2):
        publisher.send(0x2000, index, 960 * index, redundant, payload_type=63)
    assert able.of(0x60000)[0][0].payload_type == 63
    assert able.of(0x60000)[0][1] == bytes([0x80 | 109, 0, 0, 3, 109]) + b"oldnew"
    assert unable.of(0x60000)[0][0].payload_type == 109
    assert unable.of(0x60000)[0][1] == b"new"


def test_a_publisher_that_changes_its_codec_goes_on_with_the_next_keyframe() -> None:
    world = World()
    world.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    vp8_again = VP8.__class__(100, VP8.codec, 90000)
    publisher = world.publisher(tracks=(InboundTrack("0", Kind.VIDEO, (VP8, vp8_again), IDS, ssrcs={0x1000: ""}),))
    viewer = world.viewer(slot("v0"))
    publisher.camera().frame(key=True)
    publisher.send(0x1000, 103, 1, vp8_payload(key=False, start=True, picture=501), payload_type=100)
    assert len(viewer.rtp) == 3
    publisher.send(0x1000, 104, 3000, vp8_payload(key=True, start=True, picture=502), payload_type=100)
    assert viewer.rtp[-1][1][5] & 1 == 0
    assert set(steps(seqs(viewer.of(0x50000)))) == {1}


def test_a_new_publication_takes_the_source_with_its_first_packet() -> None:
    world = World()
    world.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    old, new = world.publisher(), world.publisher()
    viewer = world.viewer(slot("v0"))
    old_camera, new_camera = old.camera(), new.camera(index=5)
    old_camera.frame(key=True)
    old_camera.frame()
    assert len(viewer.rtp) == 6
    new_camera.frame(key=True)
    world.plane.remove(old.id)
    new_camera.frame()
    assert len(viewer.rtp) == 12
    assert set(steps(seqs(viewer.rtp))) == {1}
    assert world.plane.figures().publications[CHANGZHOU].session == new.id


def test_an_announced_farewell_silences_the_source_at_once() -> None:
    world = World()
    publisher = world.publisher()
    publisher.camera().frame(key=True)
    publisher.send_control(bytes([0x81, 203, 0, 1]) + (0x1000).to_bytes(4))
    assert not world.plane.figures().publications[CHANGZHOU].tracks[0].live
