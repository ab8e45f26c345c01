"""Disks that fail where a test wants them to: SQLite VFS shims, and a real, tiny filesystem."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw
import pytest


class Disk(apsw.VFS):
    """Asks `fault` before every write (`"write"`) and sync (`"sync"`), with the file's name: it raises, or not."""

    def __init__(self, name: str, fault: Callable[[str, str], None]) -> None:
        super().__init__(name, "")
        self.name = name
        self.fault = fault

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._name = Path(name.filename() if hasattr(name, "filename") else name or "").name

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.fault("write", self._name)
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.fault("sync", self._name)
        super().xSync(flags)


@contextmanager
def failing(fault: Callable[[str, str], None]) -> Iterator[Disk]:
    disk = Disk(f"failing-{id(fault)}", fault)
    try:
        yield disk
    finally:
        disk.unregister()


@contextmanager
def tiny(folder: Path, size: str = "1m") -> Iterator[Path]:
    """A filesystem of `size` at `folder`; the test is skipped where none can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("a full disk is made by mounting a tmpfs: run this test as root")
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, leave_bytes: int = 0) -> Path:
    """A file that takes the filesystem's free space, all but `leave_bytes`."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file, suppress(OSError):
        file.write(bytes(max(0, free.f_bavail * free.f_bsize - leave_bytes)))
    return ballast
