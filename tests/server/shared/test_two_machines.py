"""Two machines, each with web and relay, on one Redis: what one of them takes along when it dies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiortc import RTCPeerConnection, VideoStreamTrack
from aiortc.mediastreams import MediaStreamTrack
from av import VideoFrame

from scripts.benches.redis_process import RedisProcess
from scripts.rehearsal.node import Link
from scripts.rehearsal.whip import Session, peer
from tests.server.shared.machines import Machine

pytestmark = [pytest.mark.process, pytest.mark.holds]

PATIENCE_S = 15.0
"""Promised are 3 s, which a busy machine may not hold; the figure is printed."""
FRAMES = 5
CAMERA_PX = 640
"""Wide are aiortc's pictures; slates are wider."""


class Pictures:
    """A peer that publishes or plays through one machine's web, and comes back as encoders and players do."""

    def __init__(self, stack: AsyncExitStack, http: aiohttp.ClientSession) -> None:
        self._stack, self._http = stack, http

    async def publish(self, url: str, token: str) -> None:
        connection = peer()
        connection.addTrack(VideoStreamTrack())
        await self._started(url, token, connection)

    async def play(self, url: str, token: str) -> MediaStreamTrack:
        connection = peer()
        connection.addTransceiver("video", direction="recvonly")
        await self._started(url, token, connection)
        track: MediaStreamTrack = connection.getReceivers()[0].track
        return track

    async def _started(self, url: str, token: str, connection: RTCPeerConnection) -> None:
        session = Session(self._http, url, token, connection)
        self._stack.push_async_callback(session.stop)
        await session.start()


async def frames(track: MediaStreamTrack) -> None:
    """Until so many decoded frames are the camera's, and no slate's."""
    seen = 0
    async with asyncio.timeout(20):
        while seen < FRAMES:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            seen += frame.width == CAMERA_PX


@pytest.fixture
async def machines(tmp_path: Path, redis: RedisProcess) -> AsyncIterator[tuple[Machine, Machine]]:
    one, two = Machine(tmp_path / "one", redis.url), Machine(tmp_path / "two", redis.url)
    try:
        await one.start()
        await two.start()
        yield one, two
    finally:
        await one.stop()
        await two.stop()


def of(links: Sequence[Link], role: str) -> Link:
    return next(link for link in links if link.role == role)


async def test_pictures_come_and_go_by_either_machine_and_outlive_one(machines: tuple[Machine, Machine]) -> None:
    one, two = machines
    links = await one.links()
    camera, viewer = of(links, "operator"), of(links, "attendee")
    assert camera.whip
    whip = camera.whip.replace(str(one.port), str(two.port))
    whep = f"{two.url}/whep/jiangsu-2022.stage?source={camera.source}"
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        pictures = Pictures(stack, http)
        await pictures.publish(whip, camera.token)
        track = await pictures.play(whep, viewer.token)
        await frames(track)

        one.crash()
        began = time.monotonic()
        # An encoder and a page come back at once; whoever comes before there is another owner waits for it.
        track, _ = await asyncio.gather(pictures.play(whep, viewer.token), pictures.publish(whip, camera.token))
        accepted_s = time.monotonic() - began
        await frames(track)
        back_s = time.monotonic() - began
        print(f"both accepted again after {accepted_s:.2f} s, pictures after {back_s:.2f} s")
    assert back_s < PATIENCE_S
