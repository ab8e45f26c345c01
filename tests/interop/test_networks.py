"""Hard networks: a browser without UDP, and one that reaches nothing but a TURN server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from media.addresses import free_port
from scripts.rehearsal.node import Link, OwnNode
from tests.browser.pages import chromium
from tests.interop.players import operator

pytestmark = pytest.mark.holds

SOURCE = "changzhou/camera-1"
SECRET = "north-of-the-river"
FRAMES = 20
PATIENCE_MS = 40_000
WATCHED = """(() => {
    const connections = globalThis.connections = [], Native = RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Native {
        constructor(given) { super(%s); connections.push(this); }
        setRemoteDescription(given) { return super.setRemoteDescription(%s); }
    };
})();"""
NO_UDP = WATCHED % ("given", r'{ ...given, sdp: given.sdp.replace(/a=candidate:\S+ 1 udp .*\r\n/g, "") }')
ONLY_TURN = WATCHED % ('{ ...given, iceTransportPolicy: "relay" }', "given")
FLOWS = """async ([kind, figure, least, patience]) => {
    for (const end = Date.now() + patience; Date.now() < end; await new Promise((soon) => setTimeout(soon, 200))) {
        for (const pc of globalThis.connections) {
            const stats = await pc.getStats();
            const all = [...stats.values()];
            const pair = stats.get(all.find((one) => one.type === "transport")?.selectedCandidatePairId);
            if (pair && all.some((one) => one.type === kind && one.kind === "video" && one[figure] >= least))
                return [stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)];
        }
    }
    throw new Error(`no picture flows: ${globalThis.connections.map((pc) => pc.iceConnectionState)}`);
}"""


class TurnNode(OwnNode):
    """A node whose pages are told of a TURN server with a shared secret."""

    def __init__(self, data: Path, turn_port: int) -> None:
        super().__init__(data, "jiangsu-2022")
        self.turn_port = turn_port

    def command(self, name: str) -> Sequence[str]:
        if name == "relay":
            return super().command(name)
        secret = self.data / "turn-secret"
        secret.write_text(SECRET)
        turn = f"turn:127.0.0.1:{self.turn_port}"
        return (*super().command(name), "--ice-server", turn, "--ice-secret", str(secret))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def turn_port(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[int]:
    """coturn with time-limited credentials, on loopback."""
    port, folder = free_port(), tmp_path_factory.mktemp("turn")
    process = await asyncio.create_subprocess_exec(
        "turnserver", "-n", "--listening-ip=127.0.0.1", f"--listening-port={port}", "--relay-ip=127.0.0.1",
        "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=twinhall", "--allow-loopback-peers",
        "--no-cli", "--no-tls", "--no-dtls", "--log-file=stdout", f"--pidfile={folder}/pid", f"--userdb={folder}/db",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield port
    finally:
        process.terminate()
        await process.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def node(tmp_path_factory: pytest.TempPathFactory, turn_port: int) -> AsyncIterator[OwnNode]:
    node = TurnNode(tmp_path_factory.mktemp("networks"), turn_port)
    try:
        await node.start()
        yield node
    finally:
        await node.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def links(node: OwnNode) -> list[Link]:
    return await node.links()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A Chromium with a fake camera."""
    fakes = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=10")
    async with async_playwright() as playwright:
        browser = await chromium(playwright, *fakes)
        yield browser
        await browser.close()


async def opened(browser: Browser, url: str, script: str) -> Page:
    context = await browser.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    await context.add_init_script(script)
    page = await context.new_page()
    await page.goto(url)
    return page


async def way(page: Page, kind: str, figure: str) -> list[dict[str, Any]]:
    """Both candidates of the way that a page's picture takes, once it flows."""
    found: list[dict[str, Any]] = await page.evaluate(FLOWS, [kind, figure, FRAMES, PATIENCE_MS])
    return found


async def ways(browser: Browser, links: list[Link], script: str) -> list[list[dict[str, Any]]]:
    """A hall publishes and an attendee watches, from their pages: how each one's picture travels."""
    hall = await opened(browser, operator(links, SOURCE).url, script)
    await hall.locator("[data-act=publish]:enabled").click()
    guest = await opened(browser, next(one for one in links if one.role == "attendee").url, script)
    await guest.locator("#name").fill("Anna")
    await guest.locator(".join-button").click()
    found = [await way(hall, "outbound-rtp", "framesEncoded"), await way(guest, "inbound-rtp", "framesDecoded")]
    for page in (hall, guest):
        await page.context.close()
    return found


async def test_without_udp_pages_publish_and_play_over_tcp(browser: Browser, links: list[Link]) -> None:
    for local, remote in await ways(browser, links, NO_UDP):
        assert (local["protocol"], remote["protocol"]) == ("tcp", "tcp")
        assert remote["tcpType"] == "passive" if "tcpType" in remote else remote["candidateType"] == "host"


async def test_through_a_turn_server_alone_pages_publish_and_play(browser: Browser, links: list[Link]) -> None:
    for local, remote in await ways(browser, links, ONLY_TURN):
        assert (local["candidateType"], remote["protocol"]) == ("relay", "udp")
