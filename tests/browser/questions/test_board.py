"""Questions from the desks: the board by keys, drag and thumb, two moderators, a stale tab, undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, WebSocketRoute, expect

from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from tests.browser.conftest import link_of
from tests.browser.looks import LANGUAGES, WIDTHS, axe_faults, localised, no_sideways_scrolling, shoot, turn
from tests.browser.pages import Watch
from tests.browser.questions.people import RULES, asked, done, state

DESK = {"width": 1440, "height": 900}
THUMB = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}
SWIPE_STEPS = 5


async def board(eye: Watch, browser: Browser, doors: list[Link], **options: Any) -> Page:
    """A moderator's page whose first view is there."""
    watched = await eye.open(browser, link_of(doors, "moderator").url, **({"viewport": DESK} | options))
    await expect(watched.page.locator("[data-column=review] .column-count")).not_to_be_empty()
    return watched.page


def card(page: Page, id: str) -> Locator:
    return page.locator(f".columns .ticket[data-question='{id}'], .columns .ticket:has([data-question='{id}'])").first


def column(page: Page, name: str, id: str) -> Locator:
    return page.locator(f"[data-column={name}] [data-question='{id}']")


async def test_a_question_goes_over_the_board_and_back_by_keys(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person
) -> None:
    id = await asked(asker, chair, "Wann beginnt der Dialog?")
    page = await board(eye, browser, doors)
    await card(page, id).focus()
    for key, wanted in (("p", "published"), ("s", ""), ("a", "on_air")):
        await page.keyboard.press(key)
        if not wanted:
            await page.locator("dialog [name=venue]").select_option("frankfurt")
            await page.keyboard.press("Control+Enter")
            wanted = "shortlisted"
        await expect(column(page, wanted, id)).to_be_visible()
    for wanted in ("shortlisted", "published", "review"):
        await page.keyboard.press("z")
        await expect(column(page, wanted, id)).to_be_visible()
    await expect(page.locator(".told")).to_contain_text("Taken back:")
    await page.keyboard.press("Shift+ArrowRight")
    await expect(column(page, "published", id)).to_be_visible()
    await page.keyboard.press("Space")
    await state(chair, id, "published")
    await page.context.close()


async def test_dragging_moves_a_question_and_joins_two(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person
) -> None:
    first, second, third = [await asked(asker, chair, text) for text in ("Wer haftet?", "Wer haftet hier?", "Why now?")]
    page = await board(eye, browser, doors)
    await card(page, third).drag_to(page.locator("[data-column=published]"))
    await expect(column(page, "published", third)).to_be_visible()
    await card(page, second).drag_to(card(page, first))
    await page.locator("dialog button[value=yes]").click()
    await state(chair, second, "merged")
    assert chair.view["qa"]["items"][second]["into"] == first
    await page.context.close()


async def test_two_moderators_are_kept_apart_in_clear_words(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person
) -> None:
    id = await asked(asker, chair, "Qui est responsable ?")
    mei, tom = await board(eye, browser, doors), await board(eye, browser, doors)
    await card(mei, id).focus()
    await mei.keyboard.press("d")
    await mei.locator("dialog[open]").wait_for()
    await expect(card(tom, id)).to_contain_text("has it in hand")
    await card(tom, id).focus()
    await tom.keyboard.press("p")
    assert chair.view["qa"]["items"][id]["state"] == "in_review"
    await tom.keyboard.press("c")
    await tom.locator("dialog button[value=yes]").click()
    await expect(card(tom, id)).to_contain_text("In your hands")
    await mei.keyboard.press("Control+Enter")
    await expect(mei.locator(".told")).to_contain_text("Another moderator has this question in hand")
    await expect(mei.locator(".told [data-t='board.take-over']")).to_be_visible()
    await tom.keyboard.press("p")
    await state(chair, id, "published")
    await done(chair, {"type": "qa.shortlist", "question": id})
    await expect(column(tom, "shortlisted", id)).to_be_visible()
    await tom.keyboard.press("z")
    await expect(tom.locator(".told")).to_contain_text("Somebody else has moved this question since")
    await state(chair, id, "shortlisted")
    await mei.context.close()
    await tom.context.close()


