"""What breaks in an evening: cameras pulled, sources fought over, links revoked."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from playwright.async_api import Browser

from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.conftest import HALLS, link_of
from tests.browser.evening.on_air import Evening
from tests.browser.pages import Watch

PATIENCE_MS = 15_000
HEAR_NOTICES = """() => {
  globalThis.notices = [];
  const heard = ({ dataset, innerText }) => notices.push([dataset.kindOf, dataset.kind === "lost", innerText]);
  new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach(heard)))
    .observe(document.querySelector("[data-said]"), { childList: true });
}"""
"""From now on the page's notices of its devices are kept: of which kind, whether it is lost, the words."""
BOTH_REPLACED = """(patience_ms) => reader.until(
  () => ["video", "audio"].every((kind) => notices.some(([of, isLost]) => of === kind && !isLost)), patience_ms)"""


def now_ms() -> float:
    return time.time() * 1000


async def test_a_pulled_camera_and_microphone_are_announced_and_replaced_without_renegotiation(
    evening: Evening,
) -> None:
    hall = evening.halls[0]
    before = await hall.page.evaluate("() => [reader.connections().length, reader.descriptions()]")
    await evening.attendee.read("listen")
    await hall.page.evaluate(HEAR_NOTICES)
    await hall.page.evaluate("() => ['video', 'audio'].forEach(reader.pull)")
    await hall.page.evaluate(BOTH_REPLACED, PATIENCE_MS)
    notices = await hall.page.evaluate("() => notices")
    print("the page said:", " · ".join(words for *_, words in notices))
    assert [(kind, is_lost) for kind, is_lost, _ in notices] == [
        ("video", True), ("audio", True), ("video", False), ("audio", False)
    ]  # fmt: skip
    from_ms = now_ms() + 500
    await asyncio.gather(
        evening.attendee.read("sees", 0, from_ms, PATIENCE_MS),
        evening.attendee.read("hears", 0, 2, from_ms, PATIENCE_MS),
    )
    assert await hall.page.evaluate("() => [reader.connections().length, reader.descriptions()]") == before


async def test_a_living_source_is_taken_over_knowingly(
    evening: Evening, watch: Watch, hall_browsers: list[Browser], links: list[Link]
) -> None:
    first = evening.halls[0]
    second = await watch.open(hall_browsers[0], link_of(links, "operator", HALLS[0]).url)
    second.expect("409")
    await second.read("start")
    words = second.page.locator("[data-publish-words]")
    await second.page.locator("[data-act=publish]:enabled").click()
    await second.page.locator("[data-act=takeover]").click()
    await second.page.locator("dialog[open] .button-primary, dialog[open] [value=yes]").first.click()
    await words.and_(second.page.locator("[data-state=live]")).wait_for()
    await first.page.locator("[data-publish-words][data-state=replaced]").wait_for()
    from_ms = now_ms()
    await evening.attendee.read("sees", 0, from_ms)
    await first.page.close()
    evening.halls[0] = second


@pytest.mark.holds
async def test_a_revoked_link_ends_picture_and_socket_within_a_second(
    node: OwnNode, evening: Evening, watch: Watch, browser: Browser, links: list[Link]
) -> None:
    link = link_of(links, "wall", HALLS[0])
    wall = await watch.open(browser, link.url)
    wall.expect("403", "401")
    await wall.read("start")
    await wall.read("shows", [1])
    organisers = link_of(links, "organiser")
    async with Person(node, link, "wall") as invite, Person(node, organisers, "Olga") as organiser:
        began_ms = now_ms()
        answer = await organiser.command({"type": "links.revoke", "invite": invite.entry["invite"]})
        assert "seq" in answer, answer
        await wall.page.evaluate("() => reader.until(() => reader.now(300).length === 0, 3000)")
        ended_ms = await wall.page.evaluate("() => reader.frames.findLast((frame) => frame.code)?.at_ms ?? 0")
        print(f"the last picture came {ended_ms - began_ms:.0f} ms after the revocation")
        assert ended_ms - began_ms <= 1000
        async with aiohttp.ClientSession() as http, http.post(f"{node.url}/enter", json={"token": link.token}) as again:
            assert again.status == 403
    await wall.page.context.close()
