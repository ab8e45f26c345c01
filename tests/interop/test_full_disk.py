"""The journal's disk is full: decisions are refused in words, and no packet of the evening is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.benches.guests import Counter
from scripts.rehearsal.hall import Hall
from scripts.rehearsal.loops import Film
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.interop.players import operator
from tests.server.disks import fill, tiny

pytestmark = pytest.mark.holds

SOURCE = "changzhou/camera-1"
PACKETS = 400
"""Some three seconds of a hall's picture and sound."""
PATIENCE_S = 20.0


def journal(state: str) -> Callable[[dict[str, Any]], bool]:
    return lambda view: bool(view["health"]["journal"]["state"] == state)


async def test_media_goes_on_while_the_disk_is_full_and_decisions_once_there_is_space(tmp_path: Path) -> None:
    with tiny(tmp_path / "disk", "32m") as disk:
        node = OwnNode(disk / "var", "jiangsu-2022")
        try:
            await node.start()
            await watched(node, await node.links(), disk)
        finally:
            await node.stop()


async def watched(node: OwnNode, links: list[Link], disk: Path) -> None:
    """A hall publishes, somebody listens, the organiser decides; then the disk is full for a while."""
    renew = {"type": "links.renew", "invite": "wall-frankfurt"}
    camera, group = operator(links, SOURCE), next(link for link in links if link.role == "attendee")
    async with Person(node, next(link for link in links if link.role == "organiser"), "Olga") as organiser:
        hall = Hall(organiser.http, SOURCE, camera.whip or "", camera.token, await asyncio.to_thread(Film, 0))
        listener = Counter(Person(node, group, "Anna"))
        try:
            await hall.publish()
            await listener.come()
            await listener.more(PACKETS)
            lost = listener.gaps.lost

            ballast = fill(disk)
            assert (await organiser.command(renew))["refused"] == "journal-full"
            await organiser.until(journal("journal-full"))
            await listener.more(PACKETS)
            assert (await organiser.command(renew))["refused"] == "journal-full"
            ballast.unlink()
            async with asyncio.timeout(PATIENCE_S):
                await organiser.until(journal("ok"))
            assert "seq" in await organiser.command(renew)
            await listener.more(PACKETS)
            print(f"packets over a full disk: {listener.gaps.received}, lost {listener.gaps.lost - lost}")
            assert listener.gaps.lost == lost
        finally:
            await listener.leave()
            await hall.stop()