async def test_a_stale_tab_decides_nothing_that_it_did_not_read(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person
) -> None:
    id = await asked(asker, chair, "Is it safe?")
    deaf: list[bool] = []

    def tunnel(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda text: None if deaf and str(text).startswith('42["view"') else socket.send(text))

    context = await eye.context(browser, viewport=DESK)
    await context.route_web_socket("**/socket.io/**", tunnel)
    page = (await eye.page(context, link_of(doors, "moderator").url)).page
    await card(page, id).focus()
    deaf.append(True)
    await done(asker, {"type": "qa.edit", "question": id, "text": "Is it unsafe?"})
    await page.keyboard.press("p")
    await expect(page.locator(".told")).to_contain_text("The question was changed since you read it")
    deaf.clear()
    await done(asker, {"type": "qa.edit", "question": id, "text": "Is it really safe?"})
    await expect(card(page, id)).to_contain_text("Is it really safe?")
    await state(chair, id, "submitted")
    await page.keyboard.press("p")
    await state(chair, id, "published")
    await context.close()


async def test_a_translation_is_written_beside_its_original(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person
) -> None:
    id = await asked(asker, chair, "两地培训项目今年会扩大吗？")
    page = await board(eye, browser, doors)
    await card(page, id).focus()
    await page.keyboard.press("t")
    await page.locator("dialog [name=language]").select_option("de")
    await page.locator("dialog [name=text]").fill("Werden die Projekte ausgeweitet?")
    await page.locator("dialog [name=text]").press("Control+Enter")
    await expect(card(page, id)).to_contain_text("Werden die Projekte ausgeweitet?")
    assert chair.view["qa"]["items"][id]["text"] == "两地培训项目今年会扩大吗？"
    await chair.until(lambda view: "claimed" not in view["qa"]["items"][id])
    await page.context.close()


async def test_search_finds_what_no_column_shows(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person
) -> None:
    id = await asked(asker, chair, "Wo steht das Archiv?")
    await done(chair, {"type": "qa.decline", "question": id, "reason": "unclear"})
    await done(chair, {"type": "qa.archive", "question": id})
    page = await board(eye, browser, doors)
    await page.keyboard.press("/")
    await page.keyboard.type("ARCHIV")
    await expect(page.locator("[data-column=found]")).to_contain_text("Wo steht das Archiv?")
    await page.keyboard.press("Escape")
    await expect(page.locator(".columns")).to_be_visible()
    await page.context.close()


async def test_a_phone_shows_one_column_and_a_thumb_moves_questions(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person, shots: Path
) -> None:
    id = await asked(asker, chair, "Gibt es Förderung für gemeinsame Labore?")
    page = await board(eye, browser, doors, **THUMB)
    for language in LANGUAGES:
        await turn(page, "[data-language]", language)
        await no_sideways_scrolling(page)
        await shoot(page, shots / f"board-{language}-360.png")
    assert await axe_faults(page) == []
    await swipe(page, card(page, id))
    await state(chair, id, "published")
    await expect(card(page, id)).not_to_be_visible()
    await page.locator(".told [data-t='board.undo-last']").click()
    await state(chair, id, "submitted")
    await expect(card(page, id)).to_be_visible()
    await page.context.close()


