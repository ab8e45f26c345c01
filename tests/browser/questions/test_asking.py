"""Questions from the asker's side: on the stage page, on a phone in the hall, on the wall, on the way to the stage."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Browser, Page, Playwright, WebSocketRoute, expect

from scripts.rehearsal.node import Link
from scripts.rehearsal.person import Person
from tests.browser.conftest import link_of
from tests.browser.looks import LANGUAGES, WIDTHS, axe_faults, no_sideways_scrolling, shoot, turn
from tests.browser.pages import DESK, Watch, Watched, chromium
from tests.browser.questions.people import PHONE, RULES, ask, attendee, attendee_of_yesterday, done, number_of
from tests.browser.test_injection import ATTACKS, INJECTED, SHOWN, WATCHER, live

GERMAN, CHINESE = "Wie lange dauert eine Genehmigung?", "一项许可需要多长时间?"
OWN, OPEN, AIR = ".questions-own .question", ".questions-scroll > .question-rows .question", ".on-air:not([hidden])"
ENLARGED = {"width": 720, "height": 450}
"""A desk's window at 200 %."""
LEAST = """() => {
  const sizes = [...document.querySelectorAll(".on-air p")].map((one) => parseFloat(getComputedStyle(one).fontSize));
  return Math.min(...sizes) / innerHeight;
}"""
"""The smallest text of the question on air, as a share of the screen's height."""
SEEN_ON = ("on_site", "wall", "speaker", "confidence", "moderator", "director")
"""Whose screens show the question on air."""
BESIDE = ("operator", "organiser")


async def test_a_question_goes_from_a_phone_to_the_stage_and_the_wall_in_two_languages(
    eye: Watch, browser: Browser, doors: list[Link], chair: Person, shots: Path
) -> None:
    stage = await attendee(eye, browser, doors, "安娜", locale="zh-CN")
    phone = await eye.open(browser, link_of(doors, "on_site", "frankfurt").url, locale="de-DE", viewport=PHONE)
    wall = await eye.open(browser, link_of(doors, "wall", "changzhou").url, locale="zh-CN")

    await ask(phone.page, GERMAN)
    await expect(phone.page.locator(OWN)).to_contain_text(GERMAN)
    await expect(phone.page.locator(OWN)).to_contain_text("wartet auf Durchsicht")
    question = await number_of(chair, GERMAN)
    await done(chair, {"type": "qa.publish", "question": question})
    row = f"[data-question={question}]"
    await expect(phone.page.locator(f"{OPEN}{row}")).to_contain_text("Ihre")
    await expect(phone.page.get_by_text(GERMAN, exact=True)).to_have_count(1)

    await stage.page.locator(f"{row} .vote").click()
    await expect(stage.page.locator(f"{row} .vote")).to_have_attribute("aria-pressed", "true")
    await expect(phone.page.locator(f"{row} .vote .figures")).to_have_text("1")
    await done(chair, {"type": "qa.translate", "question": question, "language": "zh", "text": CHINESE})
    await expect(stage.page.locator(f"{row} .question-text")).to_have_text(CHINESE)
    await expect(stage.page.locator(f"{row} .question-beside")).to_have_attribute("lang", "de")

    await done(chair, {"type": "qa.air", "question": question})
    for page in (stage.page, wall.page):
        await expect(page.locator(f"{AIR} .question-text")).to_have_text(CHINESE)
        await expect(page.locator(f"{AIR} .question-beside")).to_have_text(GERMAN)
        await expect(page.locator(f"{AIR} .question-facts")).to_contain_text("法兰克福")
    assert await wall.page.evaluate(LEAST) >= 0.05, "readable from the last row"
    await expect(phone.page.locator(".questions-air")).to_contain_text("Auf Sendung")
    for watched, name in ((stage, "stage"), (phone, "phone"), (wall, "wall")):
        await shoot(watched.page, shots / f"questions-{name}.png")
        assert await axe_faults(watched.page) == []

    await done(chair, {"type": "qa.answer", "question": question, "how": "live"})
    await expect(wall.page.locator(AIR)).to_have_count(0)
    await expect(phone.page.locator(".questions-done summary")).to_have_text("Beantwortet (1)")
    for watched in (stage, phone, wall):
        await watched.page.context.close()


