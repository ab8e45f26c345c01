"""Every page: without an accessibility fault, in four languages, at the widths that people have. Shots to look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from scripts.rehearsal.node import HOUSE, Link, OwnNode
from tests.browser.conftest import HALLS, Evening, join, link_of
from tests.browser.pages import Watch

LANGUAGES = ("zh-Hans", "de", "en", "fr")
WIDTHS = {360: 780, 1440: 900, 3840: 2160}
AXE = HOUSE / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESKS = ("speaker", "director", "moderator", "organiser", "confidence")


async def axe_faults(page: Page) -> list[str]:
    """What axe-core finds, one line a fault: rule, place, what is wrong."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate(
        "rules => axe.run({ runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] })", RULES
    )
    return [
        f"{fault['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary'].splitlines()[-1].strip()}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def localised(url: str, language: str) -> str:
    """A link's page in a language; the token stays in the fragment."""
    page, _, token = url.partition("#")
    return f"{page}?lang={language}#{token}"


async def turn(page: Page, field: str, language: str) -> None:
    """Choose a language by the page's own field; the page turns without a reload."""
    await page.locator(field).select_option(language[:2], force=True)
    turned = "language => reader.until(() => document.documentElement.lang.startsWith(language), 5000)"
    await page.evaluate(turned, language[:2])


async def shoot(page: Page, path: Path) -> None:
    await page.screenshot(path=path, animations="disabled")


async def no_sideways_scrolling(page: Page) -> None:
    wide = await page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], f"{page.url.split('#')[0]} is {wide[0]} px wide in a window of {wide[1]}"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_lobby_speaks_the_persons_language(
    watch: Watch, browser: Browser, links: list[Link], shots: Path, language: str
) -> None:
    """The browser's first language decides, without a word in the address."""
    lobby = await watch.open(browser, link_of(links, "attendee").url, locale=language)
    await lobby.page.locator(".join-button").wait_for()
    assert (await lobby.page.get_attribute("html", "lang") or "")[:2] == language[:2]
    for width in (360, 1440):
        await lobby.page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        await no_sideways_scrolling(lobby.page)
        await shoot(lobby.page, shots / f"lobby-{language}-{width}.png")
    assert await axe_faults(lobby.page) == []
    await lobby.page.context.close()


@pytest.mark.parametrize("role", DESKS)
async def test_a_desk_is_without_fault_in_every_language(
    evening: Evening, watch: Watch, browser: Browser, links: list[Link], shots: Path, role: str
) -> None:
    context = await watch.context(browser, viewport={"width": 1440, "height": 900})
    for language in LANGUAGES:
        desk = await watch.page(context, localised(link_of(links, role).url, language))
        await settled(desk.page)
        await shoot(desk.page, shots / f"{role}-{language}.png")
        if language in ("de", "zh-Hans"):
            assert await axe_faults(desk.page) == []
        await desk.page.close()
    await context.close()


@pytest.mark.parametrize("page", ["", "nowhere/"])
async def test_the_nodes_own_pages_are_without_fault(
    node: OwnNode, watch: Watch, browser: Browser, shots: Path, page: str
) -> None:
    context = await watch.context(browser, viewport={"width": 1440, "height": 900})
    for language in LANGUAGES:
        plain = await watch.page(context, f"{node.url}/{page}?lang={language}")
        plain.expect("404")
        await shoot(plain.page, shots / f"{page.strip('/') or 'index'}-{language}.png")
        if language == "de":
            assert await axe_faults(plain.page) == []
    assert await watch.verdict() == []
    await context.close()


async def settled(page: Page) -> None:
    """The page knows its conference and shows its first view: the clocks of both venues stand."""
    await page.locator("hall-clock, .clock, time").first.wait_for(state="attached")
    await page.evaluate("() => document.fonts.ready.then(() => true)")


async def test_the_stage_in_four_languages_at_three_widths(
    evening: Evening, watch: Watch, browser: Browser, links: list[Link], shots: Path
) -> None:
    stage = await join(watch, browser, link_of(links, "attendee"), "陈晨")
    await stage.read("shows", [0, 1])
    for width, height in WIDTHS.items():
        await stage.page.set_viewport_size({"width": width, "height": height})
        for language in LANGUAGES:
            await turn(stage.page, "#stage-language", language)
            await no_sideways_scrolling(stage.page)
            await shoot(stage.page, shots / f"stage-{language}-{width}.png")
        assert await axe_faults(stage.page) == []
    await stage.page.context.close()


async def test_the_venue_page_in_four_languages_at_three_widths(evening: Evening, shots: Path) -> None:
    venue = evening.halls[1]
    for width, height in WIDTHS.items():
        await venue.page.set_viewport_size({"width": width, "height": height})
        for language in LANGUAGES:
            await turn(venue.page, "[data-language]", language)
            await no_sideways_scrolling(venue.page)
            await shoot(venue.page, shots / f"venue-{language}-{width}.png")
        assert await axe_faults(venue.page) == []
    await venue.page.set_viewport_size({"width": 1280, "height": 800})
    await turn(venue.page, "[data-language]", "en")


async def test_the_wall_in_four_languages_at_three_widths(
    evening: Evening, watch: Watch, browser: Browser, links: list[Link], shots: Path
) -> None:
    context = await watch.context(browser)
    for language in LANGUAGES:
        wall = await watch.page(context, localised(link_of(links, "wall", HALLS[0]).url, language))
        await wall.read("start")
        await wall.read("shows", [1])
        for width, height in WIDTHS.items():
            await wall.page.set_viewport_size({"width": width, "height": height})
            await no_sideways_scrolling(wall.page)
            await shoot(wall.page, shots / f"wall-{language}-{width}.png")
        if language == "de":
            assert await axe_faults(wall.page) == []
        await wall.page.close()
    await context.close()
