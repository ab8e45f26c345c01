"""`scripts/bench kill`: what people notice when web or relay is killed with -9 in the middle of a session."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec
from playwright.async_api import Browser, async_playwright

from rooms.journal import decode
from rooms.kernel import ConferenceId
from scripts.benches import Bench, Outcome, Say
from scripts.benches.guests import Attendee, Counter, Venue, cameras, chromium
from scripts.benches.supervised import Supervised
from scripts.rehearsal.loops import Film
from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from server.journal.sqlite import connect, read_entries

PROMISED_S: Final = 1.5
"""For controls and pictures. A new page's time to its picture, in the same run, is printed beside: it tells how
busy the machine was, and changes no verdict."""
HALLS: Final = 2
CALM_S: Final = 1.0
"""Between trials: decoders and counters settle, so that a trial sees its own wound only."""
ENTRIES_MAX: Final = 100_000


class WebTrial(msgspec.Struct, frozen=True, tag="web", tag_field="killed"):
    """Web was killed: packets that never reached a receiver, and when a command sent at once was answered."""

    rtp_lost: int
    rtp_received: int
    page_lost: int
    back_s: float
    effects: int


class RelayTrial(msgspec.Struct, frozen=True, tag="relay", tag_field="killed"):
    """The relay was killed: when the page showed each hall's decoded picture again, first and last."""

    first_picture_s: float
    picture_s: float


class ColdTrial(msgspec.Struct, frozen=True, tag="nothing", tag_field="killed"):
    """The control: a new page, from opening the link to both pictures."""

    cold_s: float


Trial = WebTrial | RelayTrial | ColdTrial


class Evening:
    """Two halls on the air, a page and a counting receiver that watch, a director at the desk."""

    def __init__(self, node: Supervised, browser: Browser, stack: AsyncExitStack) -> None:
        self.node, self._browser, self._stack = node, browser, stack
        self.director: Person
        self.counter: Counter
        self.page: Attendee
        self._links: list[Link] = []

    async def begin(self) -> None:
        self._links = await self.node.links()
        films = await asyncio.gather(*(asyncio.to_thread(Film, number) for number in range(HALLS)))
        for link, film in zip(cameras(self._links)[:HALLS], films, strict=True):
            venue = Venue(self.node, link, film)
            self._stack.push_async_callback(venue.leave)
            await venue.come()
        self.director = await self._person("director")
        self.counter = Counter(Person(self.node, self._link("attendee"), "counter"))
        self._stack.push_async_callback(self.counter.leave)
        await self.counter.come()
        self.page = await Attendee.come(self._browser, self._link("attendee"), "Anna")
        self._stack.push_async_callback(self.page.leave)
        await self.page.films_s(HALLS, self.page.came_ms)

    async def cold(self) -> ColdTrial:
        """A stranger opens the link."""
        page = await Attendee.come(self._browser, self._link("attendee"), "Boris")
        try:
            return ColdTrial((await page.films_s(HALLS, page.came_ms))[-1])
        finally:
            await page.leave()

    async def without_web(self) -> WebTrial:
        """Kill web, send a command at once, wait until it is answered, and look at what came meanwhile."""
        await self._calm()
        gaps, page_lost = self.counter.gaps, await self.page.lost()
        lost, received, at_ms = gaps.lost, gaps.received, time.time() % 1e6
        killed_s = self.node.kill("web")
        answer = await self.director.insist(
            {"type": "stage.sound", "source": self._sources()[0], "gain": round(0.5 + at_ms / 4e6, 9)}
        )
        back_s = time.time() - killed_s
        await asyncio.sleep(CALM_S)
        return WebTrial(
            rtp_lost=gaps.lost - lost,
            rtp_received=gaps.received - received,
            page_lost=await self.page.lost() - page_lost,
            back_s=round(back_s, 3),
            effects=self._effects(answer.get("seq", 0)),
        )

    async def without_relay(self) -> RelayTrial:
        """Kill the relay and watch the page, which nobody touches."""
        await self._calm()
        await self.page.mark()
        killed_s = self.node.kill("relay")
        times = await self.page.films_s(HALLS, killed_s * 1000 + 1)
        return RelayTrial(first_picture_s=times[0], picture_s=times[-1])

    async def _calm(self) -> None:
        await self.node.warm()
        await asyncio.sleep(CALM_S)
        await self.page.films_s(HALLS, time.time() * 1000)

    def _effects(self, seq: int) -> int:
        """How many entries the journal has of the command that was answered with `seq`."""
        connection = connect(self.node.data / "journal.db", readonly=True)
        try:
            bodies = read_entries(connection, ConferenceId(self.node.conference), 0, ENTRIES_MAX)
        finally:
            connection.close()
        entries = [decode(body)[0] for body in bodies]
        answered = [entry for entry in entries if entry.seq == seq]
        return sum(entry.events == answered[0].events for entry in entries) if answered else 0

    def _sources(self) -> list[str]:
        return [link.source for link in self._links if link.role == "operator" and link.source]

    def _link(self, role: str) -> Link:
        return next(link for link in self._links if link.role == role)

    async def _person(self, role: str) -> Person:
        return await self._stack.enter_async_context(Person(self.node, self._link(role), role))


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """A whole evening with `--trials` kills of each kind, and as many cold starts beside them."""
    trials: list[Trial] = []
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhall-kill-")))
        node = Supervised(data)
        stack.push_async_callback(node.stop)
        await node.start()
        browser = await chromium(await stack.enter_async_context(async_playwright()))
        stack.push_async_callback(browser.close)
        evening = Evening(node, browser, stack)
        await evening.begin()
        say("two halls are on the air, a page shows both")
        for number in range(options.trials):
            for kind in (evening.without_web, evening.cold, evening.without_relay):
                trials.append(await kind())
                say(f"{number + 1}/{options.trials} {msgspec.json.encode(trials[-1]).decode()}")
    return judged(trials)


