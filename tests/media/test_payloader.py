"""Frames survive the way through RTP payloads."""

import os

import pytest
from aiortc.codecs.h264 import h264_depayload
from aiortc.codecs.vpx import VpxPayloadDescriptor, vp8_depayload

from media import payloader
from media.payloader import PAYLOAD_MAX

FRAME = bytes(range(1, 256)) * 40


@pytest.mark.parametrize("size", [1, PAYLOAD_MAX, PAYLOAD_MAX + 1, 9000])
def test_vp8_frames_come_together_again(size):
    payloads = payloader.vp8(FRAME[:size], True, 0x1234)
    assert b"".join(map(vp8_depayload, payloads)) == FRAME[:size]
    descriptors = [VpxPayloadDescriptor.parse(payload)[0] for payload in payloads]
    assert [descriptor.partition_start for descriptor in descriptors] == [1] + [0] * (len(payloads) - 1)
    assert {descriptor.picture_id for descriptor in descriptors} == {0x1234}
    assert max(map(len, payloads)) <= PAYLOAD_MAX + 4


def test_vp9_frames_say_where_they_begin_and_end():
    payloads = payloader.vp9(FRAME, False, 7)
    assert b"".join(payload[3:] for payload in payloads) == FRAME
    assert [payload[0] & 0x0C for payload in payloads] == [8] + [0] * (len(payloads) - 2) + [4]
    assert all(payload[0] & 0xC0 == 0xC0 for payload in payloads)
    assert payloader.vp9(b"x", True, 7)[0][0] & 0x40 == 0


def test_h264_units_come_together_again():
    units = [b"\x67abc", b"\x68d", b"\x65" + FRAME]
    payloads = payloader.h264(b"".join(b"\x00\x00\x00\x01" + unit for unit in units), True, 0)
    assert b"".join(map(h264_depayload, payloads)) == b"".join(b"\x00\x00\x00\x01" + unit for unit in units)
    assert max(map(len, payloads)) <= PAYLOAD_MAX + 2


def obu(kind, body):
    size = bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) if len(body) > 127 else bytes([len(body)])
    return bytes([kind << 3 | 2]) + size + body


def elements(payloads):
    """OBU elements of AV1 payloads, cut ones joined (AV1 RTP specification section 4.3)."""
    found, joining = [], False
    for payload in payloads:
        position, first = 1, True
        while position < len(payload):
            size, position = payloader._read_leb128(payload, position)
            part = payload[position : position + size]
            position += size
            if first and joining:
                found[-1] += part
            else:
                found.append(part)
            first = False
        joining = bool(payload[0] & 0x40)
        assert not joining or len(payload) > PAYLOAD_MAX - 32
    return found


def test_av1_units_come_together_without_delimiters_and_sizes():
    header, body = b"sequence header", os.urandom(5000)
    payloads = payloader.av1(obu(2, b"") + obu(1, header) + obu(6, body), True, 0)
    assert elements(payloads) == [bytes([1 << 3]) + header, bytes([6 << 3]) + body]
    assert [bool(payload[0] & 0x08) for payload in payloads] == [True] + [False] * (len(payloads) - 1)
    assert [bool(payload[0] & 0x80) for payload in payloads] == [False] + [True] * (len(payloads) - 1)
    assert max(map(len, payloads)) <= PAYLOAD_MAX + 1
