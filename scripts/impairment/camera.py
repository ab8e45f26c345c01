"""A publisher: a picture in one or several grades and a sound, repaired and refreshed on request."""

from __future__ import annotations

import asyncio
import struct
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from media.model import Kind, Purpose, SourceName
from media.plane import InboundTrack
from media.rtcp import Nack, PictureRequest, read_compound
from media.rtcp_write import ntp_of
from media.rtp import is_rtcp
from scripts.impairment.lab import Lab
from scripts.impairment.picture import FRAMES_PER_S, Encoder, Grade
from tests.media.world import AUDIO_IN, IDS, VP8, VP8_RTX, Client

SOUND_S: Final = 0.02
SOUND_BYTES: Final = 80
SOUND_SSRC: Final = 0x2000
OPUS: Final = 111
KEPT: Final = 4096
"""packets; over 10 s of the largest grade."""
CHECK_S: Final = 2.5
"""Consent checks go out so often (RFC 7675 allows 5 s)."""
KEY_EVERY: Final = FRAMES_PER_S // 4
"""frames at least between keyframes that were asked for."""
TRANSPORT_CC: Final = IDS.transport_cc


class Camera(Client):
    """Sends by the clock until `run` is cancelled. A keyframe comes first, then on request only."""

    def __init__(self, lab: Lab, source: SourceName, grades: Sequence[Grade]) -> None:
        self._streams = [_Stream(0x1000 + 2 * index, grade) for index, grade in enumerate(grades)]
        self._by_ssrc = {stream.ssrc: stream for stream in self._streams}
        video = InboundTrack(
            "0",
            Kind.VIDEO,
            (VP8, VP8_RTX),
            IDS,
            ssrcs={stream.ssrc: stream.encoder.grade.rid for stream in self._streams},
            repairs={stream.ssrc + 1: stream.ssrc for stream in self._streams},
        )
        super().__init__(lab, Purpose.PUBLISH, source=source, inbound=(video, AUDIO_IN))
        self.source = source
        self.frames = 0
        self.feedback = 0
        """RTCP packets of transport-wide feedback that came."""
        self._sounds = 0
        self._sequence = 0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        began_s, checked_s, reported_s = loop.time(), loop.time(), 0.0
        while True:
            now_s = loop.time()
            while began_s + self.frames / FRAMES_PER_S <= now_s:
                self._picture(began_s + self.frames / FRAMES_PER_S)
            while began_s + self._sounds * SOUND_S <= now_s:
                self._sound()
            if now_s - checked_s > CHECK_S:
                checked_s = now_s
                self.check()
            if now_s - reported_s > 1.0:
                reported_s = now_s
                self._report(now_s)
            due_s = began_s + min(self.frames / FRAMES_PER_S, self._sounds * SOUND_S)
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    def take(self, datagram: bytes) -> None:
        if not 128 <= datagram[0] <= 191 or not is_rtcp(datagram):
            return
        compound = self._receiver.open_control(datagram)
        self.feedback += compound[1] == 205 and compound[0] & 31 == 15
        for item in read_compound(compound):
            stream = self._by_ssrc.get(item.ssrc) if isinstance(item, Nack | PictureRequest) else None
            if stream is not None and isinstance(item, Nack):
                self._repair(stream, item.seqs)
            elif stream is not None:
                stream.key_wanted = True

    def _picture(self, captured_s: float) -> None:
        number, timestamp = self.frames, round(captured_s * 90000) & 0xFFFFFFFF
        self.frames += 1
        for stream in self._streams:
            for marker, payload in stream.frame(number, round(captured_s * 1e6)):
                seq = stream.keep(timestamp, marker, payload)
                self._send(stream.ssrc, seq, timestamp, payload, marker=marker, payload_type=96)

    def _sound(self) -> None:
        number, now_us = self._sounds, round(self.world.now_s * 1e6)
        self._sounds += 1
        payload = struct.pack("!IQ", number, now_us) + bytes(SOUND_BYTES - 12)
        self._send(SOUND_SSRC, number, 960 * number, payload, marker=False, payload_type=OPUS)

    def _repair(self, stream: _Stream, seqs: Sequence[int]) -> None:
        for seq in seqs:
            found = stream.kept.get(seq)
            if found is not None:
                timestamp, marker, payload = found
                self._send(
                    stream.ssrc + 1,
                    stream.repairs,
                    timestamp,
                    seq.to_bytes(2) + payload,
                    marker=marker,
                    payload_type=97,
                )
                stream.repairs += 1

    def _send(self, ssrc: int, index: int, timestamp: int, payload: bytes, *, marker: bool, payload_type: int) -> None:
        extensions = {TRANSPORT_CC: (self._sequence & 0xFFFF).to_bytes(2)}
        self._sequence += 1
        self.send(ssrc, index, timestamp, payload, marker=marker, payload_type=payload_type, extensions=extensions)

    def _report(self, now_s: float) -> None:
        """Sender reports of all streams; their clock is the monotonic one."""
        for ssrc, rtp in [(stream.ssrc, round(now_s * 90000)) for stream in self._streams]:
            body = struct.pack("!IQIII", ssrc, ntp_of(now_s * 1000), rtp & 0xFFFFFFFF, 0, 0)
            self.send_control(struct.pack("!BBH", 0x80, 200, 6) + body)


class _Stream:
    """One grade on its SSRC, with what a NACK may ask for again."""

    def __init__(self, ssrc: int, grade: Grade) -> None:
        self.ssrc = ssrc
        self.encoder = Encoder(grade)
        self.key_wanted = True
        self.kept: OrderedDict[int, tuple[int, bool, bytes]] = OrderedDict()
        self.repairs = 0
        self._seq = 0
        self._keyed = -KEY_EVERY

    def frame(self, number: int, captured_us: int) -> list[tuple[bool, bytes]]:
        """(marker, payload) of each packet."""
        key = self.key_wanted and number - self._keyed >= KEY_EVERY
        if key:
            self.key_wanted, self._keyed = False, number
        payloads = list(self.encoder.encode(number, captured_us, key=key))
        return [(index == len(payloads) - 1, payload) for index, payload in enumerate(payloads)]

    def keep(self, timestamp: int, marker: bool, payload: bytes) -> int:
        """The index of the packet."""
        index = self._seq
        self._seq += 1
        self.kept[index & 0xFFFF] = (timestamp, marker, payload)
        if len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return index
