"""The evening's pages: two operators' who publish known films, an attendee's and a wall's who watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser

from scripts.rehearsal.node import Link
from tests.browser.conftest import HALLS
from tests.browser.pages import Watch, Watched

FRAMES_PER_S = 10
"""of the halls' pages: six pages share two cores with the node."""
CALM_FRAMES_PER_S = 4
"""where only the pages are looked at: two cameras in three sizes each would take one core to encode."""
FILM_S = 4
PUBLISHES = """() => {
  const words = document.querySelector("[data-publish-words]");
  return reader.until(() => words.dataset.state === "live", 20000).catch(() => { throw Error(words.outerHTML); });
}"""


@dataclass
class Evening:
    """The pages that stay open while the folder's tests look at them."""

    halls: list[Watched]
    attendee: Watched
    wall: Watched
    wall_venue: str = HALLS[1]

    @asynccontextmanager
    async def calm(self) -> AsyncIterator[None]:
        """Few frames leave the halls' cameras meanwhile."""
        await self._pace(CALM_FRAMES_PER_S)
        try:
            yield
        finally:
            await self._pace(FRAMES_PER_S)

    async def _pace(self, frames_per_s: int) -> None:
        await asyncio.gather(*(hall.read("pace", frames_per_s) for hall in self.halls))


async def publish(watch: Watch, browser: Browser, link: Link) -> Watched:
    """Open an operator's page and press its one button; returns once its media flows."""
    hall = await watch.open(browser, link.url)
    await hall.page.locator("[data-act=publish]:enabled").click()
    await hall.page.evaluate(PUBLISHES)
    return hall
