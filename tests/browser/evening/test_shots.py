"""Every page that shows the stage: without an accessibility fault, in four languages, at the widths that people have.

Shots of the full state, to look at; each from a page that is open anyway, where there is one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from tests.browser.conftest import link_of, side_by_side
from tests.browser.evening.on_air import Evening
from tests.browser.looks import LANGUAGES, WIDTHS, axe_faults, full, localised, no_sideways_scrolling, shoot, turn
from tests.browser.pages import DESK, Watch, Watched

BOTH = (0, 1)
DESKS: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    "speaker": (BOTH, ("[data-checks] li", ".cue-state:not(:empty)")),
    "director": (BOTH, ("[data-sources] button", "[data-rundown] li", "[data-scenes] button")),
    "moderator": (BOTH, ("[data-here] li", "[data-rundown] li")),
    "organiser": ((), ("[data-links] button", "[data-health] .health-row", "[data-here] li", "[data-facts] dd")),
}
"""What the full page of each role shows: pictures of halls, and parts."""


@pytest_asyncio.fixture(scope="module", autouse=True, loop_scope="session")
async def _calm(evening: Evening) -> AsyncIterator[None]:
    async with evening.calm():
        yield


@pytest.mark.parametrize("role", DESKS)
async def test_a_desk_is_without_fault_in_every_language(
    evening: Evening, director: Person, watch: Watch, browser: Browser, links: list[Link], shots: Path, role: str
) -> None:
    await side_by_side(director)
    desk = await watch.open(browser, link_of(links, role).url, viewport={"width": 1440, "height": 900})
    pictures, parts = DESKS[role]
    await full(desk, pictures, *parts)
    for language in LANGUAGES:
        await turn(desk.page, "[data-language]", language)
        await shoot(desk.page, shots / f"{role}-{language}.png")
        if language in ("de", "zh-Hans"):
            assert await axe_faults(desk.page) == []
    await desk.page.context.close()


async def test_the_confidence_page_in_four_languages(
    evening: Evening, director: Person, watch: Watch, browser: Browser, links: list[Link], shots: Path
) -> None:
    await side_by_side(director)
    context = await watch.context(browser, viewport={"width": 1440, "height": 900})
    link = link_of(links, "confidence").url
    for language in LANGUAGES:
        confidence = await watch.page(context, localised(link, language))
        await full(confidence, BOTH, ".confidence-item:not(:empty)", ".confidence-clocks time")
        await shoot(confidence.page, shots / f"confidence-{language}.png")
        if language in ("de", "zh-Hans"):
            assert await axe_faults(confidence.page) == []
        await confidence.page.close()
    await context.close()


async def each_width_and_language(watched: Watched, name: str, field: str, shots: Path) -> None:
    """Shots of one page that is full, turned by its own field; axe looks at it on a phone and on a desk."""
    for width, height in WIDTHS.items():
        await watched.page.set_viewport_size({"width": width, "height": height})
        for language in LANGUAGES:
            await turn(watched.page, field, language)
            await no_sideways_scrolling(watched.page)
            await shoot(watched.page, shots / f"{name}-{language}-{width}.png")
        if width in (360, 1440):
            assert await axe_faults(watched.page) == []
    await watched.page.set_viewport_size(DESK)
    await turn(watched.page, field, "en")


async def test_the_stage_in_four_languages_at_three_widths(evening: Evening, director: Person, shots: Path) -> None:
    await side_by_side(director)
    await full(evening.attendee, BOTH)
    await each_width_and_language(evening.attendee, "stage", "#stage-language", shots)


async def test_the_venue_page_in_four_languages_at_three_widths(
    evening: Evening, director: Person, shots: Path
) -> None:
    await side_by_side(director)
    await full(evening.halls[1], BOTH)
    await each_width_and_language(evening.halls[1], "venue", "[data-language]", shots)
    await evening.halls[1].read("stop")


async def test_the_wall_in_four_languages_at_three_widths(
    evening: Evening, director: Person, links: list[Link], shots: Path
) -> None:
    await side_by_side(director)
    wall, link = evening.wall, link_of(links, "wall", evening.wall_venue).url
    for language in LANGUAGES:
        await wall.page.goto("about:blank")
        await wall.page.goto(localised(link, language))
        await full(wall, (0,))
        for width, height in WIDTHS.items():
            await wall.page.set_viewport_size({"width": width, "height": height})
            await no_sideways_scrolling(wall.page)
            await shoot(wall.page, shots / f"wall-{language}-{width}.png")
        if language == "de":
            assert await axe_faults(wall.page) == []
    await wall.page.set_viewport_size(DESK)