async def swipe(page: Page, over: Locator) -> None:
    """A thumb pushes it to the right."""
    await over.scroll_into_view_if_needed()
    box = await over.bounding_box()
    assert box
    x, y = box["x"] + 20, box["y"] + 20
    cdp = await page.context.new_cdp_session(page)
    steps = [("touchStart", 0), *(("touchMove", 30 * n) for n in range(1, SWIPE_STEPS + 1))]
    for kind, by in steps:
        await cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x + by, "y": y}]})
    await cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def test_the_director_brings_an_asker_on_stage_and_back_by_one_key(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person
) -> None:
    id = await asked(asker, chair, "Darf ich selbst fragen?")
    await done(chair, {"type": "qa.publish", "question": id})
    await done(chair, {"type": "qa.shortlist", "question": id})
    desk = (await eye.open(browser, link_of(doors, "director").url, viewport=DESK)).page
    row = desk.locator(f".shortlist-row:has([data-question='{id}'])")
    await row.wait_for()
    await desk.keyboard.press("n")
    await expect(row.locator("hall-tally[state=on-air]")).to_be_visible()
    await desk.keyboard.press("g")
    await expect(row).to_contain_text("Invited, no answer yet")
    await desk.keyboard.press("g")
    await done(asker, {"type": "qa.consent", "question": id, "yes": True})
    await expect(row).to_contain_text("Agreed to come on stage")
    await desk.keyboard.press("g")
    await expect(row).to_contain_text("Asker on stage")
    assert chair.view["qa"]["on_stage"]["question"] == id
    await desk.keyboard.press("g")
    await expect(row).not_to_contain_text("Asker on stage")
    await desk.keyboard.press("k")
    await state(chair, id, "answered")
    await desk.context.close()


async def test_the_organiser_sets_the_rules_and_takes_the_questions_home(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person
) -> None:
    await asked(asker, chair, "=1+1 und mehr?")
    desk = (await eye.open(browser, link_of(doors, "organiser").url, viewport=DESK)).page
    await desk.locator("[name=hide_counts_min]").fill("2")
    await desk.locator("[name=languages][value=zh]").check()
    await desk.locator("[name=languages][value=de]").check()
    await desk.locator("[data-rules] [data-act=save]").click()
    await expect(desk.locator("[data-rules] [data-said]")).to_contain_text("Saved.")
    await chair.until(lambda view: view["qa"]["rules"].get("languages") == ["zh", "de"])
    assert chair.view["qa"]["rules"]["cooldown_s"] == 0
    for kind in ("csv", "jsonl", "xlsx"):
        async with desk.expect_download() as download:
            await desk.locator(f"[data-kind={kind}]").click()
        path = await (await download.value).path()
        assert path.stat().st_size > 0
        assert kind == "xlsx" or "1+1 und mehr?" in path.read_text("utf-8-sig")
    await done(chair, RULES)
    await desk.context.close()


async def test_desks_with_questions_are_without_fault_in_every_language(
    eye: Watch, browser: Browser, doors: list[Link], asker: Person, chair: Person, shots: Path
) -> None:
    texts = (
        "Wie schnell erhalten Mittelständler eine Genehmigung?",
        "两地培训项目今年会扩大吗？",
        "Which standards apply?",
    )
    ids = [await asked(asker, chair, text) for text in (*texts, "Gibt es Förderung?")]
    for id in ids[:3]:
        await done(chair, {"type": "qa.publish", "question": id})
    await done(
        chair, {"type": "qa.translate", "question": ids[0], "language": "zh-Hans", "text": "中小企业多久能获得许可？"}
    )
    await done(chair, {"type": "qa.shortlist", "question": ids[1], "venue": "changzhou"})
    await done(chair, {"type": "qa.air", "question": ids[0]})
    for role in ("moderator", "director", "speaker", "organiser"):
        page = (await eye.open(browser, localised(link_of(doors, role).url, "de"), viewport=DESK)).page
        await page.locator("[data-question], [data-rules] [value=zh]").first.wait_for()
        assert await axe_faults(page) == []
        for language in LANGUAGES:
            await turn(page, "[data-language]", language)
            await no_sideways_scrolling(page)
            await shoot(page, shots / f"questions-{role}-{language}-{DESK['width']}.png")
        await turn(page, "[data-language]", "de")
        await page.set_viewport_size({"width": 360, "height": WIDTHS[360]})
        await no_sideways_scrolling(page)
        await shoot(page, shots / f"questions-{role}-de-360.png")
        await page.context.close()
    for language in LANGUAGES:
        screen = await eye.open(browser, localised(link_of(doors, "confidence").url, language), viewport=DESK)
        await screen.page.locator("[data-question]").first.wait_for()
        await shoot(screen.page, shots / f"questions-confidence-{language}-{DESK['width']}.png")
        await screen.page.context.close()
