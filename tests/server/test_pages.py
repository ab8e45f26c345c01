import re

import pytest

from tests.server.conftest import CONFERENCE, PAGES, Node


@pytest.mark.parametrize("page", ["", *(page for page in PAGES if page not in ("index", "lobby"))])
async def test_every_role_has_its_page(node: Node, page: str) -> None:
    async with node.guest().http.get(f"{node.origin}/{CONFERENCE}/{page}") as answer:
        assert answer.status == 200
        assert f"<title>{page or 'lobby'}</title>" in await answer.text()
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["nowhere/", f"{CONFERENCE}/nowhere", "nowhere", "favicon.ico", "a/b/c"])
async def test_what_does_not_exist_is_a_proper_page(node: Node, path: str) -> None:
    async with node.guest().http.get(f"{node.origin}/{path}") as answer:
        assert answer.status == 404
        assert "<title>index missing</title>" in await answer.text()


async def test_a_conference_without_its_slash_is_led_to_it(node: Node) -> None:
    async with node.guest().http.get(f"{node.origin}/{CONFERENCE}") as answer:
        assert answer.url.path == f"/{CONFERENCE}/"


async def test_the_language_is_the_address_s_then_the_browser_s(node: Node) -> None:
    http = node.guest().http
    async with http.get(f"{node.origin}/?lang=zh", headers={"Accept-Language": "fr"}) as answer:
        assert "<html lang=zh-Hans>" in await answer.text()
    async with http.get(f"{node.origin}/", headers={"Accept-Language": "fr"}) as answer:
        assert "Bonjour" in await answer.text()


@pytest.mark.parametrize("path", ["/", f"/{CONFERENCE}/wall", "/nowhere/", "/healthz", "/static/page.js", "/enter"])
async def test_every_answer_forbids_what_pages_do_not_need(node: Node, path: str) -> None:
    async with node.guest().http.get(f"{node.origin}{path}") as answer:
        rules = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in rules
        assert "unsafe" not in rules
        assert ("script-src 'none'" in rules) == (answer.content_type != "text/html")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Permissions-Policy"].startswith("camera=(self), microphone=(self)")
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_page_runs_its_scripts_by_a_nonce_of_this_answer_alone(node: Node) -> None:
    nonces = []
    for _ in range(2):
        async with node.guest().http.get(f"{node.origin}/{CONFERENCE}/wall") as answer:
            found = re.search(r"; script-src 'nonce-([\w-]{22})';", answer.headers["Content-Security-Policy"])
            assert found, "nothing but the nonce lets a script run"
            assert f"<script nonce={found[1]} " in await answer.text()
            nonces.append(found[1])
    assert nonces[0] != nonces[1]


async def test_entering_tells_who_and_where_and_sets_the_cookie(node: Node) -> None:
    row = await node.link("operator", "frankfurt")
    guest = node.guest()
    async with guest.http.post(f"{node.origin}/enter", json={"token": row.token, "name": " Otto "}) as answer:
        told, cookie = await answer.json(), answer.headers["Set-Cookie"]
    assert (told["conference"], told["role"], told["venue"], told["room"]) == (
        CONFERENCE,
        "operator",
        "frankfurt",
        "stage",
    )
    assert (told["name"], told["invite"], told["source"]) == ("Otto", row.id, row.source)
    assert told["whip"] == row.whip == f"{node.origin}/whip/{CONFERENCE}.stage"
    assert told["whep"] == row.whep
    assert told["ice_servers"] == []
    assert told["rehearsal"] is True
    assert cookie.startswith(f"twinhall-{CONFERENCE}.{row.id}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


async def test_the_same_browser_is_the_same_person_and_may_leave_out_the_name(node: Node) -> None:
    row, guest = await node.link("attendee"), node.guest()
    _, first = await guest.enter(row.token, "Anna")
    _, again = await guest.enter(row.token)
    _, other = await node.guest().enter(row.token, "Anna")
    assert again["person"] == first["person"] != other["person"]
    assert again["name"] == "Anna"


async def test_a_screen_needs_no_name(node: Node) -> None:
    status, told = await node.guest().enter((await node.link("wall", "changzhou")).token)
    assert (status, "name" in told) == (200, True)


async def test_the_lobby_opens_before_it_has_a_name(node: Node) -> None:
    guest, token = node.guest(), (await node.link("attendee")).token
    status, nameless = await guest.enter(token)
    assert (status, "name" in nameless) == (200, False)
    _, named = await guest.enter(token, "Anna")
    assert (named["person"], named["name"]) == (nameless["person"], "Anna")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"token": "wrong"}, 401, "link-unknown"),
        ({"token": "twice#" * 100}, 401, "link-unknown"),
        ({"token": "LINK", "name": " \u202e"}, 400, "name-empty"),
        ({"token": "LINK", "name": "x" * 81}, 400, "name-too-long"),
        ({"token": 1}, 400, "request-unreadable"),
        ([], 400, "request-unreadable"),
        ("x" * 70_000, 413, "too-large"),
    ],
)
async def test_a_bad_entrance_is_refused_in_words(node: Node, body: object, status: int, code: str) -> None:
    row = await node.link("attendee")
    if isinstance(body, dict) and body["token"] == "LINK":
        body = {**body, "token": row.token}
    async with node.guest().http.post(f"{node.origin}/enter", json=body) as answer:
        assert answer.status == status
        assert (await answer.json())["refused"] == code
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)


async def test_a_foreign_page_lets_nobody_in(node: Node) -> None:
    row = await node.link("attendee")
    assert await node.guest().enter(row.token, "Anna", Origin="https://evil.example") == (
        403,
        {"refused": "origin-foreign"},
    )
    assert await node.guest().enter(row.token, "Anna", Origin="null") == (403, {"refused": "origin-foreign"})


async def test_addresses_are_those_by_which_the_page_was_reached(node: Node) -> None:
    row = await node.link("attendee")
    host = f"localhost:{node.settings.port}"
    _, told = await node.guest().enter(row.token, "Anna", Host=host, Origin=f"http://{host}")
    assert told["whep"].startswith(f"http://{host}/whep/")


async def test_only_the_organiser_reads_the_links(node: Node) -> None:
    url = f"{node.origin}/{CONFERENCE}/links"
    organiser, director = node.guest(), node.guest()
    row, other = await node.link("organiser"), await node.link("director")
    await organiser.enter(row.token, "Ola")
    await director.enter(other.token, "Dora")

    async with organiser.http.get(url, headers={"Authorization": f"Bearer {row.token}"}) as answer:
        listed = await answer.json()
    assert [each["url"] for each in listed] == [each.url for each in await node.links()]
    assert all(each["qr"].startswith("<svg") and "style" not in each["qr"] for each in listed)

    for guest, headers, status in (
        (organiser, {}, 401),
        (organiser, {"Authorization": "Basic x"}, 401),
        (director, {"Authorization": f"Bearer {other.token}"}, 403),
        (node.guest(), {"Authorization": f"Bearer {row.token}"}, 403),
    ):
        async with guest.http.get(url, headers=headers) as answer:
            assert answer.status == status


async def test_a_get_of_a_link_consumes_nothing(node: Node) -> None:
    row, guest = await node.link("attendee"), node.guest()
    for _ in range(3):
        async with guest.http.get(row.url) as answer:
            assert answer.status == 200
            assert "Set-Cookie" not in answer.headers
    assert (await guest.enter(row.token, "Anna"))[0] == 200
