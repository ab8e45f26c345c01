"""Many pages' sockets in one process: `python -m scripts.benches.crowd` does what its standard input says, a line each.

They read as a page does (RFC 6455, Engine.IO, Socket.IO) and keep count of the views; they draw nothing.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

PING: Final = b"2"
PONG: Final = b"3"
MASK: Final = bytes(4)
"""A mask of zeroes is a mask (RFC 6455 section 5.3)."""
VIEW: Final = re.compile(rb'42\["view",\{(?:"from":(\d+),)?"to":(\d+)')


class Seat(asyncio.Protocol):
    """One page's socket. `gaps`: views that did not follow the one before; `met`: a view held the expected words."""

    def __init__(self, opening: Opening, changed: Callable[[], None]) -> None:
        self._opening = opening
        self._changed = changed
        self._buffer = b""
        self._upgraded = False
        self.transport: asyncio.Transport | None = None
        self.number: int | None = None
        self.expected = opening.expected.encode()
        self.met = False
        self.latest = b""
        self.texts = 0
        self.gaps = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        headers = {
            "Host": f"{self._opening.host}:{self._opening.port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **self._opening.headers,
        }
        lines = [f"GET {self._opening.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        transport.write("\r\n".join([*lines, "", ""]).encode())
        if self._opening.hello:
            self.say(self._opening.hello.encode())

    def say(self, text: bytes) -> None:
        """One masked text frame."""
        assert self.transport is not None
        size = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
        self.transport.write(b"\x81" + size + MASK + text)

    def __repr__(self) -> str:
        return f"{self._opening.path} ({self.texts} views, {self.latest[:80]!r})"

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._changed()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 101"), head[:200]
            self._upgraded, self._buffer = True, rest
        while (frame := self._frame()) is not None:
            self._take(frame)

    def _frame(self) -> bytes | None:
        """The next whole frame's payload."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:start])
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[start : start + size]

    def _take(self, text: bytes) -> None:
        self.latest = text
        if text == PING:
            self.say(PONG)
            return
        if found := VIEW.match(text):
            before, number = found.groups()
            self.gaps += before is not None and int(before) != self.number
            self.number = int(number)
            self.met = self.met or self.expected in text
        if found or not self._opening.hello:
            self.texts += 1
            self._changed()


class Opening(msgspec.Struct, frozen=True):
    """How to open a socket: `hello` is its first text ("" for a plain WebSocket), `expected` stands in a view."""

    host: str
    port: int
    path: str
    headers: Mapping[str, str] = {}
    hello: str = ""
    expected: str = ""


class Crowd:
    """Sockets of one kind."""

    def __init__(self) -> None:
        self.seats: list[Seat] = []
        self._news = asyncio.Event()

    async def come(self, opening: Opening, count: int) -> None:
        """Open `count` sockets at once, as a hall's browsers do after a restart."""
        loop = asyncio.get_running_loop()
        opened = [
            loop.create_connection(lambda: Seat(opening, self._news.set), opening.host, opening.port)
            for _ in range(count)
        ]
        self.seats += [seat for _, seat in await asyncio.gather(*opened)]

    async def until(self, holds: Callable[[Seat], bool]) -> None:
        """Wait until it holds for every seat. Raises ConnectionError when one is cut off."""
        for seat in self.seats:
            while not holds(seat):
                if seat.lost:
                    raise ConnectionError(f"the server of {seat} cut it off")
                self._news.clear()
                await self._news.wait()

    def leave(self) -> None:
        """All lines are cut."""
        for seat in self.seats:
            assert seat.transport is not None
            seat.transport.abort()
        self.seats = []


class CrowdProcess:
    """A crowd in a process of its own, so that its reading costs the measured one nothing."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> CrowdProcess:
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "scripts.benches.crowd", stdin=pipe, stdout=pipe, limit=1 << 20
            )
        )

    async def come(self, name: str, opening: Opening, count: int) -> float:
        """Sockets of a new or known name; how long their opening took, s."""
        return float(await self._ask(["come", name, msgspec.to_builtins(opening), count]))

    async def heard(self, name: str, texts: int) -> float:
        """Until every socket of the name has heard so many views or texts; how long that took, s."""
        return float(await self._ask(["heard", name, texts]))

    async def expect(self, name: str, words: str) -> None:
        """From now on `met` waits for these words."""
        await self._ask(["expect", name, words])

    async def met(self, name: str) -> tuple[float, int]:
        """Until every socket had the expected words in a view; how long that took, s, and the views missed."""
        took_s, gaps = await self._ask(["met", name])
        return float(took_s), int(gaps)

    async def leave(self, name: str) -> None:
        await self._ask(["leave", name])

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def _ask(self, order: list[Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        answer = await self._process.stdout.readline()
        if not answer:
            raise ConnectionError("the crowd ended")
        return msgspec.json.decode(answer)


class Orders(asyncio.StreamReaderProtocol):
    """The end of the orders ends whoever still waits."""

    def eof_received(self) -> bool | None:
        for task in asyncio.all_tasks():
            task.cancel()
        return super().eof_received()


async def _obey() -> None:
    """Do each line's order, and answer it."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: Orders(orders), sys.stdin)
    crowds: dict[str, Crowd] = {}
    while line := await orders.readline():
        kind, name, *rest = msgspec.json.decode(line)
        crowd, began_s = crowds.setdefault(name, Crowd()), time.monotonic()
        gaps = 0
        match kind:
            case "come":
                await crowd.come(msgspec.convert(rest[0], Opening), rest[1])
            case "heard":
                texts = rest[0]
                await crowd.until(lambda seat, texts=texts: seat.texts >= texts)  # type: ignore[misc]
            case "expect":
                for seat in crowd.seats:
                    seat.expected, seat.met = rest[0].encode(), False
            case "met":
                await crowd.until(lambda seat: seat.met)
                gaps = sum(seat.gaps for seat in crowd.seats)
            case "leave":
                crowd.leave()
        took_s = time.monotonic() - began_s
        answer: object = [took_s, gaps] if kind == "met" else took_s
        print(msgspec.json.encode(answer).decode(), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_obey())
