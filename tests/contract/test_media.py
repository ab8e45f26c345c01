"""What every plane makes of media: layers, timelines, numbers, and what it counted."""

from __future__ import annotations

import time
from itertools import pairwise

from media.codecs import picture_numbers
from media.model import Codec, Kind, Route, SlotId
from media.plane import InboundTrack, PayloadType, Showing
from media.repair import MISSING_MAX
from media.rtcp import Block, Nack, PictureRequest, SenderReport
from media.rtcp_write import middle, ntp_of, receiver_report, sender_report
from tests.contract.wire import Wire
from tests.media.world import (
    AUDIO_IN,
    CHANGZHOU,
    IDS,
    MINDEN,
    OPUS,
    RED,
    STAGE,
    VP8,
    VP8_RTX,
    Camera,
    Client,
    seqs,
    slot,
    steps,
    told_bps,
    vp8_payload,
)

V0, A0 = SlotId("v0"), SlotId("a0")
PICTURE, SOUND = 0x50000, 0x60000
SIMULCAST = InboundTrack("0", Kind.VIDEO, (VP8, VP8_RTX), IDS, rids=("l", "h"))
VP8_REMB = PayloadType(96, Codec.VP8, 90000, nack=True, pli=True, remb=True)
WITH_REMB = InboundTrack("0", Kind.VIDEO, (VP8_REMB,), IDS, ssrcs={0x1000: ""})
"""Of an encoder that has no transport-wide feedback."""
WRAP = 1 << 32


def now_ms() -> float:
    return time.time() * 1000


def ticks(media_ms: float) -> int:
    """Media time in a sound's ticks."""
    return round(media_ms * 48) % WRAP


def apart_ms(one: int, other: int) -> float:
    return ((one - other + WRAP // 2) % WRAP - WRAP // 2) / 48


def stamps(viewer: Client) -> list[int]:
    return [header.timestamp for header, _ in viewer.of(SOUND)]


def reports(publisher: Client, at_ms: float, late_ms: float = 0.0) -> None:
    """The publisher says that what it captures at `at_ms` has the timestamp of that moment."""
    publisher.send_control(sender_report(0x2000, ntp_of(at_ms + late_ms), ticks(at_ms), 0, 0))


def speaks(publisher: Client, first: int, count: int, from_ms: float) -> None:
    for place in range(count):
        publisher.send(0x2000, first + place, ticks(from_ms) + 960 * place & 0xFFFFFFFF, b"opus", payload_type=111)


async def test_a_viewer_gets_the_layer_that_fits_and_its_numbers_run_on(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    publisher, viewer = await wire.publisher(tracks=(SIMULCAST,)), await wire.viewer(slot("v0"))
    large = Camera(publisher, 0x3001, index=900, picture=300, height=720)
    small = Camera(publisher, 0x3000, index=7, picture=10, height=180)
    for layer, rid in ((small, "l"), (large, "h")):
        layer.frame(key=True, rid=rid)
    large.frame(key=True, rid="h")
    await wire.until(lambda: [p for _, p in viewer.of(PICTURE) if height_in(p) == 720])
    wire.plane.heights(viewer.id, {V0: 100})
    await wire.until(lambda: publisher.items(PictureRequest))
    small.frame(key=True, rid="l")
    small.frame(rid="l")
    await wire.until(lambda: height_in(viewer.of(PICTURE)[-6][1]) == 180)
    assert set(steps(seqs(viewer.of(PICTURE)))) == {1}
    pictures = [numbers[0] for _, payload in viewer.of(PICTURE) if (numbers := picture_numbers(Codec.VP8, payload))]
    assert {(after - before) % (1 << 15) for before, after in pairwise(dict.fromkeys(pictures))} == {1}


def height_in(payload: bytes) -> int:
    """The height that a keyframe's first packet says, else 0."""
    return int.from_bytes(payload[13:15], "little") if payload[0] == 0x90 and not payload[5] & 1 else 0


async def test_sound_that_lies_further_back_is_cut_and_keeps_its_own_time(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(A0, CHANGZHOU),))
    near, far, viewer = await wire.publisher(), await wire.publisher(MINDEN), await wire.viewer()
    began_ms = now_ms()
    reports(near, began_ms)
    reports(far, began_ms)
    speaks(near, 0, 5, began_ms)
    speaks(far, 0, 2, began_ms - 200)
    await wire.until(lambda: len(stamps(viewer)) >= 4)
    wire.plane.route(STAGE, (Route(A0, MINDEN),))
    speaks(far, 2, 20, began_ms - 160)
    await wire.until(lambda: abs(apart_ms(stamps(viewer)[-1], ticks(began_ms - 160 + 19 * 20))) < 15)
    await wire.until(lambda: Showing(STAGE, A0, MINDEN) in wire.events)
    assert all(960 <= (after - before) % WRAP < 2 * 960 for before, after in pairwise(stamps(viewer)))


async def test_a_report_that_a_busy_encoder_stamped_late_moves_nothing(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(A0, CHANGZHOU),))
    publisher, viewer = await wire.publisher(), await wire.viewer()
    began_ms = now_ms()
    reports(publisher, began_ms)
    reports(publisher, began_ms - 90, late_ms=90)
    speaks(publisher, 0, 3, began_ms)
    await wire.until(lambda: len(stamps(viewer)) >= 2)
    assert abs(apart_ms(stamps(viewer)[-1], ticks(began_ms + 40))) < 15


async def test_requests_of_many_viewers_are_one_for_the_publisher(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    publisher = await wire.publisher()
    camera = publisher.camera()
    camera.frame()
    viewers = [await wire.viewer(slot("v0")) for _ in range(5)]
    await wire.until(lambda: publisher.items(PictureRequest))
    camera.frame(key=True)
    await wire.until(lambda: all(len(viewer.of(PICTURE)) == 3 for viewer in viewers))
    assert len(publisher.items(PictureRequest)) < len(viewers)


async def test_a_viewer_without_red_gets_the_opus_inside(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(A0, CHANGZHOU),))
    both = InboundTrack("1", Kind.AUDIO, (RED, OPUS), IDS, ssrcs={0x2000: ""})
    publisher, viewer = await wire.publisher(tracks=(both,)), await wire.viewer(slot("a0", (OPUS,), rtx=False))
    older, newest = b"older", b"newest"
    block = bytes([0x80 | 111]) + (960 << 10 | len(older)).to_bytes(3) + bytes([111]) + older + newest
    for index in range(3):
        publisher.send(0x2000, index, 960 * index, block, payload_type=63)
    await wire.until(lambda: viewer.of(SOUND))
    assert viewer.of(SOUND)[0][1] == newest
    assert viewer.of(SOUND)[0][0].payload_type == 111


async def test_figures_say_what_passed_and_how_far_a_viewer_is(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(V0, CHANGZHOU), Route(A0, CHANGZHOU)))
    publisher, viewer = await wire.publisher(tracks=(WITH_REMB, AUDIO_IN)), await wire.viewer()
    camera = publisher.camera()
    (_, late, _) = camera.frame(key=True, lose=(1,))
    publisher.send(0x1000, late, camera.timestamp, vp8_payload(key=True, start=False, picture=500))
    await wire.until(lambda: viewer.items(SenderReport))
    sent = middle(ntp_of(now_ms() - 100))
    viewer.send_control(receiver_report(7, [Block(PICTURE, 64, 1, 0, 0, sent, 0)]))
    camera.frame()

    await wire.until(lambda: len(viewer.rtp) == 6)
    while wire.plane.figures().packets_in < 6:
        await wire.news(0.05)
    figures = wire.plane.figures()
    mine = figures.sessions[viewer.id]
    assert mine.round_trip_ms is not None
    assert 90 < mine.round_trip_ms < 1000
    assert mine.lost_share == 0.25
    assert mine.packets_out == 6
    assert mine.slots[V0].showing == CHANGZHOU
    (picture,) = figures.publications[CHANGZHOU].tracks
    assert (picture.codec, picture.lost, picture.repaired) == (Codec.VP8, 0, 1)

    await wire.until(lambda: told_bps(publisher))
    estimate_bps = wire.plane.figures().publications[CHANGZHOU].estimate_bps
    assert estimate_bps is not None
    await wire.until(lambda: any(abs(told - estimate_bps) <= estimate_bps / 1000 for told in told_bps(publisher)))


