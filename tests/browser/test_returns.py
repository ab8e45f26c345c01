"""Pages come back by themselves: cut lines, no network, another network, a reload in the middle of a command."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, WebSocketRoute

from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.conftest import HALLS, link_of
from tests.browser.pages import Watch, Watched
from tests.browser.udp_way import UdpWay

pytestmark = pytest.mark.holds

SOCKETS = re.compile("/socket.io/")
CUT_ON_PURPOSE = ("WebSocket", "ERR_INTERNET_DISCONNECTED", "socket.io")


class Line:
    """The way between a page's socket and the node: it can be cut, closed to newcomers, and keep answers back."""

    def __init__(self) -> None:
        self.cut = False
        self.keeps_answers = False
        self.said: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self.kept = asyncio.Event()
        self._open: list[WebSocketRoute] = []

    async def lay(self, context: BrowserContext) -> None:
        await context.route_web_socket(SOCKETS, self._join)

    async def close(self) -> None:
        """Every line is cut, and none can be opened."""
        self.cut = True
        for way in self._open:
            await way.close(code=1001)
        self._open.clear()

    async def _join(self, way: WebSocketRoute) -> None:
        if self.cut:
            await way.close(code=1001)
            return
        self._open.append(way)
        node = way.connect_to_server()
        way.on_message(lambda text: self._say(str(text), node))
        node.on_message(lambda text: self._answer(str(text), way))

    def _say(self, text: str, node: WebSocketRoute) -> None:
        if '["command",' in text:
            self.said.append(json.loads(text.lstrip("0123456789"))[1]["id"])
        node.send(text)

    def _answer(self, text: str, way: WebSocketRoute) -> None:
        if text.startswith("43") and '"seq"' in text:
            self.answers.append(json.loads(text.lstrip("0123456789"))[0])
            if self.keeps_answers:
                self.kept.set()
                return
        way.send(text)


async def joined(watch: Watch, browser: Browser, links: list[Link], line: Line | UdpWay) -> Watched:
    """An attendee on the stage, with the picture playing, over a line of the test's own."""
    context = await watch.context(browser)
    await line.lay(context)
    attendee = await watch.page(context, link_of(links, "attendee").url)
    attendee.expect(*CUT_ON_PURPOSE)
    await attendee.page.locator("#name").fill("Rita")
    await attendee.page.locator(".join-button").click()
    await says(attendee.page, ".stage-line", "Connected")
    return attendee


async def says(page: Page, where: str, words: str | re.Pattern[str]) -> None:
    await page.locator(where).filter(has_text=words, visible=True).wait_for()


async def plays_on(page: Page) -> None:
    """New frames are decoded."""
    frames = "document.querySelector('.tile:not([data-off]) video').getVideoPlaybackQuality().totalVideoFrames"
    await page.wait_for_function(f"before => {frames} > before + 5", arg=await page.evaluate(frames))


def ritas(view: dict[str, Any]) -> list[str]:
    """Who is here by that name."""
    return [person for person, row in view["people"]["present"].items() if row.get("name") == "Rita"]


async def test_a_cut_line_is_said_and_the_page_comes_back_as_the_same_person(
    watch: Watch, browser: Browser, links: list[Link], director: Person
) -> None:
    line = Line()
    attendee = await joined(watch, browser, links, line)
    await director.until(lambda view: len(ritas(view)) == 1)
    before = ritas(director.view)

    await line.close()
    await says(attendee.page, ".stage-notice-words", "The server is restarting")
    await attendee.page.context.set_offline(True)
    await says(attendee.page, ".stage-notice-words", "No network")
    await says(attendee.page, ".stage-notice-words", re.compile(r"No network.*\(for \d+\ss\)"))
    await attendee.page.context.set_offline(False)
    line.cut = False
    await says(attendee.page, ".stage-line", "Connected")
    assert ritas(director.view) == before
    await attendee.page.context.close()


async def test_another_network_restarts_ice_by_patch_and_the_picture_stays(
    watch: Watch, browser: Browser, links: list[Link]
) -> None:
    attendee = await joined(watch, browser, links, Line())
    async with attendee.page.expect_response(lambda answer: answer.request.method == "PATCH") as patched:
        await attendee.page.evaluate("() => dispatchEvent(new Event('online'))")
    assert (await patched.value).status == 200
    await says(attendee.page, ".stage-line", "Connected")
    await plays_on(attendee.page)
    await attendee.page.context.close()


async def test_media_follows_a_page_to_another_address_and_through_a_tunnel(
    watch: Watch, browser: Browser, links: list[Link], node: OwnNode
) -> None:
    way = UdpWay(node.udp_port)
    await way.open()
    try:
        attendee = await joined(watch, browser, links, way)
        await plays_on(attendee.page)
        await way.move()
        await plays_on(attendee.page)
        way.silent = True
        await says(attendee.page, ".stage-line, .stage-notice-words", "Picture interrupted")
        way.silent = False
        await says(attendee.page, ".stage-line", "Connected")
        await plays_on(attendee.page)
        await attendee.page.context.close()
    finally:
        way.close()


async def test_a_command_without_an_answer_survives_a_reload_and_takes_effect_once(
    watch: Watch, browser: Browser, links: list[Link]
) -> None:
    line = Line()
    context = await watch.context(browser)
    await line.lay(context)
    desk = await watch.page(context, link_of(links, "director").url)
    desk.expect(*CUT_ON_PURPOSE)
    sound = desk.page.locator(".source-sound").first
    await sound.wait_for()
    await desk.page.wait_for_function("() => document.querySelector('[data-line]').dataset.state === 'live'")
    line.keeps_answers = True
    await sound.click()
    await asyncio.wait_for(line.kept.wait(), 30)

    line.keeps_answers = False
    await desk.page.reload()
    await desk.page.locator("[data-late=done]").wait_for()
    assert len(set(line.said)) == 1
    assert len(line.said) >= 2
    assert all(answer == line.answers[0] for answer in line.answers)
    assert (
        await desk.page.evaluate(
            "() => Object.keys(sessionStorage).filter((key) => key.startsWith('twinhall-pending'))"
        )
        == []
    )
    await context.close()


async def test_one_wall_of_a_hall_sounds_and_the_next_takes_over(
    watch: Watch, browser: Browser, links: list[Link]
) -> None:
    link = link_of(links, "wall", HALLS[1])
    first, second = await watch.open(browser, link.url), await watch.open(browser, link.url)
    await says(second.page, ".wall-ask", "Another screen is playing the sound")
    began_s = time.monotonic()
    await first.page.context.close()
    await second.page.locator(".wall-ask").filter(has_text="Another screen").wait_for(state="detached")
    assert time.monotonic() - began_s < 2.0
    await second.page.context.close()
