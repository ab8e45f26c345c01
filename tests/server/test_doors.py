import asyncio

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from server.doors import POSTS_BURST, POSTS_PER_S, Rates, asking_origin
from server.settings import Settings
from tests.server.conftest import Node

PROXIED = Settings(public_url="https://stage.example.org")


@pytest.mark.parametrize(
    ("origin", "host", "taken"),
    [
        (None, "x", "https://stage.example.org"),
        ("https://stage.example.org", "10.0.0.1:8080", "https://stage.example.org"),
        ("http://10.0.0.1:8080", "10.0.0.1:8080", "http://10.0.0.1:8080"),
        ("http://10.0.0.1", "10.0.0.1:8080", None),
        ("https://evil.example", "stage.example.org", None),
        ("https://stage.example.org.evil.example", "stage.example.org", None),
        ("null", "stage.example.org", None),
        ("http://[", "stage.example.org", None),
    ],
)
def test_only_our_own_pages_may_ask(origin: str | None, host: str, taken: str | None) -> None:
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    assert asking_origin(make_mocked_request("POST", "/enter", headers=headers), PROXIED) == taken


def test_a_flood_from_one_address_is_stopped_and_others_are_not() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    admitted = sum(rates.admits("a") for _ in range(int(POSTS_BURST) + 500))
    assert admitted == POSTS_BURST
    assert rates.admits("b")
    now[0] = 1.0
    assert sum(rates.admits("a") for _ in range(1000)) == POSTS_PER_S


async def test_a_bug_ends_in_a_few_words(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.pages.languages.chosen", lambda *_: 1 / 0)
    async with node.guest().http.get(f"{node.origin}/") as answer:
        assert answer.status == 500
        assert await answer.json() == {"refused": "unexpected"}


async def test_a_body_that_never_comes_is_given_up(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.doors.BODY_S", 0.05)

    async def endless() -> object:
        yield b"{"
        await asyncio.Event().wait()

    async with node.guest().http.post(f"{node.origin}/enter", data=endless()) as answer:
        assert answer.status == 408


async def test_a_header_that_never_ends_closes_its_connection(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.settings.port)
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
    answer = await reader.read(64)
    assert b" 400 " in answer
    writer.close()
    await writer.wait_closed()
    async with node.guest().http.get(f"{node.origin}/healthz", timeout=aiohttp.ClientTimeout(2)) as healthy:
        assert healthy.status == 200
