"""A folder's own node: what is asked, signed and closed there stands on no other test's pages.

A conftest takes these fixtures in by their names; `conference` may be another one there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from scripts.rehearsal.node import Link, OwnNode
from tests.browser.pages import Watch

folder = pytest_asyncio.fixture(scope="package", loop_scope="session")


@pytest.fixture(scope="package")
def conference() -> str:
    return "jiangsu-2022"


@folder
async def room(tmp_path_factory: pytest.TempPathFactory, conference: str) -> AsyncIterator[OwnNode]:
    """The node."""
    own = OwnNode(tmp_path_factory.mktemp("apart") / "var", conference)
    await own.start()
    yield own
    await own.stop()


@folder
async def doors(room: OwnNode) -> list[Link]:
    """Its links."""
    return await room.links()


@folder
async def eye(room: OwnNode, browser: Browser) -> AsyncIterator[Watch]:
    """Keeps an eye on every page of the folder; they end with it, while `browser` goes on."""
    eye = Watch(room.url)
    yield eye
    await eye.leave()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def nothing_misbehaves(eye: Watch) -> AsyncIterator[None]:
    """No console error, no policy violation, no request off the node, in any test."""
    yield
    assert await eye.verdict() == []
