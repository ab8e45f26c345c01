"""Someone who watches: plays by WHEP, and keeps what each decoded frame and sound proves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import aiohttp
import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from scripts.rehearsal.framecode import Code, read_plane
from scripts.rehearsal.loops import FRAMES_PER_S, LOOP_S
from scripts.rehearsal.tone import STEREO_BYTES, Ear
from scripts.rehearsal.whip import Session, peer

SLOTS: Final = 6
"""Pictures and sounds that a page offers to take."""
_LOOP_FRAMES: Final = FRAMES_PER_S * LOOP_S


class Camera(Protocol):
    """What fills a Source with coded frames; its place in a list is the source number of its codes."""

    source: str

    def age_ms(self, number: int, now_s: float) -> float | None:
        """How long ago frame `number` left the camera; None when it was not noted."""


class Eyes:
    """What the decoded frames of one viewer said; pure, time comes in."""

    def __init__(self, halls: Sequence[Camera]) -> None:
        self.halls = halls
        self.frames = 0
        self.codes_ok = 0
        self.gaps = 0
        self.ages_ms: list[float] = []
        self.seen: Counter[str] = Counter()
        self.first_s: float | None = None
        self.last_s: dict[str, float] = {}
        self.slate_s: dict[int, float] = {}
        self._begun: set[int] = set()
        self._before: dict[int, Code] = {}
        self._news = asyncio.Event()

    def see(self, slot: int, code: Code | None, now_s: float) -> None:
        """One decoded frame of picture slot `slot`; without a code it is a slate's.

        Those before the slot's first picture do not count: who comes as a camera comes sees its slate for a moment.
        """
        if code is None or code.source >= len(self.halls):
            self.slate_s[slot] = now_s
            self._before.pop(slot, None)
        else:
            self._begun.add(slot)
            self._coded(slot, code, now_s)
        self.frames += slot in self._begun
        self._news.set()

    def _coded(self, slot: int, code: Code, now_s: float) -> None:
        hall = self.halls[code.source]
        self.codes_ok += 1
        self.first_s = self.first_s or now_s
        self.seen[hall.source] += 1
        self.last_s[hall.source] = now_s
        self.slate_s.pop(slot, None)
        before = self._before.get(slot)
        if before and before.source == code.source:
            self.gaps += max(0, (code.number - before.number) % _LOOP_FRAMES - 1)
        self._before[slot] = code
        if (age := hall.age_ms(code.number, now_s)) is not None:
            self.ages_ms.append(age)

    async def news(self) -> None:
        """Until another frame was seen."""
        self._news.clear()
        await self._news.wait()


class Viewer:
    """One play session with its eyes and ears."""

    def __init__(
        self, http: aiohttp.ClientSession, name: str, role: str, venue: str | None, whep: str, token: str,
        halls: Sequence[Camera], slots: int = SLOTS,
    ) -> None:  # fmt: skip
        self.name, self.role, self.venue = name, role, venue
        self.eyes = Eyes(halls)
        self.ears = [Ear(len(halls)) for _ in range(slots)]
        self.asked_s = 0.0
        self._session = Session(http, whep, token, peer())
        self._tasks: list[asyncio.Task[None]] = []

    async def watch(self) -> None:
        """Ask for pictures and sounds and watch from then on. Raises whip.NotAccepted, TimeoutError."""
        connection = self._session.connection
        for _ in self.ears:
            connection.addTransceiver("video", direction="recvonly")
            connection.addTransceiver("audio", direction="recvonly")
        connection.on("track", self._track)
        self.asked_s = asyncio.get_running_loop().time()
        await self._session.start()

    @property
    def first_frame_ms(self) -> float | None:
        return None if self.eyes.first_s is None else 1000 * (self.eyes.first_s - self.asked_s)

    def beeps(self) -> Mapping[str, int]:
        """Beeps heard per source, over all sound slots."""
        return {hall.source: sum(ear.beeps[number] for ear in self.ears) for number, hall in enumerate(self.eyes.halls)}

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.stop()

    def _track(self, track: MediaStreamTrack) -> None:
        number = sum(task.get_name().startswith(track.kind) for task in self._tasks)
        play = self._look(track, number) if track.kind == "video" else self._listen(track, number)
        self._tasks.append(asyncio.create_task(play, name=f"{track.kind} {number} of {self.name}"))

    async def _look(self, track: MediaStreamTrack, slot: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.VideoFrame)
                plane = frame.planes[0]
                self.eyes.see(slot, read_plane(memoryview(plane), plane.line_size, frame.width), loop.time())
        except MediaStreamError:
            return

    async def _listen(self, track: MediaStreamTrack, slot: int) -> None:
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.AudioFrame)
                self.ears[slot].listen(bytes(frame.planes[0])[: frame.samples * STEREO_BYTES])
        except MediaStreamError:
            return
