"""The emulator: UDP links in front of a port, in a process of its own that keeps time.

Each link has a front socket that a peer talks to and a back socket that talks to the
target, so the target sees one address per link. Packets wait in one heap by the time at
which they leave.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import multiprocessing
import os
import select
import socket
import time
from multiprocessing.connection import Connection
from typing import Final

import msgspec

from scripts.impairment.link import Did, Direction, Terms

BUFFER: Final = 8 << 20
IDLE_S: Final = 0.05
BATCH: Final = 64
"""datagrams read from one socket before what is due elsewhere leaves."""
SO_RCVBUFFORCE: Final = 33

Address = tuple[str, int]


class Open(msgspec.Struct, frozen=True):
    """Make link `name` to `target`; answered with the address of its front."""

    name: str
    target: Address
    up: Terms
    down: Terms


class Change(msgspec.Struct, frozen=True):
    """From now on link `name` does this to what comes down it."""

    name: str
    down: Terms


class Emulator:
    """The process, and its face in this one."""

    def __init__(self, seed: int) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, seed), daemon=True)
        self._process.start()
        theirs.close()
        self.real_time: bool = self._pipe.recv()

    def open(self, name: str, target: Address, up: Terms, down: Terms) -> Address:
        """A link; its front's address. `up` is what a peer sends, `down` what it gets."""
        self._pipe.send(Open(name, target, up, down))
        front: Address = self._pipe.recv()
        return front

    def change(self, name: str, down: Terms) -> None:
        self._pipe.send(Change(name, down))

    def did(self, name: str) -> tuple[Did, Did]:
        """What link `name` did so far, up and down."""
        self._pipe.send(name)
        counts: tuple[Did, Did] = self._pipe.recv()
        return counts

    def close(self) -> None:
        self._pipe.send(None)
        self._process.join()


class _Link:
    """Two sockets and what lies between them. A front answers whoever spoke to it last."""

    def __init__(self, order: Open, seed: int) -> None:
        self.front, self.back = _socket(), _socket()
        self.back.connect(order.target)
        self.peer: Address | None = None
        self.up = Direction(order.up, f"{seed} {order.name} up")
        self.down = Direction(order.down, f"{seed} {order.name} down")


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    try:
        made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    except PermissionError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    return made


class _Loop:
    """Reads, holds and releases datagrams until the other side of the pipe says None."""

    def __init__(self, pipe: Connection, seed: int) -> None:
        self._pipe, self._seed = pipe, seed
        self._links: dict[str, _Link] = {}
        self._by_number: dict[int, tuple[_Link, socket.socket]] = {}
        self._ready = select.epoll()
        self._ready.register(pipe.fileno(), select.EPOLLIN)
        self._held: list[tuple[float, int, _Link, bool, bytes]] = []
        self._order = itertools.count()

    def run(self) -> None:
        """`select` waits to the microsecond where epoll's own timeout has milliseconds."""
        while True:
            wait_s = max(0.0, self._held[0][0] - time.monotonic()) if self._held else IDLE_S
            ready, _, _ = select.select([self._ready], [], [], wait_s)
            for number, _ in self._ready.poll(0) if ready else ():
                if number != self._pipe.fileno():
                    self._take(*self._by_number[number])
                elif not self._obey():
                    return
            self._release()

    def _obey(self) -> bool:
        """The next order; False when it was the last one."""
        match self._pipe.recv():
            case None:
                return False
            case str(name):
                self._pipe.send((self._links[name].up.did, self._links[name].down.did))
            case Change(name, down):
                self._links[name].down.terms = down
            case Open() as order:
                link = _Link(order, self._seed)
                self._links[order.name] = link
                for end in (link.front, link.back):
                    self._by_number[end.fileno()] = (link, end)
                    self._ready.register(end.fileno(), select.EPOLLIN)
                self._pipe.send(link.front.getsockname())
        return True

    def _take(self, link: _Link, source: socket.socket) -> None:
        now_s = time.monotonic()
        upwards = source is link.front
        direction = link.up if upwards else link.down
        for _ in range(BATCH):
            try:
                datagram, sender = source.recvfrom(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if upwards:
                link.peer = sender
            leaves_s = direction.leaves_at_s(now_s, len(datagram))
            if leaves_s is not None:
                heapq.heappush(self._held, (leaves_s, next(self._order), link, upwards, datagram))

    def _release(self) -> None:
        held, now_s = self._held, time.monotonic()
        while held and held[0][0] <= now_s:
            _, _, link, upwards, datagram = heapq.heappop(held)
            with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                if upwards:
                    link.back.send(datagram)
                elif link.peer is not None:
                    link.front.sendto(datagram, link.peer)


def _serve(pipe: Connection, seed: int) -> None:
    """The process: before all others on the machine where that is allowed, so that its clock is the link's."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except PermissionError:
        pipe.send(False)
    else:
        pipe.send(True)
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        _Loop(pipe, seed).run()
