"""Two machines, each with web and relay, on one Redis: what one of them takes along when it dies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import aiohttp
import pytest
from aiortc import RTCPeerConnection, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import VideoFrame

from scripts.benches.redis_process import RedisProcess
from scripts.rehearsal.node import Link
from scripts.rehearsal.whip import NotAccepted, Session, peer
from tests.server.shared.machines import Machine

pytestmark = [pytest.mark.process, pytest.mark.holds]

PATIENCE_S = 120.0
"""Promised are 3 s, which a busy machine may not hold; the figure is printed."""
GLANCE_S = 20.0
"""Whoever sees no camera for so long comes again: on a busy machine another owner may have taken the media along."""
COME_AGAIN = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)
"""Who was there before is not given up yet; nobody can take media now."""
FRAMES = 5
CAMERA_PX = 640
"""Wide are aiortc's pictures; slates are wider."""


def camera() -> RTCPeerConnection:
    connection = peer()
    connection.addTrack(VideoStreamTrack())
    return connection


def player() -> RTCPeerConnection:
    connection = peer()
    connection.addTransceiver("video", direction="recvonly")
    return connection


class Stage:
    """A camera and who plays it, through one machine's web; both come back as encoders and players do."""

    def __init__(self, http: aiohttp.ClientSession, whip: tuple[str, str], whep: tuple[str, str]) -> None:
        """`whip`, `whep`: each one's URL and token."""
        self._http, self._whip, self._whep = http, whip, whep
        self._sessions: list[Session] = []

    async def shown(self) -> float:
        """Until the camera's frames are seen; when both sessions had been accepted, monotonic s."""
        while True:
            playing, _ = await asyncio.gather(self._joined(*self._whep, player), self._joined(*self._whip, camera))
            accepted_s = time.monotonic()
            with suppress(TimeoutError, MediaStreamError):
                async with asyncio.timeout(GLANCE_S):
                    await frames(playing.getReceivers()[0].track)
                    return accepted_s
            await self.leave()

    async def _joined(self, url: str, token: str, make: Callable[[], RTCPeerConnection]) -> RTCPeerConnection:
        while True:
            connection = make()
            session = Session(self._http, url, token, connection)
            self._sessions.append(session)
            try:
                await session.start()
                return connection
            except NotAccepted as refused:
                if refused.status not in COME_AGAIN:
                    raise
            except TimeoutError:
                """Accepted by a process that died then."""

    async def leave(self) -> None:
        """End all sessions, those of former tries too."""
        sessions, self._sessions = self._sessions, []
        await asyncio.gather(*(session.stop() for session in sessions))


async def frames(track: MediaStreamTrack) -> None:
    """Until so many decoded frames are the camera's, and no slate's. Raises MediaStreamError."""
    seen = 0
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
    operator, viewer = of(links, "operator"), of(links, "attendee")
    assert operator.whip
    whip = operator.whip.replace(str(one.port), str(two.port)), operator.token
    whep = f"{two.url}/whep/jiangsu-2022.stage?source={operator.source}", viewer.token
    async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE_S):
        stage = Stage(http, whip, whep)
        try:
            await stage.shown()
            one.crash()
            began_s = time.monotonic()
            # An encoder and a page come back at once; whoever comes before there is another owner waits for it.
            accepted_s = await stage.shown()
            back_s = time.monotonic() - began_s
            print(f"both accepted again after {accepted_s - began_s:.2f} s, pictures after {back_s:.2f} s")
        finally:
            await stage.leave()
