"""A TCP way to a server that can be cut: it holds what comes, drops its connections, or delays them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

CHUNK: Final = 64 * 1024


class Cut:
    """Listens on a free port and hands on to `port`.

    What was held is delivered when it heals, also of clients that gave up meanwhile: so does a network.
    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self._to = port
        self._open = asyncio.Event()
        self._open.set()
        self._delay_s = 0.0
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._welcome, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None, "it was started"
        self._server.close()
        self.drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self) -> None:
        """Nothing passes either way until it heals."""
        self._open.clear()

    def drop(self) -> None:
        """All connections break, and no new one comes about until it heals."""
        self._refusing = True
        for writer in list(self._writers):
            writer.transport.abort()

    def delay(self, seconds: float) -> None:
        """Everything takes so much longer, each way."""
        self._delay_s = seconds

    def heal(self) -> None:
        self._refusing, self._delay_s = False, 0.0
        self._open.set()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there_writer}
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._pass(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                await asyncio.sleep(self._delay_s)
                await self._open.wait()
                sink.write(data)
                await sink.drain()
        await self._open.wait()
        self._writers.discard(sink)
        sink.close()
