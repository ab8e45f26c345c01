"""Players of other makers play by WHEP and decode the program's pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright

from scripts.rehearsal.hall import Hall
from scripts.rehearsal.loops import FRAMES_PER_S
from scripts.rehearsal.node import HOUSE, Link
from tests.browser.pages import READER, chromium
from tests.interop.programs import HERE, running


async def test_webrtcbin_plays(hall: Hall, links: list[Link], tmp_path: Path) -> None:
    group = next(link for link in links if link.role == "attendee")
    command = ["/usr/bin/python3", str(HERE / "gst_peer.py"), "play", f"{group.whep}?source={hall.source}", group.token]
    async with running(command, tmp_path / "log") as program:
        await program.until(lambda facts: sum(fact.get("source") == 0 for fact in facts) >= 2 * FRAMES_PER_S)
        await program.until(lambda facts: sum(fact.get("sound", 0) for fact in facts) >= 48_000)


PLAYER = """<!doctype html><title>player</title><video id="video" muted autoplay playsinline></video><script>
const bundled = {};
const require = (name) => bundled[name] ?? {};
const load = (name, body) => {
  const module = { exports: {} };
  body(module, module.exports);
  bundled[name] = module.exports;
};
load("events", (module, exports) => {%s});
load("player", (module, exports) => {%s});
const play = async (url, token) => {
  const video = document.getElementById("video");
  await new bundled.player.WebRTCPlayer({ video, type: "whep", iceServers: [] }).load(new URL(url), `Bearer ${token}`);
};
</script>"""
"""Eyevinn's CommonJS build with the little of CommonJS that it needs; its helpers for advertising stay out."""


@pytest_asyncio.fixture(loop_scope="session")
async def eyevinn() -> AsyncIterator[str]:
    """The address of a server that is not the node and serves the player's page."""
    modules = HOUSE / "web" / "node_modules"
    parts = (modules / "events" / "events.js", modules / "@eyevinn" / "webrtc-player" / "dist" / "main.js")
    html = PLAYER % tuple(part.read_text() for part in parts)

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def test_eyevinns_player_plays_from_another_origin(hall: Hall, links: list[Link], eyevinn: str) -> None:
    """A page of somebody else's server, with Eyevinn's WHEP adapter: CORS, Location, and pictures."""
    group = next(link for link in links if link.role == "attendee")
    async with async_playwright() as playwright:
        browser = await chromium(playwright)
        page = await browser.new_page()
        await page.add_init_script(READER)
        await page.goto(eyevinn)
        given = {"url": f"{group.whep}?source={hall.source}", "token": group.token}
        await page.evaluate("({ url, token }) => { reader.start(); return play(url, token); }", given)
        await page.evaluate("count => reader.sees_many(0, count, 0, 15000)", 2 * FRAMES_PER_S)
        await browser.close()
