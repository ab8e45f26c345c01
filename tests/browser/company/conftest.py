"""Two machines with web and relay on one Redis, behind a real nginx; pages of their own stand on both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from scripts.benches.redis_process import RedisProcess
from scripts.rehearsal.node import Link, Node
from tests.browser.pages import Watch
from tests.server.shared.machines import Machine
from tests.server.shared.nginx import Balancer

folder = pytest_asyncio.fixture(scope="package", loop_scope="session")


class Company(NamedTuple):
    """Both machines, and the node as people see it: behind the balancer."""

    machines: tuple[Machine, Machine]
    node: Node


@folder
async def company(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    place = tmp_path_factory.mktemp("company")
    balancer = Balancer(place / "nginx")
    redis = RedisProcess(place / "redis")
    async with AsyncExitStack() as stack:
        await redis.start()
        stack.callback(redis.stop)
        machines = [Machine(place / name, redis.url, "--public-url", balancer.origin) for name in ("one", "two")]
        for machine in machines:
            stack.push_async_callback(machine.stop)
            await machine.start()
        stack.enter_context(balancer.started([machine.port for machine in machines]))
        yield Company((machines[0], machines[1]), Node(balancer.origin, place / "two", "jiangsu-2022"))


@folder
async def doors(company: Company) -> list[Link]:
    return await company.node.links()


@folder
async def watch(company: Company, browser: Browser) -> AsyncIterator[Watch]:
    """The eye on these pages, in place of the one on the other tests' node."""
    watch = Watch(company.node.url)
    yield watch
    await watch.leave()
