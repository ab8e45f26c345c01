import asyncio

import pytest
from engineio import packet as engine

from server.outbox import BYTES_MAX, MESSAGES_MAX, Outbox, event_frame, text_frame

pytestmark = pytest.mark.holds


class Wire(asyncio.Transport):
    """A transport whose reader takes nothing unless told to."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.buffered = 0
        self.slow = False
        self.state = "open"

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))
        self.buffered += len(data) if self.slow else 0

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return self.state != "open"

    def close(self) -> None:
        self.state = "closing"

    def abort(self) -> None:
        self.state = "aborted"


def bound() -> tuple[Outbox, Wire]:
    outbox, wire = Outbox(), Wire()
    outbox.bind(wire)
    return outbox, wire


async def test_the_library_s_packets_and_our_frames_keep_one_order() -> None:
    outbox = Outbox()
    await outbox.put(engine.Packet(engine.OPEN, {"sid": "1"}))
    wire = Wire()
    outbox.bind(wire)
    await outbox.put(engine.Packet(engine.MESSAGE, "0{}"))
    outbox.write(event_frame("view", {"to": 1}))
    await outbox.put(engine.Packet(engine.MESSAGE, '31[{"seq":1}]'))
    assert [frame[2:] for frame in wire.sent] == [b'0{"sid":"1"}', b"40{}", b'42["view",{"to":1}]', b'431[{"seq":1}]']


async def test_pings_wake_the_library_s_writer() -> None:
    outbox, wire = bound()
    ping = engine.Packet(engine.PING)
    await outbox.put(ping)
    await outbox.put(None)
    assert [await outbox.get(), await outbox.get()] == [ping, None]
    assert wire.sent == []


@pytest.mark.parametrize(
    ("size", "head"), [(125, b"\x81\x7d"), (126, b"\x81\x7e\x00\x7e"), (65536, b"\x81\x7f" + (65536).to_bytes(8))]
)
def test_a_frame_s_length_is_written_as_the_rfc_says(size: int, head: bytes) -> None:
    assert text_frame(b"x" * size) == head + b"x" * size


async def test_a_reader_that_leaves_too_many_messages_waiting_is_cut_off() -> None:
    outbox, wire = bound()
    wire.slow = True
    for _ in range(MESSAGES_MAX + 1):
        outbox.write(b"x")
    assert wire.state == "open"
    outbox.write(b"x")
    assert (wire.state, outbox.cut_off) == ("aborted", True)
    outbox.write(b"x")
    assert len(wire.sent) == MESSAGES_MAX + 1


async def test_a_reader_that_leaves_too_many_bytes_waiting_is_cut_off() -> None:
    outbox, wire = bound()
    wire.slow = True
    outbox.write(b"x" * (BYTES_MAX + 1))
    outbox.write(b"x")
    assert wire.state == "aborted"


async def test_a_reader_that_keeps_up_is_never_cut_off() -> None:
    outbox, wire = bound()
    for _ in range(3 * MESSAGES_MAX):
        outbox.write(b"x")
    assert wire.state == "open"


async def test_closing_says_so_and_does_not_wait_for_ever() -> None:
    outbox, wire = bound()
    outbox.close()
    assert wire.state == "closing"
    assert wire.sent == [b"\x88\x02\x03\xe8"]