def judged(trials: Sequence[Trial]) -> Outcome:
    """The figures of all trials against the promises."""
    webs = [trial for trial in trials if isinstance(trial, WebTrial)]
    relays = [trial.picture_s for trial in trials if isinstance(trial, RelayTrial)]
    colds = [trial.cold_s for trial in trials if isinstance(trial, ColdTrial)]
    lost = sum(trial.rtp_lost + max(0, trial.page_lost) for trial in webs)
    back_s, picture_s, cold_s = max(trial.back_s for trial in webs), p95(relays), statistics.median(colds)
    checks = {
        f"{lost} RTP packets were lost while web was dead": lost > 0,
        "no packet was counted, so none can be called lost": not all(trial.rtp_received for trial in webs),
        f"controls answered after {back_s} s, not {PROMISED_S}": back_s > PROMISED_S,
        "a command sent while web was dead did not take effect exactly once": any(one.effects != 1 for one in webs),
        f"pictures were back after {picture_s} s (p95), not {PROMISED_S}": picture_s > PROMISED_S,
    }
    figures = {
        "web": {"rtp_lost": lost, "back_s": back_s, "back_p50_s": round(statistics.median(t.back_s for t in webs), 3)},
        "relay": {
            "picture_p95_s": picture_s,
            "picture_p50_s": round(statistics.median(relays), 3),
            "cold_s": round(cold_s, 3),
        },
        "promised_s": PROMISED_S,
        "trials": list(trials),
    }
    return Outcome(figures, tuple(words for words, broken in checks.items() if broken))


def p95(values: Sequence[float]) -> float:
    """The value that 95 % do not exceed (nearest rank)."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--trials", type=int, default=20, help="kills of each process (default: 20)")


BENCH: Final = Bench("kill web and relay with -9: packets lost, controls and pictures back", add_options, run)
