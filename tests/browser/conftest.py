"""The evening that the browser tests share: two halls on the air from real pages, an attendee and a wall who watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright

from scripts.rehearsal.encode import write_wav, write_y4m
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.pages import Watch, Watched, chromium, hall_browser

FRAMES_PER_S = 10
"""of the halls' pages: six pages share two cores with the node."""
FILM_S = 4
HALLS = ("changzhou", "frankfurt")

session = pytest_asyncio.fixture(scope="package", loop_scope="session")


@session
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A film and its sound per hall; the hall's place in HALLS is the number that its codes carry."""
    folder = tmp_path_factory.mktemp("films")
    for number, hall in enumerate(HALLS):
        write_y4m(folder / f"{hall}.y4m", number, FRAMES_PER_S, FILM_S)
        write_wav(folder / f"{hall}.wav", number, FILM_S)
    return [folder / hall for hall in HALLS]


@session
async def hall_browsers(playwright: Playwright, films: list[Path]) -> AsyncIterator[list[Browser]]:
    """One Chromium per hall: its devices are the hall's film."""
    browsers = await asyncio.gather(*(hall_browser(playwright, film, FRAMES_PER_S) for film in films))
    yield list(browsers)
    for browser in browsers:
        await browser.close()


@session
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    """The Chromium of all who only watch; sound needs a gesture, as everywhere."""
    browser = await chromium(playwright)
    yield browser
    await browser.close()


@session
async def watch(node: OwnNode) -> Watch:
    """Keeps an eye on every page of the run."""
    return Watch(node.url)


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


PUBLISHES = """() => {
  const words = document.querySelector("[data-publish-words]");
  return reader.until(() => words.dataset.state === "live", 20000).catch(() => { throw Error(words.outerHTML); });
}"""


async def publish(watch: Watch, browser: Browser, link: Link) -> Watched:
    """Open an operator's page and press its one button; returns once its media flows."""
    hall = await watch.open(browser, link.url)
    await hall.page.locator("[data-act=publish]:enabled").click()
    await hall.page.evaluate(PUBLISHES)
    return hall


async def join(watch: Watch, browser: Browser, link: Link, name: str, **options: object) -> Watched:
    """Enter as an attendee: a name, and the one button."""
    attendee = await watch.open(browser, link.url, **options)
    await attendee.read("start")
    await attendee.page.locator("#name").fill(name)
    await attendee.page.locator(".join-button").click()
    return attendee


@dataclass
class Evening:
    """The pages that stay open while the tests look at them."""

    halls: list[Watched]
    attendee: Watched
    wall: Watched
    wall_venue: str = HALLS[1]


@session
async def evening(
    watch: Watch, hall_browsers: list[Browser], browser: Browser, links: list[Link]
) -> AsyncIterator[Evening]:
    """Both halls publish from their pages; Anna and Frankfurt's wall watch. Pages stay open until the end."""
    operators = [link_of(links, "operator", venue) for venue in HALLS]
    halls = [await publish(watch, hall, link) for hall, link in zip(hall_browsers, operators, strict=True)]
    wall = await watch.open(browser, link_of(links, "wall", HALLS[1]).url)
    await wall.read("start")
    attendee = await join(watch, browser, link_of(links, "attendee"), "Anna")
    yield Evening(halls, attendee, wall)


async def side_by_side(director: Person) -> None:
    """Back to both halls."""
    sources = [f"{hall}/camera-1" for hall in HALLS]
    answer = await director.command({"type": "stage.take", "layout": "side_by_side", "sources": sources})
    assert "seq" in answer, answer
