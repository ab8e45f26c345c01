"""All packets of one socket, written in order; a reader too slow for them is cut off.

Engine.IO makes one queue per socket (`create_queue`) and drains it by a task.
An Outbox takes that queue's place and writes each packet to the transport at
once, so that a frame made once for everybody (`write`) and the library's own
packets (`put`) share one order. Only pings go through the task: they keep it awake.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from engineio import packet as engine

MESSAGES_MAX: Final = 256
BYTES_MAX: Final = 1024 * 1024
"""What may wait for one reader. Whoever is further behind comes back and gets a whole view."""
BEHIND_BYTES: Final = 64 * 1024
"""A fast line has nothing waiting; a slow one's kernel took some hundred kB before that."""
CLOSE_S: Final = 0.5
"""A closing socket may take this long to read its last words: who is withdrawn is gone within a second."""

_encode = msgspec.json.Encoder().encode


def text_frame(text: bytes) -> bytes:
    """One unmasked, uncompressed WebSocket text frame (RFC 6455 section 5.2)."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2) + text
    return b"\x81\x7f" + size.to_bytes(8) + text


def event_frame(name: str, body: object) -> bytes:
    """A Socket.IO event of the default namespace, without ack, ready for any socket."""
    return text_frame(b"42" + _encode((name, body)))


class Outbox(asyncio.Queue[engine.Packet | None]):
    """One socket's way out. `admitted` is set once its person was let in."""

    def __init__(self) -> None:
        super().__init__()
        self.admitted = False
        self.cut_off = False
        self._transport: asyncio.Transport | None = None
        self._held: list[bytes] = []
        self._waiting = 0

    def bind(self, transport: asyncio.Transport) -> None:
        """The WebSocket is open: what was held goes out first."""
        self._transport = transport
        for frame in self._held:
            transport.write(frame)
        self._held.clear()

    async def put(self, item: engine.Packet | None) -> None:
        """Engine.IO's way in."""
        if item is None or item.packet_type == engine.PING:
            self.put_nowait(item)
        else:
            self.write(text_frame(item.encode().encode()))

    def write(self, frame: bytes) -> None:
        """Send one whole frame after all earlier ones; returns at once."""
        if self._transport is None:
            self._held.append(frame)
        elif not self._transport.is_closing():
            self._write(self._transport, frame)

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the reader that what can be had again later should be left out."""
        return self._transport is not None and self._transport.get_write_buffer_size() > BEHIND_BYTES

    def close(self) -> None:
        """End the socket once what was written is read, or a second later."""
        if self._transport is not None and not self._transport.is_closing():
            asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)
            self._transport.write(b"\x88\x02" + (1000).to_bytes(2))
            self._transport.close()

    def close_unless_admitted(self) -> None:
        if not self.admitted:
            self.close()

    def _write(self, transport: asyncio.Transport, frame: bytes) -> None:
        behind_bytes = transport.get_write_buffer_size()
        self._waiting = self._waiting + 1 if behind_bytes else 0
        if self._waiting > MESSAGES_MAX or behind_bytes > BYTES_MAX:
            self.cut_off = True
            transport.abort()
        else:
            transport.write(frame)
