"""A viewer: takes what comes, asks again for what is missing, reports as browsers do, and keeps the account."""

from __future__ import annotations

import asyncio
import struct
from typing import Final

import msgspec

from media.layers import Reception
from media.model import AudienceName, Kind, Purpose, SlotId
from media.plane import Extensions, OutboundSlot
from media.repair import Repairs
from media.rtcp import Block, SenderReport, read_compound
from media.rtcp_write import nack, picture_loss, receiver_report
from media.rtp import Header, elements, is_rtcp, read_header, without_padding
from media.srtp import Replayed
from media.transport_cc import ArrivalRecord
from scripts.impairment.camera import CHECK_S, TRANSPORT_CC
from scripts.impairment.lab import Lab
from scripts.impairment.picture import read_facts
from scripts.impairment.screen import Screen
from tests.media.world import OPUS, VP8, VP8_RTX, Client

BEAT_S: Final = 0.02
FEEDBACK_S: Final = 0.05
"""libwebrtc reports arrivals every 50 to 250 ms."""
DARK_S: Final = 1.0
"""without a decoded frame for so long, a keyframe is asked for."""
KEY_EVERY_S: Final = 0.5
PICTURE, PICTURE_RTX, SOUND = 0x50000, 0x50001, 0x60000
OWN: Final = 7
EXTENSIONS: Final = Extensions(mid=1, transport_cc=TRANSPORT_CC)
SLOTS: Final = (
    OutboundSlot(SlotId("v0"), "0", Kind.VIDEO, (VP8, VP8_RTX), EXTENSIONS, PICTURE, PICTURE_RTX),
    OutboundSlot(SlotId("a0"), "1", Kind.AUDIO, (OPUS,), EXTENSIONS, SOUND, None),
)


class Account(msgspec.Struct):
    """What came over one stretch of time; `never` counts packets that did not, though asked for again and again."""

    packets: int = 0
    repaired: int = 0
    never: int = 0
    repair_ms: list[float] = []
    sounds: int = 0
    sound_delays_ms: list[float] = []
    sounds_span: tuple[int, int] = (-1, -1)
    """the first and the newest sound's number as the publisher counts"""

    @property
    def missing_share(self) -> float:
        return self.never / max(self.packets + self.never, 1)

    @property
    def sounds_missing_share(self) -> float:
        first, newest = self.sounds_span
        return 1 - self.sounds / (newest - first + 1) if self.sounds else 1.0


