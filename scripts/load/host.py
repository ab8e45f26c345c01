"""A plane in a process of its own: `python -m scripts.load.host SPEC` does what its standard input says, a line each.

It does for a plane what the relay process does: sessions and keys in, events and figures out, once a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from media.model import AudienceName, Route, SessionId
from media.plane import Address, Plane, PlaneEvent, SrtpKeys, Validated
from scripts.load.cast import Seat
from scripts.load.planes import PLANES

PATIENCE_S: Final = 30.0
STALL_US: Final = 20_000
STALL_EVERY_S: Final = 0.2
HOLD_US: Final = 50_000
"""so long the GIL is held at a time; who waits for it gets it for a moment then"""


class HostSpec(msgspec.Struct, frozen=True):
    """Which plane, where, for whom."""

    plane: str
    core: int
    python_core: int
    """of this process's Python once the plane has its threads"""
    address: Address
    audience: AudienceName
    routes: tuple[Route, ...]
    seats: tuple[Seat, ...]


class Add(msgspec.Struct, frozen=True, tag="add", tag_field="order"):
    """Sessions until there are `count`; answered when the last one is secured."""

    count: int


class Added(msgspec.Struct, frozen=True, tag="secured", tag_field="order"):
    """Answered when `count` sessions are secured."""

    count: int


class Disturb(msgspec.Struct, frozen=True, tag="disturb", tag_field="order"):
    """From now on a thread of Python's is in the way: "gil" holds it, "stall" does for 20 ms every 200; "" ends it."""

    how: str


class Resident(msgspec.Struct, frozen=True, tag="resident", tag_field="order"):
    """Answered with this process's resident bytes."""


Order = Add | Added | Disturb | Resident


class Host:
    def __init__(self, spec: HostSpec, plane: Plane) -> None:
        self._spec, self._plane = spec, plane
        self._keys: dict[SessionId, SrtpKeys] = {seat.session.id: seat.keys for seat in spec.seats}
        self._added = 0
        self._secured: set[SessionId] = set()
        self._news = asyncio.Event()
        self._nuisance: contextlib.AbstractContextManager[None] = contextlib.nullcontext()

    async def serve(self, orders: asyncio.StreamReader) -> None:
        await self._plane.open([self._spec.address], self._on_event)
        os.sched_setaffinity(0, {self._spec.python_core})  # this thread's alone
        self._plane.route(self._spec.audience, self._spec.routes)
        counting = asyncio.create_task(self._count(), name="figures")
        print(f'{{"ready": {os.getpid()}}}', flush=True)
        while line := await orders.readline():
            answer = await self._obey(msgspec.json.decode(line, type=Order))
            print(msgspec.json.encode(answer).decode(), flush=True)
        counting.cancel()
        self._nuisance.__exit__(None, None, None)
        await self._plane.close()

    async def _obey(self, order: Order) -> Any:
        match order:
            case Add(count):
                for seat in self._spec.seats[self._added : count]:
                    self._plane.add(seat.session)
                self._added = count
                return self._added
            case Added(count):
                return await self._until_secured(count)
            case Disturb(how):
                self._nuisance.__exit__(None, None, None)
                self._nuisance = NUISANCES[how]()
                self._nuisance.__enter__()
                return how
            case Resident():
                return _resident_bytes()

    async def _until_secured(self, count: int) -> int:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while len(self._secured) < count:
                    self._news.clear()
                    await self._news.wait()
        return len(self._secured)

    def _on_event(self, event: PlaneEvent) -> None:
        if isinstance(event, Validated) and event.session not in self._secured:
            self._plane.secure(event.session, self._keys[event.session])
            self._secured.add(event.session)
            self._news.set()

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._plane.figures()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def _holding(held_us: int, every_s: float) -> Iterator[None]:
    """A thread that holds the GIL for `held_us` every `every_s`, and uses no CPU."""
    libc, over = ctypes.PyDLL(None), threading.Event()

    def hold() -> None:
        while not over.wait(every_s):
            libc.usleep(held_us)

    thread = threading.Thread(target=hold, name="nuisance")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


NUISANCES: Final[dict[str, Callable[[], contextlib.AbstractContextManager[None]]]] = {
    "": contextlib.nullcontext,
    "gil": lambda: _holding(HOLD_US, 1e-4),
    "stall": lambda: _holding(STALL_US, STALL_EVERY_S - STALL_US / 1e6),
}


async def _main(spec: HostSpec) -> None:
    os.sched_setaffinity(0, {spec.core})
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    await Host(spec, PLANES[spec.plane]()).serve(orders)


if __name__ == "__main__":
    asyncio.run(_main(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=HostSpec)))
