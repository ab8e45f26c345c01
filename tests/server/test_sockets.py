import asyncio
import socket
import uuid

import aiohttp
import msgspec
import pytest
import socketio
from aiohappyeyeballs import AddrInfoType as AddrInfo
from yarl import URL

from server.sockets import MESSAGE_MAX, MESSAGES_BURST, MESSAGES_PER_S, READS_BURST, READS_PER_S, _Pace
from tests.server.conftest import PATIENCE_S, Guest, Node


async def test_a_page_gets_the_whole_view_and_then_its_changes(node: Node) -> None:
    guest = await node.guest().open(await node.link("attendee"))
    assert guest.view["conference"]["id"] == "jiangsu-2022"
    assert guest.view["media"]["relay"] == "lost"
    assert "links" not in guest.view

    await node.guest().open(await node.link("attendee"), "Ben")
    await guest.until(lambda view: view["people"]["remote"] == 2)


async def test_a_take_reaches_every_screen_and_its_repeat_changes_nothing(node: Node) -> None:
    director = await node.guest().open(await node.link("director"))
    wall = await node.guest().open(await node.link("wall", "changzhou"))
    intent = str(uuid.uuid4())
    take = {"layout": "full", "sources": ["frankfurt/hall"]}
    sources = list(director.view["conference"]["sources"])
    take["sources"] = [next(source for source in sources if source.startswith("frankfurt"))]

    first = await director.command(intent, "stage.take", **take)
    assert "seq" in first
    await wall.until(lambda view: view["stage"]["layout"] == "full")
    assert await director.command(intent, "stage.take", **take) == first
    assert await director.command(str(uuid.uuid4()), "stage.sound", source=take["sources"][0], gain=0.0) == {
        "seq": first["seq"] + 1
    }


@pytest.mark.parametrize(
    "role", ["attendee", "speaker", "operator", "wall", "confidence", "director", "moderator", "organiser"]
)
async def test_no_view_holds_null(node: Node, role: str) -> None:
    guest = await node.guest().open(await node.link(role))
    assert "null" not in msgspec.json.encode(guest.view).decode()
    assert {"conference", "stage", "media", "people"} <= set(guest.view)


async def test_a_role_that_may_not_is_refused_in_words(node: Node) -> None:
    guest = await node.guest().open(await node.link("attendee"))
    answer = await guest.command("1", "stage.take", layout="full", sources=["frankfurt/hall"])
    assert answer["refused"] == "role-not-admitted"
    assert (await guest.command("2", "stage.fly"))["refused"] == "command-unreadable"
    assert (await guest.command("x" * 100, "stage.take"))["refused"] == "command-unreadable"


async def test_the_same_browser_is_one_person_on_two_pages(node: Node) -> None:
    row = await node.link("attendee")
    guest = await node.guest().open(row)
    second = socketio.AsyncClient(http_session=guest.http, reconnection=False)
    await second.connect(node.origin, auth={"invite": row.id, "token": row.token}, transports=["websocket"])
    await node.guest().open(row, "Ben")
    await guest.until(lambda view: view["people"]["remote"] == 2)
    await second.disconnect()


async def test_desks_read_names_and_attendees_do_not(node: Node) -> None:
    director = await node.guest().open(await node.link("director"), "Dora")
    attendee = await node.guest().open(await node.link("attendee"), "Änne")
    await director.until(lambda view: "Änne" in [each.get("name") for each in view["people"]["present"].values()])
    assert "Änne" not in str(attendee.view)


