"""What people of these tests do: ask, and be sure that it stands."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Browser, Page

from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from tests.browser.conftest import join, link_of
from tests.browser.pages import Watch, Watched

RULES = {"type": "qa.configure", "cooldown_s": 0, "cap": 1000}
PHONE = {"width": 390, "height": 844}


async def done(person: Person, command: dict[str, Any]) -> None:
    answer = await person.command(command)
    assert "seq" in answer, (command, answer)


async def ask(page: Page, text: str) -> None:
    """As a person asks on a page."""
    await page.locator(".ask-text").fill(text)
    await page.locator(".ask-text").press("Enter")


async def asked(asker: Person, chair: Person, text: str) -> str:
    """The id of the question that is asked now, once the desk has it."""
    answer = await asker.command({"type": "qa.ask", "text": text})
    assert "seq" in answer, answer

    def found(view: dict[str, Any]) -> list[str]:
        return [id for id, row in view["qa"]["items"].items() if row["seq"] == answer["seq"]]

    await chair.until(lambda view: bool(found(view)))
    return found(chair.view)[0]


async def number_of(chair: Person, text: str) -> str:
    """The id of the newest question of this text, once the desk has it."""

    def found(view: dict[str, Any]) -> list[str]:
        rows = view.get("qa", {}).get("items", {}).items()
        return sorted((id for id, row in rows if row["text"] == text), key=lambda id: int(id[1:]))

    await chair.until(lambda view: bool(found(view)))
    return found(chair.view)[-1]


async def state(chair: Person, id: str, wanted: str) -> None:
    """Until the question stands there."""
    await chair.until(lambda view: view["qa"]["items"].get(id, {}).get("state") == wanted)


async def attendee(eye: Watch, browser: Browser, doors: list[Link], name: str, **options: object) -> Watched:
    """Somebody on the stage page, ready to ask."""
    watched = await join(eye, browser, link_of(doors, "attendee"), name, **options)
    await watched.page.locator(".ask-text").wait_for()
    return watched


async def attendee_of_yesterday(eye: Watch, browser: Browser, doors: list[Link], name: str, locale: str) -> Watched:
    """Somebody whose computer's clock is a day late."""
    context = await eye.context(browser, locale=locale)
    await context.add_init_script("const now = Date.now; Date.now = () => now() - 86_400_000;")
    watched = await eye.page(context, link_of(doors, "attendee").url)
    await watched.page.locator("#name").fill(name)
    await watched.page.locator(".join-button").click()
    await watched.page.locator(".ask-text").wait_for()
    return watched
