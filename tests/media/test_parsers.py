"""Parsers of outside bytes: the right reading of right bytes, and no harm by any others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import av1, h264, red, vp8, vp9
from media.codecs import PICTURE_SIZE, STARTS_KEYFRAME, matching
from media.model import Codec, Route, SlotId
from media.plane import PayloadType
from media.rtcp import Block, Bye, Nack, PictureRequest, Reports, SenderReport, read_compound
from media.rtcp_write import (
    description,
    estimate,
    nack,
    ntp_of,
    picture_loss,
    receiver_report,
    sender_report,
    unix_ms_of,
)
from media.rtp import elements, extension_block, read_header, without_padding
from tests.media.world import CHANGZHOU, STAGE, World, vp8_payload, write_header

SPS_720P = bytes.fromhex("67 42c01f d900 5005 bb01 6a02 0202 8000 0003 0080 0000 1e47 8c19 24".replace(" ", ""))
VP9_KEY = bytes([0x8A, 0x81, 0x23, 0x18]) + (1280).to_bytes(2) + (720).to_bytes(2) + bytes(20)
AV1_KEY = bytes.fromhex("18") + bytes.fromhex("0b 08 00000042a7bfe4600d00".replace(" ", ""))[:9] + bytes(20)
READERS = [*STARTS_KEYFRAME.values(), *PICTURE_SIZE.values(), red.primary, read_header, without_padding]


@given(st.binary(max_size=80))
@settings(max_examples=400)
def test_no_bytes_make_a_reader_raise(payload: bytes) -> None:
    for reader in READERS:
        reader(payload)
    for shifted in (vp8.shifted, vp9.shifted):
        assert len(shifted(payload, 77, 5)) == len(payload)
    assert len(red.renumbered(payload, 99)) == len(payload)
    list(read_compound(payload))
    list(elements(0xBEDE, payload))
    list(elements(0x1000, payload))


def test_vp8_keyframes_and_sizes() -> None:
    assert vp8.starts_keyframe(vp8_payload(key=True, start=True, picture=1))
    assert not vp8.starts_keyframe(vp8_payload(key=False, start=True, picture=1))
    assert not vp8.starts_keyframe(vp8_payload(key=True, start=False, picture=1))
    assert vp8.picture_size(vp8_payload(key=True, start=True, picture=1)) == (1280, 720)


@given(st.integers(0, 0x7FFF), st.integers(-70000, 70000), st.integers(-600, 600))
def test_vp8_picture_ids_move_within_their_width(picture: int, step: int, tl0_step: int) -> None:
    moved = vp8.shifted(vp8_payload(key=False, start=True, picture=picture), step, tl0_step)
    descriptor = vp8.read_descriptor(moved)
    assert descriptor is not None
    assert descriptor.picture.value == (picture + step) % 0x8000
    assert descriptor.tl0 == (9 + tl0_step) % 256
    assert moved[5:] == vp8_payload(key=False, start=True, picture=picture)[5:]


def test_h264_keyframes_in_every_packaging() -> None:
    idr, slice_ = b"\x65" + bytes(30), b"\x41" + bytes(30)
    stap = b"\x78" + len(SPS_720P).to_bytes(2) + SPS_720P + b"\0\4\x68\xce\x3c\x80"
    assert h264.starts_keyframe(idr)
    assert h264.starts_keyframe(SPS_720P)
    assert h264.starts_keyframe(stap)
    assert h264.starts_keyframe(b"\x7c\x85" + bytes(30))
    assert not h264.starts_keyframe(b"\x7c\x45" + bytes(30))
    assert not h264.starts_keyframe(b"\x7c\x81" + bytes(30))
    assert not h264.starts_keyframe(slice_)
    assert h264.picture_size(SPS_720P) == h264.picture_size(stap) == (1280, 720)


def test_vp9_keyframes_and_sizes() -> None:
    assert vp9.starts_keyframe(VP9_KEY)
    assert vp9.picture_size(VP9_KEY) == (1280, 720)
    assert not vp9.starts_keyframe(bytes([0xC8, 0x81, 0x23]) + bytes(20))
    assert not vp9.starts_keyframe(bytes([0x82, 0x81, 0x23]) + bytes(20))
    moved = vp9.read_descriptor(vp9.shifted(VP9_KEY, -0x124, 0))
    assert moved is not None
    assert moved.picture.value == 0x7FFF


def test_av1_keyframes() -> None:
    assert av1.starts_keyframe(AV1_KEY)
    assert not av1.starts_keyframe(b"\x10" + bytes(20))


def test_padding_is_taken_off_and_nonsense_is_nothing() -> None:
    assert without_padding(b"picture\0\0\3") == b"picture"
    assert without_padding(b"picture\xff") == b""
    assert without_padding(b"\0") == b""


@given(st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=5))
def test_extensions_are_read_as_they_were_written(values: dict[int, bytes]) -> None:
    header = read_header(write_header(True, 96, 70000, 5, 6, extension_block(values)) + b"x")
    assert header is not None
    assert dict(elements(header.profile, header.extension)) == values
    assert header.seq == 70000 & 0xFFFF


def test_long_extensions_take_the_two_byte_form() -> None:
    values = {3: bytes(40), 200: b"x"}
    header = read_header(write_header(False, 96, 1, 5, 6, extension_block(values)))
    assert header is not None
    assert dict(elements(header.profile, header.extension)) == values


def test_reports_are_read_as_they_were_written() -> None:
    block = Block(9, 12, -3, 70000, 5, 6, 7)
    compound = sender_report(1, ntp_of(1000.5), 4, 5, 6) + description(1, "node") + receiver_report(2, [block])
    compound += nack(1, 2, [65534, 65535, 3, 40]) + picture_loss(1, 2) + estimate(1, 3_000_000, [2])
    compound += b"\x81\xcb\0\1\0\0\0\1"
    report, own, blocks, missing, picture, farewell = read_compound(compound)
    assert isinstance(report, SenderReport)
    assert unix_ms_of(report.ntp) == pytest.approx(1000.5)
    assert own == Reports(1, ())
    assert blocks == Reports(2, (block,))
    assert isinstance(missing, Nack)
    assert sorted(missing.seqs) == [3, 40, 65534, 65535]
    assert picture == PictureRequest(2)
    assert farewell == Bye((1,))


def test_payload_types_match_by_codec_and_profile() -> None:
    high = PayloadType(100, Codec.H264, 90000, fmtp="packetization-mode=1;profile-level-id=640032")
    base = PayloadType(101, Codec.H264, 90000, fmtp="profile-level-id=42e01f;packetization-mode=1")
    single = PayloadType(102, Codec.H264, 90000, fmtp="profile-level-id=42e01f")
    sent = PayloadType(
        125, Codec.H264, 90000, fmtp="level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e034"
    )
    assert matching((high, single, base), sent) is base
    assert matching((single,), sent) is None
    assert matching((high,), sent) is high
    assert (
        matching((PayloadType(98, Codec.VP9, 90000, fmtp="profile-id=2"),), PayloadType(98, Codec.VP9, 90000)) is None
    )


def test_any_packet_cut_anywhere_passes_through_the_plane_without_harm() -> None:
    world = World()
    world.plane.route(STAGE, (Route(SlotId("v0"), CHANGZHOU),))
    publisher, viewer = world.publisher(), world.viewer()
    payload = vp8_payload(key=True, start=True, picture=3)
    whole = write_header(True, 96, 5, 6, 0x1000, extension_block({1: b"0", 4: b"\1\2"})) + payload[:40]
    index = 5
    for size in range(13, len(whole)):
        header = read_header(whole[:size])
        if header is not None:
            index += 1
            clear = whole[:2] + index.to_bytes(2) + whole[4:size]
            sealed = publisher.seal(0x1000, index, clear[: header.size], clear[header.size :])
            for cut in range(0, len(sealed), 7):
                world.plane.receive(sealed[:cut], publisher.path)
            world.plane.receive(sealed, publisher.path)
    compound = sender_report(0x1000, ntp_of(1.0), 4, 5, 6) + nack(1, 0x50000, [1, 2, 3]) + picture_loss(1, 0x50000)
    for size in range(8, len(compound)):
        publisher.send_control(compound[:size])
        sealed = publisher._control.protect(compound)
        world.plane.receive(sealed[:size], publisher.path)
        viewer.send_control(compound[:size])
    world.pass_time(2)
    assert world.plane.figures().sessions[publisher.id].packets_in > 30