class Viewer(Client):
    """One subscription of a picture and a sound."""

    def __init__(self, lab: Lab, audience: AudienceName) -> None:
        super().__init__(lab, Purpose.PLAY, audience=audience, outbound=SLOTS)
        self.screen = Screen()
        self.account = Account()
        self.rates: list[tuple[float, int]] = []
        """(when, octets so far) every second."""
        self._octets = 0
        self._reception = Reception()
        self._repairs = Repairs()
        self._asked_s: dict[int, float] = {}
        self._arrivals = ArrivalRecord()
        self._reports: tuple[int, float] = (0, 0.0)
        self._checked_s = self._began_s = 0.0
        self._round_trip_ms: float | None = None
        self._key_asked_s = 0.0

    def start_over(self) -> None:
        """A new account; what the picture showed so far is forgotten, what it can refer to is not."""
        self.account = Account()
        self.screen.shown = self.screen.delivered = 0
        self.screen.freezes, self.screen.delays_ms = [], []

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        fed_s = reported_s = self._began_s = loop.time()
        while True:
            now_s = loop.time()
            self._ask_again(now_s)
            if now_s - fed_s >= FEEDBACK_S:
                fed_s = now_s
                for packet in self._arrivals.feedback(OWN, PICTURE):
                    self.send_control(packet)
            if now_s - reported_s >= 1.0:
                reported_s = now_s
                self._report(now_s)
            if now_s - self._checked_s > CHECK_S:
                self._checked_s = now_s
                self.check()
            await asyncio.sleep(BEAT_S)

    # --- what comes

    def take(self, datagram: bytes) -> None:
        now_s = self.world.now_s
        if not 128 <= datagram[0] <= 191:
            self._round_trip_ms = (now_s - self._checked_s) * 1000 if self._checked_s else None
        elif is_rtcp(datagram):
            for item in read_compound(self._receiver.open_control(datagram)):
                if isinstance(item, SenderReport) and item.ssrc == PICTURE:
                    self._reports = (item.ntp >> 16 & 0xFFFFFFFF, now_s)
        else:
            self._octets += len(datagram)
            self._media(datagram, now_s)

    def _media(self, datagram: bytes, now_s: float) -> None:
        header = read_header(datagram)
        assert header is not None
        try:
            index, payload = self._receiver.open(datagram, header.ssrc, header.seq, header.size)
        except Replayed:
            return
        self._note_arrival(header, now_s)
        payload = without_padding(payload) if header.padded else payload
        if header.ssrc == PICTURE:
            self._picture(index, payload, now_s)
        elif header.ssrc == PICTURE_RTX and len(payload) > 2:
            highest = self._reception.highest
            seq = int.from_bytes(payload[:2])
            self._picture(highest + ((seq - highest + 0x8000) & 0xFFFF) - 0x8000, payload[2:], now_s)
        elif header.ssrc == SOUND and payload:
            self._sound(payload, now_s)

    def _note_arrival(self, header: Header, now_s: float) -> None:
        for name, value in elements(header.profile, header.extension):
            if name == TRANSPORT_CC and len(value) == 2:
                self._arrivals.note(int.from_bytes(value), now_s)

    def _picture(self, index: int, payload: bytes, now_s: float) -> None:
        account = self.account
        account.packets += 1
        highest = self._reception.highest
        self._reception.count(index, len(payload), 0.0)
        holes, too_many = self._repairs.arrived(index, now_s)
        asked_s = self._asked_s.pop(index, None)
        if asked_s is not None:
            account.repaired += 1
            account.repair_ms.append((now_s - asked_s) * 1000)
        self._ask(holes)
        self._asked_s.update(dict.fromkeys(holes, now_s))
        if too_many:
            account.never += index - highest - 1
            self._ask_key(now_s)
        facts = read_facts(payload)
        if facts is not None:
            self.screen.take(facts, now_s)

    def _sound(self, payload: bytes, now_s: float) -> None:
        number, sent_us = struct.unpack_from("!IQ", payload)
        account = self.account
        account.sounds += 1
        account.sound_delays_ms.append(now_s * 1000 - sent_us / 1000)
        first, newest = account.sounds_span
        account.sounds_span = (number if first < 0 else min(first, number), max(newest, number))

    # --- what is asked for

    def _ask(self, indexes: list[int]) -> None:
        if indexes:
            self.send_control(nack(OWN, PICTURE, [index & 0xFFFF for index in indexes]))

    def _ask_again(self, now_s: float) -> None:
        self._ask(self._repairs.due(now_s, self._round_trip_ms))
        dark_s = now_s - max(self.screen.last_s or 0.0, self._began_s)
        given_up = [index for index, asked_s in self._asked_s.items() if now_s - asked_s > 2.0]
        for index in given_up:
            del self._asked_s[index]
            self.account.never += 1
        if given_up or dark_s > DARK_S:
            self._ask_key(now_s)

    def _ask_key(self, now_s: float) -> None:
        if now_s - self._key_asked_s > KEY_EVERY_S:
            self._key_asked_s = now_s
            self.send_control(picture_loss(OWN, PICTURE))

    def _report(self, now_s: float) -> None:
        self.rates.append((now_s, self._octets))
        got, (last, at_s) = self._reception, self._reports
        delay = int((now_s - at_s) * 65536) if last else 0
        block = Block(
            PICTURE, got.fraction(), min(got.lost, 0x7FFFFF), got.highest & 0xFFFFFFFF, int(got.jitter), last, delay
        )
        self.send_control(receiver_report(OWN, [block]))
