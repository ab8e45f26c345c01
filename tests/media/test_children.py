"""A child that ends by itself as it is told to end is still reported as it ended."""

from __future__ import annotations

import asyncio
import signal

import pytest

from media.children import signalled

TRIES = 40


async def ends_by_itself() -> asyncio.subprocess.Process:
    """A child that ends with status 7 once its input does, and has ended before asyncio could look."""
    process = await asyncio.create_subprocess_exec("/bin/sh", "-c", "read line; exit 7", stdin=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.close()
    return process


async def test_a_child_that_just_ended_keeps_its_status(caplog: pytest.LogCaptureFixture) -> None:
    codes = set()
    for _ in range(TRIES):
        process = await ends_by_itself()
        while process.returncode is None:
            signalled(process, signal.SIGURG)
            await asyncio.sleep(0)
        codes.add(process.returncode)
    assert codes == {7}
    assert "Unknown child" not in caplog.text


async def test_a_living_child_gets_the_signal() -> None:
    process = await asyncio.create_subprocess_exec("/bin/sleep", "60")
    signalled(process, signal.SIGTERM)
    assert await process.wait() == -signal.SIGTERM
    signalled(process, signal.SIGTERM)
