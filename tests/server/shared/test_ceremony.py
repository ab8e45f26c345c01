"""A signing whose tablets, officer and onlookers came in at different processes."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from redis.asyncio import Redis

from server.shared.follower import Follower
from server.shared.store import awaited
from server.shared.vault import NAMES
from tests.server.shared.conftest import Pair
from tests.server.test_ceremonies import ACT, SEATS, Table, ink, tablet

pytestmark = pytest.mark.usefixtures("long_leases")


async def test_tablets_at_two_processes_sign_at_one_moment_and_are_seen_at_both(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    officer = await one.guest().open(await one.link("protocol_officer"), "Offi")
    anna = await one.guest().open(await one.link("attendee"), "Anna")
    pads = [await tablet(two, SEATS[0]), await tablet(one, SEATS[1])]
    halls = await Table(officer, pads).signing()
    now_ms = time.time() * 1000
    drawn = {"type": "ceremony.stroke", "room": "stage", "act": ACT, "take": 1, "party": 0, "stroke": 0}
    await pads[0].io.emit("signal", {**drawn, "from": 0, "points": [[0.1, 0.5, 0.5, now_ms]]})
    await anna.until(lambda _: ink(anna))
    assert "seq" in await halls.sign(0)
    assert "seq" in await halls.sign(1)
    for guest in (officer, anna, *pads):
        await guest.until(lambda view: view["ceremony"]["acts"][ACT]["step"] == "signed")


async def test_a_name_given_where_its_act_is_not_known_yet_is_refused_until_it_can_be_kept(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    follows, read = asyncio.Event(), Follower._read
    follows.set()

    async def late(follower: Follower) -> list[bytes]:
        found = await read(follower)
        await follows.wait()
        return found

    monkeypatch.setattr(Follower, "_read", late)
    one, two = await pair.process("one"), await pair.process("two")
    link = await one.link("organiser")
    here, there = await one.guest().open(link, "Ola"), await two.guest().open(link, "Ole")
    follows.clear()
    halls = [{"venue": venue, "names": {"en": venue}} for venue in ("changzhou", "frankfurt")]
    what = {"act": "new", "kind": "signing", "item": "projects", "title": {"en": "New"}, "parties": halls}
    draft = {"id": "draft", "room": "stage", "command": {"type": "ceremony.draft", **what}}
    assert "seq" in await here.io.call("command", draft)
    named: dict[str, Any] = {"act": "new", "party": 0, "name": "Li Na"}
    assert (await there.command("name", "ceremony.name", **named))["refused"] == "busy"
    follows.set()
    await there.until(lambda view: "new" in view["ceremony"]["acts"])
    assert "seq" in await there.command("name", "ceremony.name", **named)
    redis: Redis = Redis(port=pair.redis.port)
    assert b"Li Na" in await awaited(redis.hvals(NAMES))
    await redis.aclose()
