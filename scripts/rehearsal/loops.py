"""Encoded loops as live tracks: a film and its sound, paced by one clock, remembering when each frame left."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any, Final

import av
from aiortc import MediaStreamTrack

from scripts.rehearsal.encode import opus, vp8
from scripts.rehearsal.tone import PACKET_SAMPLES, RATE_HZ

FRAMES_PER_S: Final = 15
LOOP_S: Final = 4
"""Longer than any age that is measured, so that a frame number means one moment."""


class Film:
    """What one source shows and says, encoded once; any number of publishers may play it."""

    def __init__(self, source: int) -> None:
        self.source = source
        self.pictures = vp8(source, FRAMES_PER_S, LOOP_S)
        self.sound = opus(source, LOOP_S)


class LoopTrack(MediaStreamTrack):
    """Plays packets round and round, `step_s` apart, from `start_s` of the loop's clock on.

    `sent_at` holds for each place in the loop when it last left. A muted
    track stays open and sends nothing, like an encoder whose line dropped.
    """

    def __init__(self, kind: str, packets: list[bytes], step: Fraction, rate_hz: int, start_s: float) -> None:
        super().__init__()
        self.kind = kind
        self.sent = 0
        self.sent_at: dict[int, float] = {}
        self._packets = packets
        self._step = step
        self._time_base = Fraction(1, rate_hz)
        self._ticks = int(step * rate_hz)
        self._start_s = start_s
        self._next = 0
        self._open = asyncio.Event()
        self._open.set()

    def mute(self) -> None:
        """Fall silent without a goodbye."""
        self._open.clear()

    def unmute(self) -> None:
        """Go on where the clock is now."""
        self._open.set()

    async def recv(self) -> av.Packet[Any]:
        loop = asyncio.get_running_loop()
        if not self._open.is_set():
            await self._open.wait()
            self._next = self._keyframe_after(loop.time())
        await asyncio.sleep(max(0.0, self._start_s + float(self._next * self._step) - loop.time()))
        place = self._next % len(self._packets)
        packet = av.Packet(self._packets[place])
        packet.pts, packet.time_base = self._next * self._ticks, self._time_base
        self.sent_at[place] = loop.time()
        self._next += 1
        self.sent += 1
        return packet

    def _keyframe_after(self, now_s: float) -> int:
        """The first whole second of the film from now on; it begins with a keyframe."""
        per_s = int(1 / self._step)
        return -(-int((now_s - self._start_s) / self._step) // per_s) * per_s


def tracks(film: Film, now_s: float) -> tuple[LoopTrack, LoopTrack]:
    """The film's picture and sound, starting together at `now_s` of the running loop's clock."""
    picture = LoopTrack("video", film.pictures, Fraction(1, FRAMES_PER_S), 90_000, now_s)
    sound = LoopTrack("audio", film.sound, Fraction(PACKET_SAMPLES, RATE_HZ), RATE_HZ, now_s)
    return picture, sound
