"""Heavy and risky work in a process of its own, one per job: the event loop never waits, and a sick file kills nobody.

`python -m server.records JOB` reads its input from stdin and writes its answer to stdout; status 3 is a refusal
whose code is on stderr.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from media.children import signalled
from rooms.kernel import Refused

HOUSE: Final = Path(__file__).parents[2]
REFUSED_STATUS: Final = 3
AT_ONCE: Final = 2
"""Jobs that run together; the others wait."""


log = structlog.get_logger()


class Job(StrEnum):
    """What there is to do; the values are the process's argument."""

    SEAL = "seal"
    INSPECT = "inspect"
    RENDER = "render"
    SHEET = "sheet"


TIMEOUT_S: Final = {Job.SEAL: 60.0, Job.INSPECT: 30.0, Job.RENDER: 30.0, Job.SHEET: 30.0}


class JobFailed(Exception):
    """The process died, or took too long: its last words."""


class Jobs:
    """Runs jobs, a few at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def run(self, job: Job, given: bytes) -> bytes:
        """The job's answer. Raises Refused with the job's code, JobFailed."""
        async with self._turn:
            process = await _started(job)
            try:
                async with asyncio.timeout(TIMEOUT_S[job]):
                    out, words = await process.communicate(given)
            except TimeoutError as late:
                raise JobFailed(f"{job} took over {TIMEOUT_S[job]:.0f} s") from late
            finally:
                if process.returncode is None:
                    signalled(process, signal.SIGKILL)
                    await process.wait()
        return _answer(job, process.returncode, out, words.decode("utf-8", "replace").strip())


async def _started(job: Job) -> asyncio.subprocess.Process:
    """Raises JobFailed where no process is to be had: no memory, no number, no file left."""
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.records",
            job.value,
            cwd=HOUSE,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as failed:
        raise JobFailed(f"{job} can't be started: {failed}") from failed


def _answer(job: Job, status: int | None, out: bytes, words: str) -> bytes:
    last = words.rpartition("\n")[2]
    if status == 0:
        if last:
            log.warning("a job was done, but", job=job, reason=last[:300])
        return out
    if status == REFUSED_STATUS:
        raise Refused(last)
    raise JobFailed(f"{job} ended with {status}: {last[:300]}")
