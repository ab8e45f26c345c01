"""No page of another site acts here: not by a form, a fetch or a socket that brings our cookies along."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from server import app
from server.doors import SAFE
from tests.server.conftest import CONFERENCE, Guest, Node

pytestmark = pytest.mark.holds

EVIL = "https://evil.example"
FILL = {
    "act": "memorandum",
    "language": "de",
    "conference": str(CONFERENCE),
    "room": f"{CONFERENCE}.stage",
    "session": "0" * 32,
}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[web.Application]:
    """The application that the node serves."""
    caught: list[web.Application] = []
    serve = app._serve

    async def catch(settings: Any, application: web.Application, *rest: Any) -> None:
        caught.append(application)
        await serve(settings, application, *rest)

    monkeypatch.setattr(app, "_serve", catch)
    return caught


async def organiser(node: Node) -> tuple[Guest, str]:
    """An organiser's browser with its cookie, and the token of its page."""
    row = await node.link("organiser")
    guest = node.guest()
    assert (await guest.enter(row.token, "Olga"))[0] == 200
    return guest, row.token


def changing(application: web.Application) -> set[tuple[str, str]]:
    """Every (method, path) that may change something."""
    found = set()
    for route in application.router.routes():
        assert route.resource is not None
        if route.method not in {*SAFE, "*"}:
            found.add((route.method, route.resource.canonical))
    return found


async def test_every_route_that_changes_something_refuses_a_foreign_page(
    served: list[web.Application], node: Node
) -> None:
    guest, token = await organiser(node)
    routes = changing(served[0])
    assert {("POST", "/enter"), ("POST", "/whip/{room}"), ("DELETE", "/whep/{room}/{session}")} <= routes
    for method, path in sorted(routes):
        url = node.origin + path.format(**FILL)
        async with guest.http.request(
            method, url, json={"token": token, "person": "p"}, headers={"Origin": EVIL}
        ) as answer:
            assert answer.status in (401, 403), (method, path)
            assert (await answer.json())["refused"] in ("origin-foreign", "token-missing"), (method, path)


async def test_a_foreign_page_with_a_token_may_play_but_never_with_our_cookies(node: Node) -> None:
    """WHIP and WHEP are for every site's players: by the token, without credentials (Fetch, section 3.3.1)."""
    guest, token = await organiser(node)
    headers = {"Origin": EVIL, "Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    async with guest.http.post(f"{node.origin}/whep/{FILL['room']}", data="x", headers=headers) as answer:
        assert answer.status == 503, "the relay is away; the door itself was open"
        assert answer.headers["Access-Control-Allow-Origin"] == EVIL
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_nothing_else_can_be_read_by_another_site(node: Node) -> None:
    guest, token = await organiser(node)
    headers = {"Origin": EVIL, "Authorization": f"Bearer {token}"}
    for path in ("/", f"/{CONFERENCE}/", f"/{CONFERENCE}/links", "/healthz", "/enter", "/static/page.js"):
        for method in ("GET", "OPTIONS"):
            async with guest.http.request(method, node.origin + path, headers=headers) as answer:
                assert not [name for name in answer.headers if name.startswith("Access-Control")], path


@pytest.mark.parametrize("origin", [EVIL, "null", "https://127.0.0.1.evil.example"])
async def test_no_socket_opens_for_a_foreign_page(node: Node, origin: str) -> None:
    guest, _ = await organiser(node)
    url = f"{node.origin}/socket.io/?EIO=4&transport=websocket"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await guest.http.ws_connect(url, headers={"Origin": origin})
    assert refused.value.status == 403
