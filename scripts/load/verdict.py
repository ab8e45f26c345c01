"""What of the figures breaks a promise of the native plane, in words."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from scripts.load.trial import Latency

SATURATED_MOST: Final = 1.5
HALF_MOST: Final = 2.0
PACKETS_LEAST: Final = 0.65
MEETING_MOST: Final = 2.5
HALL_MOST: Final = 0.30
STALLED_MOST: Final = 1.5
CONTROL_LEAST: Final = 5.0
BOUND_SLACK_MS: Final = 0.5
BOUND_TIMES: Final = 1.5
SUBSCRIPTION_MOST: Final = 32 * 1024


class HalfLoad(msgspec.Struct, frozen=True):
    """At the rate that costs half a core. `added_ms` are the frames', `keyframes` apart with their own bound."""

    cpu_us_per_packet: float
    cpu_share: float
    lost: int
    added_ms: Latency
    bound_ms: float
    sound_added_ms: Latency
    keyframes_added_ms: Latency | None
    keyframes_bound_ms: float


class Run(msgspec.Struct, frozen=True):
    """One cast on one plane. Costs and rates are medians over the pairs; `spread` has the least and the most."""

    plane: str
    publishers: int
    viewers: int
    cpu_us_per_packet: float
    limit_us_per_packet: float
    packets_per_s: float
    limit_packets_per_s: float
    ratio: float
    packets_ratio: float
    spread: Mapping[str, tuple[float, float]]
    run_lengths: Mapping[str, float]
    lost: int
    limit_lost: int
    half_load: HalfLoad


class Hall(msgspec.Struct, frozen=True):
    """720p in real time from the first second on: the share of the core, and what was lost."""

    viewers: int
    seconds: float
    cpu_share: float
    lost: int


class Stalls(msgspec.Struct, frozen=True):
    """Frames' latency at half load: with nothing in Python's way, with the GIL held, with 20 ms of stall every 200."""

    calm_ms: Latency
    gil_ms: Latency
    stall_ms: Latency
    gil_ratio: float
    stall_ratio: float
    lost: int


class Memory(msgspec.Struct, frozen=True):
    """Resident bytes of the plane's process; a subscription's share is what those after the first added."""

    subscriptions: int
    per_subscription: int
    process: int


def bound_ms(burst: int, viewers: int, us_per_packet: float) -> float:
    """What a burst to everybody may add at the 99th percentile."""
    return round(BOUND_TIMES * burst * viewers * us_per_packet / 1000 + BOUND_SLACK_MS, 2)


def spread(values: Sequence[float]) -> tuple[float, float]:
    return round(min(values), 3), round(max(values), 3)


def median(values: Sequence[float], digits: int = 3) -> float:
    return round(statistics.median(values), digits)


def broken(
    runs: Sequence[Run],
    meeting: Run | None,
    hall: Hall | None,
    stalls: Mapping[str, Stalls],
    memory: Memory | None,
) -> Iterator[str]:
    """The promises that the native plane does not keep."""
    for run in runs:
        yield from _broken_run(run)
    if meeting is not None and meeting.ratio > MEETING_MOST:
        yield f"a packet of the meeting costs {meeting.ratio} of the limit, not {MEETING_MOST}"
    if hall is not None and hall.cpu_share > HALL_MOST:
        yield f"{hall.viewers} viewers of 720p take {hall.cpu_share:.0%} of a core, not {HALL_MOST:.0%}"
    if hall is not None and hall.lost:
        yield f"{hall.lost} packets of 720p to {hall.viewers} viewers were lost, not 0"
    yield from _broken_stalls(stalls)
    if memory is not None and memory.per_subscription > SUBSCRIPTION_MOST:
        yield f"a subscription takes {memory.per_subscription} bytes, not {SUBSCRIPTION_MOST}"


def _broken_run(run: Run) -> Iterator[str]:
    where, half = f"{run.viewers} viewers", run.half_load
    if run.ratio > SATURATED_MOST:
        yield f"{where}: a packet costs {run.ratio} of the limit at saturation, not {SATURATED_MOST}"
    if run.packets_ratio < PACKETS_LEAST:
        yield f"{where}: {run.packets_ratio} of the limit's packets a second, not {PACKETS_LEAST}"
    half_ratio = round(half.cpu_us_per_packet / run.limit_us_per_packet, 3)
    if half_ratio > HALF_MOST:
        yield f"{where}: a packet costs {half_ratio} of the limit at half load, not {HALF_MOST}"
    if half.lost:
        yield f"{where}: {half.lost} packets lost at half load, not 0"
    if run.viewers <= 50 and half.added_ms.p99 > half.bound_ms:
        yield f"{where}: frames wait {half.added_ms.p99} ms (p99), not {half.bound_ms}"


def _broken_stalls(stalls: Mapping[str, Stalls]) -> Iterator[str]:
    for plane, found in stalls.items():
        for name, ratio in (("a held GIL", found.gil_ratio), ("a stall", found.stall_ratio)):
            if plane == "native" and ratio > STALLED_MOST:
                yield f"{name} makes p99 {ratio} times as long, not {STALLED_MOST}"
            if plane == "python" and ratio < CONTROL_LEAST:
                yield f"the control does not feel {name}: {ratio}, not {CONTROL_LEAST}; the measurement is void"
