"""`scripts/bench flood`: what an established stream loses while strangers throw garbage at the port."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import multiprocessing
import os
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from media.model import Route, SlotId
from media.plane import Address
from scripts.benches import Bench, Outcome, Say
from scripts.load.planes import DEFAULT, PLANES
from tests.contract.wire import Way, Wire
from tests.media.world import CHANGZHOU, STAGE, Client, slot

RATE: Final = 50_000
SECONDS: Final = 5.0
MEDIA_RATE: Final = 500
"""packets per second of the stream, as many as of a hall with sound."""
BATCH_S: Final = 0.002
SETTLE_S: Final = 0.2
GROWTH_MB: Final = 64
LOST_MORE: Final = 0.001
SIZES: Final = (0, 20, 60, 200, 1200)
FIRST_BYTES: Final = (0, 1, 22, 64, 128, 200, 255)
OPUS: Final = 111
CALM: Final = "calm_0_per_s"
"""the slice without garbage, against which the others are held."""

KINDS: Final = {
    "mixed": [bytes([first]) + os.urandom(size) for first in FIRST_BYTES for size in SIZES],
    "shaped": [b"\x80\x60" + os.urandom(60)],
}
"""`mixed` mostly ends in the kernel (media.sieve); `shaped` like RTP all reaches the plane."""


class Slice(msgspec.Struct, frozen=True):
    """One stretch of time: what came at the port and what a viewer got of the stream."""

    garbage_per_s: int
    dropped_by_plane: int
    sent: int
    received: int
    lost_share: float
    grown_mb: float


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--plane", choices=sorted(PLANES), default=DEFAULT)
    options.add_argument("--rate", type=int, default=RATE, help=f"garbage datagrams per second (default: {RATE})")
    options.add_argument("--seconds", type=float, default=SECONDS, help=f"of each slice (default: {SECONDS:.0f})")


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """Calm, then garbage of every kind, then such as looks like RTP, one after another on one stream."""
    wire = Wire(PLANES[options.plane](), Way("127.0.0.1", tcp=False))
    await wire.open()
    try:
        stream = await Stream.start(wire)
        slices = {}
        for kind, share in (("calm", 0.0), ("mixed", 0.5), ("mixed", 1.0), ("shaped", 0.2), ("shaped", 1.0)):
            rate = int(options.rate * share)
            found = await _slice(wire, stream, KINDS.get(kind, ()), rate, options.seconds)
            slices[f"{kind}_{rate}_per_s"] = found
            say(f"{kind} {found.garbage_per_s}/s: {found.lost_share:.2%} lost, {found.grown_mb:+.1f} MB")
    finally:
        await wire.close()
    calm = slices[CALM]
    borne = {
        kind: max(
            found.garbage_per_s
            for name, found in slices.items()
            if name.startswith((kind, "calm")) and found.lost_share <= calm.lost_share + LOST_MORE
        )
        for kind in KINDS
    }
    broken = broken_slices(slices, lossless=options.plane == "native")
    return Outcome({"plane": options.plane, "slices": slices, "borne_per_s": borne}, broken)


def broken_slices(slices: Mapping[str, Slice], *, lossless: bool) -> tuple[str, ...]:
    """No plane grows; a `lossless` one bears every kind at every rate."""
    most, calm = max(found.grown_mb for found in slices.values()), slices[CALM]
    grown = (f"memory grew by {most:.0f} MB, promised are {GROWTH_MB}",) if most > GROWTH_MB else ()
    lossy = (
        f"{name}: {found.lost_share:.2%} of the stream lost, and {calm.lost_share:.2%} in the calm"
        for name, found in slices.items()
        if lossless and found.lost_share > calm.lost_share + LOST_MORE
    )
    return *grown, *lossy


class Stream:
    """A hall's sound, MEDIA_RATE packets a second through the plane to one viewer; all in this process."""

    def __init__(self, publisher: Client, viewer: Client) -> None:
        self._publisher, self._viewer = publisher, viewer
        self._index = itertools.count()
        self.sent = 0

    @classmethod
    async def start(cls, wire: Wire) -> Stream:
        """Connected and flowing."""
        wire.plane.route(STAGE, (Route(SlotId("a0"), CHANGZHOU),))
        publisher, viewer = await wire.publisher(), await wire.viewer(slot("a0"))
        stream = cls(publisher, viewer)
        stream.send(5)
        await wire.until(lambda: len(viewer.rtp) >= 3)
        return stream

    @property
    def received(self) -> int:
        return len(self._viewer.rtp)

    def send(self, packets: int) -> None:
        for index in itertools.islice(self._index, packets):
            self._publisher.send(0x2000, index, 960 * index, bytes(160), payload_type=OPUS)
            self.sent += 1


async def _slice(wire: Wire, stream: Stream, garbage: Sequence[bytes], rate: int, seconds: float) -> Slice:
    """`seconds` of the stream, with `rate` garbage datagrams per second from another process beside it."""
    context = multiprocessing.get_context("fork")
    ready, thrown = context.Event(), context.Value("q", 0)
    thrower = context.Process(target=throw, args=(wire.address, garbage, rate, seconds, ready, thrown), daemon=True)
    thrower.start()
    await asyncio.to_thread(ready.wait)
    before_mb, dropped = _resident_mb(), _dropped(wire)
    sent, received = stream.sent, stream.received
    began_s = time.monotonic()
    while (passed_s := time.monotonic() - began_s) < seconds:
        stream.send(int(passed_s * MEDIA_RATE) - (stream.sent - sent))
        await asyncio.sleep(BATCH_S)
    await asyncio.to_thread(thrower.join)
    await asyncio.sleep(SETTLE_S)
    sent, received = stream.sent - sent, stream.received - received
    return Slice(
        garbage_per_s=round(thrown.value / seconds),
        dropped_by_plane=_dropped(wire) - dropped,
        sent=sent,
        received=received,
        lost_share=round(1 - received / sent, 5),
        grown_mb=round(_resident_mb() - before_mb, 1),
    )


def throw(address: Address, kinds: Sequence[bytes], rate: int, seconds: float, ready: Any, thrown: Any) -> None:
    """The strangers: `rate` datagrams per second of some kinds, from eight ports; `thrown` counts them."""
    sockets = itertools.cycle([socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)])
    garbage = itertools.cycle(kinds)
    ready.set()
    began_s, count = time.monotonic(), 0
    while (passed_s := time.monotonic() - began_s) < seconds:
        for _ in range(int(passed_s * rate) - count):
            next(sockets).sendto(next(garbage), address)
            count += 1
        time.sleep(BATCH_S)
    thrown.value = count


def _dropped(wire: Wire) -> int:
    return sum(wire.plane.figures().dropped.values())


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


BENCH = Bench("What an established stream loses while strangers flood the port.", add_options, run)
