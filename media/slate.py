"""Slates as publications: prerendered loops, played by one task (RFC 3550 packets by `Plane.inject`)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import signal
import struct
import sys
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path
from typing import Final

import msgspec
import structlog

from media.children import signalled
from media.model import Codec, Kind, PublicationId, SlateSpec, SourceName
from media.negotiation import RandomBytes
from media.payloader import PAYLOADERS, Payloader
from media.plane import Extensions, InboundTrack, PayloadType, Plane
from media.slate_render import FRAMES_PER_S, Frame, Order

LOOK: Final = "4"
"""Changes when the drawing or the encoding does: older loops in the cache are not taken for it."""
RENDER_S: Final = 60.0
"""A loop takes about two seconds of one core; a machine that needs more is stuck."""
KILL_S: Final = 1.0
CLOCK_HZ: Final = 90_000
PAYLOAD_TYPES: Final = {Codec.VP8: 96, Codec.H264: 97, Codec.VP9: 98, Codec.AV1: 99}
H264_FMTP: Final = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
_HEADER = struct.Struct("!BBHII")
_loop = msgspec.msgpack.Decoder(list[Frame])

log = structlog.get_logger("relay")


class SlatePlayer:
    """Keeps the wanted slates on air; each appears with its first codec, the others follow as they are rendered."""

    def __init__(self, plane: Plane, cache: Path, random: RandomBytes) -> None:
        self._plane, self._cache, self._random = plane, cache, random
        self._wanted: dict[SourceName, SlateSpec] = {}
        self._playing: dict[SourceName, list[_Loop]] = {}
        self._rendering: dict[SourceName, asyncio.Task[None]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def want(self, slates: Iterable[SlateSpec]) -> None:
        """Publish these, and no others."""
        wanted = {slate.source: slate for slate in slates}
        for source in [source for source, slate in self._wanted.items() if wanted.get(source) != slate]:
            self._withdraw(source)
        for source, slate in wanted.items():
            if source not in self._wanted:
                self._wanted[source] = slate
                self._rendering[source] = _told(self._prepare(slate), f"slate {source}")
        if self._wanted and self._task is None:
            self._task = _told(self._play(), "slates")

    async def close(self) -> None:
        """Take all slates off air and end their renderers."""
        tasks = [*self._rendering.values(), *([self._task] if self._task is not None else [])]
        self.want(())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _withdraw(self, source: SourceName) -> None:
        del self._wanted[source]
        if (rendering := self._rendering.pop(source, None)) is not None:
            rendering.cancel()
        if self._playing.pop(source, None) is not None:
            self._plane.withdraw(source)

    async def _prepare(self, slate: SlateSpec) -> None:
        """Loops that are not rendered yet wait in line, so that every slate has its first codec first."""
        loops = [_Loop(codec, self._random) for codec in dict.fromkeys(slate.codecs) if codec in PAYLOADERS]
        for loop in loops:
            loop.frames = await self._rendered(Order(slate.place, slate.shows, loop.codec))
            if loop.frames and slate.source not in self._playing:
                publication = PublicationId(self._random(16).hex())
                self._plane.publish(slate.source, publication, [loop.track for loop in loops])
                self._playing[slate.source] = loops

    async def _rendered(self, order: Order) -> list[Frame]:
        """The loop, from the cache or rendered by a process of lower priority; empty when that fails."""
        text = msgspec.json.encode(order)
        path = self._cache / f"{hashlib.sha256(LOOK.encode() + text).hexdigest()[:32]}.loop"
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return _loop.decode(path.read_bytes())
        async with self._one_at_a_time:
            try:
                self._cache.mkdir(parents=True, exist_ok=True)
                await _render(path, text)
                return _loop.decode(path.read_bytes())
            except (OSError, TimeoutError, msgspec.DecodeError) as broken:
                log.warning("slate not rendered", codec=order.codec, error=str(broken))
                return []

    async def _play(self) -> None:
        """All loops, frame by frame; a turn that comes late moves the beat, it is not made up for."""
        beat_s = 1 / FRAMES_PER_S
        due_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            for source, loops in self._playing.items():
                for loop in loops:
                    for packet in loop.next(int(now_s * CLOCK_HZ)):
                        self._plane.inject(source, loop.ssrc, packet)
            due_s += beat_s
            if due_s < now_s:
                due_s = now_s + beat_s
            await asyncio.sleep(due_s - now_s)


def _told(work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
    """A task whose bug is told when it ends by it: nobody waits for its result."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (broke := task.exception()) is not None:
            log.error("slates broke", task=name, exc_info=broke)

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(ended)
    return task


async def _render(path: Path, order: bytes) -> None:
    """Run the renderer. Raises OSError, TimeoutError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media.slate_render", str(path), stdin=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(RENDER_S):
            await process.communicate(order)
    finally:
        if process.returncode is None:
            signalled(process, signal.SIGKILL)
            with contextlib.suppress(TimeoutError):  # asyncio may miss the end of one that is killed as it starts
                await asyncio.wait_for(process.wait(), KILL_S)


class _Loop:
    """One codec's loop with its RTP numbers running on for ever; silent while it has no frames."""

    def __init__(self, codec: Codec, random: RandomBytes) -> None:
        self.codec = codec
        self.frames: list[Frame] = []
        self.ssrc = int.from_bytes(random(4)) | 1
        self._number = PAYLOAD_TYPES[codec]
        self._payloader: Payloader = PAYLOADERS[codec]
        self._shown = 0
        self._sequence = int.from_bytes(random(2))
        fmtp = H264_FMTP if codec is Codec.H264 else ""
        payload = PayloadType(self._number, codec, CLOCK_HZ, fmtp=fmtp)
        self.track = InboundTrack(codec, Kind.VIDEO, (payload,), Extensions(), ssrcs={self.ssrc: ""})

    def next(self, timestamp: int) -> list[bytes]:
        """The next frame's packets, stamped `timestamp`."""
        if not self.frames:
            return []
        frame = self.frames[self._shown % len(self.frames)]
        payloads = self._payloader(frame.data, frame.keyframe, self._shown & 0x7FFF)
        self._shown += 1
        packets = []
        for index, payload in enumerate(payloads, 1):
            mark = self._number | (0x80 if index == len(payloads) else 0)
            packets.append(_HEADER.pack(0x80, mark, self._sequence, timestamp & 0xFFFFFFFF, self.ssrc) + payload)
            self._sequence = (self._sequence + 1) & 0xFFFF
        return packets
