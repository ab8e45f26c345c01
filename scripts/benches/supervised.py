"""A node as people run it, under its supervisor, whose processes a bench kills."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from media.addresses import free_port
from scripts.rehearsal.node import HOUSE, Node, NotReady

STANDBY: Final = {"web": "web-standby.pid", "relay": "standby.pid"}
LOOK_AGAIN_S: Final = 0.02
WARM_S: Final = 60.0
LEAVE_S: Final = 60.0


class Supervised(Node):
    """Start it with `start`; `kill` names `web` or `relay`. `options` are more of web's."""

    def __init__(self, data: Path, conference: str = "jiangsu-2022", *options: str) -> None:
        self.port, self.udp_port = free_port(), free_port()
        super().__init__(f"http://127.0.0.1:{self.port}", data, conference)
        self._options = options
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Until web and relay serve. Raises NotReady."""
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "supervisor.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "server.supervisor", "--data", str(self.data.resolve()),
                "--port", str(self.port), "--udp-port", str(self.udp_port), "--conference", self.conference,
                *self._options,
                cwd=HOUSE, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        await self.ready()

    async def stop(self) -> None:
        """Ctrl-C."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
            await asyncio.wait_for(self._process.wait(), LEAVE_S)

    def check(self) -> None:
        if self._process is not None and self._process.returncode is not None:
            raise NotReady(f"the supervisor ended: {(self.data / 'supervisor.log').read_text()[-600:]}")

    def pid(self, name: str) -> int:
        """The process that serves as `web` or `relay`; 0 while there is none."""
        return self._read(f"{name}.pid")

    def standby(self, name: str) -> int:
        """The process that waits to be `web` or `relay`; 0 while there is none."""
        return self._read(STANDBY[name])

    async def warm(self) -> None:
        """Until both standbys wait. Raises NotReady."""
        await self._until(lambda: all(self.standby(name) for name in STANDBY), "no warm standby")

    def kill(self, name: str) -> float:
        """SIGKILL for the process that serves; when, Unix s."""
        pid, at_s = self.pid(name), time.time()
        os.kill(pid, signal.SIGKILL)
        return at_s

    async def crash(self) -> None:
        """SIGKILL for the supervisor and all its processes at once."""
        assert self._process is not None, "a node starts before it crashes"
        supervisor = self._process.pid
        named = {found for name in STANDBY for found in (self.pid(name), self.standby(name)) if found}
        for pid in (supervisor, *(named | _children(supervisor))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self._process.wait()

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WARM_S):
                while not holds():
                    self.check()
                    await asyncio.sleep(LOOK_AGAIN_S)
        except TimeoutError:
            raise NotReady(f"{what} after {WARM_S:.0f} s") from None

    def _read(self, name: str) -> int:
        try:
            return int((self.data / "run" / name).read_text())
        except (OSError, ValueError):
            return 0


def _children(pid: int) -> set[int]:
    """The processes that `pid` started and that live, as far as the kernel tells them (Linux, by its configuration)."""
    with contextlib.suppress(OSError):
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return set()
