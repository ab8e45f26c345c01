"""Each page by keyboard alone: no mouse is touched here."""

from __future__ import annotations

from playwright.async_api import Browser, Page

from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from tests.browser.conftest import HALLS, link_of, side_by_side
from tests.browser.evening.on_air import Evening
from tests.browser.pages import Watch

STEPS_MAX = 60


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus stands on `selector`, and see that the focus shows."""
    for _ in range(STEPS_MAX):
        await page.keyboard.press("Tab")
        there = await page.evaluate("selector => document.activeElement?.matches(selector) ?? false", selector)
        if there:
            visible = "() => { const style = getComputedStyle(document.activeElement);" \
                " return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; }"  # fmt: skip
            assert await page.evaluate(visible), f"the focus on {selector} cannot be seen"
            return
    raise AssertionError(f"{selector} is not reached by {STEPS_MAX} presses of Tab")


async def test_an_attendee_joins_and_mutes_by_keyboard(
    evening: Evening, watch: Watch, browser: Browser, links: list[Link]
) -> None:
    stage = await watch.open(browser, link_of(links, "attendee").url)
    await stage.read("start")
    await tab_to(stage.page, "#name")
    await stage.page.keyboard.type("Änne")
    await stage.page.keyboard.press("Enter")
    await stage.page.locator("#stage").wait_for()
    await stage.read("shows", [0, 1])
    await tab_to(stage.page, ".stage-mute")
    before = await stage.page.locator(".stage-mute").get_attribute("aria-label")
    await stage.page.keyboard.press("Enter")
    changed = "before => reader.until(() => document.querySelector('.stage-mute').ariaLabel !== before, 3000)"
    await stage.page.evaluate(changed, before)
    await stage.page.context.close()


async def test_an_operator_reaches_camera_publish_and_delay(evening: Evening) -> None:
    page = evening.halls[1].page
    for selector in ("[data-act=publish]", "#video", "#audio", "#delay"):
        await tab_to(page, selector)


async def test_the_director_takes_by_keys_and_never_by_space(
    evening: Evening, watch: Watch, browser: Browser, links: list[Link], director: Person
) -> None:
    await side_by_side(director)
    await evening.attendee.read("shows", [0, 1])
    desk = await watch.open(browser, link_of(links, "director").url)
    await desk.page.locator("[data-sources] button").first.wait_for()
    sources = list(director.view["conference"]["sources"].items())
    order = [name for name, _ in sorted(sources, key=lambda item: item[1]["order"])]
    taken = director.view["stage"]["take"]["seq"]
    await desk.page.keyboard.press("q")
    await desk.page.keyboard.press(str(order.index(f"{HALLS[1]}/camera-1") + 1))
    await tab_to(desk.page, "[data-act=take]")
    await desk.page.keyboard.press("Space")
    assert director.view["stage"]["take"]["seq"] == taken
    await desk.page.keyboard.press("Enter")
    await evening.attendee.read("shows", [1], 8000, 300)
    await side_by_side(director)
    await desk.page.context.close()


async def test_an_organiser_shows_a_link_s_code_and_leaves_it_standing_by_keyboard(
    watch: Watch, browser: Browser, links: list[Link]
) -> None:
    desk = await watch.open(browser, link_of(links, "organiser").url)
    dialog, row = desk.page.locator("dialog[open]"), "[data-links] .link:first-child"
    await desk.page.locator(f"{row} [data-act=qr]").first.wait_for()
    await tab_to(desk.page, f"{row} [data-act=qr]")
    await desk.page.keyboard.press("Enter")
    await dialog.locator("img.qr").wait_for()
    await desk.page.keyboard.press("Escape")
    await dialog.wait_for(state="hidden")
    await tab_to(desk.page, f"{row} [data-act=renew]")
    await desk.page.keyboard.press("Enter")
    await dialog.wait_for()
    await desk.page.keyboard.press("Escape")
    await dialog.wait_for(state="hidden")
    await desk.page.context.close()


async def test_a_wall_needs_no_key_but_takes_any_for_its_sound(evening: Evening) -> None:
    await evening.wall.page.keyboard.press("Shift")
    await evening.wall.page.keyboard.press("Enter")
    await evening.wall.page.locator(".wall-ask").wait_for(state="hidden")
