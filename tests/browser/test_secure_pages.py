"""In a hall: pages come by TLS from the local authority, and the camera opens."""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Playwright

from scripts.rehearsal.node import OwnNode
from server import authority
from server.settings import outer_address
from tests.browser.conftest import link_of
from tests.browser.pages import Watch, chromium

pytestmark = pytest.mark.holds


class HallNode(OwnNode):
    """A node that others than this machine reach."""

    def __init__(self, data: Path) -> None:
        super().__init__(data, "jiangsu-2022")
        self.url = f"https://{outer_address()}:{self.port}"

    def command(self, name: str) -> Sequence[str]:
        host = ("--host", "0.0.0.0") if name == "web" else ()
        return (*super().command(name), *host)

    async def health(self) -> dict[str, object]:
        try:
            trusting = ssl.create_default_context(cadata=authority.pem(self.data))
            async with aiohttp.ClientSession() as http, http.get(f"{self.url}/healthz", ssl=trusting) as answer:
                return dict(await answer.json())
        except (OSError, aiohttp.ClientError):
            return {}


@pytest_asyncio.fixture(loop_scope="session")
async def hall(tmp_path: Path) -> AsyncIterator[HallNode]:
    node = HallNode(tmp_path / "var")
    await node.start()
    yield node
    await node.stop()


def key_of(data: Path) -> str:
    """The SHA-256 of the authority's public key, as Chromium's switch takes it."""
    key = x509.load_der_x509_certificate(authority.der(data)).public_key()
    told = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(told).digest()).decode()


async def test_a_browser_that_trusts_the_authority_publishes_a_camera(hall: HallNode, playwright: Playwright) -> None:
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    browser = await chromium(playwright, f"--ignore-certificate-errors-spki-list={key_of(hall.data)}", *fake)
    watch = Watch(hall.url)
    link = link_of(await hall.links(), "operator")
    assert link.url.startswith(hall.url)
    assert (link.whip or "").startswith(hall.url)
    page = await watch.open(browser, link.url)
    assert await page.page.evaluate("isSecureContext")
    button = page.page.locator("[data-act=publish]")
    await button.and_(page.page.locator(":enabled")).click()
    await page.page.locator("[data-publish-words][data-state=live]").wait_for(timeout=30_000)
    [cookie] = await page.page.context.cookies()
    assert cookie["name"].startswith("__Host-twinhall-")
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
    assert await watch.verdict() == []
    await browser.close()
