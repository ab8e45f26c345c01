"""Media time: from each publisher's clocks to what viewers read."""

from __future__ import annotations

from itertools import pairwise

import pytest

from media.model import Kind, Route, SlotId, SourceSpec
from media.rtcp import SenderReport
from media.rtcp_write import middle, ntp_of, receiver_report, sender_report, unix_ms_of
from media.timeline import PublisherClock, StreamClock
from tests.media.world import CHANGZHOU, EPOCH_MS, MINDEN, STAGE, Client, World

BOTH = (Route(SlotId("v0"), CHANGZHOU), Route(SlotId("a0"), CHANGZHOU))
WRAP = 1 << 32


def apart_ms(one: int, other: int, clock_hz: int) -> float:
    return ((one - other + WRAP // 2) % WRAP - WRAP // 2) * 1000 / clock_hz


def stamps(viewer: Client, ssrc: int) -> list[int]:
    return [header.timestamp for header, _ in viewer.of(ssrc)]


def test_the_offset_is_the_smallest_delay_less_half_a_round_trip() -> None:
    clock = PublisherClock()
    for second, delay_ms in enumerate([130.0, 125.0, 190.0]):
        clock.heard(second, 50_000.0 + 1000 * second + delay_ms, 1000.0 * second)
    clock.round_trip(3, 60.0)
    clock.round_trip(4, 50.0)
    assert clock.offset_ms == 50_000 + 125 - 25


def test_the_smallest_delay_is_forgotten_after_a_minute() -> None:
    clock = PublisherClock()
    clock.heard(0.0, 100.0, 0.0)
    clock.heard(61.0, 61_107.0, 61_000.0)
    assert clock.offset_ms == 107


def test_before_a_report_the_first_arrival_stands_for_capture() -> None:
    clock = StreamClock(Kind.VIDEO, 90000)
    assert clock.media_timestamp(5, 2000.0) == 180_000
    assert clock.media_timestamp(9005, 2130.0) == 189_000


def test_a_running_picture_is_anchored_anew_at_a_frame_when_it_is_off_by_more_than_5_ms() -> None:
    clock = StreamClock(Kind.VIDEO, 90000)
    first = clock.media_timestamp(0, 10_000.0)
    clock.report(0.0, 0.0, 0)
    clock.settle(9_996.0)
    assert clock.media_timestamp(9000, 10_100.0) == first + 9000
    clock.settle(9_900.0)
    assert clock.media_timestamp(9000, 10_100.0) == first + 9000
    assert clock.media_timestamp(18000, 10_200.0) == first + 18000 - 9000


def test_a_report_stamped_late_by_a_busy_encoder_moves_nothing() -> None:
    clock = StreamClock(Kind.AUDIO, 48000)
    for second, late_ms in enumerate([60.0, 0.0, 90.0]):
        clock.report(second, 1000.0 * second + late_ms, 48_000 * second)
    clock.settle(5000.0)
    assert clock.media_timestamp(0, 0.0) == 5000 * 48


def test_the_truest_report_is_forgotten_after_half_a_minute() -> None:
    clock = StreamClock(Kind.AUDIO, 48000)
    clock.report(0.0, 0.0, 0)
    clock.report(31.0, 31_040.0, 31 * 48_000)
    clock.settle(5000.0)
    assert clock.media_timestamp(0, 0.0) == 5040 * 48


def test_an_encoder_that_set_its_clock_anew_is_believed_at_once() -> None:
    clock = StreamClock(Kind.AUDIO, 48000)
    clock.report(0.0, 0.0, 0)
    clock.report(1.0, 1250.0, 48_000)
    clock.settle(5000.0)
    assert clock.media_timestamp(0, 0.0) == 5250 * 48


def test_viewers_read_capture_time_on_the_common_clock() -> None:
    world = World()
    world.plane.route(STAGE, BOTH)
    publisher, viewer = world.publisher(), world.viewer()
    camera = publisher.camera()
    wall_ms = world.media_ms() - 3_600_000  # the publisher's clock is an hour late
    camera.sender_report(wall_ms)
    camera.frame(key=True)
    world.pass_time(0.04)
    camera.frame()
    expected = round(world.media_ms() * 90) % WRAP
    assert abs(apart_ms(stamps(viewer, 0x50000)[-1], expected, 90000)) < 0.1


def test_half_the_round_trip_makes_captures_earlier() -> None:
    world = World()
    world.plane.route(STAGE, BOTH)
    publisher, viewer = world.publisher(), world.viewer()
    world.pass_time(1.0)
    then = middle(ntp_of(world.media_ms() - 100))
    block = (1).to_bytes(4) + then.to_bytes(4) + bytes(4)
    extended = bytes([0x80, 207, 0, 5]) + bytes(4) + bytes([5, 0, 0, 3]) + block
    publisher.send_control(receiver_report(0x1000, []) + extended)
    camera = publisher.camera()
    camera.sender_report(world.media_ms())
    camera.frame(key=True)
    late_ms = apart_ms(stamps(viewer, 0x50000)[-1], round(world.media_ms() * 90) % WRAP, 90000)
    assert late_ms == pytest.approx(-50, abs=0.1)
    assert world.plane.figures().sessions[publisher.id].round_trip_ms == pytest.approx(100, abs=0.1)


def test_reports_to_viewers_say_where_sound_and_picture_are() -> None:
    world = World()
    world.plane.route(STAGE, BOTH)
    publisher, viewer = world.publisher(), world.viewer()
    camera = publisher.camera()
    camera.frame(key=True)
    for index in range(40):
        publisher.send(0x2000, index, 77_000 + 960 * index, b"opus", payload_type=111)
        world.pass_time(0.02)
        if index % 2:
            camera.frame()
    reports = {item.ssrc: item for item in viewer.items(SenderReport) if isinstance(item, SenderReport)}
    assert set(reports) == {0x50000, 0x60000}
    for ssrc, clock_hz in ((0x50000, 90000), (0x60000, 48000)):
        ntp_ms = unix_ms_of(reports[ssrc].ntp)
        at_ms = ntp_ms - world.media_ms()
        last = stamps(viewer, ssrc)[-1]
        assert apart_ms(last, reports[ssrc].rtp, clock_hz) == pytest.approx(
            -at_ms - (0 if clock_hz == 90000 else 20), abs=1
        )


def test_a_sound_delay_moves_the_reports_and_never_the_running_timestamps() -> None:
    world = World()
    world.plane.route(STAGE, BOTH)
    publisher, viewer = world.publisher(), world.viewer()

    def speak(count: int, start: int) -> SenderReport:
        for index in range(start, start + count):
            publisher.send(0x2000, index, 960 * index, b"opus", payload_type=111)
            world.pass_time(0.02)
        reports = [r for r in viewer.items(SenderReport) if isinstance(r, SenderReport) and r.ssrc == 0x60000]
        return reports[-1]

    before = speak(60, 0)
    world.plane.configure([SourceSpec(CHANGZHOU, 300)])
    after = speak(60, 60)
    heard = stamps(viewer, 0x60000)
    assert {(b - a) % WRAP for a, b in pairwise(heard)} == {960}
    passed_ms = unix_ms_of(after.ntp) - unix_ms_of(before.ntp)
    assert apart_ms(after.rtp, before.rtp, 48000) == pytest.approx(passed_ms - 300, abs=0.1)


def test_a_take_to_a_source_that_lies_further_back_never_steps_back_and_reaches_its_own_time() -> None:
    world = World()
    world.plane.route(STAGE, (Route(SlotId("v0"), CHANGZHOU),))
    near, far, viewer = world.publisher().camera(), world.publisher(MINDEN).camera(index=9), world.viewer()
    far.sender_report(world.media_ms())
    far.timestamp -= 90 * 300  # its pictures are 300 ms old when they come
    near.frame(key=True)
    far.frame(key=True)
    near.run(0.6)
    world.plane.route(STAGE, (Route(SlotId("v0"), MINDEN),))
    far.frame(key=True)
    far.run(0.8)
    seen = stamps(viewer, 0x50000)
    assert all((b - a) % WRAP < WRAP // 2 for a, b in pairwise(seen))
    assert apart_ms(seen[-1], round((world.media_ms() - 300) * 90) % WRAP, 90000) == pytest.approx(0, abs=0.1)


def test_a_take_to_sound_that_lies_further_back_cuts_what_overlaps_and_keeps_its_own_time() -> None:
    world = World()
    world.plane.route(STAGE, (Route(SlotId("a0"), CHANGZHOU),))
    near, far, viewer = world.publisher(), world.publisher(MINDEN), world.viewer()

    def speak(publisher: Client, index: int, media_ms: float) -> None:
        publisher.send(0x2000, index, round(media_ms * 48) % WRAP, b"opus", payload_type=111)

    for publisher in (near, far):
        now_ms = world.media_ms()
        publisher.send_control(sender_report(0x2000, ntp_of(now_ms), round(now_ms * 48) % WRAP, 0, 0))
    for index in range(10):
        speak(near, index, world.media_ms())
        speak(far, index, world.media_ms() - 140)
        world.pass_time(0.02)
    world.plane.route(STAGE, (Route(SlotId("a0"), MINDEN),))
    for index in range(10, 30):
        speak(far, index, world.media_ms() - 140)
        world.pass_time(0.02)
    heard = stamps(viewer, 0x60000)
    assert {(b - a) % WRAP for a, b in pairwise(heard)} == {960}
    last_ms = world.media_ms() - 20 - 140
    assert apart_ms(heard[-1], round(last_ms * 48) % WRAP, 48000) == pytest.approx(0, abs=0.1)


def test_a_last_receiver_time_of_another_receiver_is_ignored() -> None:
    world = World()
    publisher = world.publisher()
    block = (77).to_bytes(4) + middle(ntp_of(EPOCH_MS)).to_bytes(4) + bytes(4)
    publisher.send_control(
        receiver_report(0x1000, []) + bytes([0x80, 207, 0, 5]) + bytes(4) + bytes([5, 0, 0, 3]) + block
    )
    assert world.plane.figures().sessions[publisher.id].round_trip_ms is None


def test_a_late_packet_of_a_frame_before_the_new_anchor_keeps_its_frames_time() -> None:
    clock = StreamClock(Kind.VIDEO, 90000)
    before = clock.media_timestamp(9000, 10_000.0)
    clock.report(0.0, 0.0, 0)
    clock.settle(9_950.0)
    after = clock.media_timestamp(18000, 10_100.0)
    assert after != before + 9000
    assert clock.media_timestamp(9000, 10_110.0) == before
    assert clock.media_timestamp(18000, 10_110.0) == after


def test_sound_that_pauses_goes_on_with_the_same_mapping() -> None:
    world = World()
    world.plane.route(STAGE, BOTH)
    publisher, viewer = world.publisher(), world.viewer()
    for index in range(3):
        publisher.send(0x2000, index, 960 * index, b"opus", payload_type=111)
    world.pass_time(2)
    publisher.send(0x2000, 3, 96_000 + 960 * 3, b"opus", payload_type=111)
    assert [(b - a) % WRAP for a, b in pairwise(stamps(viewer, 0x60000))] == [960, 96_960]
