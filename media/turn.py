"""Whose turn it is to serve: one process holds the lock file; a standby waits, warm, until that one is dead.

The kernel frees a lock with its process, however that ended, so a standby needs no
probing and is never wrong about a process that only hangs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path


def take(lock: Path) -> int | None:
    """The lock's descriptor, to be kept open as long as this process serves; None when another one serves."""
    descriptor = _opened(lock)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def wait(lock: Path, pid_file: Path) -> int:
    """As `take`, after the process that serves is gone. `pid_file` names this process while it waits."""
    descriptor = _opened(lock)
    with _leaving(), named(pid_file):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@contextlib.contextmanager
def named(pid_file: Path) -> Iterator[None]:
    """`pid_file` holds our process id meanwhile; whoever reads it never finds it half written.

    A full disk leaves it out: that is no reason not to serve.
    """
    own = f"{os.getpid()}\n"
    fresh = pid_file.with_suffix(f".{os.getpid()}")
    try:
        fresh.write_text(own)
        fresh.replace(pid_file)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            if pid_file.read_text() == own:
                pid_file.unlink()


@contextlib.contextmanager
def _leaving() -> Iterator[None]:
    """SIGTERM ends the wait tidily; later it means what it meant before."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _opened(lock: Path) -> int:
    return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
