"""A real node of its own processes for the tests that need one."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from scripts.rehearsal.node import HOUSE, Link, OwnNode

NODE_PARTS = ("browser", "interop")
"""Folders whose tests share a node, browsers and pages, and so one event loop."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a part carry its mark; one loop serves a part's tests and fixtures."""
    here = Path(__file__).parent
    for item in items:
        part = item.path.relative_to(here).parts[0]
        if part in NODE_PARTS:
            item.add_marker(getattr(pytest.mark, part))
            if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnNode]:
    """Web and relay on free ports with their own data folder, for one folder of tests."""
    node = OwnNode(tmp_path_factory.mktemp("node"), "jiangsu-2022")
    try:
        await node.start()
        yield node
    finally:
        await node.stop()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def links(node: OwnNode) -> list[Link]:
    """The node's links."""
    return await node.links()


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where screenshots go, to be looked at."""
    folder = HOUSE / "var" / "shots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
