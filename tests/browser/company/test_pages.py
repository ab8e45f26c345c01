"""Real pages at two web processes behind one nginx are one hall, and outlive the process that decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from scripts.benches.guests import Venue
from scripts.rehearsal.loops import Film
from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from tests.browser.company.conftest import Company
from tests.browser.conftest import HALLS, link_of
from tests.browser.pages import Watch, Watched
from tests.browser.questions.people import RULES, ask, attendee, done, number_of
from tests.server.shared.machines import Machine
from tests.server.shared.nginx import needs_nginx

pytestmark = [pytest.mark.holds, needs_nginx]

SOURCE, FILM = f"{HALLS[0]}/camera-1", 0
FRAMES = 5
PATIENCE_S = 60
WORDS, AFTER = "Wie arbeiten beide Städte zusammen?", "两地如何合作？"
KILLED_ON_PURPOSE = ("WebSocket", "socket.io", "502", "503", "504", "ERR_")


class Desk:
    """The organiser, who sees which process has how many pages open."""

    def __init__(self, organiser: Person) -> None:
        self.person = organiser

    @property
    def rows(self) -> list[dict[str, Any]]:
        return list(self.person.view.get("health", {}).get("processes", ()))

    @property
    def pages(self) -> dict[str, int]:
        return {row["node"]: row["pages"] for row in self.rows}

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.person.until(lambda view: holds())

    async def sees(self, count: int) -> None:
        await self.until(lambda: len(self.pages) == 2 and sum(self.pages.values()) == count)

    def owner(self, company: Company) -> Machine:
        port = next(row["node"] for row in self.rows if row["owner"]).rpartition(":")[2]
        return next(machine for machine in company.machines if str(machine.port) == port)


async def placed(desk: Desk, watch: Watch, browser: Browser, doors: list[Link], name: str) -> tuple[Watched, str]:
    """A new attendee's page, and the process that the balancer gave it."""
    before = desk.pages
    page = await attendee(watch, browser, doors, name)
    page.expect(*KILLED_ON_PURPOSE)
    await desk.sees(sum(before.values()) + 1)
    return page, next(node for node, pages in desk.pages.items() if pages > before[node])


async def two_pages(desk: Desk, watch: Watch, browser: Browser, doors: list[Link]) -> tuple[Watched, Watched]:
    """Anna's and Ben's, at different processes: the balancer takes turns, so Ben comes until it is so."""
    await desk.sees(3)
    anna, here = await placed(desk, watch, browser, doors, "Anna")
    while True:
        ben, there = await placed(desk, watch, browser, doors, "Ben")
        if there != here:
            return anna, ben
        await ben.page.context.close()
        await desk.sees(4)


def now_ms() -> float:
    return time.time() * 1000


async def test_pages_at_both_processes_go_on_when_the_owner_is_killed(
    company: Company, watch: Watch, browser: Browser, doors: list[Link]
) -> None:
    async with AsyncExitStack() as stack:
        organiser = await stack.enter_async_context(Person(company.node, link_of(doors, "organiser"), "Olga"))
        director = await stack.enter_async_context(Person(company.node, link_of(doors, "director"), "Dora"))
        desk = Desk(organiser)
        await done(organiser, RULES)
        camera = next(link for link in doors if link.source == SOURCE and link.whip)
        hall = Venue(company.node, camera, await asyncio.to_thread(Film, FILM))
        stack.push_async_callback(hall.leave)
        await hall.come()
        anna, ben = pages = await two_pages(desk, watch, browser, doors)
        for page in pages:
            stack.push_async_callback(page.page.context.close)
            await page.read("start")
            await page.page.evaluate("() => { globalThis.stayed = true; }")
            await page.read("sees_many", FILM, FRAMES, now_ms(), PATIENCE_S * 1000)

        await ask(anna.page, WORDS)
        question = await number_of(organiser, WORDS)
        await done(organiser, {"type": "qa.publish", "question": question})
        row = f"[data-question={question}]"
        await ben.page.locator(f"{row} .vote").click()
        await expect(anna.page.locator(f"{row} .vote .figures")).to_have_text("1")
        await done(director, {"type": "stage.take", "layout": "full", "sources": [SOURCE]})
        for page in pages:
            await expect(page.page.locator(".tile:not([data-off])")).to_have_count(1)

        killed_ms = now_ms()
        desk.owner(company).kill("web")
        await ask(anna.page, AFTER)
        await ben.page.locator(f"{row} .vote").click()
        sources = [f"{name}/camera-1" for name in HALLS]
        await director.insist({"type": "stage.take", "layout": "side_by_side", "sources": sources})
        shown = [page.read("sees_many", FILM, FRAMES, killed_ms + 1000, PATIENCE_S * 1000) for page in pages]
        await asyncio.gather(*shown)
        print(f"pictures at both pages again {now_ms() - killed_ms:.0f} ms after the kill")
        again = await number_of(organiser, AFTER)
        await done(organiser, {"type": "qa.publish", "question": again})
        for page in pages:
            await expect(page.page.locator(".tile:not([data-off])")).to_have_count(2)
            await expect(page.page.locator(f"{row} .vote .figures")).to_have_text("0")
            await expect(page.page.locator(f".questions-scroll [data-question={again}]")).to_have_count(1)
            assert await page.page.evaluate("() => globalThis.stayed"), "it was not loaded anew"
        asked = [one["text"] for one in organiser.view["qa"]["items"].values()]
        assert sorted(asked) == sorted([WORDS, AFTER])
