"""The machine that a figure belongs to: without it no figure means anything."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path
from typing import Final

import msgspec

CPUS: Final = Path("/proc/cpuinfo")


class Machine(msgspec.Struct, frozen=True):
    """CPU model and cores, kernel, Python, and the load of the last minute when the run began."""

    cpu: str
    cores: int
    kernel: str
    python: str
    load_1_min: float


def machine() -> Machine:
    """This machine, now."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        kernel=platform.release(),
        python=platform.python_version(),
        load_1_min=round(os.getloadavg()[0], 2),
    )


def _cpu() -> str:
    """The model, as far as the kernel tells it."""
    with contextlib.suppress(OSError):
        for line in CPUS.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
