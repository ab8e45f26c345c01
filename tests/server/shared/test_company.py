"""Two web processes on one Redis are one node to whoever has a page open at either."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from server import foundation
from server.settings import Unusable
from server.shared.messages import NodeId
from tests.server.conftest import PATIENCE_S, Guest
from tests.server.shared.conftest import Pair

pytestmark = pytest.mark.usefixtures("long_leases")

ROUNDS, OPEN_EACH = 6, 5
"""Of commands that a desk sends, so many at once."""


async def test_a_command_at_a_follower_is_seen_at_both_and_a_repeat_gets_the_same_seq(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    link = await one.link("director")
    here, there = await one.guest().open(link, "Dora"), await two.guest().open(link, "Emil")

    first = await there.command("c1", "stage.take", layout="full", sources=["frankfurt/camera-1"])
    assert "seq" in first, first
    await here.until(lambda view: view["stage"].get("take", {}).get("seq") == first["seq"])
    await there.until(lambda view: view["stage"].get("take", {}).get("seq") == first["seq"])
    assert await there.command("c1", "stage.take", layout="full", sources=["frankfurt/camera-1"]) == first


async def test_a_refusal_crosses_with_its_words(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    guest = await two.guest().open(await one.link("attendee"))
    answer = await guest.command("c1", "stage.take", layout="full", sources=[])
    assert answer["refused"] == "role-not-admitted"


async def test_links_and_cookies_of_one_process_are_good_at_the_other(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    assert [row.token for row in await one.links()] == [row.token for row in await two.links()]


async def test_who_is_here_is_known_everywhere_with_the_name(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    link = await one.link("attendee")
    desk = await two.guest().open(await one.link("moderator"), "Mo")
    guest = await one.guest().open(link, "Anna")
    await desk.until(lambda view: view["people"]["remote"] == 1)
    await desk.until(lambda view: "Anna" in [row.get("name") for row in view["people"]["present"].values()])
    await guest.close()
    await desk.until(lambda view: view["people"]["remote"] == 0)


async def test_a_withdrawn_link_closes_its_pages_at_every_process(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    link = await one.link("attendee")
    guest = await two.guest().open(link)
    organiser = await one.guest().open(await one.link("organiser"), "Olga")
    answer = await organiser.command("r1", "links.revoke", room=None, invite=link.id)
    assert "seq" in answer, answer
    await asyncio.wait_for(guest.gone.wait(), PATIENCE_S)
    assert (await two.guest().enter(link.token, "Ben"))[1]["refused"] == "link-revoked"


async def test_the_owner_leaves_and_the_other_goes_on_without_a_gap(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    desk = await two.guest().open(await one.link("director"), "Dora")
    before = await desk.command("c1", "stage.delay", source="frankfurt/camera-1", delay_ms=10)
    await pair.end(0)
    after = await desk.command("c2", "stage.delay", source="frankfurt/camera-1", delay_ms=20)
    assert after["seq"] == before["seq"] + 1
    assert await desk.command("c1", "stage.delay", source="frankfurt/camera-1", delay_ms=10) == before


async def test_the_organiser_sees_the_processes_and_who_owns(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    organiser = await two.guest().open(await one.link("organiser"), "Olga")
    await organiser.until(lambda view: len(view["health"].get("processes", ())) == 2)
    rows = {row["node"].rpartition(":")[2]: row for row in organiser.view["health"]["processes"]}
    assert rows[str(one.settings.port)]["owner"]
    assert rows[str(two.settings.port)]["here"]


async def test_a_process_with_the_name_of_another_that_lives_is_refused(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foundation, "NAMED_S", 0.0)
    monkeypatch.setattr(foundation, "node_of", lambda settings: NodeId("copied:8080"))
    await pair.process("one")
    with pytest.raises(Unusable, match=r"called copied:8080 too.*another host name"):
        await pair.process("two")
    await pair.end(0)
    monkeypatch.setattr(foundation, "NAMED_S", 10.0)
    await pair.process("two")


async def test_a_risky_redis_is_told_to_the_organiser(pair: Pair) -> None:
    pair.redis.options["appendfsync"] = "everysec"
    pair.redis.kill()
    await pair.redis.start()
    one = await pair.process("one", redis_allow_loss=True)
    organiser = await one.guest().open(await one.link("organiser"), "Olga")
    await organiser.until(lambda view: view["health"]["risks"])
    assert organiser.view["health"]["risks"] == [{"setting": "appendfsync", "value": "everysec"}]


async def test_a_process_that_starts_while_redis_is_full_shows_what_is_there(pair: Pair) -> None:
    one = await pair.process("one")
    organiser = await one.guest().open(await one.link("organiser"), "Olga")
    await pair.end(0)
    redis: Redis = Redis(port=pair.redis.port)
    await redis.config_set("maxmemory", "1")
    again = await pair.process("one")
    row = await again.link("organiser")
    assert (await again.guest().enter(row.token))[1]["refused"] == "redis-full"
    guest = again.guest()
    guest.http.cookie_jar.update_cookies({cookie.key: cookie.value for cookie in organiser.http.cookie_jar})
    await guest.connect(row)
    assert guest.view["health"]["journal"] == {"state": "redis-full"}
    await redis.config_set("maxmemory", "0")
    await guest.until(lambda view: view["health"]["journal"] == {"state": "ok"})
    assert "seq" in await guest.command("c", "links.renew", room=None, invite="attendee")
    await redis.aclose()


async def sounded(desk: Guest, number: int, time: int) -> dict[str, Any]:
    """A gain that no other command sets."""
    gain = (number * 1000 + time + 1) / 10**5
    return await desk.command(f"{number}-{time}", "stage.sound", source="frankfurt/camera-1", gain=gain)


async def test_a_crowd_at_a_follower_gets_each_answer_once_also_while_the_owner_leaves(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    link = await one.link("director")
    desks = [await two.guest().open(link, f"Dora {number}") for number in range(6)]
    begun = asyncio.Event()

    async def sounds(number: int, desk: Guest) -> list[int]:
        found: list[int] = []
        for turn in range(ROUNDS):
            acts = [sounded(desk, number, turn * OPEN_EACH + each) for each in range(OPEN_EACH)]
            found += [answer["seq"] for answer in await asyncio.gather(*acts)]
            begun.set()
        return found

    acting = [asyncio.create_task(sounds(number, desk)) for number, desk in enumerate(desks)]
    await begun.wait()
    await pair.end(0)
    seqs = [seq for found in await asyncio.gather(*acting) for seq in found]
    assert len(set(seqs)) == len(seqs) == len(desks) * ROUNDS * OPEN_EACH
    assert (await sounded(desks[0], 0, 0))["seq"] == seqs[0]
