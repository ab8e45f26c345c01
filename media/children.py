"""Signals to child processes that asyncio waits for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal


def signalled(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Send a signal, unless the process is known to have ended.

    `Process.kill` and `terminate` look first whether the child has ended (`Popen.poll`), and so take its
    status away from asyncio, which then warns of an "Unknown child process" and reports 255.
    """
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
