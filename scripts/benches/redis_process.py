"""A real redis-server of one's own on a free port, as a node needs it: append-only, every write synced."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from media.addresses import free_port

SOUND: Final[Mapping[str, str]] = {"appendonly": "yes", "appendfsync": "always", "save": ""}
MEMORY: Final = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A folder in memory, for kills: they leave the kernel's pages alone, and no disk is waited for."""
READY_S: Final = 20.0
LOOK_AGAIN_S: Final = 0.01


class RedisProcess:
    """One server, its data in `folder`; it can be killed, and started again on its data."""

    def __init__(self, folder: Path, **options: str) -> None:
        """`options` are settings of redis.conf with underscores; they come over the sound ones."""
        self.folder, self.port = folder, free_port()
        self.options = {**SOUND, **{name.replace("_", "-"): value for name, value in options.items()}}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Until it answers, whatever it says; RuntimeError with its own last line if it ends instead."""
        process = self._launch()
        async with asyncio.timeout(READY_S):
            while not await self._answers():
                if process.poll() is not None:
                    self._process = None
                    raise RuntimeError(self._log.read_text(errors="replace").strip().rpartition("\n")[2])
                await asyncio.sleep(LOOK_AGAIN_S)

    @property
    def _log(self) -> Path:
        return self.folder / "redis.log"

    def _launch(self) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed: apt-get install redis-server"
        words = [part for name, value in self.options.items() for part in (f"--{name}", value)]
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([program, *place, *words], stdout=log, stderr=log)
        return self._process

    async def _answers(self) -> bool:
        client: Redis = Redis(port=self.port, password=self.options.get("requirepass"), protocol=2)
        try:
            await client.info("server")
        except (RedisError, OSError) as wrong:
            return "loading" not in str(wrong).lower() and "connect" not in str(wrong).lower()
        finally:
            await client.aclose()
        return True

    def pause(self) -> None:
        """It hangs (SIGSTOP) until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """Killed, if it runs at all: nobody needs its data any more."""
        if self._process is not None:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it was started"
        self._process.send_signal(number)
