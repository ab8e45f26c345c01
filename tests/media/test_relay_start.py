"""A relay that can't start says why in one line."""

import asyncio
import errno
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from aiortc.rtcdtlstransport import RTCCertificate

from media import addresses
from media.__main__ import CannotStart, _listening, serve, take_turn
from media.plane_python import PythonPlane
from media.settings import PlaneChoice, RelaySettings
from tests.media.test_relay_process import free_port

PATIENCE_S = 90.0
"""A start takes a second; on a machine that does much else, much longer."""


class StuckRelay:
    """Of a plane that answers the second time."""

    turns = 0

    def __init__(self, first):
        self.first = first

    def tick(self):
        self.turns += 1
        if self.turns == 1:
            raise self.first


@pytest.mark.parametrize("first", [TimeoutError("the native plane does not answer"), ValueError("a bug")])
def test_a_second_without_figures_is_logged_and_the_next_one_comes(first, capsys):
    relay = StuckRelay(first)
    take_turn(relay)
    assert str(first) in capsys.readouterr().out
    take_turn(relay)
    assert relay.turns == 2


@asynccontextmanager
async def started(data, port):
    """A relay process, which does not outlive its test."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "media", "--data", str(data), "--udp-port", str(port), "--announce", "127.0.0.1", "--log", "json"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def refused(data, port):
    async with started(data, port) as process:
        _, error = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 1
    assert error.decode().count("\n") == 1, error.decode()
    return error.decode()


@pytest.mark.process
async def test_a_relay_starts_and_leaves_nothing_behind(tmp_path):
    async with started(tmp_path, free_port()) as process:
        assert b"relay ready" in await asyncio.wait_for(process.stderr.readline(), PATIENCE_S)
        assert int((tmp_path / "run/relay.pid").read_text()) == process.pid
        assert "another relay runs" in await refused(tmp_path, free_port())
        process.send_signal(signal.SIGTERM)
        _, error = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 0
    assert b"Traceback" not in error
    assert [left.name for left in (tmp_path / "run").iterdir()] == ["relay.lock"]


@pytest.mark.process
async def test_a_taken_port_is_named_with_the_mend(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        message = await refused(tmp_path, taken.getsockname()[1])
    assert "--udp-port" in message


@pytest.mark.process
async def test_a_taken_tcp_port_is_named_too(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        message = await refused(tmp_path, taken.getsockname()[1])
    assert "UDP and TCP port" in message


async def test_a_low_port_without_the_right_to_it_is_named_with_the_mend(tmp_path, monkeypatch):
    async def refuse(*given):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(PythonPlane, "open", refuse)
    options = RelaySettings(tmp_path, 443, "127.0.0.1", (), "text", plane=PlaneChoice.PYTHON)
    options.run.mkdir()
    with pytest.raises(CannotStart, match=r"port 443 .*Permission denied; let this user open low ports .*--udp-port"):
        await serve(options, asyncio.Event(), RTCCertificate.generateCertificate())


async def test_a_folder_whose_name_is_too_long_for_a_socket_says_so(tmp_path):
    async def open_at(path):
        await asyncio.start_unix_server(lambda *_: None, path)

    with pytest.raises(CannotStart, match="path too long; choose another folder"):
        async with _listening(SimpleNamespace(open=open_at), tmp_path / ("x" * 120)):
            pass


async def test_an_address_that_takes_no_socket_yet_keeps_no_relay_from_its_start(tmp_path, monkeypatch):
    """An IPv6 address is there before it may be used; the machine's others serve."""
    unusable = "2001:db8::dad"
    assert not addresses.receives(unusable)
    monkeypatch.setattr(addresses, "of_this_machine", lambda: ["127.0.0.1", unusable])
    options = RelaySettings(tmp_path, free_port(), "127.0.0.1", (), "text", plane=PlaneChoice.PYTHON)
    options.run.mkdir()
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(serve(options, stop, RTCCertificate.generateCertificate()), PATIENCE_S)


@pytest.mark.skipif(os.getuid() != 0, reason="low ports need the right to them")
async def test_port_443_serves_udp_and_tcp():
    plane, address = PythonPlane(), ("127.0.0.43", 443)
    await plane.open([address], lambda event: None, [address])
    _, writer = await asyncio.open_connection(*address)
    writer.close()
    await plane.close()


@pytest.mark.process
@pytest.mark.skipif(os.getuid() == 0, reason="root writes everywhere")
async def test_a_folder_that_can_not_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    assert "--data" in await refused(tmp_path / "var", free_port())


@pytest.mark.process
async def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "var").write_text("a file")
    assert "--data" in await refused(tmp_path / "var", free_port())
