"""A node to rehearse on: web and relay as their own processes on free ports, in their own data folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp

from media.addresses import free_port

HOUSE: Final = Path(__file__).resolve().parents[2]
SLATES: Final = HOUSE / "var" / "slates"
READY_S: Final = 60.0
LEAVE_S: Final = 5.0
LOOK_AGAIN_S: Final = 0.05


class Link(NamedTuple):
    """One row of `python -m server invites`."""

    role: str
    venue: str | None
    source: str | None
    name: str
    url: str
    token: str
    whip: str | None
    whep: str | None


class NotReady(Exception):
    """The node did not come up; the text says why."""


class Node:
    """Where people go: `url` and the `data` folder that its links are derived from."""

    def __init__(self, url: str, data: Path, conference: str) -> None:
        self.url = url.rstrip("/")
        self.data = data
        self.conference = conference

    async def links(self) -> list[Link]:
        """The conference's links, as an organiser prints them."""
        command = [sys.executable, "-m", "server", "invites", "--conference", self.conference]
        printed = await asyncio.create_subprocess_exec(
            *command, "--data", str(self.data.resolve()), "--json",
            cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await printed.communicate()
        if printed.returncode:
            raise NotReady(f"no links for {self.conference}: {err.decode().strip()[-300:]}")
        return [Link(**{field: row.get(field) for field in Link._fields}) for row in json.loads(out)]

    async def health(self) -> dict[str, object]:
        """What /healthz says; empty while nobody answers."""
        try:
            async with aiohttp.ClientSession() as http, http.get(f"{self.url}/healthz") as answer:
                return dict(await answer.json())
        except (aiohttp.ClientError, ConnectionError):
            return {}

    async def ready(self) -> None:
        """Until web and relay are well. Raises NotReady."""
        try:
            async with asyncio.timeout(READY_S):
                while (health := await self.health()).get("relay") != "ok":
                    self.check()
                    await asyncio.sleep(LOOK_AGAIN_S)
        except TimeoutError as late:
            raise NotReady(f"{self.url} is not ready after {READY_S:.0f} s: {health or 'no answer'}") from late

    def check(self) -> None:
        """Raises NotReady when the node cannot come up any more."""

    async def stop(self) -> None:
        """Leave a node that somebody else runs as it is."""


class OwnNode(Node):
    """A node that this rehearsal starts and ends; `kill` breaks it on purpose."""

    def __init__(self, data: Path, conference: str, plane: str = "auto") -> None:
        self.plane = plane
        self.port, self.udp_port = free_port(), free_port()
        super().__init__(f"http://127.0.0.1:{self.port}", data, conference)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    async def start(self) -> None:
        """Start both processes and wait until they are well. Raises NotReady."""
        try:
            (self.data / "log").mkdir(parents=True, exist_ok=True)
            self._share_slates()
        except OSError as wrong:
            raise NotReady(f"{self.data} can't be written ({wrong.strerror}): choose another --data DIR") from wrong
        try:
            for name in ("relay", "web"):
                self.launch(name)
            await self.ready()
        except BaseException:
            await self.stop()
            raise

    def _share_slates(self) -> None:
        """Slates are drawn once for all such nodes (a cache by what is on them): a minute of a core at each start.

        Where this checkout is somebody else's, the node draws its own.
        """
        with contextlib.suppress(OSError):
            SLATES.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            if os.access(SLATES, os.W_OK):
                (self.data / "slates").symlink_to(SLATES)

    def launch(self, name: str) -> None:
        """Start `web` or `relay`; its output goes to the data folder's log."""
        with (self.data / "log" / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(self.command(name), cwd=HOUSE, stdout=log, stderr=log)

    def command(self, name: str) -> Sequence[str]:
        """The command line of `web` or `relay`."""
        data = ("--data", str(self.data.resolve()), "--udp-port", str(self.udp_port))
        if name == "relay":
            return (sys.executable, "-m", "media", *data, "--plane", self.plane)
        return (sys.executable, "-m", "server", *data, "--port", str(self.port), "--conference", self.conference)

    def kill(self, name: str) -> None:
        """End `web` or `relay` at once, as a crash would (SIGKILL)."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def pid(self, name: str) -> int:
        """The process id of `web` or `relay`."""
        return self._processes[name].pid

    def log(self, name: str) -> str:
        """What `web` or `relay` wrote so far."""
        return (self.data / "log" / f"{name}.log").read_text(errors="replace")

    def check(self) -> None:
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise NotReady(f"{name} ended with status {process.returncode}: {self.log(name).strip()[-600:]}")

    async def stop(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        ends = [asyncio.to_thread(_end, process) for process in self._processes.values()]
        await asyncio.gather(*ends)
        self._processes.clear()


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(LEAVE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
