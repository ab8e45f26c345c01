"""What all browser tests share: a node, a Chromium for those who watch, the director's hand, an eye on every page.

Pages that stay on the air for several tests are a folder of their own (evening), and leave with its last test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.pages import Watch, Watched, chromium

HALLS = ("changzhou", "frankfurt")

PATIENCE_MS = 30_000
"""What a page is to say may take long on a busy machine; Playwright itself waits for 5 s."""
expect.set_options(timeout=PATIENCE_MS)

session = pytest_asyncio.fixture(scope="package", loop_scope="session")


@session
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@session
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """The Chromium of all who only watch; sound needs a gesture, as everywhere."""
    browser = await chromium(playwright)
    yield browser
    await browser.close()


@session
async def watch(node: OwnNode, browser: Browser) -> AsyncIterator[Watch]:
    """Keeps an eye on every page of the run."""
    watch = Watch(node.url)
    yield watch
    await watch.leave()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _no_page_misbehaves(watch: Watch) -> AsyncIterator[None]:
    """No console error, no policy violation, no request off the node, in any test."""
    yield
    assert await watch.verdict() == []


def link_of(links: list[Link], role: str, venue: str | None = None) -> Link:
    """The first link of a role (at a venue)."""
    return next(link for link in links if link.role == role and venue in (None, link.venue))


@session
async def director(node: OwnNode, links: list[Link]) -> AsyncIterator[Person]:
    """The director's hand, by the socket that the page uses."""
    async with Person(node, link_of(links, "director"), "Dora") as person:
        yield person


async def join(watch: Watch, browser: Browser, link: Link, name: str, **options: object) -> Watched:
    """Enter as an attendee: a name, and the one button."""
    attendee = await watch.open(browser, link.url, **options)
    await attendee.read("start")
    await attendee.page.locator("#name").fill(name)
    await attendee.page.locator(".join-button").click()
    return attendee


async def side_by_side(director: Person) -> None:
    """Back to both halls."""
    sources = [f"{hall}/camera-1" for hall in HALLS]
    answer = await director.command({"type": "stage.take", "layout": "side_by_side", "sources": sources})
    assert "seq" in answer, answer
