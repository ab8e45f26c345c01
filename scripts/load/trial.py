"""One plane under load: its process, the load's process, and the slices that are asked of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from media.addresses import free_port
from media.plane import Address
from scripts.load.cast import AUDIENCE, Cast
from scripts.load.host import Add, Added, Disturb, HostSpec, Order, Resident

HOUSE: Final = Path(__file__).resolve().parents[2]
NATIVE: Final = HOUSE / "media" / "native"
PROGRAM: Final = NATIVE / "target" / "release" / "twinhall-bench"
SUBJECT_CORE, LOAD_CORE = 1, 0
LINE_MAX: Final = 1 << 20


class Impossible(Exception):
    """Why there is nothing to measure here, in one line."""


class Latency(msgspec.Struct, frozen=True):
    """Added latency of the opened packets of one class, in milliseconds."""

    p50: float
    p99: float
    worst: float
    samples: int


class Slice(msgspec.Struct, frozen=True):
    """One stretch of load; `due` are the packets sent times their viewers. `added_ms`: sound, frames, keyframes."""

    sent: int
    due: int
    received: int
    broken: int
    elapsed_ns: int
    cpu_ns: int
    added_ms: tuple[Latency | None, Latency | None, Latency | None]
    lens: tuple[tuple[int, int], ...]
    runs: tuple[tuple[int, float], ...]

    @property
    def us_per_packet(self) -> float:
        return self.cpu_ns / 1000 / max(self.received, 1)

    @property
    def packets_per_s(self) -> float:
        return self.received / max(self.elapsed_ns, 1) * 1e9

    @property
    def lost(self) -> int:
        return self.due - self.received


class LimitSlice(msgspec.Struct, frozen=True):
    """One stretch of the limit program; `received` of its packets came."""

    packets: int
    elapsed_ns: int
    cpu_ns: int
    received: int

    @property
    def us_per_packet(self) -> float:
        return self.cpu_ns / 1000 / max(self.packets, 1)

    @property
    def packets_per_s(self) -> float:
        return self.packets / max(self.elapsed_ns, 1) * 1e9


class _Talker:
    """A process that answers each line with a line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self.process = process

    @classmethod
    async def start(cls, *command: str) -> _Talker:
        pipe = asyncio.subprocess.PIPE
        made = cls(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=LINE_MAX, cwd=HOUSE))
        await made.answer()
        return made

    async def ask(self, order: Any) -> bytes:
        self._in.write(msgspec.json.encode(order) + b"\n")
        return await self.answer()

    async def answer(self) -> bytes:
        line = await self._out.readline()
        if not line:
            raise Impossible("a process of the bench ended; its words are above")
        return line

    async def close(self) -> None:
        self._in.close()
        try:
            await asyncio.wait_for(self.process.wait(), 5)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class Trial:
    """A cast on a plane. Times in ms; every slice ends when its packets have come, or do not come any more."""

    def __init__(self, cast: Cast, host: _Talker, load: _Talker) -> None:
        self.cast, self._host, self._load = cast, host, load
        self._watching = 0

    async def seat(self, viewers: int) -> None:
        """Connect the first `viewers` viewers (and the publishers) and wait until each receives. Raises Impossible."""
        count = self.cast.publishers + viewers
        await self._tell(Add(count))
        await self._load.ask({"order": "connect", "viewers": viewers})
        secured = int(await self._tell(Added(count)))
        if secured < count:
            raise Impossible(f"only {secured} of {count} sessions connected")
        watching = msgspec.json.decode(await self._load.ask({"order": "begin", "viewers": viewers}))["watching"]
        if watching < viewers:
            raise Impossible(f"only {watching} of {viewers} viewers receive anything")
        self._watching = viewers

    async def saturate(self, ms: int, ahead: int) -> Slice:
        return await self._slice({"order": "saturate", "ms": ms, "ahead": ahead})

    async def runs(self, ms: int, ahead: int) -> Slice:
        """Saturation while the receivers see the runs that the plane sent."""
        return await self._slice({"order": "runs", "ms": ms, "ahead": ahead})

    async def pace(self, ms: int, pace: float, keyframe_ms: int = 0) -> Slice:
        """`pace` times real time."""
        return await self._slice({"order": "pace", "ms": ms, "pace": pace, "keyframe_ms": keyframe_ms})

    async def limit(self, ms: int, video_len: int, audio_len: int, run: int = 0) -> LimitSlice:
        order = {"order": "limit", "ms": ms, "viewers": self._watching, "video_len": video_len, "audio_len": audio_len}
        return msgspec.json.decode(await self._load.ask({**order, "run": run}), type=LimitSlice)

    async def disturb(self, how: str) -> None:
        await self._tell(Disturb(how))

    async def resident(self) -> int:
        return int(await self._tell(Resident()))

    async def _slice(self, order: dict[str, Any]) -> Slice:
        return msgspec.json.decode(await self._load.ask({**order, "viewers": self._watching}), type=Slice)

    async def _tell(self, order: Order) -> bytes:
        return await self._host.ask(order)


@contextlib.asynccontextmanager
async def staged(plane: str, cast: Cast) -> AsyncIterator[Trial]:
    """The plane and the load, started; nobody is seated yet."""
    seats = cast.seats()
    address = Address(("127.0.0.1", free_port()))
    with tempfile.TemporaryDirectory(prefix="twinhall-load-") as folder:
        spec = HostSpec(plane, SUBJECT_CORE, address, AUDIENCE, tuple(cast.routes()), tuple(seats))
        host_path, load_path = Path(folder) / "host.json", Path(folder) / "load.json"
        host_path.write_bytes(msgspec.json.encode(spec))
        host = await _Talker.start(sys.executable, "-m", "scripts.load.host", str(host_path))
        try:
            cores = (SUBJECT_CORE, LOAD_CORE)
            load_path.write_bytes(msgspec.json.encode(cast.spec(seats, address, host.process.pid, cores)))
            load = await _Talker.start(str(PROGRAM), "load", str(load_path))
            try:
                yield Trial(cast, host, load)
            finally:
                await load.close()
        finally:
            await host.close()


async def build(command: Sequence[str] = ("cargo", "build", "--release", "--locked", "--quiet")) -> None:
    """The native half of the bench, as the checkout has it. Raises Impossible."""
    if len(os.sched_getaffinity(0)) < 2:
        raise Impossible("two cores are needed: one for the plane, one for the load")
    if shutil.which(command[0]) is None:
        raise Impossible("the load is written in Rust, and there is no cargo here; see https://rustup.rs")
    made = await asyncio.create_subprocess_exec(*command, "-p", "twinhall-bench", cwd=NATIVE)
    if await made.wait():
        raise Impossible("the load can't be built; the compiler's words are above")
