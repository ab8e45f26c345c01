"""Each page by keyboard alone: no mouse is touched here."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from tests.browser.conftest import HALLS, link_of, side_by_side
from tests.browser.evening.on_air import CALM_FRAMES_PER_S, PUBLISHES, Evening
from tests.browser.keys import press, tab_to
from tests.browser.pages import Watch, Watched


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


async def test_a_speaker_listens_changes_the_sound_and_publishes_by_keyboard(
    evening: Evening, watch: Watch, hall_browsers: list[Browser], links: list[Link]
) -> None:
    async with evening.calm():
        green = await watch.open(hall_browsers[1], link_of(links, "speaker").url)
        green.expect("/whip/")  # a join that takes long on a busy machine is left, and another one tried
        await speak_by_keyboard(green)
        await green.page.context.close()


async def speak_by_keyboard(green: Watched) -> None:
    page = green.page
    await page.locator("[data-act=publish]:enabled").wait_for()
    await green.read("pace", CALM_FRAMES_PER_S)
    listen = page.locator("[data-act=listen]")
    await tab_to(page, "[data-act=listen]")
    await expect(listen).to_have_attribute("aria-pressed", "true")  # at the latest by a key
    await page.keyboard.press("Enter")
    await expect(listen).to_have_attribute("aria-pressed", "false")
    for selector in ("#video", "#audio"):
        await tab_to(page, selector)
    await press(page, "[name=echo]", "Space")
    await expect(page.locator("[name=echo]")).not_to_be_checked()
    await press(page, "#delay", "ArrowRight")
    await expect(page.locator("output[for=delay]")).to_have_text("10 ms")
    await press(page, "[data-act=publish]")
    await page.evaluate(PUBLISHES)
    await page.keyboard.press("Enter")
    await page.locator("[data-publish-words][data-state=ended]").wait_for()


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
    await evening.attendee.read("shows", [1], 300)
    await side_by_side(director)
    await desk.page.context.close()


async def test_an_organiser_shows_withdraws_renews_and_copies_links_by_keyboard(
    watch: Watch, browser: Browser, links: list[Link]
) -> None:
    """The last speaker's link: no other test comes by it."""
    mine = [link for link in links if link.role == "speaker"][-1]
    url, allowed = link_of(links, "organiser").url, ["clipboard-read", "clipboard-write"]
    page = (await watch.open(browser, url, permissions=allowed)).page
    dialog, row = page.locator("dialog[open]"), "[data-links] .link:first-child"
    await page.locator(f"{row} [data-act=qr]").first.wait_for()
    await press(page, f"{row} [data-act=qr]")
    await dialog.locator("img.qr").wait_for()
    await page.keyboard.press("Escape")
    await dialog.wait_for(state="hidden")

    row = f".link:has([href='{mine.url}'])"
    await press(page, f"{row} [data-act=revoke]")
    await press(page, "dialog[open] [value=yes]")
    await expect(page.locator(f"{row}[data-revoked] [data-act=renew]")).to_be_focused()
    await page.keyboard.press("Enter")
    await dialog.wait_for()
    await page.keyboard.press("Escape")
    await dialog.wait_for(state="hidden")
    await page.keyboard.press("Enter")
    await press(page, "dialog[open] [value=yes]")
    await expect(page.locator(row)).to_have_count(0)
    copy = page.locator(":focus")
    await expect(copy).to_have_text("Copy")
    await page.keyboard.press("Enter")
    await expect(copy).to_have_text("Copied")
    href = await page.locator(".link:focus-within .link-url").get_attribute("href")
    assert href != mine.url
    assert await page.evaluate("() => navigator.clipboard.readText()") == href
    await page.context.close()


async def test_a_wall_needs_no_key_but_takes_any_for_its_sound(evening: Evening) -> None:
    await evening.wall.page.keyboard.press("Shift")
    await evening.wall.page.keyboard.press("Enter")
    await evening.wall.page.locator(".wall-ask").wait_for(state="hidden")
