"""`scripts/bench join`: from the click on "join" to the first decoded picture, beside two pages joined directly."""

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
from playwright.async_api import Browser, Page, async_playwright

from scripts.benches import Bench, Outcome, Say
from scripts.benches.guests import EYES, Attendee, Venue, cameras, chromium
from scripts.benches.supervised import Supervised
from scripts.rehearsal.loops import Film

RATIO_MOST: Final = 3.0
HALLS: Final = 2
DIRECT: Final = (Path(__file__).parent / "direct.js").read_text()
BUTTON: Final = "() => { document.body.innerHTML = '<button>watch</button>'; document.body.onclick = direct.watch; }"
BY_ADDRESS: Final = "--disable-features=WebRtcHideLocalIpsWithMdns"
"""Pages that may not use a camera hide their addresses from each other; the control is not to pay for that."""


class Trial(msgspec.Struct, frozen=True):
    """Milliseconds from a click: the stage's first picture, that of both halls, and the control's picture."""

    first_ms: float
    both_ms: float
    direct_ms: float


class Direct:
    """Two pages of one browser: one publishes a film, the other watches it after a click."""

    def __init__(self, watching: Page) -> None:
        self._watching = watching

    @classmethod
    async def opened(cls, browser: Browser, url: str, stack: AsyncExitStack) -> Direct:
        """`url`: any small page of the node, for pages of one origin hear each other."""
        context = await browser.new_context()
        stack.push_async_callback(context.close)
        await context.add_init_script(EYES)
        await context.add_init_script(DIRECT)
        publishing, watching = await context.new_page(), await context.new_page()
        for page in (publishing, watching):
            await page.goto(url)
        await publishing.evaluate("direct.publish()")
        return cls(watching)

    async def join_ms(self) -> float:
        """From the click to the first decoded picture of a page that was loaded before."""
        await self._watching.reload()
        await self._watching.evaluate(BUTTON)
        clicked_ms = time.time() * 1000
        await self._watching.locator("button").click()
        return (await Attendee(self._watching, clicked_ms, clicked_ms).films_s(1, clicked_ms))[0] * 1000


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """`--trials` joins of a new person each, one of the control after each."""
    async with AsyncExitStack() as stack:
        node = Supervised(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhall-join-"))))
        stack.push_async_callback(node.stop)
        await node.start()
        links = await node.links()
        for number, link in enumerate(cameras(links)[:HALLS]):
            venue = Venue(node, link, await asyncio.to_thread(Film, number))
            stack.push_async_callback(venue.leave)
            await venue.come()
        browser = await chromium(await stack.enter_async_context(async_playwright()), BY_ADDRESS)
        stack.push_async_callback(browser.close)
        direct = await Direct.opened(browser, f"{node.url}/healthz", stack)
        door = next(link for link in links if link.role == "attendee")
        trials = []
        for number in range(options.trials):
            page = await Attendee.come(browser, door, "Anna")
            first_s, both_s = await page.films_s(HALLS, page.clicked_ms)
            await page.leave()
            trials.append(Trial(first_s * 1000, both_s * 1000, await direct.join_ms()))
            say(f"{number + 1}/{options.trials} {msgspec.json.encode(trials[-1]).decode()}")
    return judged(trials)


def judged(trials: Sequence[Trial]) -> Outcome:
    """The medians; the ratio is the median of those of each pair."""
    ratios = sorted(trial.first_ms / trial.direct_ms for trial in trials)
    ratio = round(statistics.median(ratios), 2)
    figures = {
        "first_ms": statistics.median(trial.first_ms for trial in trials),
        "both_ms": statistics.median(trial.both_ms for trial in trials),
        "direct_ms": statistics.median(trial.direct_ms for trial in trials),
        "ratio": ratio,
        "spread": (round(ratios[0], 2), round(ratios[-1], 2)),
        "trials": trials,
    }
    late = f"the first picture comes {ratio} times as late as from page to page, not {RATIO_MOST}"
    return Outcome(figures, (late,) if ratio > RATIO_MOST else ())


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--trials", type=int, default=10, help="joins, and as many of the control (default: 10)")


BENCH: Final = Bench('from the click on "join" to the first decoded picture', add_options, run)