async def test_lost_sound_is_not_asked_for_in_any_way(wire: Wire) -> None:
    publisher = await wire.publisher()
    camera = publisher.camera()
    camera.frame(key=True)
    for index in (1, 2, 2 + 2 * MISSING_MAX):
        publisher.send(0x2000, index, 960 * index, b"opus", payload_type=111)
    camera.frame(lose=(1,))
    await wire.until(lambda: publisher.items(Nack))
    assert publisher.items(Nack) == [Nack(0x1000, (104,))]
    assert not publisher.items(PictureRequest)


async def test_padding_after_a_lost_packet_leaves_no_hole_once_that_is_repaired(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    publisher, viewer = await wire.publisher(), await wire.viewer(slot("v0"))
    camera = publisher.camera()
    camera.frame(key=True)
    _, _, lost = camera.frame(lose=(2,))
    publisher.send(0x1000, camera.index, camera.timestamp, b"")
    camera.index += 1
    camera.frame()
    publisher.send(0x1000, lost, camera.timestamp, vp8_payload(key=False, start=False, picture=501), marker=True)
    await wire.until(lambda: len(viewer.of(PICTURE)) == 9)
    assert set(steps(sorted(seqs(viewer.of(PICTURE))))) == {1}


async def test_late_packets_of_a_frame_find_their_place(wire: Wire) -> None:
    wire.plane.route(STAGE, (Route(V0, CHANGZHOU),))
    publisher, viewer = await wire.publisher(), await wire.viewer(slot("v0"))
    camera = publisher.camera()
    camera.frame(key=True, lose=(1,))
    publisher.send(0x1000, 101, camera.timestamp, vp8_payload(key=True, start=False, picture=500))
    await wire.until(lambda: len(viewer.of(PICTURE)) == 3)
    first, last, late = seqs(viewer.of(PICTURE))
    assert (last - first, late - first) == (2, 1)
