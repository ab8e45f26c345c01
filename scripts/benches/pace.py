"""How fast several web processes are: a vote from one to the other, and commands per second."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from rooms.kernel import ConferenceId
from scripts.benches.crash import CONFERENCE
from scripts.benches.life import WebLife, context
from scripts.benches.redis_process import RedisProcess
from scripts.rehearsal.node import Link, Node
from scripts.rehearsal.person import Person
from server.fanout import COALESCE_S
from server.shared.lease import NOBODY, Lease
from server.shared.store import RedisStore, client

VOTES: Final = 40
PINGS: Final = 200
FLOOD_S: Final = 4.0
DESKS: Final = 8
"""People who send commands at once, each with so many open as a page may have."""
OPEN_EACH: Final = 8
PATIENCE_S: Final = 20.0
TEXT: Final = "Wie arbeiten beide Städte zusammen? 两地如何合作？"


class Upvote(msgspec.Struct, frozen=True):
    """From the key at one process to the view at the other, in ms, beside what it is promised to stay below."""

    p50_ms: float
    p95_ms: float
    round_trip_p95_ms: float
    promised_ms: float


class Rate(msgspec.Struct, frozen=True):
    """Acknowledged commands per second, the CPU ms per command of each process, the owner first, and how often
    the conference changed hands although nobody died: what a lease too short for the machine would cost."""

    per_s: float
    cpu_ms: tuple[float, ...]
    takeovers: int


@asynccontextmanager
async def running(processes: int, *, shared: bool) -> AsyncIterator[tuple[Sequence[Node], Sequence[WebLife]]]:
    """So many web processes, on a Redis or (one) on its data folder."""
    forking = context()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhall-pace-")))
        url = ""
        if shared:
            redis = RedisProcess(folder / "redis")
            await redis.start()
            stack.callback(redis.stop)
            url = redis.url
        nodes, lives = [], []
        for number in range(processes):
            life = WebLife(forking, folder / f"web-{number}", CONFERENCE, redis=url)
            stack.callback(life.close)
            await life.start()
            stack.push_async_callback(life.kill)
            node = Node(life.url, folder / f"web-{number}", CONFERENCE)
            await node.health()
            nodes.append(node)
            lives.append(life)
        yield nodes, lives


def _of(links: Sequence[Link], role: str) -> Link:
    return next(link for link in links if link.role == role)


async def upvote() -> Upvote:
    """Votes at the follower, seen at the owner and the other way round."""
    async with running(2, shared=True) as (nodes, lives), AsyncExitStack() as stack:
        links = await nodes[0].links()

        async def person(node: Node, role: str, name: str) -> Person:
            return await stack.enter_async_context(Person(node, _of(links, role), name))

        moderators = [await person(node, "moderator", "Mo") for node in nodes]
        voters = [await person(node, "attendee", "Anna") for node in nodes]
        question = await _published(moderators, await person(nodes[0], "attendee", "Ben"))
        took = []
        for number in range(VOTES):
            voter, on = voters[number % 2], number % 4 < 2
            count = (1, 2, 1, 0)[number % 4]
            began = time.monotonic()
            answer = await voter.command({"type": "qa.vote", "question": question, "on": on})
            assert "seq" in answer, answer
            await _shows(moderators[1 - number % 2], question, count)
            took.append((time.monotonic() - began) * 1000)
            await _shows(moderators[number % 2], question, count)
        round_trip_ms = await _round_trip_p95_ms(lives[0].redis)
    promised_ms = COALESCE_S * 1000 + 3 * round_trip_ms
    return Upvote(statistics.median(took), _p95(took), round_trip_ms, promised_ms)


async def _published(moderators: Sequence[Person], asker: Person) -> str:
    asked = await asker.command({"type": "qa.ask", "text": TEXT})
    assert "seq" in asked, asked
    async with asyncio.timeout(PATIENCE_S):
        await moderators[0].until(lambda view: view["qa"]["items"])
        question = next(iter(moderators[0].view["qa"]["items"]))
        await moderators[0].command({"type": "qa.publish", "question": question})
        await moderators[1].until(lambda view: question in view["qa"]["items"])
    return str(question)


async def _shows(moderator: Person, question: str, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await moderator.until(lambda view: view["qa"].get("votes", {}).get(question, 0) == count)


async def _round_trip_p95_ms(url: str) -> float:
    """Of a command that Redis makes durable, from this process."""
    redis = client(url)
    took = []
    for number in range(PINGS):
        began = time.monotonic()
        await redis.set("twinhall:probe", number)
        took.append((time.monotonic() - began) * 1000)
    await redis.aclose()
    return _p95(took)


async def rate(processes: int, *, shared: bool) -> Rate:
    """Desks at all processes in turn, for FLOOD_S."""
    async with running(processes, shared=shared) as (nodes, lives), AsyncExitStack() as stack:
        links = await nodes[0].links()
        places = list(itertools.islice(itertools.cycle(nodes), DESKS))
        desks = [
            await stack.enter_async_context(Person(node, _of(links, "director"), f"D{number}"))
            for number, node in enumerate(places)
        ]
        source = _of(links, "operator").source
        before = [life.cpu_s() for life in lives]
        began, counts = time.monotonic(), itertools.count()

        async def act(desk: Person) -> int:
            done = 0
            while time.monotonic() - began < FLOOD_S:
                gain = (next(counts) % 10**6) / 10**6
                done += "seq" in await desk.command({"type": "stage.sound", "source": source, "gain": gain})
            return done

        done = sum(await asyncio.gather(*(act(desk) for desk in desks for _ in range(OPEN_EACH))))
        took_s = time.monotonic() - began
        used = [life.cpu_s() - start for life, start in zip(lives, before, strict=True)]
        takeovers = await _writers(lives[0].redis) - 1 if shared else 0
    return Rate(round(done / took_s, 1), tuple(round(each / max(1, done) * 1000, 3) for each in used), takeovers)


async def _writers(url: str) -> int:
    """How many owners the conference has had."""
    store = RedisStore(url)
    turn = await Lease(store, NOBODY).look(ConferenceId(CONFERENCE))
    await store.close()
    return turn.epoch


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
