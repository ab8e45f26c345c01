"""Programs of other makers as child processes that say JSON lines, and the films they publish."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from av.video.codeccontext import VideoCodecContext

from scripts.rehearsal.encode import video_frame
from scripts.rehearsal.framecode import HEIGHT, WIDTH
from scripts.rehearsal.loops import FRAMES_PER_S
from scripts.rehearsal.picture import Picture

HERE = Path(__file__).parent
LEAVE_S = 5.0


class Program:
    """A running child; `facts` are the JSON objects that it printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.facts: list[dict[str, Any]] = []

    async def until(self, holds: Callable[[list[dict[str, Any]]], bool], patience_s: float = 15.0) -> None:
        """Read on until it holds. Raises AssertionError with what was printed when it does not in time."""
        assert self.process.stdout
        try:
            async with asyncio.timeout(patience_s):
                while not holds(self.facts):
                    line = await self.process.stdout.readline()
                    assert line, f"the program ended; it said {self.facts[-5:]}"
                    if line.startswith(b"{"):
                        self.facts.append(json.loads(line))
        except TimeoutError:
            raise AssertionError(f"not in {patience_s} s; it said {self.facts[-5:]}") from None


@asynccontextmanager
async def running(command: Sequence[str], log: Path, end: signal.Signals = signal.SIGTERM) -> AsyncIterator[Program]:
    """Run a program and end it with its own goodbye, or without when it has none. Its errors go to `log`."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, limit=1 << 20
        )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.send_signal(end)
            try:
                async with asyncio.timeout(LEAVE_S):
                    await process.communicate()
            except TimeoutError:
                process.kill()
                await process.communicate()


def h264_film(path: Path, source: int, seconds: int) -> None:
    """Constrained-baseline H264, Annex B, each frame behind a 4-byte length."""
    encoder = VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate, encoder.bit_rate, encoder.gop_size = FRAMES_PER_S, 1_500_000, FRAMES_PER_S
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    picture = Picture(source, FRAMES_PER_S)
    with path.open("wb") as film:
        for number in range(FRAMES_PER_S * seconds):
            for packet in encoder.encode(video_frame(picture.frame(number))):
                film.write(len(bytes(packet)).to_bytes(4) + bytes(packet))
