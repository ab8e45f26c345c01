"""Pictures and sound go on, packet by packet, while web processes and Redis are killed and come back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from scripts.benches.crash import CONFERENCE
from scripts.benches.guests import Counter
from scripts.benches.life import WebLife, context
from scripts.benches.redis_process import RedisProcess
from scripts.benches.supervised import Supervised
from scripts.rehearsal.hall import Hall
from scripts.rehearsal.loops import Film
from scripts.rehearsal.node import Link, Node
from scripts.rehearsal.person import Person

pytestmark = [pytest.mark.process, pytest.mark.holds]

SOURCE = "changzhou/camera-1"
PACKETS = 125
"""Some second of a hall's picture and sound."""
KINDS = 2
"""Its picture and its sound are a stream each."""


def of(links: list[Link], role: str, source: str | None = None) -> Link:
    return next(link for link in links if link.role == role and source in (None, link.source))


async def test_no_packet_is_missing_while_the_owner_a_follower_and_redis_are_killed(
    tmp_path: Path, redis: RedisProcess
) -> None:
    async with AsyncExitStack() as stack:
        node = Supervised(tmp_path / "one", CONFERENCE, "--redis", redis.url)
        stack.push_async_callback(node.stop)
        await node.start()
        life = WebLife(context(), tmp_path / "two", CONFERENCE, redis=redis.url)
        stack.callback(life.close)
        await life.start()
        stack.push_async_callback(life.kill)
        follower = Node(life.url, tmp_path / "two", CONFERENCE)
        await follower.health()

        links = await node.links()
        director = await stack.enter_async_context(Person(node, of(links, "director"), "Dora"))
        operator = of(links, "operator", SOURCE)
        hall = Hall(director.http, SOURCE, operator.whip or "", operator.token, await asyncio.to_thread(Film, 0))
        counter = Counter(Person(follower, of(links, "attendee"), "Anna"))
        stack.push_async_callback(hall.stop)
        stack.push_async_callback(counter.leave)
        await hall.publish()
        await counter.come()
        await counter.until(lambda: len(counter.gaps.streams) >= KINDS)
        await counter.more(PACKETS)
        await node.warm()
        lost, streams = counter.gaps.lost, set(counter.gaps.streams)
        gains = iter(number / 8 for number in range(1, 8))

        async def decided() -> int:
            answer = await director.insist({"type": "stage.sound", "source": SOURCE, "gain": next(gains)})
            return int(answer["seq"])

        seqs = [await decided()]
        node.kill("web")
        seqs.append(await decided())
        await counter.more(PACKETS)

        await life.kill()
        seqs.append(await decided())
        await counter.more(PACKETS)
        await life.start()
        await follower.health()

        redis.kill()
        await counter.more(PACKETS)
        await redis.start()
        seqs.append(await decided())
        came = {ssrc: counter.gaps.streams[ssrc].received for ssrc in streams}
        await counter.more(PACKETS)

        def still() -> list[int]:
            return [ssrc for ssrc in streams if counter.gaps.streams[ssrc].received > came[ssrc]]

        await counter.until(lambda: len(still()) >= KINDS)  # of the first session: nobody had to rejoin
        await counter.until(lambda: counter.gaps.lost <= lost)  # what the relay asked for again comes a moment later
        print(f"packets: {counter.gaps.received}, lost {counter.gaps.lost - lost}")
        assert len(set(seqs)) == len(seqs)
