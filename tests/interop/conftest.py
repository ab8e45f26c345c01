"""A hall of ours that is live for those who play, as long as a module needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from scripts.rehearsal.hall import Hall
from scripts.rehearsal.loops import Film
from scripts.rehearsal.node import Link
from tests.interop.players import operator

SOURCE = "changzhou/camera-1"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hall(links: list[Link]) -> AsyncIterator[Hall]:
    """Changzhou's camera is live; its sound beeps each second."""
    link = operator(links, SOURCE)
    assert link.whip
    async with aiohttp.ClientSession() as http:
        hall = Hall(http, SOURCE, link.whip, link.token, Film(0))
        try:
            await hall.publish()
            yield hall
        finally:
            await hall.stop()
