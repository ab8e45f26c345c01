"""One process serves; the other waits for its death, however it comes."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from media import turn
from tests.server.disks import fill, tiny

pytestmark = [pytest.mark.process, pytest.mark.holds]

PATIENCE_S = 90.0
"""A start takes an instant; on a machine that does much else, longer."""
SERVES = (
    "import signal, sys; from media import turn; turn.take(sys.argv[1]); print('serves', flush=True); signal.pause()"
)
WAITS = """
import contextlib, sys
from pathlib import Path
from media import turn
named = turn.named
@contextlib.contextmanager
def heard(pid_file):
    with named(pid_file):
        print("waits", flush=True)
        yield
turn.named = heard
turn.wait(Path(sys.argv[1]), Path(sys.argv[2]))
print("serves", flush=True)
"""
"""Says that it waits once it is named."""


async def started(program: str, *arguments: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *map(str, arguments), stdout=asyncio.subprocess.PIPE
    )


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode().strip()


async def test_a_standby_serves_once_the_one_before_it_is_killed(tmp_path: Path) -> None:
    lock, pid_file = tmp_path / "relay.lock", tmp_path / "standby.pid"
    first = await started(SERVES, lock)
    assert await said(first) == "serves"
    assert turn.take(lock) is None
    second = await started(WAITS, lock, pid_file)
    assert await said(second) == "waits"
    first.send_signal(signal.SIGKILL)
    assert await said(second) == "serves"
    await first.communicate()
    await second.communicate()
    assert not pid_file.exists()


async def test_a_standby_that_is_told_to_leave_leaves_no_pid_file(tmp_path: Path) -> None:
    lock, pid_file = tmp_path / "relay.lock", tmp_path / "standby.pid"
    descriptor = turn.take(lock)
    assert descriptor is not None
    standby = await started(WAITS, lock, pid_file)
    assert await said(standby) == "waits"
    assert int(pid_file.read_text()) == standby.pid
    standby.terminate()
    await asyncio.wait_for(standby.communicate(), PATIENCE_S)
    assert standby.returncode == 0
    assert not pid_file.exists()
    os.close(descriptor)


def test_a_pid_file_of_a_newer_process_is_left_alone(tmp_path: Path) -> None:
    pid_file = tmp_path / "relay.pid"
    with turn.named(pid_file):
        pid_file.write_text("1\n")
    assert pid_file.read_text() == "1\n"
    with turn.named(pid_file):
        assert int(pid_file.read_text())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_pid_out_and_the_process_serves(tmp_path: Path) -> None:
    with tiny(tmp_path / "disk") as disk:
        fill(disk)
        with turn.named(disk / "relay.pid"):
            assert [path.name for path in disk.iterdir()] == ["ballast"]
