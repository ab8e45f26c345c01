"""What breaks in an evening: cameras pulled, lines dropped, processes killed, links revoked, sources fought over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser

from scripts.rehearsal.hall import Hall
from scripts.rehearsal.loops import FRAMES_PER_S, Film
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.conftest import HALLS, Evening, link_of, side_by_side
from tests.browser.pages import Watch, Watched

SLATE_MS = 1000
SKEW_MS = (-45, 125)
TABLES = {f"{HALLS[0]}/table": 2, f"{HALLS[1]}/table": 3}
"""Sources that halls of ours publish with picture and tone on one clock, and the numbers that their codes carry."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tables(evening: Evening, links: list[Link]) -> AsyncIterator[dict[str, Hall]]:
    """Both signing tables are live, by encoders that can drop their line."""
    async with aiohttp.ClientSession() as http:
        halls = {}
        for source, number in TABLES.items():
            link = next(link for link in links if link.source == source and link.whip)
            halls[source] = Hall(http, source, link.whip or "", link.token, await asyncio.to_thread(Film, number))
            await halls[source].publish()
        yield halls
        for hall in halls.values():
            await hall.stop()


async def take(director: Person, *sources: str) -> None:
    answer = await director.command({"type": "stage.take", "layout": "full", "sources": sources})
    assert "seq" in answer, answer


def now_ms() -> float:
    return time.time() * 1000


async def test_sound_and_picture_stay_together_over_every_switch(
    evening: Evening, director: Person, tables: dict[str, Hall]
) -> None:
    await evening.attendee.read("listen")
    skews: list[float] = []
    for source in [*TABLES, *TABLES]:
        number = TABLES[source]
        await take(director, source)
        await evening.attendee.read("shows", [number], 8000, 300)
        from_ms = now_ms()
        await evening.attendee.read("hears", number, 2, from_ms)
        found = await evening.attendee.read("skews", number, FRAMES_PER_S, from_ms)
        print(f"skew of {source} after the switch: {', '.join(f'{ms:.0f}' for ms in found)} ms (positive: sound late)")
        assert found
        skews += found
    await side_by_side(director)
    assert SKEW_MS[0] <= min(skews)
    assert max(skews) <= SKEW_MS[1]


async def slate_after_drop(hall: Hall, screens: list[Watched]) -> None:
    """The line drops without a word: each screen shows the slate within a second of the last frame."""
    hall.drop()
    from_ms = now_ms()
    times = await asyncio.gather(*(screen.read("slate", from_ms) for screen in screens))
    print("slate after", ", ".join(f"{at_ms - from_ms:.0f} ms" for at_ms in times))
    assert max(times) - from_ms <= SLATE_MS


async def test_a_dropped_line_shows_its_slate_and_comes_back(
    evening: Evening, director: Person, tables: dict[str, Hall]
) -> None:
    source, number = next(iter(TABLES.items()))
    screens = [evening.attendee, evening.wall]
    await take(director, source)
    await asyncio.gather(*(screen.read("shows", [number], 8000, 300) for screen in screens))
    await slate_after_drop(tables[source], screens)
    from_ms = now_ms()
    tables[source].resume()
    await asyncio.gather(*(screen.read("sees", number, from_ms) for screen in screens))


async def test_media_and_slates_go_on_while_web_is_dead(
    evening: Evening, director: Person, tables: dict[str, Hall], node: OwnNode, watch: Watch
) -> None:
    for watched in watch.pages:
        watched.expect("ERR_CONNECTION_REFUSED", "WebSocket", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
    source, number = next(iter(TABLES.items()))
    await take(director, source)
    await evening.attendee.read("shows", [number], 8000, 300)
    node.kill("web")
    from_ms = now_ms()
    await evening.attendee.read("sees", number, from_ms)
    await slate_after_drop(tables[source], [evening.attendee, evening.wall])
    from_ms = now_ms()
    tables[source].resume()
    await evening.attendee.read("sees", number, from_ms)
    began_ms = now_ms()
    node.launch("web")
    await node.ready()
    await director.connected()
    await side_by_side(director)
    await evening.attendee.read("shows", [0, 1])
    print(f"web started and a take seen after {now_ms() - began_ms:.0f} ms")


async def test_a_pulled_camera_is_announced_and_replaced_without_renegotiation(evening: Evening) -> None:
    hall = evening.halls[0]
    before = await hall.page.evaluate("() => [reader.connections().length, reader.descriptions()]")
    notices = await hall.page.locator("[data-said]").inner_text()
    from_ms = now_ms()
    await hall.read("pull", "video")
    changed = "before => reader.until(() => document.querySelector('[data-said]').innerText !== before, 3000)"
    await hall.page.evaluate(changed, notices)
    print("the page said:", (await hall.page.locator("[data-said]").inner_text()).replace("\n", " · "))
    await evening.attendee.read("sees", 0, from_ms + 500)
    assert await hall.page.evaluate("() => [reader.connections().length, reader.descriptions()]") == before


async def test_a_living_source_is_taken_over_knowingly(
    evening: Evening, watch: Watch, hall_browsers: list[Browser], links: list[Link]
) -> None:
    first = evening.halls[0]
    second = await watch.open(hall_browsers[0], link_of(links, "operator", HALLS[0]).url)
    second.expect("409")
    await second.read("start")
    words = second.page.locator("[data-publish-words]")
    await second.page.locator("[data-act=publish]:enabled").click()
    await second.page.locator("[data-act=takeover]").click()
    await second.page.locator("dialog[open] .button-primary, dialog[open] [value=yes]").first.click()
    await words.and_(second.page.locator("[data-state=live]")).wait_for()
    await first.page.locator("[data-publish-words][data-state=replaced]").wait_for()
    from_ms = now_ms()
    await evening.attendee.read("sees", 0, from_ms)
    await first.page.close()
    evening.halls[0] = second


async def test_a_revoked_link_ends_picture_and_socket_within_a_second(
    node: OwnNode, evening: Evening, watch: Watch, browser: Browser, links: list[Link]
) -> None:
    link = link_of(links, "wall", HALLS[0])
    wall = await watch.open(browser, link.url)
    wall.expect("403", "401")
    await wall.read("start")
    await wall.read("shows", [1])
    invite = Person(node, link, "wall")
    organiser = Person(node, link_of(links, "organiser"), "Olga")
    try:
        await invite.enter()
        await organiser.enter()
        began_ms = now_ms()
        answer = await organiser.command({"type": "links.revoke", "invite": invite.entry["invite"]})
        assert "seq" in answer, answer
        await wall.page.evaluate("() => reader.until(() => reader.now(300).length === 0, 3000)")
        ended_ms = await wall.page.evaluate("() => reader.frames.findLast((frame) => frame.code)?.at_ms ?? 0")
        print(f"the last picture came {ended_ms - began_ms:.0f} ms after the revocation")
        assert ended_ms - began_ms <= 1000
        async with aiohttp.ClientSession() as http, http.post(f"{node.url}/enter", json={"token": link.token}) as again:
            assert again.status == 403
    finally:
        await invite.leave()
        await organiser.leave()
        await wall.page.context.close()
