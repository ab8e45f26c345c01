import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from rooms.features.links import LinkRevoked
from rooms.journal import Entry, decode
from rooms.kernel import Actor, CommandId, ConferenceId, InviteId, PersonId, Role
from server.journal import Epoch, Fenced, JournalBroken, JournalFull, Saved
from server.journal.sqlite import SCHEMA_VERSION, SqliteJournal, connect, read_entries, require_sqlite
from server.settings import Unusable

C = ConferenceId("c")
ANNA = Actor(PersonId("anna"), Role.ATTENDEE)


def entry(seq: int, command: str, text: str = "x") -> Entry:
    return Entry(seq, 1, 0, ANNA, None, CommandId(command), (LinkRevoked(InviteId(text)),))


def read(bodies: Sequence[bytes]) -> list[Entry]:
    return [decode(body)[0] for body in bodies]


async def test_what_was_appended_is_replayed_in_order_after_a_restart(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b")])
    await journal.append(C, 2, epoch, [entry(3, "c")])
    await journal.close()

    again = SqliteJournal(tmp_path / "journal.db")
    assert [e.command_id for e in read(await again.replay(C, 1, 10))] == ["b", "c"]
    assert [e.seq for e in read(await again.replay(C, 0, 2))] == [1, 2]
    await again.close()


async def test_a_repeated_intent_is_answered_with_its_seq(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b")])

    known, unknown = (ANNA.person, CommandId("b")), (PersonId("ben"), CommandId("b"))
    assert await journal.answers(C, [known, unknown]) == {known: 2}
    await journal.close()


async def test_an_older_writer_is_fenced_off_and_leaves_no_trace(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    old = await journal.open(C)
    new = await journal.open(C)

    with pytest.raises(Fenced):
        await journal.append(C, 0, old, [entry(1, "a")])
    with pytest.raises(Fenced):
        await journal.append(C, 7, new, [entry(8, "a")])
    assert await journal.replay(C, 0, 10) == []
    assert new == Epoch(old + 1)
    await journal.close()


async def test_a_full_disk_refuses_whole_batches_and_goes_on_when_space_returns(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    epoch = await journal.open(C)
    pages = journal._connection.pragma("page_count")
    journal._connection.pragma("max_page_count", pages + 2)

    with pytest.raises(JournalFull):
        await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b", "y" * 20000)])
    assert await journal.replay(C, 0, 10) == []

    journal._connection.pragma("max_page_count", 1_000_000)
    await journal.append(C, 0, epoch, [entry(1, "a"), entry(2, "b", "y" * 20000)])
    assert len(await journal.replay(C, 0, 10)) == 2
    await journal.close()


class FailingFile(apsw.VFSFile):
    def xSync(self, flags: int) -> None:
        if FailingFile.failing:
            raise apsw.IOError("the disk is gone")
        super().xSync(flags)

    failing = False


class FailingDisk(apsw.VFS):
    def __init__(self) -> None:
        super().__init__("failing", "")

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:
        return FailingFile("", name, flags)  # type: ignore[arg-type]


async def test_after_a_disk_error_nothing_is_acknowledged_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FailingDisk()
    plain = apsw.Connection

    def on_failing_disk(path: str, flags: int) -> apsw.Connection:
        return plain(path, flags=flags, vfs="failing")

    with monkeypatch.context() as patched:
        patched.setattr(apsw, "Connection", on_failing_disk)
        journal = SqliteJournal(tmp_path / "journal.db")
    epoch = await journal.open(C)
    await journal.append(C, 0, epoch, [entry(1, "a")])
    monkeypatch.setattr(FailingFile, "failing", True)
    with pytest.raises(JournalBroken):
        await journal.append(C, 1, epoch, [entry(2, "b")])
    monkeypatch.setattr(FailingFile, "failing", False)
    with pytest.raises(JournalBroken):
        await journal.append(C, 1, epoch, [entry(2, "c")])
    await journal.close()
    disk.unregister()


async def test_only_the_newest_snapshot_is_kept(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    assert await journal.saved(C) is None
    await journal.save(C, Saved(3, b"{}"))
    await journal.save(C, Saved(9, b"[]"))
    assert await journal.saved(C) == Saved(9, b"[]")
    await journal.close()


def test_a_journal_of_a_newer_program_is_refused_by_its_version(tmp_path: Path) -> None:
    newer = apsw.Connection(str(tmp_path / "journal.db"))
    newer.pragma("user_version", SCHEMA_VERSION + 1)
    newer.close()
    with pytest.raises(Unusable, match=f"has version {SCHEMA_VERSION + 1}, this program knows {SCHEMA_VERSION}"):
        connect(tmp_path / "journal.db")


@pytest.mark.parametrize("version", ["3.51.2", "3.40.1", "3.7.0"])
def test_an_sqlite_that_may_corrupt_its_wal_is_refused(version: str) -> None:
    with pytest.raises(Unusable):
        require_sqlite(version)
    require_sqlite("3.51.3")


_WRITER = """
import asyncio, sys
from pathlib import Path
from server.journal.sqlite import SqliteJournal
from tests.server.journal.test_sqlite import C, entry

async def main(path):
    journal = SqliteJournal(Path(path))
    epoch = await journal.open(C)
    seq = len(await journal.replay(C, 0, 1_000_000))
    while True:
        await journal.append(C, seq, epoch, [entry(seq + n, f"{seq}-{n}") for n in (1, 2, 3)])
        seq += 3
        print(seq, flush=True)

asyncio.run(main(sys.argv[1]))
"""


async def test_no_acknowledged_entry_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    lost, trials = 0, 5
    for trial in range(trials):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WRITER, str(path), stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": os.getcwd()}
        )
        assert writer.stdout is not None
        acknowledged = 0
        for _ in range(20 + 7 * trial):
            acknowledged = int(await writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        *_, acknowledged = [acknowledged, *map(int, (await writer.stdout.read()).split())]
        await writer.wait()

        connection = connect(path)
        entries = read(read_entries(connection, C, 0, 1_000_000))
        connection.close()
        lost += entries[-1].seq < acknowledged
        assert [e.seq for e in entries] == list(range(1, len(entries) + 1))
        assert len(entries) % 3 == 0, "a batch is whole or absent"
    print(f"acknowledged entries lost: {lost} of {trials} kills")
    assert lost == 0
