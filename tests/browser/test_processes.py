"""The organiser reads of several processes on one Redis: who decides, where pictures flow, and what may be lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from scripts.benches.redis_process import RedisProcess
from scripts.rehearsal.node import OwnNode
from tests.browser.conftest import link_of
from tests.browser.looks import LANGUAGES, WIDTHS, axe_faults, localised, no_sideways_scrolling, shoot, turn
from tests.browser.pages import Watch, Watched


class SharedNode(OwnNode):
    """A node on a Redis that may lose what it acknowledged; `bare` without a relay."""

    def __init__(self, data: Path, redis: RedisProcess, *, bare: bool = False) -> None:
        super().__init__(data, "jiangsu-2022")
        self._redis, self._bare = redis, bare

    def command(self, name: str) -> Sequence[str]:
        command = super().command(name)
        return (*command, "--redis", self._redis.url, "--redis-allow-loss") if name == "web" else command

    def launch(self, name: str) -> None:
        if name == "web" or not self._bare:
            super().launch(name)

    async def ready(self) -> None:
        if not self._bare:
            await super().ready()


@pytest_asyncio.fixture(loop_scope="session")
async def pair(tmp_path: Path) -> AsyncIterator[tuple[SharedNode, SharedNode]]:
    redis = RedisProcess(tmp_path / "redis", appendfsync="everysec")
    await redis.start()
    nodes = SharedNode(tmp_path / "one", redis), SharedNode(tmp_path / "two", redis, bare=True)
    try:
        for node in nodes:
            await node.start()
        yield nodes
    finally:
        for node in nodes:
            await node.stop()
        redis.stop()


@pytest.fixture
def own_watch(pair: tuple[SharedNode, SharedNode]) -> Watch:
    return Watch(pair[0].url)


async def organiser(pair: tuple[SharedNode, SharedNode], watch: Watch, browser: Browser) -> Watched:
    link = link_of(await pair[0].links(), "organiser")
    return await watch.open(browser, localised(link.url, "de"), viewport={"width": 1440, "height": WIDTHS[1440]})


async def test_the_organiser_reads_who_decides_where_pictures_flow_and_what_may_be_lost(
    pair: tuple[SharedNode, SharedNode], own_watch: Watch, browser: Browser, shots: Path
) -> None:
    watched = await organiser(pair, own_watch, browser)
    page = watched.page
    rows = page.locator("[data-processes] .process")
    await rows.nth(1).wait_for()
    first, second = rows.filter(has_text=str(pair[0].port)), rows.filter(has_text=str(pair[1].port))
    await first.get_by_text("diese eingeschlossen").wait_for()
    for row, words in ((first, "Entscheidet"), (second, "Folgt"), (second, "Kein Mediendienst daneben")):
        await row.get_by_text(words).wait_for()  # who has no relay passes the conference on
    risk = page.locator("[data-risks]")
    assert "appendfsync always" in await risk.inner_text()
    box = await risk.bounding_box()
    assert box is not None
    assert box["y"] < 200, "said above everything else"
    for width, height in WIDTHS.items():
        await page.set_viewport_size({"width": width, "height": height})
        for language in LANGUAGES if width == 1440 else ("de",):
            await turn(page, "[data-language]", language)
            await no_sideways_scrolling(page)
            for part, place in {"head": "[data-risks]", "processes": "[data-processes]"}.items():
                await page.locator(place).scroll_into_view_if_needed()
                await shoot(page, shots / f"organiser-{part}-{language}-{width}.png")
    assert await axe_faults(page) == []
    assert await own_watch.verdict() == []
    await page.context.close()
