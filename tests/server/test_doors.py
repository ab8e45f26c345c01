import asyncio
import contextlib
import gzip
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from server.doors import KEEPALIVE_S, Rates, asking_origin, names_a_host, network, peer
from server.doorway import HANDSHAKE_S, Crowd
from server.settings import Settings
from tests.server.conftest import PATIENCE_S, Node, running, web_root

pytestmark = pytest.mark.holds

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


def test_a_flood_is_stopped_and_others_are_not() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0], per_s=50, burst=1000)
    assert [rates.wait_s("a") for _ in range(1002)] == [0.0] * 1000 + [0.02] * 2
    assert rates.wait_s("b") == 0
    now[0] = 1.0
    assert sum(not rates.wait_s("a") for _ in range(1000)) == 50


def test_the_oldest_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.doors.BUCKETS_MAX", 2)
    rates = Rates(lambda: 0.0, per_s=1, burst=1)
    assert [rates.wait_s(key) for key in "aabca"] == [0, 1, 0, 0, 0]


async def test_a_flood_is_told_when_to_come_again(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.doors.Rates.wait_s", lambda rates, key: 2.5)
    for path in ("/enter", "/whip/jiangsu-2022.stage", "/jiangsu-2022/erase"):
        async with node.guest().http.post(node.origin + path, json={}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
            told = await answer.json()
        assert told["refused"] == "too-many-requests"
        assert told["reason"] == "Too many requests at once: try again in 3 s."
    async with node.guest().http.get(f"{node.origin}/healthz") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("at", ["/enter", "/whip/jiangsu-2022.stage"])
async def test_a_link_s_flood_from_many_addresses_is_stopped(
    node: Node, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    row = await node.link("operator")
    monkeypatch.setattr("server.doors.Rates.wait_s", lambda rates, key: float(key == row.token))
    sent = {"json": {"token": row.token}} if at == "/enter" else {"headers": {"Authorization": f"Bearer {row.token}"}}
    async with node.guest().http.post(node.origin + at, **sent) as answer:
        assert answer.status == 429
    async with node.guest().http.post(node.origin + at, json={"token": "another"}) as answer:
        assert answer.status == 401


@pytest.mark.parametrize(
    ("settings", "forwarded", "seen"),
    [
        (PROXIED, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (PROXIED, None, "10.0.0.1"),
        (Settings(), "203.0.113.9", "10.0.0.1"),
    ],
)
def test_only_behind_a_proxy_the_proxy_says_who_asks(settings: Settings, forwarded: str | None, seen: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("POST", "/enter", headers=headers).clone(remote="10.0.0.1")
    assert peer(request, settings) == seen


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


@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_header_that_drips_closes_its_connection_after_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    monkeypatch.setattr("server.app.KEEPALIVE_S", 0.5)
    async with running(Settings(data=tmp_path / "var"), web_root(tmp_path / "web")) as node:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.settings.port)
        writer.write(before)
        if before:
            await reader.readuntil(b"\r\n\r\n{")
        writer.write(b"GET / HTTP/1.1\r\n")
        closed = asyncio.create_task(rest(reader))
        async with asyncio.timeout(PATIENCE_S):
            while not (await asyncio.wait([closed], timeout=0.01))[0]:
                writer.write(b"X")
        assert b"HTTP/1.1" not in closed.result()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other side closes, however it does."""
    try:
        return await reader.read()
    except ConnectionError:
        return b""


def test_the_time_for_a_header_is_ten_seconds() -> None:
    assert KEEPALIVE_S == HANDSHAKE_S == 10.0


@pytest.mark.parametrize(
    ("host", "named"),
    [
        (None, True),
        ("stage.example.org", True),
        ("my_node.local:8080", True),
        ("[2001:db8::7]:443", True),
        ("xn--bhne-0ra.example", True),
        ("", False),
        ("a b", False),
        ("[::1", False),
        ("x:abc", False),
        ("x:99999", False),
        ("evil.example/x?y#z", False),
        ("user@evil.example", False),
        ("bühne.example", False),
    ],
)
def test_a_host_is_a_name_or_an_address_and_perhaps_a_port(host: str | None, named: bool) -> None:
    assert names_a_host(host) == named


async def test_no_link_is_made_of_a_host_that_is_none(node: Node) -> None:
    for path in ("/", "/whip/jiangsu-2022.stage", "/enter"):
        async with node.guest().http.post(node.origin + path, headers={"Host": "x:abc"}) as answer:
            assert (answer.status, await answer.json()) == (400, {"refused": "host-unreadable"})


async def test_a_body_that_is_not_packed_as_it_says_is_refused(node: Node) -> None:
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {(await node.link('operator')).token}"}
    for path in ("/enter", "/whip/jiangsu-2022.stage"):
        for packing in ("gzip", "deflate"):
            sent = headers | {"Content-Encoding": packing}
            async with node.guest().http.post(node.origin + path, data=b"x" * 4000, headers=sent) as answer:
                assert (answer.status, (await answer.json())["refused"]) == (400, "request-unreadable"), (path, packing)


async def test_a_body_that_unpacks_into_a_large_one_is_refused(node: Node) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    for path in ("/enter", "/whip/jiangsu-2022.stage"):
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/sdp", "Authorization": "Bearer x"}
        headers["Authorization"] = f"Bearer {(await node.link('operator')).token}"
        async with node.guest().http.post(node.origin + path, data=bomb, headers=headers) as answer:
            assert answer.status == 413, path


async def test_other_methods_get_nothing(node: Node) -> None:
    http = node.guest().http
    for path in ("/", "/nowhere", "/healthz", "/metrics", "/socket.io/", "/static/page.js", "/jiangsu-2022/wall"):
        for method, status in {"POST": 405, "PUT": 405, "DELETE": 405, "PATCH": 405, "TRACE": 405, "BREW": 400}.items():
            async with http.request(method, node.origin + path) as answer:
                assert answer.status == status, (method, path)


@pytest.mark.parametrize(
    ("address", "behind"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:7:a:b:c:d", "2001:db8:0:7::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_guest_is_an_ipv4_address_or_a_whole_ipv6_network(address: str, behind: str) -> None:
    assert network(address) == behind


def test_an_address_opens_only_so_many_connections_and_may_come_again() -> None:
    crowd = Crowd(most=2)
    assert [crowd.come(address) for address in ("a", "a", "a", "b")] == [True, True, False, True]
    crowd.go("a")
    assert crowd.come("a")


async def test_a_connection_too_many_is_closed_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = asyncio.Event()

    class Watched(Crowd):
        def go(self, address: str) -> None:
            super().go(address)
            gone.set()

    monkeypatch.setattr("server.app.Crowd", lambda: Watched(most=1))
    async with running(Settings(data=tmp_path / "var"), web_root(tmp_path / "web")) as node:
        guest = node.guest()
        async with guest.http.ws_connect(f"{node.origin}/socket.io/?EIO=4&transport=websocket") as ws:
            assert (await ws.receive_str()).startswith("0{")
            with pytest.raises(aiohttp.ClientConnectionError):
                await node.guest().http.get(f"{node.origin}/healthz")
            await ws.send_str("40")
            assert (await ws.receive_str()).startswith("44")
        await guest.close()
        async with asyncio.timeout(PATIENCE_S):
            await gone.wait()
        async with node.guest().http.get(f"{node.origin}/healthz") as answer:
            assert answer.status == 200


async def test_a_header_that_never_ends_closes_its_connection(node: Node) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.settings.port)
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)
    answer = await reader.read(64)
    assert b" 400 " in answer
    writer.close()
    await writer.wait_closed()
    async with node.guest().http.get(f"{node.origin}/healthz", timeout=aiohttp.ClientTimeout(2)) as healthy:
        assert healthy.status == 200
