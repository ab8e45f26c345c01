"""Real media through the real relay process: aiortc publishes by WHIP and plays by WHEP."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from msgspec.structs import replace

from media.addresses import free_port
from server.app import serving
from server.links import Row
from server.listening import listen
from server.settings import Settings
from tests.server.conftest import Guest, Node, web_root

CAMERA = "changzhou/camera-1"
pytestmark = pytest.mark.process

PATIENCE_S = 60.0
"""Slates are rendered for the first time here, on a core that others use too."""


class Peer:
    """An encoder or a player: one peer connection and its session's URL."""

    def __init__(self, http: aiohttp.ClientSession, token: str) -> None:
        self.http, self.location = http, ""
        self.headers = {"Authorization": f"Bearer {token}"}
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    async def publish(self, url: str) -> Peer:
        self.connection.addTrack(VideoStreamTrack())
        self.connection.addTrack(AudioStreamTrack())
        return await self._open(url)

    async def play(self, url: str) -> Peer:
        for kind in ("video", "audio"):
            self.connection.addTransceiver(kind, direction="recvonly")
        return await self._open(url)

    async def _open(self, url: str) -> Peer:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = self.connection.localDescription.sdp
        headers = {**self.headers, "Content-Type": "application/sdp"}
        async with self.http.post(url, data=offer, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            self.location = answer.headers["Location"]
            await self.connection.setRemoteDescription(RTCSessionDescription(await answer.text(), "answer"))
        return self

    async def picture(self, holds: Callable[[Any], bool]) -> Any:
        """The next decoded frame that satisfies `holds`."""
        [track] = [line.receiver.track for line in self.connection.getTransceivers() if line.kind == "video"]
        async with asyncio.timeout(PATIENCE_S):
            while not holds(frame := await track.recv()):
                pass
        return frame

    @property
    def candidates(self) -> set[str]:
        """The relay's own, as its answer names them."""
        lines = self.connection.remoteDescription.sdp.splitlines()
        return {line for line in lines if line.startswith("a=candidate:")}

    async def restart_ice(self) -> tuple[int, set[str]]:
        """Another network (RFC 9725 section 4.3.3): the status, and the lines of the fragment that came back."""
        headers = {**self.headers, "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": '"*"'}
        fragment = f"a=ice-ufrag:fresh\r\na=ice-pwd:{'p' * 24}\r\n"
        async with self.http.patch(self.location, data=fragment, headers=headers) as answer:
            return answer.status, set((await answer.text()).splitlines())

    async def end(self) -> int:
        async with self.http.delete(self.location, headers=self.headers) as answer:
            return answer.status

    async def close(self) -> None:
        await self.connection.close()


class Stage:
    """A node with its relay, a director who watches, and peers that are closed at the end."""

    def __init__(self, node: Node, http: aiohttp.ClientSession) -> None:
        self.node, self.http = node, http
        self.peers: list[Peer] = []

    async def peer(self, role: str, source: str | None = None) -> tuple[Peer, Row]:
        row = next(row for row in await self.node.links() if row.role == role and source in (None, row.source))
        peer = Peer(self.http, row.token)
        self.peers.append(peer)
        return peer, row

    async def camera(self) -> Peer:
        peer, row = await self.peer("operator", CAMERA)
        assert row.whip is not None
        return await peer.publish(row.whip)

    async def player(self, query: str = "") -> Peer:
        peer, row = await self.peer("attendee")
        return await peer.play(row.whep + query)

    async def director(self) -> Guest:
        guest = await self.node.guest().open(await self.node.link("director"))
        await guest.until(lambda view: view["media"]["relay"] == "ok")
        return guest


async def relay_process(data: Path) -> asyncio.subprocess.Process:
    command = (sys.executable, "-m", "media", "--data", str(data), "--udp-port", str(free_port()))
    return await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)


@pytest.fixture
async def stage(node: Node) -> AsyncIterator[Stage]:
    relay = await relay_process(node.settings.data)
    async with aiohttp.ClientSession() as http:
        made = Stage(node, http)
        try:
            yield made
            for peer in made.peers:
                await peer.close()
        finally:
            relay.send_signal(signal.SIGTERM)
            await relay.wait()


def is_slate(frame: Any) -> bool:
    return bool(frame.height == 720)


def is_camera(frame: Any) -> bool:
    return bool(frame.height == 480)


def lives(source: str) -> Callable[[dict[str, Any]], bool]:
    return lambda view: view["media"]["sources"][source]["live"] and not view["media"]["sources"][source]["slate"]


async def test_a_player_sees_the_slate_then_the_camera_then_the_slate_again(stage: Stage) -> None:
    director = await stage.director()
    player = await stage.player()
    await player.picture(is_slate)
    camera = await stage.camera()
    await player.picture(is_camera)
    await director.until(lives(CAMERA))
    await director.until(lambda view: view["media"]["sources"][CAMERA].get("bitrate_bps", 0) > 0)
    assert await camera.end() == 200
    await player.picture(is_slate)
    await director.until(lambda view: not lives(CAMERA)(view))
    assert await camera.end() == 404


async def test_a_living_source_is_occupied_and_who_is_replaced_hears_of_it(stage: Stage) -> None:
    operator = await stage.node.guest().open(await stage.node.link("operator"))
    await operator.until(lambda view: view["media"]["relay"] == "ok")
    first, row = await stage.peer("operator", CAMERA)
    first.http = operator.http
    await first.publish(f"{row.whip}")
    await operator.until(lives(CAMERA))
    second, _ = await stage.peer("operator", CAMERA)
    with pytest.raises(AssertionError, match="takeover=1"):
        await second.publish(f"{row.whip}")
    third, _ = await stage.peer("operator", CAMERA)
    await third.publish(f"{row.whip}?takeover=1")
    await operator.until(lambda view: "ended" in [name for name, _ in operator.heard])
    (told, relay), *_, ended = operator.heard
    assert (told, list(relay)) == ("epoch", ["epoch"])
    assert ended == ("ended", {"session": first.location.rpartition("/")[2], "reason": "replaced"})


async def test_media_goes_on_without_web_and_web_comes_back_to_its_sessions(tmp_path: Path) -> None:
    settings, root = Settings(data=tmp_path / "var", port=0), web_root(tmp_path / "web")
    listening = listen(settings)
    settings = replace(settings, port=listening.getsockname()[1])
    async with aiohttp.ClientSession() as http:
        async with serving(settings, listening, root), AsyncExitStack() as stack:
            relay = await relay_process(settings.data)
            stage = Stage(Node(settings, stack), http)
            director = await stage.director()
            camera = await stage.camera()
            await director.until(lives(CAMERA))
            player = await stage.player()
            await player.picture(is_camera)
        await player.picture(is_camera)
        async with serving(settings, listen(settings), root), AsyncExitStack() as stack:
            stage.node = Node(settings, stack)
            director = await stage.director()
            await director.until(lives(CAMERA))
            await player.picture(is_camera)
            status, told = await camera.restart_ice()
            assert (status, told & camera.candidates) == (200, camera.candidates), "by a process that answered no offer"
            assert await player.end() == 200
        for peer in stage.peers:
            await peer.close()
    relay.send_signal(signal.SIGTERM)
    await relay.wait()
