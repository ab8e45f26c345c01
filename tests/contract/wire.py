"""Any plane behind its real sockets: peers on loopback, and waiting for what must come."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from media.addresses import free_port
from media.model import Purpose, SourceName
from media.plane import Address, InboundTrack, OutboundSlot, Plane, PlaneEvent, SrtpProfile, Validated
from tests.media.world import AUDIO_IN, CHANGZHOU, STAGE, VIDEO_IN, Client, Path, slot

PATIENCE_S = 20.0


class Way(NamedTuple):
    """How peers reach the plane."""

    host: str
    tcp: bool


class Wire:
    """A plane on a port of its own. `until` waits for datagrams and events, never for time."""

    def __init__(self, plane: Plane, way: Way) -> None:
        self._way = way
        self.plane = plane
        self.events: list[PlaneEvent] = []
        self.peers: dict[Path, Client] = {}
        self._doors: dict[Path, _Door] = {}
        self._news = asyncio.Event()
        self.address = Address((way.host, free_port()))

    @property
    def now_s(self) -> float:
        return time.monotonic()

    async def open(self) -> None:
        await self.plane.open([self.address], self._heard, [self.address] if self._way.tcp else [])

    async def close(self) -> None:
        for door in self._doors.values():
            door.close()
        await self.plane.close()

    def deliver(self, datagram: bytes, path: Path) -> None:
        self._doors[path].send(datagram)

    async def door(self, path: Path, take: Callable[[bytes], None]) -> None:
        """A socket of its own for `path`; what it receives goes to `take`."""

        def received(datagram: bytes) -> None:
            take(datagram)
            self._news.set()

        loop = asyncio.get_running_loop()
        if self._way.tcp:
            _, self._doors[path] = await loop.create_connection(lambda: _Stream(received), *self.address)
        else:
            made = await loop.create_datagram_endpoint(lambda: _Datagrams(received), remote_addr=self.address)
            self._doors[path] = made[1]

    async def connected(self, client: Client) -> Client:
        await self.door(client.path, client.take)
        client.check()
        await self.until(lambda: Validated(client.id) in self.events)
        client.secure()
        return client

    async def publisher(
        self,
        source: SourceName = CHANGZHOU,
        tracks: tuple[InboundTrack, ...] = (VIDEO_IN, AUDIO_IN),
        profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM,
    ) -> Client:
        return await self.connected(Client(self, Purpose.PUBLISH, source=source, inbound=tracks, profile=profile))

    async def viewer(self, *slots: OutboundSlot, profile: SrtpProfile = SrtpProfile.AEAD_AES_128_GCM) -> Client:
        outbound = slots or (slot("v0"), slot("a0"))
        return await self.connected(Client(self, Purpose.PLAY, audience=STAGE, outbound=outbound, profile=profile))

    async def until(self, true: Callable[[], object]) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def news(self, seconds: float) -> None:
        """The next datagram or event, or `seconds` without any: the beat of a peer that sends by the clock."""
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _heard(self, event: PlaneEvent) -> None:
        self.events.append(event)
        self._news.set()


class _Door(Protocol):
    def send(self, datagram: bytes) -> None: ...
    def close(self) -> None: ...


class _Datagrams(asyncio.DatagramProtocol):
    _transport: asyncio.DatagramTransport

    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._received(data)

    def send(self, datagram: bytes) -> None:
        self._transport.sendto(datagram)

    def close(self) -> None:
        self._transport.close()


class _Stream(asyncio.Protocol):
    """Datagrams in frames (RFC 4571)."""

    _transport: asyncio.Transport

    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received
        self._rest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while len(self._rest) >= 2 and len(self._rest) >= (end := 2 + int.from_bytes(self._rest[:2])):
            datagram, self._rest = self._rest[2:end], self._rest[end:]
            self._received(datagram)

    def send(self, datagram: bytes) -> None:
        self._transport.write(len(datagram).to_bytes(2) + datagram)

    def close(self) -> None:
        self._transport.abort()
