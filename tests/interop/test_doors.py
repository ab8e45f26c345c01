"""Bad input at the real doors: an answer that says what is wrong, and nobody else notices."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiortc import RTCPeerConnection

from scripts.rehearsal.hall import Hall
from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.viewer import Eyes
from scripts.rehearsal.whip import peer
from tests.interop.players import operator, player

SOURCE = "changzhou/table"


@pytest_asyncio.fixture(loop_scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest_asyncio.fixture(loop_scope="session")
async def offer() -> AsyncIterator[str]:
    """A sound offer to publish one picture."""
    connection = peer()
    yield await offer_of(connection)
    await connection.close()


async def offer_of(connection: RTCPeerConnection) -> str:
    connection.addTransceiver("video", direction="sendonly")
    await connection.setLocalDescription(await connection.createOffer())
    return str(connection.localDescription.sdp)


async def post(http: aiohttp.ClientSession, url: str | None, token: str, sdp: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    assert url
    async with http.post(url, data=sdp, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_a_wrong_token_is_401_and_a_foreign_one_403(
    http: aiohttp.ClientSession, links: list[Link], offer: str
) -> None:
    link = operator(links, SOURCE)
    attendee = next(one for one in links if one.role == "attendee")
    status, words = await post(http, link.whip, "wrong" * 8, offer)
    assert (status, bool(words)) == (401, True)
    status, words = await post(http, link.whip, attendee.token, offer)
    assert (status, bool(words)) == (403, True)
    async with http.post(link.whip or "", data=offer, headers={"Content-Type": "application/sdp"}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_unknown_room_is_404(
    http: aiohttp.ClientSession, node: OwnNode, links: list[Link], offer: str
) -> None:
    token = operator(links, SOURCE).token
    for room in ("jiangsu-2022.nowhere", "nowhere.stage", "nowhere"):
        assert (await post(http, f"{node.url}/whip/{room}", token, offer))[0] == 404


@pytest.mark.parametrize("garbage", ["", "v=0", "hello", "v=0\r\nm=video", "\0" * 100, "v=0\r\n" + "a=x\r\n" * 90])
async def test_an_unreadable_sdp_is_400_with_the_reason(
    http: aiohttp.ClientSession, links: list[Link], garbage: str
) -> None:
    link = operator(links, SOURCE)
    status, words = await post(http, link.whip, link.token, garbage)
    assert status == 400
    assert words


async def test_a_codec_that_nobody_can_serve_is_406(http: aiohttp.ClientSession, links: list[Link], offer: str) -> None:
    link = operator(links, SOURCE)
    strange = offer.replace("VP8", "XYZ1").replace("H264", "XYZ2").replace("rtx", "XYZ3")
    status, words = await post(http, link.whip, link.token, strange)
    assert (status, bool(words)) == (406, True)


async def test_an_sdp_over_64_kb_is_413(http: aiohttp.ClientSession, links: list[Link], offer: str) -> None:
    link = operator(links, SOURCE)
    status, _ = await post(http, link.whip, link.token, offer + "a=x-filler:" + "x" * 70_000 + "\r\n")
    assert status == 413


async def test_the_wrong_kind_of_body_is_415(http: aiohttp.ClientSession, links: list[Link], offer: str) -> None:
    link = operator(links, SOURCE)
    headers = {"Authorization": f"Bearer {link.token}", "Content-Type": "text/html"}
    async with http.post(link.whip or "", data=offer, headers=headers) as answer:
        assert answer.status == 415


def garbage_datagrams() -> list[bytes]:
    """Noise, almost-STUN, almost-DTLS, almost-RTP, empty and too large."""
    kinds = [b"", b"\x00", b"\x80", b"\x16\xfe\xfd", b"\x00\x01\x00\x00\x21\x12\xa4\x42", b"\x80\x60", b"\x80\xc8"]
    return [kind + os.urandom(size) for kind in kinds for size in (0, 1, 20, 200, 1400, 1501, 9000)]


async def test_garbage_on_udp_and_on_the_socket_ends_no_session(
    http: aiohttp.ClientSession, node: OwnNode, links: list[Link], hall: Hall
) -> None:
    async with player(links, hall.source) as viewer:
        await seen(viewer.eyes, 15)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            for datagram in garbage_datagrams() * 10:
                door.sendto(datagram, ("127.0.0.1", node.udp_port))
        for message in ("4", "42[", '42["command"]', '42["view",{}]', "x" * 70_000, "451-", '40{"token":1}'):
            async with http.ws_connect(f"{node.url}/socket.io/?EIO=4&transport=websocket") as door_ws:
                await door_ws.send_str("40{}")
                await door_ws.send_str(message)
                await door_ws.send_bytes(b"\x04binary")
        gaps = viewer.eyes.gaps
        await seen(viewer.eyes, 30)
        print(f"frames missing over the garbage: {viewer.eyes.gaps - gaps}")
        assert (await node.health())["relay"] == "ok"


async def seen(eyes: Eyes, more: int) -> None:
    """Until `more` frames were read from now on."""
    goal = eyes.codes_ok + more
    async with asyncio.timeout(30):
        while eyes.codes_ok < goal:
            await eyes.news()
