"""One web process that a bench starts by a fork, all imported, and kills; and one that lies, as the control."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import socket
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Final
from unittest.mock import patch

import structlog
from msgspec.structs import replace

from rooms.journal import Entry
from rooms.kernel import ConferenceId
from server import app, foundation
from server.foundation import node_of
from server.journal import Epoch, Fenced
from server.journal.sqlite import SqliteJournal
from server.settings import Settings
from server.shared.messages import NodeId

LATE_S: Final = 0.03
"""How long after its acknowledgement the control writes: longer than an fsync, shorter than a life."""


def context() -> ForkServerContext:
    """Processes forked from one that has everything imported: a start costs milliseconds, a kill is a kill."""
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([__name__])
    return forking


class WebLife:
    """Web processes of one data folder, one after the other, on one listening socket that outlives them."""

    def __init__(
        self, forking: ForkServerContext, data: Path, conference: str, *, early: bool = False, redis: str = ""
    ) -> None:
        """`redis`: the URL of the journal that several of them share. One that ends because it is away at its start
        is started again, as its supervisor would."""
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._settings = Settings(
            data=data, port=self._listening.getsockname()[1], conferences=(conference,), redis=redis
        )
        self._forking, self._early = forking, early
        self._process: ForkServerProcess | None = None
        self.url = self._settings.origin

    async def start(self) -> None:
        """A process; who comes before it serves waits at the socket."""
        self._settings.data.mkdir(parents=True, exist_ok=True)
        self._launch()

    def _launch(self) -> None:
        self._process = self._forking.Process(target=live, args=(self._settings, self._listening, self._early))
        self._process.start()
        if self._settings.redis:
            asyncio.get_running_loop().add_reader(self._process.sentinel, self._again)

    def _again(self) -> None:
        """It ended by itself."""
        assert self._process is not None, "a life begins before it ends"
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self._launch()

    async def kill(self) -> None:
        """SIGKILL, and until it is gone."""
        assert self._process is not None, "a life begins before it ends"
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.kill()
        await asyncio.to_thread(self._process.join)
        self._process.close()

    @property
    def node(self) -> NodeId:
        """Its name among others."""
        return node_of(self._settings)

    @property
    def redis(self) -> str:
        """The URL of the Redis that it shares; empty for none."""
        return self._settings.redis

    def cpu_s(self) -> float:
        """CPU time that the living process has used (Linux)."""
        assert self._process is not None, "a life begins before it is measured"
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self._listening.close()


def live(settings: Settings, listening: socket.socket, early: bool) -> None:
    """The web process as it always is; `early` makes it acknowledge before it writes."""
    log = os.open(settings.data / "web.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with patch.object(foundation, "SqliteJournal", EarlyJournal) if early else nullcontext():
        asyncio.run(app.run(replace(settings, listening=listening.detach())))


class EarlyJournal(SqliteJournal):
    """The control: it says that a batch is durable, and writes it a moment later; all but the founding."""

    _last: asyncio.Task[None] | None = None

    async def append(self, conference: ConferenceId, expected_seq: int, epoch: Epoch, batch: Sequence[Entry]) -> None:
        if expected_seq == 0:
            await super().append(conference, expected_seq, epoch, batch)
        else:
            self._last = asyncio.create_task(self._later(self._last, conference, expected_seq, epoch, batch))

    async def _later(
        self,
        former: asyncio.Task[None] | None,
        conference: ConferenceId,
        expected_seq: int,
        epoch: Epoch,
        batch: Sequence[Entry],
    ) -> None:
        await asyncio.sleep(LATE_S)
        if former is not None:
            await former
        with suppress(Fenced):
            await super().append(conference, expected_seq, epoch, batch)
