"""Many sockets at once on a real web process: who returns, who reads slowly, and in which order views come."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import msgspec
import pytest
from yarl import URL

from scripts.benches.crowd import Crowd, CrowdProcess, Opening
from scripts.benches.socket import ENGINE, HOST
from tests.server.conftest import Guest, Node

pytestmark = pytest.mark.holds

BACK_S = 5.0
CROWD = 200


@pytest.fixture
async def crowd() -> AsyncIterator[CrowdProcess]:
    crowd = await CrowdProcess.start()
    yield crowd
    await crowd.close()


async def opening_of(node: Node, expected: str) -> Opening:
    """As one attendee's browser opens its socket; every seat of the crowd is a tab of it."""
    row = await node.link("attendee")
    guest = node.guest()
    await guest.enter(row.token, "Anna")
    cookies = guest.http.cookie_jar.filter_cookies(URL(node.origin)).values()
    headers = {"Cookie": "; ".join(f"{cookie.key}={cookie.value}" for cookie in cookies)}
    hello = "40" + msgspec.json.encode({"invite": row.id, "token": row.token}).decode()
    return Opening(HOST, node.settings.port, ENGINE, headers, hello, expected)


async def decide(director: Guest, gain: float) -> None:
    source = next(iter(director.view["conference"]["sources"]))
    answer = await director.command(str(uuid.uuid4()), "stage.sound", source=source, gain=gain)
    assert "seq" in answer, answer


async def test_two_hundred_sockets_return_at_once_and_miss_nothing(node: Node, crowd: CrowdProcess) -> None:
    director = await node.guest().open(await node.link("director"))
    await crowd.come("all", await opening_of(node, ""), CROWD)
    await crowd.met("all")
    await crowd.leave("all")
    await decide(director, 0.1234567)

    opened_s = await crowd.come("all", await opening_of(node, "0.1234567"), CROWD)
    caught_up_s, missed = await crowd.met("all")
    assert opened_s + caught_up_s < BACK_S
    await crowd.expect("all", "0.2345678")
    await decide(director, 0.2345678)
    _, missed = await crowd.met("all")
    assert missed == 0


async def test_views_of_decisions_made_at_once_come_in_one_order_to_all(node: Node) -> None:
    directors = [await node.guest().open(await node.link("director")) for _ in range(4)]
    crowd = Crowd()
    await crowd.come(await opening_of(node, "0.9876543"), 20)
    gains = [[(turn + 10 * who) / 100 for turn in range(10)] for who in range(len(directors))]

    async def decides(director: Guest, own: list[float]) -> None:
        for gain in own:
            await decide(director, gain)

    await asyncio.gather(*(decides(director, own) for director, own in zip(directors, gains, strict=True)))
    await decide(directors[0], 0.9876543)
    await crowd.until(lambda seat: seat.met)
    assert [seat.gaps for seat in crowd.seats] == [0] * 20
    await directors[1].until_alike(directors[0])
    crowd.leave()