async def test_revoking_a_link_ends_its_pages_within_a_second_and_renewing_opens_it_again(node: Node) -> None:
    organiser = await node.guest().open(await node.link("organiser"))
    row = await node.link("wall", "frankfurt")
    wall = await node.guest().open(row, "")

    began_s = asyncio.get_running_loop().time()
    assert "seq" in await organiser.command("1", "links.revoke", room=None, invite=row.id)
    async with asyncio.timeout(PATIENCE_S):
        await wall.gone.wait()
    assert asyncio.get_running_loop().time() - began_s < 1.0
    assert wall.heard[-1] == ("bye", {"reason": "revoked"})
    await organiser.until(lambda view: view["links"][row.id]["revoked"])
    assert await node.guest().enter(row.token) == (403, {"refused": "link-revoked"})

    assert "seq" in await organiser.command("2", "links.renew", room=None, invite=row.id)
    assert await node.guest().enter(row.token) == (403, {"refused": "link-revoked"})
    fresh = await node.link("wall", "frankfurt")
    assert fresh.token != row.token
    await node.guest().open(fresh, "")


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        (None, "link-unknown"),
        ({"token": "x", "invite": "attendee"}, "link-unknown"),
        ({"token": 3}, "link-unknown"),
        ("garbage", "link-unknown"),
    ],
)
async def test_a_socket_without_a_good_link_is_refused(node: Node, auth: object, said: str) -> None:
    guest = node.guest()
    refusals = []
    guest.io.on("connect_error", refusals.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await guest.io.connect(node.origin, auth=auth, transports=["websocket"])
    assert [refusal["message"] for refusal in refusals] == [said]


async def test_a_link_without_its_cookie_opens_no_socket(node: Node) -> None:
    row = await node.link("director")
    guest = node.guest()
    with pytest.raises(socketio.exceptions.ConnectionError):
        await guest.io.connect(node.origin, auth={"invite": row.id, "token": row.token}, transports=["websocket"])


async def test_a_foreign_origin_opens_no_socket_and_a_poll_is_no_socket(node: Node) -> None:
    guest = node.guest()
    for query, headers in (("websocket", {"Origin": "https://evil.example"}), ("polling", {})):
        url = f"{node.origin}/socket.io/?EIO=4&transport={query}"
        async with guest.http.get(url, headers=headers) as answer:
            assert answer.status in (400, 403)


async def test_garbage_on_the_socket_ends_nothing(node: Node) -> None:
    row = await node.link("attendee")
    guest = node.guest()
    await guest.enter(row.token, "Anna")
    url = f"{node.origin}/socket.io/?EIO=4&transport=websocket"
    async with guest.http.ws_connect(url) as ws:
        assert (await ws.receive_str()).startswith("0{")
        await ws.send_str(f'40{{"token":"{row.token}","invite":"{row.id}"}}')
        assert (await ws.receive_str()).startswith("40{")
        assert (await ws.receive_str()).startswith('42["view"')
        for garbage in (
            "",
            "9",
            "4",
            "42",
            "42[",
            "42{}",
            '42["a"',
            "42[3]",
            "451-x",
            "40/admin,",
            "4²",
            "40" + "1" * 120,
            "411",
            "431",
            "[" * 9000,
        ):
            await ws.send_str(garbage)
        await ws.send_str('42["' + "a" * 3000 + '"]')
        await ws.send_str('42["signal",{"type":"levitate"}]')
        await ws.send_str("42" + '["x",' + "[" * 5000 + "]" * 5000 + "]")
        await ws.send_bytes(b"\x00\x01")
        await ws.send_str('421["clock",{"t0":1}]')
        texts = [await ws.receive_str()]
        while not texts[-1].startswith("43"):
            texts.append(await ws.receive_str())
        assert texts[-1].startswith('431[{"t1":')
        assert all(text.startswith(('42["view"', '42["mine"')) for text in texts[:-1])
    async with guest.http.get(f"{node.origin}/metrics") as answer:
        assert 'twinhall_dropped_total{kind="binary"} 1.0' in await answer.text()


async def test_a_message_that_is_too_large_ends_only_its_socket(node: Node) -> None:
    guest = await node.guest().open(await node.link("attendee"))
    url = f"{node.origin}/socket.io/?EIO=4&transport=websocket"
    async with guest.http.ws_connect(url) as ws:
        await ws.receive_str()
        await ws.send_str("x" * (MESSAGE_MAX + 1))
        assert (await ws.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        assert ws.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    assert "t1" in await guest.io.call("clock", {"t0": 1}, timeout=PATIENCE_S)


def small_window(address: AddrInfo) -> socket.socket:
    made = socket.socket(address[0], address[1])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return made


async def test_a_page_that_does_not_read_is_cut_off_and_the_others_go_on(node: Node) -> None:
    row = await node.link("attendee")
    slow = node.guest()
    await slow.enter(row.token, "Anna")
    cookies = slow.http.cookie_jar.filter_cookies(URL(node.origin))
    other = await node.guest().open(row, "Ben")
    connector = aiohttp.TCPConnector(socket_factory=small_window)
    async with aiohttp.ClientSession(connector=connector, cookies=cookies) as http:
        ws = await http.ws_connect(f"{node.origin}/socket.io/?EIO=4&transport=websocket")
        await ws.send_str(f'40{{"token":"{row.token}","invite":"{row.id}"}}')
        await other.until(lambda view: view["people"]["remote"] == 2)
        for _ in range(350):
            await ws.send_str('42["resync"]')
        await other.until(lambda view: view["people"]["remote"] == 1)
    async with other.http.get(f"{node.origin}/metrics") as answer:
        assert "twinhall_readers_cut_off_total 1.0" in await answer.text()
    await slow.connect(row)
    await slow.until_alike(other)


def test_a_flood_of_messages_is_read_no_faster() -> None:
    pace = _Pace(MESSAGES_PER_S, MESSAGES_BURST, now_s=0.0)
    waits = [pace.wait_s(0.0) for _ in range(int(MESSAGES_BURST) + 2)]
    assert waits[int(MESSAGES_BURST) - 1] == 0
    assert waits[-1] == 2 / MESSAGES_PER_S
    assert pace.wait_s(10.0) == 0


def test_a_bucket_of_reads_lets_through_what_is_in_it_and_forgets_what_was_refused() -> None:
    pace = _Pace(READS_PER_S, READS_BURST, now_s=0.0)
    assert [pace.has(0.0) for _ in range(100)] == [True] * int(READS_BURST) + [False] * (100 - int(READS_BURST))
    assert [pace.has(1 / READS_PER_S), pace.has(1 / READS_PER_S)] == [True, False]


async def test_a_flood_of_reads_is_refused_in_words_and_keeps_nobody_else_from_reading(node: Node) -> None:
    row = await node.link("attendee")
    flooder, other = await node.guest().open(row), await node.guest().open(row, "Ben")
    message = {"room": "stage", "query": {"type": "qa.find"}}

    async def read(guest: Guest) -> str:
        answer = await guest.io.call("read", message, timeout=PATIENCE_S)
        return "found" if "found" in answer else str(answer["refused"])

    said = await asyncio.gather(*(read(flooder) for _ in range(300)))
    assert {"found", "busy"} == set(said)
    assert await read(other) == "found"


async def test_no_extension_is_negotiated(node: Node) -> None:
    guest = node.guest()
    async with guest.http.ws_connect(f"{node.origin}/socket.io/?EIO=4&transport=websocket", compress=15) as ws:
        assert ws.compress == 0


async def test_a_page_that_lost_count_gets_the_whole_view_again(node: Node) -> None:
    guest: Guest = await node.guest().open(await node.link("attendee"))
    known = guest.view
    guest.view = {}
    assert await guest.io.call("resync", {}, timeout=PATIENCE_S) == {}
    await guest.until(bool)
    assert guest.view["conference"] == known["conference"]


async def test_one_wall_page_per_venue_sounds_and_the_next_takes_over_within_a_second(node: Node) -> None:
    row = await node.link("wall", "changzhou")
    first, second = await node.guest().open(row, ""), await node.guest().open(row, "")
    elsewhere = await node.guest().open(await node.link("wall", "frankfurt"), "")
    await elsewhere.until(lambda _: first.heard == elsewhere.heard == [("sound", {"on": True})])
    assert second.heard == []

    began_s = asyncio.get_running_loop().time()
    await first.io.disconnect()
    await second.until(lambda _: second.heard == [("sound", {"on": True})])
    assert asyncio.get_running_loop().time() - began_s < 1.0


async def test_a_page_that_is_not_looked_at_is_never_counted(node: Node) -> None:
    row = await node.link("attendee")
    lobby = node.guest()
    await lobby.enter(row.token, "Anna")
    await lobby.connect(row, visible=False)
    assert lobby.view["people"]["remote"] == 0
    await node.guest().open(row, "Ben")
    await lobby.until(lambda view: view["people"]["remote"] == 1)
    await lobby.io.emit("signal", {"type": "presence", "visible": True})
    await lobby.until(lambda view: view["people"]["remote"] == 2)
