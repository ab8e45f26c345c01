"""What a link really does, measured from outside by a stream of probes before the trial."""

from __future__ import annotations

import asyncio
import itertools
import socket
import statistics
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from scripts.impairment.lab import Door
from scripts.impairment.link import HEADERS, Terms
from scripts.impairment.proxy import Emulator

PROBE: Final = struct.Struct("!IQ")
BYTES: Final = 172
FLOOD_BYTES: Final = 1172


class Calibration(msgspec.Struct, frozen=True):
    """One way through a link: what was set, and what `sent` probes met."""

    asked: Terms
    sent: int
    lost_share: float
    lost_in_a_row: float
    """the mean number of packets lost together"""
    delay_ms: float
    jitter_ms: float
    """standard deviation of the delay"""
    late_p99_ms: float
    """p99 of the delay less its median"""
    reordered_share: float
    rate_bps: int
    """what passed of a flood above the bottleneck's rate; 0 where none is set"""


async def calibrate(
    emulator: Emulator, asked: Mapping[str, Terms], seconds: float, per_s: int
) -> dict[str, Calibration]:
    """Probe links with these terms, one after the other's probe but all at the same time."""
    probes = {name: _Probe(emulator, name, terms) for name, terms in asked.items()}
    began_s = time.monotonic()
    for count in itertools.count():
        due_s = began_s + count / per_s
        if due_s > began_s + seconds:
            break
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        for probe in probes.values():
            probe.send()
    await asyncio.sleep(max(terms.delay_ms + 5 * terms.jitter_ms for terms in asked.values()) / 1000 + 0.1)
    return {name: await probe.result() for name, probe in probes.items()}


class _Probe:
    """One link with both its ends here."""

    def __init__(self, emulator: Emulator, name: str, terms: Terms) -> None:
        self._terms = terms
        self._sent = 0
        self._got: list[tuple[int, float]] = []
        self._octets: list[tuple[float, int]] = []
        self._target = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._target.bind(("127.0.0.1", 0))
        self._target.setblocking(False)
        asyncio.get_running_loop().add_reader(self._target, self._take)
        front = emulator.open(f"probe of {name}", self._target.getsockname(), terms, Terms())
        self._door = Door(front, lambda _: None)

    def send(self, size: int = BYTES) -> None:
        self._door.send(PROBE.pack(self._sent, time.monotonic_ns()) + bytes(size - PROBE.size))
        self._sent += 1

    def _take(self) -> None:
        while True:
            try:
                datagram = self._target.recv(2048)
            except BlockingIOError:
                return
            number, sent_ns = PROBE.unpack_from(datagram)
            now_ns = time.monotonic_ns()
            self._got.append((number, (now_ns - sent_ns) / 1e6))
            self._octets.append((now_ns / 1e9, len(datagram) + HEADERS))

    async def result(self) -> Calibration:
        delays, numbers, sent = [delay for _, delay in self._got], [number for number, _ in self._got], self._sent
        overtaken = sum(number < most for number, most in zip(numbers, itertools.accumulate(numbers, max), strict=True))
        result = Calibration(
            asked=self._terms,
            sent=sent,
            lost_share=round(1 - len(numbers) / sent, 4),
            lost_in_a_row=round(mean_run(numbers, sent), 2),
            delay_ms=round(statistics.median(delays), 2),
            jitter_ms=round(statistics.pstdev(delays), 2),
            late_p99_ms=round(quantile(delays, 0.99) - statistics.median(delays), 2),
            reordered_share=round(overtaken / max(len(numbers), 1), 4),
            rate_bps=await self._flood() if self._terms.rate_bps else 0,
        )
        asyncio.get_running_loop().remove_reader(self._target)
        self._target.close()
        self._door.close()
        return result

    async def _flood(self) -> int:
        """Half a second at twice the rate; what came through in its second half."""
        self._octets.clear()
        per_s = 2 * self._terms.rate_bps / 8 / (FLOOD_BYTES + HEADERS)
        began_s = time.monotonic()
        for count in range(int(per_s / 2)):
            await asyncio.sleep(max(0.0, began_s + count / per_s - time.monotonic()))
            self.send(FLOOD_BYTES)
        await asyncio.sleep(self._terms.queue_ms / 1000)
        from_s = began_s + self._terms.delay_ms / 1000 + 0.1
        came = [(at_s, octets) for at_s, octets in self._octets if from_s <= at_s <= began_s + 0.5]
        span_s = came[-1][0] - came[0][0] if len(came) > 1 else 1.0
        return round(8 * sum(octets for _, octets in came[1:]) / span_s)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def mean_run(numbers: Sequence[int], sent: int) -> float:
    """The mean length of runs of numbers below `sent` that are missing; 0 when none is."""
    there = set(numbers)
    runs = [len(list(run)) for missing, run in itertools.groupby(range(sent), lambda n: n not in there) if missing]
    return sum(runs) / len(runs) if runs else 0.0
