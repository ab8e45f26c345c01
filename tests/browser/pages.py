"""Real pages in real Chromiums, watched for console errors, policy violations and requests that leave the node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

READER: Final = (Path(__file__).parent / "reader.js").read_text()
CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
)  # fmt: skip
DESK: Final = {"width": 1280, "height": 800}


async def chromium(playwright: Playwright, *flags: str) -> Browser:
    """A headless Chromium."""
    return await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=[*FLAGS, *flags])


async def hall_browser(playwright: Playwright, film: Path, frames_per_s: int) -> Browser:
    """A Chromium whose camera and sound input are a film of known frames (film.y4m, film.wav)."""
    return await chromium(
        playwright,
        "--use-fake-ui-for-media-stream",
        f"--use-fake-device-for-media-stream=fps={frames_per_s}",
        f"--use-file-for-fake-video-capture={film.with_suffix('.y4m')}",
        f"--use-file-for-fake-audio-capture={film.with_suffix('.wav')}",
    )


@dataclass
class Watched:
    """A page and what it must never do; a test says with `expect` what it provokes on purpose."""

    page: Page
    origin: str
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, *words: str) -> None:
        """Faults that contain one of these words are the test's own doing."""
        self.expected += words

    async def verdict(self) -> list[str]:
        """The faults since the last verdict, without the expected ones."""
        if not self.page.is_closed():
            violations = await self.page.evaluate("() => globalThis.reader ? reader.violations.splice(0) : []")
            self.faults += [f"policy violated: {violation}" for violation in violations]
        found = [fault for fault in self.faults if not any(word in fault for word in self.expected)]
        self.faults.clear()
        return found

    async def read(self, script: str, *given: Any) -> Any:
        """`reader.<script>` in the page, with arguments."""
        return await self.page.evaluate(f"given => reader.{script}(...given)", list(given))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        url = request.url
        if not url.startswith((self.origin + "/", "data:", "blob:")) and urlsplit(url).scheme != "about":
            self.faults.append(f"request off the node: {url}")

    def listen(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("request", self._request)


class Watch:
    """All pages of a run."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.pages: list[Watched] = []

    async def context(self, browser: Browser, **options: Any) -> BrowserContext:
        """A fresh person's browser: no cookie of the others; every page gets the reader."""
        context = await browser.new_context(**({"locale": "en-GB", "viewport": DESK} | options))
        context.set_default_timeout(30_000)
        await context.add_init_script(READER)
        return context

    async def page(self, context: BrowserContext, url: str) -> Watched:
        """Open `url` in a new page and watch it."""
        watched = Watched(await context.new_page(), self.origin)
        watched.listen()
        self.pages.append(watched)
        await watched.page.goto(url)
        return watched

    async def open(self, browser: Browser, url: str, **options: Any) -> Watched:
        """Open `url` as a new person."""
        return await self.page(await self.context(browser, **options), url)

    async def verdict(self) -> Sequence[str]:
        """The faults of all pages since the last verdict."""
        found = [
            f"{watched.page.url.split('#')[0]}: {fault}" for watched in self.pages for fault in await watched.verdict()
        ]
        self.pages = [watched for watched in self.pages if not watched.page.is_closed()]
        return found

    async def leave(self) -> None:
        """Close what is still open: a page whose node is gone tries to return for ever."""
        for watched in self.pages:
            await watched.page.context.close()
