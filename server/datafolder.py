"""The data folder: made on the first start, used by one web process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from server.settings import Settings, Unusable

FOLDERS = ("keys", "run", "slates", "shots", "log")


class DataFolder:
    """The paths of a data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.journal = data / "journal.db"
        self.vault = data / "vault.db"
        self.key = data / "keys" / "node.key"
        self.pid = data / "run" / "web.pid"
        self.socket = data / "run" / "web.sock"
        self.origin = data / "run" / "origin"
        """Where pages reached the node last; the command line makes links with it while no server runs."""


@contextlib.contextmanager
def held(settings: Settings) -> Iterator[DataFolder]:
    """The folder, made where it is missing, with our pid in it, until the end. Raises Unusable."""
    folder = DataFolder(settings.data)
    try:
        for name in FOLDERS:
            (settings.data / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(settings.run / "web.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as wrong:
        raise _unwritable(settings, wrong) from wrong
    try:
        _take(lock, settings)
        folder.pid.write_text(f"{os.getpid()}\n")
        folder.origin.write_text(f"{settings.origin}\n")
        folder.socket.unlink(missing_ok=True)
        try:
            yield folder
        finally:
            folder.pid.unlink(missing_ok=True)
            folder.socket.unlink(missing_ok=True)
    finally:
        os.close(lock)


def _take(lock: int, settings: Settings) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as other:
        raise Unusable(f"a web process runs already on {settings.data}: stop it, or choose --data DIR") from other


def _unwritable(settings: Settings, wrong: OSError) -> Unusable:
    return Unusable(
        f"the data folder {settings.data} can't be written ({wrong.strerror}): mend its rights or choose --data DIR"
    )
