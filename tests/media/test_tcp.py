"""ICE-TCP: frames, strangers, slow peers. Time is the event loop's, moved by `expire`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from media import tcp
from media.frames import FRAME_MAX
from media.ice import TCP_FIRST, Path
from media.plane import Address
from media.stun import request
from media.tcp import BUFFER_MAX, IDLE_S, MEDIA_MAX, PROVE_S, STRANGERS_MAX, Streams

pytestmark = pytest.mark.holds

CHECK = request(b"transaction1", "relay1:peer1", "a password", True)
PATIENCE_S = 20.0


def framed(datagram: bytes) -> bytes:
    return len(datagram).to_bytes(2) + datagram


class Room:
    """Streams on loopback, what they heard, and connections to them."""

    def __init__(self) -> None:
        self.streams = Streams()
        self.heard = asyncio.Queue[tuple[bytes, Path]]()
        self.peers: list[asyncio.StreamWriter] = []

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self.streams.addresses[0])
        self.peers.append(writer)
        return reader, writer

    async def known(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Path]:
        """A connection that was answered."""
        reader, writer = await self.connect()
        writer.write(framed(CHECK))
        _, path = await self.next()
        assert self.streams.transmit(b"\1answer", path)
        assert await reader.readexactly(9) == framed(b"\1answer")
        return reader, writer, path

    async def next(self) -> tuple[bytes, Path]:
        return await asyncio.wait_for(self.heard.get(), PATIENCE_S)

    def expire(self, seconds: float) -> None:
        self.streams.expire(asyncio.get_running_loop().time() + seconds)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    await made.streams.open([Address(("127.0.0.1", 0))], lambda *came: made.heard.put_nowait(came))
    yield made
    made.streams.close()
    for writer in made.peers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def is_closed(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
    return True


async def test_frames_come_in_however_they_are_cut_and_answers_go_back(room: Room) -> None:
    reader, writer = await room.connect()
    sent = framed(CHECK)
    for part in (sent[:1], sent[1:3], sent[3:40], sent[40:] + sent + sent[:5], sent[5:]):
        writer.write(part)
        await writer.drain()
    for _ in range(3):
        datagram, path = await room.next()
        assert (datagram, path[0]) == (CHECK, TCP_FIRST)
    assert path[1] == writer.get_extra_info("sockname")
    assert room.streams.transmit(b"\1answer", path)
    assert await reader.readexactly(9) == framed(b"\1answer")


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\0\x01", framed(b"\x80" * 60), b"\0\0"]
)
async def test_who_begins_with_anything_but_stun_is_closed_at_once(room: Room, garbage: bytes) -> None:
    """Fails without _may_be_stun: framed RTP and empty frames stay (seen with it always true)."""
    reader, writer = await room.connect()
    writer.write(garbage)
    assert await is_closed(reader)
    assert room.heard.empty()


async def test_a_frame_beyond_any_datagram_ends_even_a_peer(room: Room) -> None:
    reader, writer, _ = await room.known()
    writer.write((FRAME_MAX + 1).to_bytes(2))
    assert await is_closed(reader)


@pytest.mark.parametrize("began", [b"", b"\0", framed(CHECK)[:60], framed(CHECK)])
async def test_who_proves_nothing_within_ten_seconds_is_closed(room: Room, began: bytes) -> None:
    """Silent, slow and refused ones alike. Fails without the sweep (seen with is_expired false)."""
    other, _, path = await room.known()
    reader, writer = await room.connect()
    writer.write(began)
    await writer.drain()
    room.expire(PROVE_S - 1)
    assert room.streams.transmit(b"\1still", path)
    assert await other.readexactly(8) == framed(b"\1still")
    room.expire(PROVE_S + 1)
    assert await is_closed(reader)
    assert room.streams.transmit(b"\1still", path)


async def test_a_connection_that_nobody_answers_any_more_is_closed(room: Room) -> None:
    reader, _, path = await room.known()
    room.expire(IDLE_S + 1)
    assert await is_closed(reader)
    assert not room.streams.transmit(b"\1gone", path)


async def test_strangers_take_only_each_others_place(room: Room) -> None:
    """Fails without the bound on strangers (seen with it doubled)."""
    _, _, path = await room.known()
    readers = [(await room.connect())[0] for _ in range(STRANGERS_MAX + 1)]
    assert await is_closed(readers[0])
    assert room.streams.transmit(b"\1still", path)


async def test_beyond_all_connections_a_newcomer_is_closed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.streams, "_most", 1)
    _, _, path = await room.known()
    reader, _ = await room.connect()
    assert await is_closed(reader)
    assert room.streams.transmit(b"\1still", path)


async def test_a_slow_peer_loses_media_first_and_then_the_connection(room: Room) -> None:
    """What waits for it stays bounded. Fails without either bound (seen with MEDIA_MAX and BUFFER_MAX endless)."""
    reader, writer, path = await room.known()
    writer.transport.pause_reading()
    media, check = b"\x80" * 1200, b"\1" * 1200
    most = 16 * 1024 * 1024 // len(media)
    taken = next(number for number in range(most) if not room.streams.transmit(media, path))
    assert taken * len(media) > MEDIA_MAX
    assert room.streams.transmit(check, path)
    checks = next(number for number in range(most) if not room.streams.transmit(check, path))
    assert checks * len(check) <= BUFFER_MAX - MEDIA_MAX
    assert not room.streams.transmit(check, path)
    writer.transport.resume_reading()
    assert await end_of(reader)


async def end_of(reader: asyncio.StreamReader) -> bool:
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE_S):
            while await reader.read(65536):
                pass
    return True


async def test_a_taken_port_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        streams = Streams()
        with pytest.raises(OSError, match="in use"):
            await streams.open([Address(("127.0.0.1", 0)), Address(holder.getsockname())], lambda datagram, path: None)
        assert streams.addresses == []


async def test_the_descriptors_bound_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "_descriptors", lambda: 300)
    streams = Streams()
    await streams.open([Address(("::1", 0))], lambda datagram, path: None)
    assert streams._most == 44
    streams.close()
