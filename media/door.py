"""The relay's side of the control socket: one web process at a time, the newest."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from media import control
from media.control import Desired, Observed
from media.ledger import Ledger

BACKLOG_MAX: Final = 16 * 1024 * 1024
"""bytes; a web process that reads so slowly is cut off, comes back and gets a whole frame."""

log = structlog.get_logger("relay")


class Door:
    """Listens on a Unix socket; hands Desired frames to `want` and tells what the ledger says."""

    def __init__(self, ledger: Ledger, want: Callable[[Desired], bool], clock_ms: Callable[[], float]) -> None:
        self._ledger, self._want, self._clock_ms = ledger, want, clock_ms
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._due = False

    async def open(self, path: Path) -> None:
        """Listen, in place of a socket that a dead relay left. Raises OSError; for this user alone."""
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._welcome, str(path))
        finally:
            os.umask(mask)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._writer is not None:
            self._tell()
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    def tell_soon(self) -> None:
        """Changes of one turn of the event loop travel in one frame."""
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._due = False
        frame = self._ledger.changes(self._clock_ms())
        if self._writer is None or frame is None:
            return
        control.write(self._writer, frame)
        if self._writer.transport.get_write_buffer_size() > BACKLOG_MAX:
            self._writer.transport.abort()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = writer
        control.write(writer, self._ledger.whole(self._clock_ms()))
        log.info("web connected")
        try:
            while self._writer is writer:
                self._hear(await control.read(reader), writer)
        except (OSError, EOFError):
            log.info("web left; sessions and routes stay in force")
        except ValueError as broken:
            log.warning("web spoke another language", error=str(broken))
        finally:
            writer.close()
            if self._writer is writer:
                self._writer = None

    def _hear(self, frame: control.Frame, writer: asyncio.StreamWriter) -> None:
        if not isinstance(frame, Desired):
            raise ValueError("web desires; it observes nothing")
        if not self._want(frame):
            control.write(writer, Observed(self._ledger.epoch, -1, False, self._clock_ms()))
