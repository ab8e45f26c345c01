"""Going before all others on the machine, where that is allowed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FIRST: Final = -20
"""niceness: what else runs has a hundredth of the cores"""
GROUP: Final = Path("/proc/self/autogroup")
"""of this terminal session, which shares the cores with the others as a whole (sched(7))"""


@contextlib.contextmanager
def first() -> Iterator[None]:
    """This process and those that it starts meanwhile go before others."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, FIRST)
    before = _group(str(FIRST))
    try:
        yield
    finally:
        _group(before)


def _group(nice: str) -> str:
    """Set the group's niceness; what it was, "" where there is none or it may not be changed.

    What no session was ever made for is in no group: its file is there, and empty.
    """
    if not nice:
        return ""
    with contextlib.suppress(OSError):
        group = GROUP.read_text().split()
        if group:
            GROUP.write_text(nice)
            return group[-1]
    return ""
