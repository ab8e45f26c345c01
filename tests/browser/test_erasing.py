"""The organiser finds a name, is asked with the name, erases it, and is told what was found afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from scripts.rehearsal.node import Link
from tests.browser.conftest import join, link_of
from tests.browser.looks import axe_faults, no_sideways_scrolling, shoot
from tests.browser.pages import Watch

pytestmark = pytest.mark.holds

NAME = "Änne <b>Unverwechselbar</b>"


async def test_an_organiser_erases_a_person_by_name(
    watch: Watch, browser: Browser, links: list[Link], shots: Path
) -> None:
    await join(watch, browser, link_of(links, "attendee"), NAME)
    organiser = (await watch.open(browser, link_of(links, "organiser").url, locale="en")).page
    await expect(organiser.locator("[data-here]")).to_contain_text(NAME)

    await organiser.locator("[data-names] summary").click()
    await organiser.locator("#names-search").fill("unver")
    rows = organiser.locator("[data-names] .names-row")
    await expect(rows).to_have_count(1)
    await no_sideways_scrolling(organiser)
    assert await axe_faults(organiser) == []
    await rows.locator("button").click()
    asked = organiser.locator("dialog[open]")
    await expect(asked).to_contain_text(f"Erase {NAME}?")
    await shoot(organiser, shots / "organiser-erase.png")
    await asked.get_by_role("button", name="Erase").click()

    await expect(organiser.locator("dialog[open]")).to_contain_text("No byte of the name is left")
    await organiser.locator("dialog[open] button").click()
    await expect(rows).to_have_count(0)
    await expect(organiser.locator("[data-here]")).not_to_contain_text(NAME)
    await shoot(organiser, shots / "organiser-erased.png")
