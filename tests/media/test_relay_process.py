"""The whole relay with a real WebRTC peer on its port and a real client on its control socket."""

import asyncio
import fractions
import secrets

import aioice.ice
import av
import pytest
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.rtcdtlstransport import RTCCertificate

from media.__main__ import serve
from media.addresses import free_port
from media.client import RelayClient
from media.model import Codec, Purpose, Route, SessionPhase, SessionSpec, SlateSpec
from media.settings import RelaySettings

CAMERA = "c:hall/camera-1"
SLATE = "c:slate/hall"
STAGE = "c.stage:attendee"


class World:
    """A relay in this event loop, and the web side of its socket."""

    def __init__(self, data, host="127.0.0.1"):
        self.options = RelaySettings(data, free_port(), host, (host,), "text")
        self.options.run.mkdir(parents=True)
        self.stop = asyncio.Event()
        self.changed = asyncio.Event()
        self.peers = []
        self.client = self.new_client()

    def new_client(self, **more):
        return RelayClient(self.options.control, lambda frame: self.changed.set(), **more)

    async def until(self, condition, timeout_s=10):
        async with asyncio.timeout(timeout_s):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def offered(self, peer, purpose, **more):
        """A session of `peer`, answered."""
        self.peers.append(peer)
        await peer.setLocalDescription(await peer.createOffer())
        name = secrets.token_hex(16)
        self.client.put(SessionSpec(name, purpose, "test", offer=peer.localDescription.sdp, **more))
        state = await self.client.negotiated(name, 5)
        assert state.answer, state
        await peer.setRemoteDescription(RTCSessionDescription(state.answer, "answer"))
        return name

    def phase(self, name):
        return self.client.sessions[name].phase if name in self.client.sessions else SessionPhase.ENDED


@pytest.fixture
def host():
    return "127.0.0.1"


@pytest.fixture
async def world(tmp_path, host):
    world = World(tmp_path / "var", host)
    serving = asyncio.create_task(serve(world.options, world.stop, RTCCertificate.generateCertificate()))
    world.client.route(STAGE, (Route("v0", CAMERA, SLATE), Route("a0", CAMERA)))
    world.client.start()
    await world.until(lambda: world.client.connected)
    yield world
    for peer in world.peers:
        await peer.close()
    await world.client.close()
    world.stop.set()
    await serving


class Grey(VideoStreamTrack):
    """30 pictures a second of one brightness."""

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(320, 240, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([90]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, fractions.Fraction(time_base)
        return frame


async def publishing(world, **more):
    peer = RTCPeerConnection()
    peer.addTrack(Grey())
    peer.addTrack(AudioStreamTrack())
    for transceiver in peer.getTransceivers():
        transceiver.direction = "sendonly"
    return peer, await world.offered(peer, Purpose.PUBLISH, source=CAMERA, **more)


async def playing(world, **more):
    peer = RTCPeerConnection()
    video = peer.addTransceiver("video", "recvonly")
    audio = peer.addTransceiver("audio", "recvonly")
    name = await world.offered(peer, Purpose.PLAY, audience=STAGE, **more)
    return peer, video.receiver.track, audio.receiver.track, name


async def first(track, accepts=lambda frame: True, timeout_s=10):
    """The first frame that fits."""
    async with asyncio.timeout(timeout_s):
        while True:
            frame = await track.recv()
            if accepts(frame):
                return frame


async def test_what_one_peer_publishes_another_one_sees_and_hears(world):
    await publishing(world)
    _, video, audio, session = await playing(world)
    picture = await first(video)
    assert (picture.width, picture.height) == (320, 240)
    assert abs(bytes(picture.planes[0])[100] - 90) < 10
    assert (await first(audio)).sample_rate == 48000
    await world.until(lambda: world.client.showing.get(STAGE, {}).get("v0") == CAMERA)
    await world.until(lambda: world.client.sessions[session].slots.get("v0") is not None)
    await world.until(lambda: world.client.publications[CAMERA].tracks != ())


@pytest.mark.parametrize("host", ["::1"])
async def test_media_flows_over_ipv6_alone(world, monkeypatch):
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["::1"])
    publisher, _ = await publishing(world)
    player, video, _, _ = await playing(world)
    assert (await first(video)).width == 320
    for peer in (publisher, player):
        [line, *_] = [line for line in peer.remoteDescription.sdp.splitlines() if line.startswith("a=candidate")]
        assert " udp " in line
        assert " ::1 " in line


async def test_web_may_die_and_find_its_sessions_again(world):
    _, name = await publishing(world)
    await world.until(lambda: world.phase(name) is SessionPhase.CONNECTED)
    await world.client.close()
    world.client = world.new_client()
    world.client.route(STAGE, (Route("v0", CAMERA, SLATE),))
    world.client.start()
    await world.until(lambda: world.client.connected and name in world.client.sessions)
    assert world.client.wants(name) is not None
    world.client.route(STAGE, (Route("v0", CAMERA),))
    _, video, _, _ = await playing(world)
    assert await first(video)


async def test_a_peer_that_leaves_ends_its_session_at_once(world):
    peer, name = await publishing(world)
    await world.until(lambda: world.phase(name) is SessionPhase.CONNECTED)
    await peer.close()
    await world.until(lambda: world.phase(name) is SessionPhase.ENDED)


async def test_a_session_that_web_drops_is_ended_at_the_peer(world):
    peer, name = await publishing(world)
    await world.until(lambda: world.phase(name) is SessionPhase.CONNECTED)
    closed = asyncio.Event()
    peer.on("connectionstatechange", lambda: closed.set() if peer.connectionState == "closed" else None)
    world.client.drop(name)
    await asyncio.wait_for(closed.wait(), 30)


async def test_a_slate_stands_in_for_a_source_without_media(world):
    world.client.slates((SlateSpec(SLATE, ("Changzhou",), ("Main venue",), (Codec.VP8, Codec.H264)),))
    _, video, _, _ = await playing(world)
    picture = await first(video, timeout_s=30)
    assert (picture.width, picture.height) == (1280, 720)
    peer, _ = await publishing(world)
    assert await first(video, lambda frame: frame.width == 320)
    await peer.close()
    assert await first(video, lambda frame: frame.width == 1280, timeout_s=10)


async def test_the_control_socket_is_for_this_user_alone(world):
    assert world.options.control.stat().st_mode & 0o077 == 0
    assert (world.options.run / "relay.pid").exists()
