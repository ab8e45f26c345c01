"""A plain nginx before two web processes: no request has to come back to the same one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.server.conftest import Guest, Node
from tests.server.shared.conftest import Pair
from tests.server.shared.nginx import Balancer, needs_nginx

pytestmark = pytest.mark.usefixtures("long_leases")

DESKS_MOST = 12
TAKE = {"layout": "full", "sources": ["frankfurt/camera-1"]}


async def entered(origin: str, stack: AsyncExitStack, pair: Node, role: str, name: str) -> Guest:
    """A guest through the balancer."""
    guest = Guest(origin)
    stack.push_async_callback(guest.close)
    return await guest.open(await pair.link(role), name)


def pages(organiser: Guest) -> list[int]:
    """How many each process serves."""
    return [row["pages"] for row in organiser.view["health"].get("processes", ())]


async def spread(origin: str, stack: AsyncExitStack, pair: Node) -> list[Guest]:
    """Directors through the balancer, until there are pages at both processes."""
    organiser = await entered(origin, stack, pair, "organiser", "Olga")
    desks: list[Guest] = []
    while len(desks) < DESKS_MOST:
        desks.append(await entered(origin, stack, pair, "director", f"Dora {len(desks)}"))
        await organiser.until(lambda _: sum(pages(organiser)) == len(desks) + 1)
        if len(pages(organiser)) == 2 and all(pages(organiser)):
            return desks
        await desks[-1].http.get(f"{origin}/healthz")  # so that the next page is the other one's turn
    raise AssertionError(f"one process gets all pages: {pages(organiser)}")


@needs_nginx
async def test_any_process_takes_any_request_and_one_may_go(pair: Pair, tmp_path: Path) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    balancer = Balancer(tmp_path / "nginx")
    async with AsyncExitStack() as stack:
        stack.enter_context(balancer.started([one.settings.port, two.settings.port]))
        desks = await spread(balancer.origin, stack, two)
        seqs = [(await desk.command(f"c{n}", "stage.take", **TAKE))["seq"] for n, desk in enumerate(desks)]
        for desk in desks:
            await desk.until(lambda view: view["stage"].get("take", {}).get("seq") == max(seqs))

        await pair.end(0)
        late = await entered(balancer.origin, stack, two, "director", "Emil")
        answer = await late.command("after", "stage.delay", source="frankfurt/camera-1", delay_ms=30)
        assert answer["seq"] > max(seqs)
        assert await late.command("after", "stage.delay", source="frankfurt/camera-1", delay_ms=30) == answer
