"""`scripts/run` after its preparation: the real supervisor with the real web and relay processes."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from server import authority

pytestmark = pytest.mark.process

PATIENCE_S = 90.0
ROLES = ("attendee", "speaker", "operator", "wall", "confidence", "director", "moderator", "organiser")


@asynccontextmanager
async def started(data: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "server.supervisor", "--data", str(data), "--udp-port", "0", *options)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.communicate()


async def screen_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        return (await process.stdout.readuntil(b"Ctrl-C stops it.\n")).decode()


async def test_a_start_prints_a_link_for_each_role_and_every_link_has_a_page(tmp_path: Path) -> None:
    async with started(tmp_path / "var", "--port", "0") as process, aiohttp.ClientSession() as http:
        screen = await screen_of(process)
        links = {words[0]: words[1] for line in screen.splitlines() if len(words := line.split()) == 2}
        assert [role for role in ROLES if role in links] == list(ROLES)
        for role in ROLES:
            async with http.get(links[role].partition("#")[0]) as page:
                assert page.status == 200
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0


async def test_for_others_it_speaks_tls_and_says_how_to_trust_it(tmp_path: Path) -> None:
    data = tmp_path / "var"
    async with started(data, "--port", "0", "--host", "0.0.0.0") as process, aiohttp.ClientSession() as http:
        screen = await screen_of(process)
        lines = [line.strip() for line in screen.splitlines()]
        assert authority.fingerprint(data)[:48] in screen
        download = next(line for line in lines if line.endswith("/authority.crt"))
        director = next(line.split()[1] for line in lines if line.startswith("director"))
        assert director.startswith(download.removesuffix("/authority.crt"))
        trusting = ssl.create_default_context(cadata=authority.pem(data))
        async with http.get(director.partition("#")[0], ssl=trusting) as page:
            assert page.status == 200


async def test_a_port_in_use_is_one_line_with_the_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        async with started(tmp_path / "var", "--port", str(other.getsockname()[1])) as process:
            async with asyncio.timeout(PATIENCE_S):
                said, complaint = await process.communicate()
            assert (process.returncode, said) == (1, b"")
            assert complaint.count(b"\n") == 1
            assert b"is in use" in complaint
            assert b"--port" in complaint
