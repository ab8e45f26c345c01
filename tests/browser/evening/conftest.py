"""Both halls are on the air from real pages, Anna and Frankfurt's wall watch, until this folder is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright

from scripts.rehearsal.encode import write_wav, write_y4m
from scripts.rehearsal.node import Link
from tests.browser.conftest import HALLS, join, link_of
from tests.browser.evening.on_air import FILM_S, FRAMES_PER_S, Evening, publish
from tests.browser.pages import Watch, hall_browser

folder = pytest_asyncio.fixture(scope="package", loop_scope="session")


@pytest.fixture(scope="package")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A film and its sound per hall; the hall's place in HALLS is the number that its codes carry."""
    films = tmp_path_factory.mktemp("films")
    for number, hall in enumerate(HALLS):
        write_y4m(films / f"{hall}.y4m", number, FRAMES_PER_S, FILM_S)
        write_wav(films / f"{hall}.wav", number, FILM_S)
    return [films / hall for hall in HALLS]


@folder
async def hall_browsers(playwright: Playwright, films: list[Path]) -> AsyncIterator[list[Browser]]:
    """One Chromium per hall: its devices are the hall's film."""
    browsers = await asyncio.gather(*(hall_browser(playwright, film, FRAMES_PER_S) for film in films))
    yield list(browsers)
    for browser in browsers:
        await browser.close()


@folder
async def evening(
    watch: Watch, hall_browsers: list[Browser], browser: Browser, links: list[Link]
) -> AsyncIterator[Evening]:
    operators = [link_of(links, "operator", venue) for venue in HALLS]
    halls = [await publish(watch, hall, link) for hall, link in zip(hall_browsers, operators, strict=True)]
    wall = await watch.open(browser, link_of(links, "wall", HALLS[1]).url)
    await wall.read("start")
    attendee = await join(watch, browser, link_of(links, "attendee"), "Anna")
    evening = Evening(halls, attendee, wall)
    yield evening
    for watched in [*evening.halls, evening.attendee, evening.wall]:
        await watched.page.context.close()