async def test_a_scanned_code_shows_the_phone_s_presence_once(
    eye: Watch, browser: Browser, doors: list[Link], chair: Person
) -> None:
    wall = await eye.open(browser, link_of(doors, "wall", "frankfurt").url)
    await wall.page.locator(".wall-code img").wait_for()
    code = await wall.page.locator(".wall-code").get_attribute("data-code")
    link = link_of(doors, "on_site", "frankfurt").url
    phone = await eye.open(browser, f"{link}.{code}", viewport=PHONE)
    await phone.page.locator(".ask-text").wait_for()
    assert phone.page.url == link, "the code is used up"
    late = await eye.open(browser, f"{link}.ABCDEF", viewport=PHONE, locale="fr-FR")
    await expect(late.page.locator(".phone-line")).to_contain_text("code")
    await done(chair, {"type": "qa.doors", "asking": False, "voting": True})
    await expect(wall.page.locator(".wall-code")).to_be_hidden()
    await expect(phone.page.locator(".ask-text")).to_be_disabled()
    await expect(phone.page.locator(".ask-rule")).to_have_text("No questions are taken at the moment.")
    await done(chair, {"type": "qa.doors", "asking": True, "voting": True})
    for watched in (wall, phone, late):
        await watched.page.context.close()


async def test_a_question_without_an_answer_is_kept_over_a_reload_and_never_doubled(
    eye: Watch, browser: Browser, doors: list[Link]
) -> None:
    deaf = True

    def line(socket: WebSocketRoute) -> None:
        """A line on which no answer comes back, as in a tunnel."""
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(lambda frame: None if deaf and str(frame).startswith("43") else socket.send(frame))

    context = await eye.context(browser)
    await context.route_web_socket("**/socket.io/**", line)
    watched = await eye.page(context, link_of(doors, "on_site", "frankfurt").url)
    await ask(watched.page, "Kommt das an?")
    mine = watched.page.get_by_text("Kommt das an?", exact=True)
    await expect(mine).to_have_count(1)
    await watched.page.reload()
    await expect(mine).to_have_count(1)
    deaf = False
    await watched.page.reload()
    await expect(watched.page.locator("[data-late=done]")).to_be_visible()
    await expect(watched.page.locator(f"{OWN}[data-state=submitted] .question-text")).to_have_text("Kommt das an?")
    await expect(mine).to_have_count(1)
    await context.close()


async def test_what_the_server_refuses_comes_back_with_its_reason_in_the_person_s_language(
    eye: Watch, browser: Browser, doors: list[Link], chair: Person
) -> None:
    """On a computer whose clock is a day late: what counts is the hall's."""
    stage = await attendee_of_yesterday(eye, browser, doors, "Chloé", locale="fr-FR")
    await done(chair, {"type": "qa.configure", "cooldown_s": 0, "cap": 100, "languages": ["zh", "de"]})
    await ask(stage.page, "Quelle est la durée de la formation pour les ouvriers ?")
    await expect(stage.page.locator(".ask-fault")).to_contain_text("langues")
    await expect(stage.page.locator(".ask-text")).to_have_value(
        "Quelle est la durée de la formation pour les ouvriers ?"
    )
    await expect(stage.page.locator(OWN)).to_have_count(0)
    await ask(stage.page, "é" * 301)
    await expect(stage.page.locator(".ask-fault")).to_contain_text("300")
    await done(chair, {"type": "qa.configure", "cooldown_s": 60, "cap": 100})
    await ask(stage.page, "Une question ?")
    await expect(stage.page.locator(OWN)).to_have_count(1)
    await expect(stage.page.locator(".ask-rule")).to_have_text(re.compile(r"^Nouvelle question possible dans \d\d\ss"))
    await done(chair, RULES)
    await stage.page.context.close()


