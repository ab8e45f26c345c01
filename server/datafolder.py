"""The data folder: made on the first start, used by one web process at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from media import turn
from server.settings import Settings, Unusable

FOLDERS = ("keys", "run", "slates", "shots", "log", "documents", "cache", "records")


class DataFolder:
    """The paths of a data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.journal = data / "journal.db"
        self.vault = data / "vault.db"
        self.keys = data / "keys"
        self.key = self.keys / "node.key"
        self.documents = data / "documents"
        self.cache = data / "cache"
        """Documents of a shelf that is elsewhere, as far as they are used here, and images of their pages."""
        self.records = data / "records"
        self.pid = data / "run" / "web.pid"
        self.socket = data / "run" / "web.sock"
        self.origin = data / "run" / "origin"
        """Where pages reached the node last; the command line makes links with it while no server runs."""

    def is_founded(self) -> bool:
        """Whether a node was started here once. Raises Unusable when that is not ours to see."""
        try:
            return self.key.exists() and self.journal.exists()
        except OSError as wrong:
            raise Unusable(
                f"{self.data} can't be read ({wrong.strerror}): ask as the user that the node runs as"
            ) from wrong


@contextlib.contextmanager
def held(settings: Settings, lock: int | None = None) -> Iterator[DataFolder]:
    """The folder, made where it is missing, with our pid in it, until the end. Raises Unusable.

    `lock` is what `await_turn` gave, when this process waited for the folder.
    """
    folder = DataFolder(settings.data)
    held_lock = _taken(settings) if lock is None else lock
    try:
        with turn.named(folder.pid):
            _remember_origin(folder, settings)
            folder.socket.unlink(missing_ok=True)
            try:
                yield folder
            finally:
                folder.socket.unlink(missing_ok=True)
    finally:
        os.close(held_lock)


def _remember_origin(folder: DataFolder, settings: Settings) -> None:
    """Only a change is written: the next start may be on a full disk."""
    origin = f"{settings.origin}\n"
    if not folder.origin.exists() or folder.origin.read_text() != origin:
        folder.origin.write_text(origin)


def await_turn(settings: Settings) -> int:
    """The folder's lock, once no other web process holds it. Raises Unusable."""
    return turn.wait(_lock(settings), settings.run / "web-standby.pid")


def _taken(settings: Settings) -> int:
    lock = turn.take(_lock(settings))
    if lock is None:
        raise Unusable(f"a web process runs already on {settings.data}: stop it, or choose --data DIR")
    return lock


def _lock(settings: Settings) -> Path:
    """The lock file, with all folders made. Raises Unusable when they can't be written."""
    lock = settings.run / "web.lock"
    try:
        for name in FOLDERS:
            (settings.data / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.touch(0o600)
    except OSError as wrong:
        raise _unwritable(settings, wrong) from wrong
    return lock


def _unwritable(settings: Settings, wrong: OSError) -> Unusable:
    return Unusable(
        f"the data folder {settings.data} can't be written ({wrong.strerror}): mend its rights or choose --data DIR"
    )
