"""The native plane's Python side: what travels, and the line that the common clock follows. No shard runs here."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import msgspec
import pytest

from media.model import SessionId, SlotId
from media.plane import Capability, Life, Lost, PlaneEvent, Showing, SrtpKeys, SrtpProfile
from media.plane_native import CLOCK_EVERY_S, NativePlane
from tests.media.world import CHANGZHOU, STAGE

KEYS = SrtpKeys(SrtpProfile.AEAD_AES_128_GCM, bytes(28), bytes(28))


class FakeShard:
    """Takes commands, gives the events that it was handed."""

    notes: tuple[str, ...] = ()
    gso = True

    def __init__(self, bind: list[tuple[str, int]], listen: list[tuple[str, int]]) -> None:
        self.bell, self._ring = socket.socketpair()
        self.addresses, self.events_fd = bind, self.bell.fileno()
        self.told: list[dict[str, Any]] = []
        self.waiting: list[PlaneEvent] = []

    def command(self, packed: bytes) -> None:
        self.told.append(msgspec.msgpack.decode(packed))

    def say(self, *events: PlaneEvent) -> None:
        self.waiting += events
        self._ring.send(b"!")

    def events(self) -> bytes:
        self.bell.recv(64)
        events, self.waiting = self.waiting, []
        return msgspec.msgpack.encode(events)

    def close(self) -> None:
        self.bell.close()
        self._ring.close()


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("twinhall_native")
    module.Shard = FakeShard  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "twinhall_native", module)


@pytest.fixture
async def plane(built: None) -> AsyncIterator[NativePlane]:
    made = NativePlane()
    yield made
    await made.close()


def shard_of(plane: NativePlane) -> FakeShard:
    shard: Any = plane._shard
    assert isinstance(shard, FakeShard)
    return shard


async def test_what_is_wanted_before_the_start_is_told_at_the_start(plane: NativePlane) -> None:
    plane.route(STAGE, [])
    await plane.open([], lambda event: None)
    plane.heights(SessionId("s"), {SlotId("v0"): 180})
    assert [told["type"] for told in shard_of(plane).told] == ["clock", "route", "heights"]
    assert shard_of(plane).told[2] == {"type": "heights", "session": "s", "heights": {"v0": 180}}


@pytest.mark.parametrize("taken", [True, False])
async def test_runs_are_promised_only_where_the_kernel_takes_them(
    plane: NativePlane, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeShard, "gso", taken)
    assert Capability.GSO not in plane.capabilities, "nobody has asked the kernel yet"
    await plane.open([], lambda event: None)
    assert (Capability.GSO in plane.capabilities) == taken


async def test_events_arrive_as_the_planes_own_types_and_in_order(plane: NativePlane) -> None:
    heard: list[PlaneEvent] = []
    last = asyncio.Event()

    def hear(event: PlaneEvent) -> None:
        heard.append(event)
        if len(heard) == 2:
            last.set()

    await plane.open([], hear)
    said = [Life(CHANGZHOU, True), Showing(STAGE, SlotId("v0"), None)]
    shard_of(plane).say(*said)
    await last.wait()
    assert heard == said


async def test_an_event_that_breaks_is_told_and_those_that_came_with_it_are_heard(
    plane: NativePlane, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = asyncio.Event()

    def hear(event: PlaneEvent) -> None:
        if isinstance(event, Life):
            raise BufferError("the native plane takes no commands")
        heard.set()

    await plane.open([], hear)
    shard_of(plane).say(Life(CHANGZHOU, True), Lost(SessionId("s")))
    await asyncio.wait_for(heard.wait(), 30)
    assert "takes no commands" in capsys.readouterr().out


async def test_keys_of_the_wrong_length_are_refused_at_once(plane: NativePlane) -> None:
    with pytest.raises(ValueError, match="28 bytes"):
        plane.secure(SessionId("s"), msgspec.structs.replace(KEYS, send=bytes(30)))


async def test_the_clock_that_a_shard_follows_goes_on_where_it_was_and_catches_up(
    built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns, media_ms = 10**12, 1_700_000_000_000.0
    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns)
    plane = NativePlane(lambda: media_ms)
    await plane.open([], lambda event: None)
    for gained_ms in (0.25, 0.25, 0.0):
        now_ns += int(CLOCK_EVERY_S * 1e9)
        media_ms += CLOCK_EVERY_S * 1000 + gained_ms
        plane._tell_clock()
    maps = [told["map"] for told in shard_of(plane).told]
    await plane.close()
    ends = [one["media_us"] + 500_000 + 0.5 * one["gain_ppm"] for one in maps]
    assert [round(end) for end in ends[:-1]] == [one["media_us"] for one in maps[1:]]
    assert abs(ends[-1] - (media_ms * 1000 + 500_000)) <= 1
