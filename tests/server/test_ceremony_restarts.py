"""The server dies at every step of the machine, and the ceremony goes on where it was."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings
from tests.server.conftest import Guest, Node, running, web_root
from tests.server.test_ceremonies import ACT, SEATS, signature, tablet

pytestmark = pytest.mark.holds


class Cast:
    """Officer and tablets, come back after a crash; the tablets lost their cookies too, and take their seats over."""

    def __init__(self, node: Node, officer: Guest, pads: list[Guest]) -> None:
        self.node = node
        self.officer = officer
        self.pads = pads

    @classmethod
    async def back(cls, node: Node) -> Cast:
        officer = await node.guest().open(await node.link("protocol_officer"), "Offi")
        pads = [await tablet(node, seat) for seat in SEATS]
        for pad in pads:
            clock: dict[str, Any] = {"offset_ms": 0, "bound_ms": 5, "over": True}
            assert "seq" in await pad.command(uuid.uuid4().hex, "ceremony.stand_by", **clock)
        return cls(node, officer, pads)

    async def order(self, verb: str, **fields: Any) -> None:
        answer = await self.officer.command(f"{verb}{len(fields)}", f"ceremony.{verb}", act=ACT, **fields)
        assert "seq" in answer, (verb, answer)

    async def until(self, step: str) -> None:
        await self.officer.until(lambda view: view["ceremony"]["acts"][ACT]["step"] == step)

    async def sign(self, party: int) -> None:
        await self.until("signing")
        assert "seq" in await self.pads[party].command("sign", "ceremony.sign", **signature(party))

    async def confirm(self) -> None:
        for party, pad in enumerate(self.pads):
            assert "seq" in await pad.command("sure", "ceremony.confirm", act=ACT, take=1, party=party)

    async def go(self) -> None:
        await self.order("go", lead_ms=500)


STEPS: tuple[tuple[str, Callable[[Cast], Awaitable[None]]], ...] = (
    ("locked", lambda cast: cast.order("lock")),
    ("seated", lambda cast: cast.order("seat")),
    ("seated", lambda cast: cast.order("ready", venue="changzhou", on=True)),
    ("ready", lambda cast: cast.order("ready", venue="frankfurt", on=True)),
    ("ready", lambda cast: cast.confirm()),
    ("armed", lambda cast: cast.order("arm")),
    ("signing", lambda cast: cast.go()),
    ("signing", lambda cast: cast.sign(0)),
    ("signed", lambda cast: cast.sign(1)),
    ("exchanged", lambda cast: cast.order("exchange")),
    ("unveiled", lambda cast: cast.order("unveil")),
    ("sealed", lambda cast: cast.order("seal")),
)
"""The step that is seen after each move."""


async def test_killed_after_every_acknowledgement_the_ceremony_goes_on_where_it_was(tmp_path: Path) -> None:
    """What lies on the disk while the process runs is what a kill -9 would leave."""
    root, data, before = web_root(tmp_path / "web"), tmp_path / "0", "drafted"
    for number, (step, move) in enumerate([*STEPS, ("sealed", None)], 1):
        left_behind = tmp_path / str(number)
        async with running(Settings(data=data), root) as node:
            cast = await Cast.back(node)
            await cast.until(before)
            if move:
                await move(cast)
                shutil.copytree(data, left_behind, ignore=shutil.ignore_patterns("*.sock", "*.pid", "*.lock"))
        data, before = left_behind, step
    parties = cast.officer.view["ceremony"]["acts"][ACT]["parties"]
    assert all("signed_ms" in party for party in parties)
