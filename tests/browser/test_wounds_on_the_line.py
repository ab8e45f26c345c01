"""Lines that switch, drop and return: sound with its picture, slates in time, media without the web process.

The halls here are encoders of ours whose picture and tone leave on one clock, and which can fall silent.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser

from scripts.rehearsal.hall import Hall
from scripts.rehearsal.halts import halts
from scripts.rehearsal.loops import FRAMES_PER_S, Film
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.conftest import HALLS, join, link_of
from tests.browser.pages import Watch, Watched

SLATE_MS = 1000
SKEW_MS = (-45, 125)
BEEPS = 3
LISTENS = 8
"""as often a switch is listened to where the machine stood still"""
TABLES = {f"{HALLS[0]}/table": 2, f"{HALLS[1]}/table": 3}
"""Sources that halls of ours publish with picture and tone on one clock, and the numbers that their codes carry."""


def now_ms() -> float:
    return time.time() * 1000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tables(links: list[Link]) -> AsyncIterator[dict[str, Hall]]:
    """Both signing tables are live."""
    async with aiohttp.ClientSession() as http:
        halls = {}
        for source, number in TABLES.items():
            link = next(link for link in links if link.source == source and link.whip)
            halls[source] = Hall(http, source, link.whip or "", link.token, await asyncio.to_thread(Film, number))
            await halls[source].publish()
        yield halls
        for hall in halls.values():
            await hall.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def screens(
    watch: Watch, browser: Browser, links: list[Link], tables: dict[str, Hall]
) -> AsyncIterator[list[Watched]]:
    """An attendee's page and a wall."""
    wall = await watch.open(browser, link_of(links, "wall", HALLS[1]).url)
    await wall.read("start")
    attendee = await join(watch, browser, link_of(links, "attendee"), "Lena")
    await attendee.page.locator("#stage").wait_for()
    yield [attendee, wall]
    for watched in (attendee, wall):
        await watched.page.context.close()


async def take(director: Person, *sources: str) -> None:
    answer = await director.command({"type": "stage.take", "layout": "full", "sources": sources})
    assert "seq" in answer, answer


async def test_sound_and_picture_stay_together_over_every_switch(
    screens: list[Watched], director: Person, tables: dict[str, Hall]
) -> None:
    """Joining is no switch: the page's sound buffer has settled on the first table when the clock starts.

    What is apart stays apart, so the median of each switch's beeps is judged: one beep in a busy page's hands is not.
    """
    await screens[0].read("listen")
    first, second = TABLES
    await take(director, first)
    await screens[0].read("hears", TABLES[first], 3, now_ms())
    with halts() as stood:
        for source in [second, first, second, first]:
            await take(director, source)
            await screens[0].read("shows", [TABLES[source]], 300)
            for _ in range(LISTENS):
                skew_ms = await skew(screens[0], source)
                if SKEW_MS[0] <= skew_ms <= SKEW_MS[1] or not stood.total_ms:
                    break  # else the page's sound buffer drains what the halt made it keep
            assert SKEW_MS[0] <= skew_ms <= SKEW_MS[1], f"the machine stood still for {stood.total_ms:.0f} ms"


async def skew(screen: Watched, source: str) -> float:
    """The median of the next beeps, ms; positive: sound late."""
    from_ms = now_ms()
    await screen.read("hears", TABLES[source], BEEPS, from_ms)
    found = await screen.read("skews", TABLES[source], FRAMES_PER_S, from_ms)
    print(f"skew of {source} after the switch: {', '.join(f'{ms:.0f}' for ms in found)} ms (positive: sound late)")
    return statistics.median(found)


async def slate_after_drop(hall: Hall, screens: list[Watched]) -> None:
    """The line drops without a word: each screen shows the slate within a second of the last frame."""
    with halts() as stood:
        hall.drop()
        from_ms = now_ms()
        times = await asyncio.gather(*(screen.read("slate", from_ms) for screen in screens))
    print("slate after", ", ".join(f"{at_ms - from_ms:.0f} ms" for at_ms in times))
    assert max(times) - from_ms <= SLATE_MS + stood.total_ms


async def test_a_dropped_line_shows_its_slate_and_comes_back(
    screens: list[Watched], director: Person, tables: dict[str, Hall]
) -> None:
    source, number = next(iter(TABLES.items()))
    await take(director, source)
    await asyncio.gather(*(screen.read("shows", [number], 300) for screen in screens))
    await slate_after_drop(tables[source], screens)
    from_ms = now_ms()
    tables[source].resume()
    await asyncio.gather(*(screen.read("sees", number, from_ms) for screen in screens))


async def test_media_and_slates_go_on_while_web_is_dead(
    screens: list[Watched], director: Person, tables: dict[str, Hall], node: OwnNode, watch: Watch
) -> None:
    for watched in watch.pages:
        watched.expect("ERR_CONNECTION_REFUSED", "WebSocket", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
    source, number = next(iter(TABLES.items()))
    await take(director, source)
    await screens[0].read("shows", [number], 300)
    node.kill("web")
    from_ms = now_ms()
    await screens[0].read("sees", number, from_ms)
    await slate_after_drop(tables[source], screens)
    from_ms = now_ms()
    tables[source].resume()
    await screens[0].read("sees", number, from_ms)
    began_ms = now_ms()
    node.launch("web")
    await node.ready()
    await director.connected()
    other, its_number = list(TABLES.items())[1]
    await take(director, other)
    await screens[0].read("sees", its_number, began_ms)
    print(f"web started and a take seen after {now_ms() - began_ms:.0f} ms")