async def test_an_asker_changes_and_withdraws_by_keyboard_and_reads_why_one_was_not_taken(
    eye: Watch, browser: Browser, doors: list[Link], chair: Person
) -> None:
    stage = await attendee(eye, browser, doors, "Kim")
    page = stage.page
    await page.keyboard.press("q")
    await page.keyboard.type("Is it lat?")
    await page.keyboard.press("Enter")
    await page.locator(f"{OWN} [data-act=edit]").press("Enter")
    await page.keyboard.press("End")
    await page.keyboard.press("Backspace")
    await page.keyboard.type("e?")
    await page.keyboard.press("Enter")
    await expect(page.locator(f"{OWN} .question-text")).to_have_text("Is it late?")
    question = await number_of(chair, "Is it late?")
    await done(chair, {"type": "qa.decline", "question": question, "reason": "off_topic", "note": "See the programme."})
    await expect(page.locator(OWN)).to_contain_text("not taken: not on the topic")
    await expect(page.locator(OWN)).to_contain_text("See the programme.")
    await ask(page, "Shall I go?")
    await page.locator(f"{OWN}[data-state=submitted] [data-act=withdraw]").press("Enter")
    await page.locator("dialog [value=yes]").press("Enter")
    await expect(page.locator(f"{OWN}[data-state=withdrawn]")).to_contain_text("Shall I go?")
    await page.context.close()


async def sees(watched: Watched, name: str) -> None:
    """The tile of that name plays a picture."""
    plays = """(name) => reader.until(() => [...document.querySelectorAll(".tile:not([data-off]):not([data-slate])")]
      .some((tile) => tile.textContent.includes(name) && tile.querySelector("video").currentTime > 0
        && tile.querySelector("video").videoWidth > 0), 15000)"""
    await watched.page.evaluate(plays, name)


