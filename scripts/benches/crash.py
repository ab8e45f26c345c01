"""`scripts/bench crash`: kill -9 at random points while clients send commands; their logs against the journal.

`--control` makes the web process acknowledge before it writes: the bench must find losses then.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from itertools import permutations
from pathlib import Path
from typing import Any, Final, Protocol

from rooms.journal import Entry, decode
from rooms.kernel import ConferenceId
from scripts.benches import Bench, Outcome, Say
from scripts.benches.client import Client, Make
from scripts.benches.ledger import Found, compare
from scripts.benches.life import WebLife, context
from scripts.benches.supervised import Supervised
from scripts.rehearsal.node import Link, Node
from server.journal.sqlite import connect, read_entries

CONFERENCE: Final = "jiangsu-2022"
LANES: Final = 2
"""Data folders at once: one core each."""
NODE_SHARE: Final = 100
"""Of so many kills one hits the whole node: supervisor, web, relay and standbys together."""
UNBORN_SHARE: Final = 0.15
"""Of the kills, how many may hit a process that has not answered anything yet."""
MESSAGES_MOST: Final = 24
"""Of a life; counted, not timed, so that a busy machine's lives hold as much."""
LAST_S: Final = 0.02
"""After its last message a life ends within this time: in the middle of whatever it does then."""
PATIENCE_S: Final = 60.0


class Life(Protocol):
    """What is killed and started again, and where clients find it."""

    url: str

    async def start(self) -> None: ...
    async def kill(self) -> None: ...


class NodeLife:
    """A whole node under its supervisor."""

    def __init__(self, data: Path) -> None:
        self._node = Supervised(data, CONFERENCE)
        self.url = self._node.url

    async def start(self) -> None:
        await self._node.start()

    async def kill(self) -> None:
        await self._node.crash()


class Lane:
    """One data folder, its clients, and the one who kills."""

    def __init__(self, life: Life, data: Path, seed: int, say: Say) -> None:
        self._life, self._data, self._say = life, data, say
        self._random = random.Random(seed)
        self._news = asyncio.Event()
        self._clients: list[Client] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, kills: int) -> Found:
        """Kill `kills` times; then let the clients finish, and compare."""
        await self._life.start()
        node = Node(self._life.url, self._data, CONFERENCE)
        await node.health()
        await self._admit(await node.links())
        try:
            for number in range(kills):
                await self._let_live()
                await self._break(number)
                if (number + 1) % 50 == 0:
                    self._say(f"{self._data.name}: {number + 1} of {kills} kills")
            unfinished = await self._finish()
            entries = await self._entries()
        finally:
            await self._life.kill()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        return compare([client.log for client in self._clients], entries) + unfinished

    async def _break(self, number: int) -> None:
        """Kill, and start again."""
        await self._life.kill()
        await self._life.start()

    def _url(self, number: int) -> str:
        """Where the n-th client goes."""
        return self._life.url

    async def _admit(self, links: Sequence[Link]) -> None:
        director, organiser = (next(link for link in links if link.role == role) for role in ("director", "organiser"))
        sources = [link.source for link in links if link.role == "operator" and link.source]
        scenes = [scene for many in (2, 3, 4) for scene in permutations(sources, many)]
        walls = [f"wall-{link.venue}" for link in links if link.role == "wall"]
        makers: list[tuple[Link, str, Make]] = [
            (director, "dora", lambda number: self._take(scenes, sources, number)),
            (director, "emil", lambda number: self._sound(sources)),
            (organiser, "olga", lambda number: {"type": "links.renew", "invite": walls[number % len(walls)]}),
        ]
        self._clients = [
            Client(self._url(number), link, name, make, self._news) for number, (link, name, make) in enumerate(makers)
        ]
        self._tasks = [asyncio.create_task(client.live()) for client in self._clients]

    def _take(self, scenes: Sequence[Sequence[str]], sources: Sequence[str], number: int) -> Mapping[str, Any]:
        """Another scene each time: a take is an event also where a late one changed places. Delays in between."""
        if number % 3 == 2:
            return {"type": "stage.delay", "source": self._random.choice(sources), "delay_ms": number % 500}
        return {"type": "stage.take", "layout": "side_by_side", "sources": scenes[number % len(scenes)]}

    def _sound(self, sources: Sequence[str]) -> Mapping[str, Any]:
        """A gain that no other command has: an effect that happened twice shows."""
        return {"type": "stage.sound", "source": self._random.choice(sources), "gain": self._random.random()}

    async def _let_live(self) -> None:
        """Until a random moment: mostly after some messages, now and then before the first."""
        if self._random.random() > UNBORN_SHARE:
            async with asyncio.timeout(PATIENCE_S):
                for _ in range(self._random.randint(1, MESSAGES_MOST)):
                    self._news.clear()
                    await self._news.wait()
        await asyncio.sleep(self._random.uniform(0, LAST_S))

    async def _finish(self) -> Found:
        """Nothing is killed any more: every command gets its answer, and every view the last take."""
        for client in self._clients:
            client.open = False
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not self._settled():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return Found(disordered=1)
        return Found()

    def _settled(self) -> bool:
        caught_up = all(client.idle and client.view for client in self._clients)
        return caught_up and len({client.view["stage"].get("take", {}).get("seq") for client in self._clients}) == 1

    async def _entries(self) -> list[Entry]:
        connection = connect(self._data / "journal.db", readonly=True)
        try:
            bodies = read_entries(connection, ConferenceId(CONFERENCE), 0, sys.maxsize)
        finally:
            connection.close()
        entries = [decode(body)[0] for body in bodies]
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1)), "the journal has no gap"
        return entries


async def crash(kills: int, seed: int, say: Say, *, control: bool = False) -> Found:
    """All lanes at once; the whole node's lane beside them, but for the control."""
    forking = context()
    nodes = 0 if control else kills // NODE_SHARE
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhall-crash-")))
        running = []
        for lane in range(LANES):
            data = folder / f"web-{lane + 1}"
            life = WebLife(forking, data, CONFERENCE, early=control)
            stack.callback(life.close)
            share = (kills - nodes + lane) // LANES
            running.append(Lane(life, data, seed + lane, say).run(share))
        if nodes:
            data = folder / "node"
            running.append(Lane(NodeLife(data), data, seed + LANES, say).run(nodes))
        founds = await asyncio.gather(*running)
    total = Found()
    for found in founds:
        total += found
    return total


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    found = await crash(options.trials, seed, say, control=options.control)
    broken = () if found.kept else ("what was acknowledged is missing, happened twice or in another order",)
    figures = {"kills": options.trials, "whole_nodes": options.trials // NODE_SHARE, "seed": seed, "found": found}
    return Outcome({**figures, "control": options.control}, broken)


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--trials", type=int, default=1000, help="kills (default: 1000)")
    options.add_argument("--seed", type=int, help="of the random moments (default: another each time)")
    options.add_argument("--control", action="store_true", help="acknowledge before writing: losses must be found")


BENCH: Final = Bench(
    "kill web and whole nodes with -9 at random points, compare acks with the journal", add_options, run
)
