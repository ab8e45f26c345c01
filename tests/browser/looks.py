"""How a page looks: shots of its full state, its languages and widths, and what axe-core finds."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Page

from scripts.rehearsal.node import HOUSE
from tests.browser.pages import Watched

LANGUAGES = ("zh-Hans", "de", "en", "fr")
WIDTHS = {360: 780, 1440: 900, 3840: 2160}
AXE = HOUSE / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DRAWN = """async () => {
  const seen = { opacityProperty: true, visibilityProperty: true };
  const empty = () => reader.videos().filter((one) => one.srcObject && one.checkVisibility(seen) && !one.videoWidth);
  const settled = () => !document.querySelector("[aria-busy=true], main[inert]") && empty().length === 0;
  await document.fonts.ready;
  await reader.until(settled, 10000).catch(() => { throw Error(empty().map((one) => one.parentElement.outerHTML)); });
}"""


async def full(watched: Watched, pictures: Sequence[int] = (), *parts: str) -> None:
    """The page is no longer loading: it shows exactly these halls' `pictures`, and `parts` are there and filled."""
    await watched.page.emulate_media(reduced_motion="reduce")
    for part in parts:
        await watched.page.locator(part).first.wait_for()
    if pictures:
        await watched.read("start")
        await watched.read("shows", list(pictures))
    await watched.page.evaluate(DRAWN)


async def axe_faults(page: Page) -> list[str]:
    """What axe-core finds, one line a fault: rule, place, what is wrong."""
    if not await page.evaluate("() => 'axe' in globalThis"):
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
    """A shot of the window as it is now; packed quickly rather than small, which counts at 3840 px."""
    painted = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    await page.evaluate(painted)
    devtools = await page.context.new_cdp_session(page)
    shot = await devtools.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
    await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))
    await devtools.detach()


WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 0.5)
  .map((one) => `${one.localName}.${one.className}: ${Math.round(one.getBoundingClientRect().right)} px`)"""


async def no_sideways_scrolling(page: Page) -> None:
    wide = await page.evaluate(WIDE)
    assert wide == [], f"{page.url.split('#')[0]} is wider than its window"
