"""The power fails at a random write: of what was not synced, anything may be gone, and nothing acknowledged is."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import apsw
import pytest

from rooms.journal import decode
from server import storage
from server.journal import Epoch
from server.journal.sqlite import SqliteJournal, connect, read_entries
from server.storage import Unwritable
from tests.server.journal.crash import C, entry

pytestmark = pytest.mark.holds

TRIALS = 30


class Image:
    """A file as the disk has it, and the writes that the kernel still holds."""

    def __init__(self, path: Path) -> None:
        self.inode = path.stat().st_ino
        self.durable = bytearray(path.read_bytes())
        self.held: list[tuple[int, bytes | None]] = []

    def sync(self) -> None:
        for each in self.held:
            self.take(*each)
        self.held.clear()

    def take(self, offset: int, data: bytes | None) -> None:
        if data is None:
            del self.durable[offset:]
            return
        self.durable.extend(bytes(max(0, offset + len(data) - len(self.durable))))
        self.durable[offset : offset + len(data)] = data


class Power(apsw.VFS):
    """A disk whose power fails after `lasts` writes; sync number `sick` fails and loses what it should keep."""

    def __init__(self, seed: int, sick: int | None = None) -> None:
        super().__init__(f"power-{seed}-{sick}", "")
        self.name = f"power-{seed}-{sick}"
        self.random = random.Random(seed)
        self.lasts = self.random.randrange(20, 250)
        self.sick = sick
        self.images: dict[Path, Image] = {}

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        if self.lasts < 0:
            raise apsw.CantOpenError("no power")
        return _File(self, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        self.images.pop(Path(name), None)
        super().xDelete(name, sync)

    def spend(self) -> None:
        self.lasts -= 1
        if self.lasts < 0:
            raise apsw.IOError("no power")

    def restart(self, folder: Path) -> None:
        """Into `folder` what the disk has: of the unsynced writes each one or not."""
        for path, image in self.images.items():
            for each in image.held:
                if self.random.random() < 0.5:
                    image.take(*each)
            (folder / path.name).write_bytes(image.durable)


class _File(apsw.VFSFile):
    def __init__(self, power: Power, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._power = power
        path = Path(name if isinstance(name, str) else name.filename())
        known = power.images.get(path)
        if known is None or known.inode != path.stat().st_ino:
            power.images[path] = Image(path)
        self._image = power.images[path]

    def xWrite(self, data: bytes, offset: int) -> None:
        self._power.spend()
        self._image.held.append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._power.spend()
        self._image.held.append((size, None))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        self._power.spend()
        if self._power.sick is not None:
            self._power.sick -= 1
            if self._power.sick == 0:
                self._image.held.clear()
                raise apsw.IOError("the sync failed, and the kernel takes the pages for written")
        self._image.sync()


async def lost(folder: Path, seed: int, *, synchronous: str = "full", sick: int | None = None) -> tuple[int, int]:
    """Acknowledged, and of those missing after the power failed."""
    running, after = folder / f"{seed}-running", folder / f"{seed}-after"
    running.mkdir()
    after.mkdir()
    power = Power(seed, sick)
    acknowledged = 0
    journal = SqliteJournal(running / "journal.db", vfs=power.name, pause=at_once)
    epoch = await journal.open(C)
    await journal._store.write(lambda connection: connection.pragma("synchronous", synchronous))
    while power.lasts >= 0:
        acknowledged = await appended(journal, epoch, acknowledged)
    await journal.close()
    power.restart(after)
    power.unregister()
    return acknowledged, acknowledged - held_of(after, acknowledged)


async def at_once(pause_s: float) -> None:
    """Probe without a pause."""


async def appended(journal: SqliteJournal, epoch: Epoch, acknowledged: int) -> int:
    """One batch more; after a failure, what the journal holds."""
    try:
        await journal.append(C, acknowledged, epoch, [entry(acknowledged + n, f"{acknowledged + n}") for n in (1, 2)])
    except Unwritable:
        try:
            return max(acknowledged, len(await journal.replay(C, 0, 100_000)))
        except Unwritable:
            return acknowledged
    return acknowledged + 2


def held_of(folder: Path, acknowledged: int) -> int:
    try:
        connection = connect(folder / "journal.db")
        assert connection.pragma("integrity_check") == "ok"
        entries = [decode(body)[0] for body in read_entries(connection, C, 0, 100_000)]
    except (storage.Unusable, apsw.Error, AssertionError):
        return 0
    connection.close()
    assert [each.seq for each in entries] == list(range(1, len(entries) + 1))
    return min(len(entries), acknowledged)


async def run(folder: Path, **options: Any) -> tuple[int, int]:
    found = [await lost(folder, seed, **options) for seed in range(TRIALS)]
    print(
        f"acknowledged {sum(all_ for all_, _ in found)}, lost in {sum(gone > 0 for _, gone in found)} of {TRIALS} cuts"
    )
    return sum(all_ for all_, _ in found), sum(gone for _, gone in found)


async def test_a_power_cut_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged, missing = await run(tmp_path)
    assert acknowledged > TRIALS
    assert missing == 0


async def test_the_control_without_syncs_loses(tmp_path: Path) -> None:
    assert (await run(tmp_path, synchronous="off"))[1] > 0


async def test_a_failed_sync_before_the_power_cut_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged, missing = await run(tmp_path, sick=9)
    assert acknowledged > TRIALS
    assert missing == 0


async def test_the_control_that_trusts_the_next_sync_after_a_failed_one_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_rewrite", lambda wal: None)
    assert (await run(tmp_path, sick=9))[1] > 0
