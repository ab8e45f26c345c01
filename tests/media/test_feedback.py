"""Feedback to publishers: what their congestion control and their repairs live on."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from media.model import Kind
from media.plane import InboundTrack, PayloadType
from media.rtcp import Reports
from media.transport_cc import ArrivalRecord
from tests.media.world import IDS, VP8, World, told_bps, vp8_payload


def read_feedback(packet: bytes) -> dict[int, float | None]:
    """Sequence number -> arrival in s, None for lost (section 3.1 of the draft), as a sender reads it."""
    assert packet[0] & 0x1F == 15
    assert len(packet) == 4 + 4 * int.from_bytes(packet[2:4])
    if packet[0] & 0x20:
        packet = packet[: -packet[-1]]
    base, count = struct.unpack_from("!HH", packet, 12)
    at_s = int.from_bytes(packet[16:19], signed=True) * 0.064
    at, statuses = 20, []
    while len(statuses) < count:
        chunk = int.from_bytes(packet[at : at + 2])
        at += 2
        if not chunk & 0x8000:
            statuses += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        else:
            statuses += [chunk >> 2 * (6 - i) & 3 for i in range(7)]
    arrivals: dict[int, float | None] = {}
    for number, status in enumerate(statuses[:count]):
        if status:
            size = status
            at_s += int.from_bytes(packet[at : at + size], signed=size == 2) / 4000
            at += size
        arrivals[(base + number) & 0xFFFF] = at_s if status else None
    assert at == len(packet)
    return arrivals


@given(
    st.integers(0, 65535),
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 80_000)), min_size=1, max_size=300),
)
def test_feedback_tells_each_arrival_and_each_hole(first: int, walk: list[tuple[int, int]]) -> None:
    record, seq, now_s, sent = ArrivalRecord(), first, 5.0, {}
    for step, microseconds in walk:
        now_s += microseconds / 1e6
        record.note(seq & 0xFFFF, now_s)
        sent[seq] = now_s
        last = seq
        seq += step
    told: dict[int, float | None] = {}
    for packet in record.feedback(1, 2):
        assert len(packet) < 1400
        told |= read_feedback(packet)
    assert len(told) == last - first + 1
    for number in range(first, last + 1):
        arrival_s = told[number & 0xFFFF]
        assert (arrival_s is None) == (number not in sent)
        assert arrival_s is None or abs(arrival_s - sent[number]) < 0.0005
    assert record.feedback(1, 2) == []


@given(st.lists(st.integers(0, 65535), max_size=400))
def test_any_numbers_at_all_make_feedback_that_can_be_read(numbers: list[int]) -> None:
    record = ArrivalRecord()
    for place, seq in enumerate(numbers):
        record.note(seq, place * 0.001)
    for packet in record.feedback(1, 2):
        read_feedback(packet)


def test_feedback_goes_out_every_tenth_of_a_second() -> None:
    world = World()
    publisher = world.publisher()
    for index in range(50):
        payload = vp8_payload(key=index == 0, start=True, picture=index)
        publisher.send(0x1000, index, 3000 * index, payload, extensions={4: (65530 + index & 0xFFFF).to_bytes(2)})
        world.pass_time(0.02)
    packets = [c for c in publisher.compounds if c[1] == 205 and c[0] & 31 == 15]
    assert 9 <= len(packets) <= 11
    told = [seq for packet in packets for seq in read_feedback(packet)]
    assert told == [(65530 + index) & 0xFFFF for index in range(len(told))]


def test_a_publisher_without_transport_cc_gets_remb_that_grows() -> None:
    remb = PayloadType(96, VP8.codec, 90000, remb=True)
    world = World()
    publisher = world.publisher(tracks=(InboundTrack("0", Kind.VIDEO, (remb,), IDS, ssrcs={0x1000: ""}),))
    camera = publisher.camera()
    camera.frame(key=True)
    camera.run(3.2)
    assert all(compound.endswith((0x1000).to_bytes(4)) for compound in publisher.compounds if b"REMB" in compound)
    rates = told_bps(publisher)
    assert len(rates) >= 3
    assert rates == sorted(rates)
    assert rates[0] > 2_500_000


def test_receiver_reports_tell_loss_and_highest_sequence_number() -> None:
    world = World()
    publisher = world.publisher()
    camera = publisher.camera()
    camera.frame(key=True)
    world.pass_time(0.3)
    for _ in range(10):
        camera.frame(lose=(1,))
        world.pass_time(0.04)
    world.pass_time(0.48)
    blocks = [b for item in publisher.items(Reports) if isinstance(item, Reports) for b in item.blocks]
    assert blocks[-1].ssrc == 0x1000
    assert blocks[-1].lost == 10
    assert blocks[-1].highest == camera.index - 1
    assert max(block.fraction for block in blocks) > 70