async def test_an_asker_comes_on_stage_after_a_look_at_the_own_picture_and_steps_down(
    playwright: Playwright, browser: Browser, eye: Watch, doors: list[Link], chair: Person, shots: Path
) -> None:
    lens = await chromium(playwright, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    stage = await attendee(eye, lens, doors, "Greta")
    guest, page = stage.page.locator(".guest"), stage.page
    await ask(page, "May I come?")
    question = await number_of(chair, "May I come?")
    await done(chair, {"type": "qa.publish", "question": question})
    await done(chair, {"type": "qa.air", "question": question})
    await done(chair, {"type": "qa.invite", "question": question})
    await guest.locator("[data-act=preview]").click()
    await expect(guest.locator("[data-act=agree]")).to_be_enabled()
    playing = "() => reader.until(() => document.querySelector('.guest video')?.videoWidth > 0, 5000)"
    await page.evaluate(playing)
    assert not [key for key in chair.view["conference"]["sources"] if key.startswith("guest/")], (
        "nobody is sent unasked"
    )
    await shoot(page, shots / "questions-guest.png")
    assert await axe_faults(page) == []
    await guest.locator("[data-act=agree]").click()
    await expect(guest.locator("[data-publish-words]")).to_have_attribute("data-state", "live")
    await done(chair, {"type": "qa.bring", "question": question})
    await expect(guest).to_have_attribute("data-step", "on_stage")
    wall = await eye.open(browser, link_of(doors, "wall", "frankfurt").url)
    other = await attendee(eye, browser, doors, "Otto")
    label = wall.page.locator(".tile:not([data-off]):not([data-slate]) .tile-place")
    await expect(label.filter(has_text="Greta")).to_be_visible()
    await sees(wall, "Greta")
    await sees(other, "Greta")
    await shoot(wall.page, shots / "questions-wall-guest.png")
    await shoot(other.page, shots / "questions-stage-guest.png")
    await guest.locator("[data-act=step-down]").click()
    await expect(guest).to_have_attribute("data-step", "back")
    await expect(label.filter(has_text="Greta")).to_have_count(0)
    dark = "() => [...document.querySelectorAll('.guest video')].every((video) => !video.srcObject?.active)"
    await page.wait_for_function(dark)
    await other.page.context.close()
    await wall.page.context.close()
    await lens.close()


async def test_the_panel_and_the_phone_in_four_languages_at_the_widths_that_people_have(
    eye: Watch, browser: Browser, doors: list[Link], chair: Person, shots: Path
) -> None:
    stage = await attendee(eye, browser, doors, "Wu")
    phone = await eye.open(browser, link_of(doors, "on_site", "changzhou").url)
    await phone.page.locator(".ask-text").wait_for()
    for text in ("Which standards apply to battery swapping?", "Gibt es Förderung für gemeinsame Labore?"):
        await ask(stage.page, text)
        await done(chair, {"type": "qa.publish", "question": await number_of(chair, text)})
    await done(
        chair, {"type": "qa.air", "question": await number_of(chair, "Gibt es Förderung für gemeinsame Labore?")}
    )
    await ask(phone.page, "两地培训项目今年会扩大吗?")
    await stage.page.locator(".ask-text").focus()
    for watched, name, field in ((stage, "panel", ".stage-language"), (phone, "phone", ".phone-language")):
        for width, height in WIDTHS.items():
            await watched.page.set_viewport_size({"width": width, "height": height})
            for language in LANGUAGES if width == 360 else ("de",):
                await turn(watched.page, field, language)
                await no_sideways_scrolling(watched.page)
                await shoot(watched.page, shots / f"questions-{name}-{language}-{width}.png")
            assert await axe_faults(watched.page) == []
        if name == "panel":
            await watched.page.set_viewport_size(ENLARGED)
            await no_sideways_scrolling(watched.page)
            for part in (".stage-screen", ".stage-mute", ".stage-language", ".ask-text", ".ask-line button"):
                await expect(watched.page.locator(part)).to_be_in_viewport(ratio=1)
            await shoot(watched.page, shots / "questions-panel-enlarged.png")
        await watched.page.context.close()


async def test_hostile_questions_are_text_in_every_field_on_every_screen(
    browser: Browser, doors: list[Link], chair: Person
) -> None:
    """Without the pages' policy: what holds here is the escaping alone."""
    context = await browser.new_context(bypass_csp=True, locale="en-GB", viewport=DESK)
    await context.add_init_script(WATCHER)
    page = await context.new_page()
    await page.goto(link_of(doors, "attendee").url)
    await page.locator("#name").fill(f"N {ATTACKS[0]}")
    await page.locator(".join-button").click()
    for attack in ATTACKS:
        await ask(page, attack)
        await expect(page.locator(f"{OWN}[data-state=submitted]").get_by_text(attack, exact=True)).to_be_visible()
        question = await number_of(chair, attack)
        await done(chair, {"type": "qa.translate", "question": question, "language": "zh", "text": f"Z {attack}"})
        await done(chair, {"type": "qa.publish", "question": question})
    declined, answered, shortlisted, aired = [await number_of(chair, attack) for attack in ATTACKS[:4]]
    await done(chair, {"type": "qa.decline", "question": declined, "reason": "other", "note": f"D {ATTACKS[4]}"})
    await done(chair, {"type": "qa.answer", "question": answered, "how": "written", "text": f"A {ATTACKS[5]}"})
    await done(chair, {"type": "qa.shortlist", "question": shortlisted})
    await done(chair, {"type": "qa.air", "question": aired})
    await expect(page.locator(".on-air .question-text")).to_have_text(ATTACKS[3])
    assert await page.evaluate(INJECTED) == []
    assert set(await page.evaluate(SHOWN, [*ATTACKS, f"D {ATTACKS[4]}", f"A {ATTACKS[5]}"])) >= set(ATTACKS)
    screen = await context.new_page()
    for role in (*SEEN_ON, *BESIDE):
        await live(screen, link_of(doors, role).url)
        if role in SEEN_ON:
            await screen.wait_for_function(f"attacks => ({SHOWN})(attacks).length > 0", arg=[ATTACKS[3]])
        if role == "moderator":
            await _every_dialog(screen, await number_of(chair, ATTACKS[4]))
        assert await screen.evaluate(INJECTED) == [], role
    await context.close()


async def _every_dialog(board: Page, question: str) -> None:
    """Each form about the question, which shows it, and the search that finds it."""
    await board.keyboard.press("/")
    await board.keyboard.type("xss")
    await expect(board.locator(f"[data-column=found] [data-key={question}]")).to_contain_text(ATTACKS[4])
    await board.keyboard.press("Escape")
    ticket = board.locator(f".columns .ticket[data-key={question}]")
    for key in "djtse":
        await expect(ticket).not_to_have_attribute("aria-busy", re.compile(".*"))
        await ticket.focus()
        await board.keyboard.press(key)
        await expect(board.locator("dialog[open] .subject")).to_contain_text(ATTACKS[4])
        assert await board.evaluate(INJECTED) == [], key
        await board.keyboard.press("Escape")
        await board.locator("dialog[open]").wait_for(state="detached")
