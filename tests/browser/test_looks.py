"""The pages before and beside the stage: without an accessibility fault, in four languages. Shots to look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from scripts.rehearsal.node import Link, OwnNode
from tests.browser.conftest import link_of
from tests.browser.looks import LANGUAGES, WIDTHS, axe_faults, no_sideways_scrolling, shoot
from tests.browser.pages import Watch


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
