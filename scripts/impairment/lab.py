"""Where peers live: a plane in a process of its own, and a link of the emulator before each peer."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

from media.addresses import free_port
from media.plane import Address, Figures, Plane, PlaneEvent, Validated
from scripts.impairment.link import Terms
from scripts.impairment.proxy import Emulator
from tests.media.world import Client, Path

PATIENCE_S: Final = 5.0
BUFFER: Final = 8 << 20


class FarPlane:
    """The calls of a Plane, made in its own process: neither disturbs the other's clock."""

    def __init__(self, make: Callable[[], Plane]) -> None:
        context = multiprocessing.get_context("fork")
        self.address = Address(("127.0.0.1", free_port()))
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_host, args=(make, self.address, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.name: str
        self.capabilities: frozenset[str]
        self.name, self.capabilities = self._pipe.recv()

    def __getattr__(self, call: str) -> Callable[..., None]:
        """Any call of the Plane that answers nothing."""
        return lambda *arguments: self._pipe.send((call, arguments))

    def figures(self) -> Figures:
        self._pipe.send(("figures", ()))
        while not isinstance(answer := self._pipe.recv(), Figures):
            pass
        return answer

    def heard(self) -> list[PlaneEvent]:
        """The events since the last call."""
        events = []
        while self._pipe.poll():
            events.append(self._pipe.recv())
        return events

    def end(self) -> None:
        self._pipe.send(None)
        self._process.join()


class Lab:
    """A plane, an emulator, and peers that reach the one through the other."""

    def __init__(self, make: Callable[[], Plane], seed: int) -> None:
        self.plane: Any = FarPlane(make)
        self.emulator = Emulator(seed)
        self.peers: dict[Path, Client] = {}
        self._doors: dict[Path, Door] = {}

    @property
    def now_s(self) -> float:
        return time.monotonic()

    def deliver(self, datagram: bytes, path: Path) -> None:
        self._doors[path].send(datagram)

    async def connect(self, client: Client, name: str, terms: Terms) -> None:
        """Lead `client` through link `name`, the same in both directions, and let it in. Raises TimeoutError."""
        front = self.emulator.open(name, self.plane.address, terms, terms)
        self._doors[client.path] = Door(front, client.take)
        async with asyncio.timeout(PATIENCE_S):
            while Validated(client.id) not in self.plane.heard():
                client.check()
                await asyncio.sleep(0.3)
        client.secure()

    def close(self) -> None:
        for door in self._doors.values():
            door.close()
        self.plane.end()
        self.emulator.close()


class Door:
    """A UDP socket to a link's front; all that came is taken in one go."""

    def __init__(self, front: tuple[str, int], take: Callable[[bytes], None]) -> None:
        self._take = take
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.setblocking(False)
        self._socket.connect(front)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def send(self, datagram: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            self._socket.send(datagram)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._take(self._socket.recv(2048))


def _host(make: Callable[[], Plane], address: Address, pipe: Connection) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(make(), address, pipe))


async def _serve(plane: Plane, address: Address, pipe: Connection) -> None:
    """Obey until the other side says None."""
    over = asyncio.Event()

    def obey() -> None:
        order = pipe.recv()
        if order is None:
            over.set()
        elif (answer := getattr(plane, order[0])(*order[1])) is not None:
            pipe.send(answer)

    await plane.open([address], pipe.send)
    pipe.send((plane.name, frozenset(plane.capabilities)))
    asyncio.get_running_loop().add_reader(pipe.fileno(), obey)
    await over.wait()
    asyncio.get_running_loop().remove_reader(pipe.fileno())
    await plane.close()
