"""One plane under load: its process, the load's process, and the slices that are asked of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from media.addresses import free_port
from media.plane import Address
from scripts.load.cast import AUDIENCE, Cast
from scripts.load.host import Add, Added, Disturb, HostSpec, Resident

HOUSE: Final = Path(__file__).resolve().parents[2]
NATIVE: Final = HOUSE / "media" / "native"
PROGRAM: Final = NATIVE / "target" / "release" / "twinhall-bench"
SUBJECT_CORE, LOAD_CORE = 1, 0
LINE_MAX: Final = 1 << 20
TURNS: Final = 20
"""slices in which nothing comes, in a row: others have the machine for some hundred ms at a time, not for seconds"""


class Impossible(Exception):
    """Why there is nothing to measure here, in one line."""


class Latency(msgspec.Struct, frozen=True):
    """Added latency of the opened packets of one class, in milliseconds."""

    p50: float
    p99: float
    worst: float
    samples: int


class Slice(msgspec.Struct, frozen=True):
    """One stretch of load; `due` are the packets sent times their viewers. `added_ms`: sound, frames, keyframes.
    `late_ns`: by so much the load itself was late in all."""

    sent: int
    due: int
    received: int
    broken: int
    elapsed_ns: int
    cpu_ns: int
    late_ns: int
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
    def cpu_share(self) -> float:
        """Of one core."""
        return self.cpu_ns / max(self.elapsed_ns, 1)

    @property
    def lost(self) -> int:
        return self.due - self.received


class Begun(msgspec.Struct, frozen=True):
    """How a stream began: so many viewers receive, and of the packets `due` to them so many came."""

    watching: int
    due: int
    received: int


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


class Load:
    """The native load. Times in ms; every slice ends when its packets have come, or do not come any more."""

    def __init__(self, program: _Talker) -> None:
        self._program = program
        self._watching = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, spec: Mapping[str, Any], folder: Path) -> AsyncIterator[Load]:
        """Ready for its orders; `spec` is written to `folder`."""
        path = folder / "load.json"
        path.write_bytes(msgspec.json.encode(spec))
        program = await _Talker.start(str(PROGRAM), "load", str(path))
        try:
            yield cls(program)
        finally:
            await program.close()

    async def connect(self, viewers: int) -> None:
        """Open the ways of the publishers and of the first `viewers` viewers."""
        await self._ask("connect", viewers)

    async def begin(self, viewers: int) -> int:
        """Publish in real time until each of the first `viewers` viewers receives; packets lost meanwhile. Raises
        Impossible."""
        begun = msgspec.json.decode(await self._ask("begin", viewers), type=Begun)
        if begun.watching < viewers:
            raise Impossible(f"only {begun.watching} of {viewers} viewers receive anything")
        self._watching = viewers
        return begun.due - begun.received

    async def saturate(self, ms: int, ahead: int) -> Slice:
        """As much as the plane takes, with `ahead` packets on their way."""
        return await self._slice("saturate", ms=ms, ahead=ahead)

    async def runs(self, ms: int, ahead: int) -> Slice:
        """Saturation while the receivers see the runs that the plane sent."""
        return await self._slice("runs", ms=ms, ahead=ahead)

    async def pace(self, ms: int, pace: float, keyframe_ms: int = 0, *, gentle: bool = False) -> Slice:
        """`pace` times real time; `gentle`: others need the load's core too."""
        return await self._slice("pace", ms=ms, pace=pace, keyframe_ms=keyframe_ms, gentle=gentle)

    async def limit(self, ms: int, video: tuple[int, int], audio: tuple[int, int]) -> LimitSlice:
        """The limit program on the plane's core; (length of a sealed datagram, datagrams in a run) of each kind."""
        orders = {"video_len": video[0], "video_run": video[1], "audio_len": audio[0], "audio_run": audio[1]}
        answer = await self._ask("limit", self._watching, ms=ms, **orders)
        return msgspec.json.decode(answer, type=LimitSlice)

    async def _slice(self, order: str, **more: Any) -> Slice:
        """Taken again where nothing came, which tells of who had the plane's core; what was lost stays counted.
        Raises Impossible."""
        lost = 0
        for _ in range(TURNS):
            found = msgspec.json.decode(await self._ask(order, self._watching, **more), type=Slice)
            if found.received:
                return msgspec.structs.replace(found, due=found.due + lost)
            lost += found.due
        raise Impossible(f"nothing came through the plane in {TURNS} slices of {more['ms']} ms")

    async def _ask(self, order: str, viewers: int, **more: Any) -> bytes:
        return await self._program.ask({"order": order, "viewers": viewers, **more})


class Trial:
    """A cast on a plane in a process of its own, and the load on it."""

    def __init__(self, cast: Cast, host: _Talker, load: Load) -> None:
        self.cast, self.load, self._host = cast, load, host

    async def seat(self, viewers: int) -> int:
        """Connect the first `viewers` viewers (and the publishers) and wait until each receives; packets lost since
        the first one was sent. Raises Impossible."""
        count = self.cast.publishers + viewers
        await self._host.ask(Add(count))
        await self.load.connect(viewers)
        secured = int(await self._host.ask(Added(count)))
        if secured < count:
            raise Impossible(f"only {secured} of {count} sessions connected")
        return await self.load.begin(viewers)

    async def disturb(self, how: str) -> None:
        await self._host.ask(Disturb(how))

    async def resident(self) -> int:
        """Bytes of the plane's process."""
        return int(await self._host.ask(Resident()))


@contextlib.asynccontextmanager
async def staged(plane: str, cast: Cast) -> AsyncIterator[Trial]:
    """The plane and the load, started; nobody is seated yet."""
    seats = cast.seats()
    address = Address(("127.0.0.1", free_port()))
    with tempfile.TemporaryDirectory(prefix="twinhall-load-") as name:
        python_core = SUBJECT_CORE if plane == "python" else LOAD_CORE
        spec = HostSpec(plane, SUBJECT_CORE, python_core, address, AUDIENCE, tuple(cast.routes()), tuple(seats))
        path = Path(name) / "host.json"
        path.write_bytes(msgspec.json.encode(spec))
        host = await _Talker.start(sys.executable, "-m", "scripts.load.host", str(path))
        try:
            told = cast.spec(seats, address, host.process.pid, (SUBJECT_CORE, LOAD_CORE))
            async with Load.started(told, Path(name)) as load:
                yield Trial(cast, host, load)
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


async def bytes_per_subscription() -> int:
    """What the native plane allocates for one, by its own test's count: the larger of both profiles. Raises
    Impossible."""
    command = ("cargo", "test", "--locked", "--quiet", "-p", "twinhall-net", "--test", "allocations")
    pipe = asyncio.subprocess.PIPE
    counted = await asyncio.create_subprocess_exec(*command, "--", "--nocapture", cwd=NATIVE, stdout=pipe)
    told, _ = await counted.communicate()
    found = [int(number) for number in re.findall(r"(\d+) bytes per subscription", told.decode())]
    if not found:
        raise Impossible("the native plane's memory can't be counted; the compiler's words are above")
    return max(found)
