"""What of the figures breaks a promise of the native plane, in words."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from scripts.load.cast import Cast
from scripts.load.trial import Impossible, Latency, Slice

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
JOINS_LEAST: Final = 0.5


class HalfLoad(msgspec.Struct, frozen=True):
    """At the rate that costs half a core. `added_ms` are the frames', `keyframes` apart with their own bound.
    `load_late_share`: of the time, that others took from the load."""

    cpu_us_per_packet: float
    cpu_share: float
    lost: int
    added_ms: Latency
    bound_ms: float
    sound_added_ms: Latency
    keyframes_added_ms: Latency | None
    keyframes_bound_ms: float
    p99_spread_ms: tuple[float, float]
    load_late_share: float


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
    """720p in real time: the share of the core, and what was lost. `opening`: of that which was sent until each viewer
    received; the publisher's first sound opens its source, and is heard by nobody."""

    viewers: int
    seconds: float
    cpu_share: float
    lost: int
    opening: int


class Paced(msgspec.Struct, frozen=True):
    """720p in real time to viewers who tell of their lines as browsers do, with keyframes. `limit_bps`: of each line, 0
    without one. Where there is one a keyframe waits for its pace, at most as long as the line itself takes for it."""

    viewers: int
    limit_bps: int
    cpu_us_per_packet: float
    cpu_share: float
    lost: int
    added_ms: Latency
    sound_added_ms: Latency
    sound_bound_ms: float
    keyframes_added_ms: Latency
    keyframes_bound_ms: float


class Stalls(msgspec.Struct, frozen=True):
    """Frames' latency at half load: with nothing in Python's way, with the GIL held, with 20 ms of stall every 200."""

    calm_ms: Latency
    gil_ms: Latency
    stall_ms: Latency
    gil_ratio: float
    stall_ratio: float
    lost: int


class Memory(msgspec.Struct, frozen=True):
    """Bytes: a subscription's in the plane (the native one counts what it allocates, beyond rings), its share of the
    process's resident memory (what those after the first added, allocators' and Python's rests included), all of that.
    """

    subscriptions: int
    per_subscription: int
    process_per_subscription: int
    process: int


class Joins(msgspec.Struct, frozen=True):
    """Viewers who join a relay process and leave after their first packet, by the clock. Times from the offer on."""

    per_s: float
    bare_handshakes_per_s: float
    ratio: float
    asked: int
    succeeded: int
    keys_ms: Mapping[str, float]
    first_packet_ms: Mapping[str, float]
    stream_lost: int
    """packets of a stream to other viewers beside them"""


class Found(msgspec.Struct, frozen=True):
    """All that was measured; `None` or nothing for parts left out. `paced`: without a limit and with one. `stalls` by
    plane."""

    runs: Sequence[Run] = ()
    meeting: Run | None = None
    hall: Hall | None = None
    paced: Sequence[Paced] = ()
    stalls: Mapping[str, Stalls] = {}
    memory: Memory | None = None
    joins: Joins | None = None


def half_load(cast: Cast, us_per_packet: float, slices: Sequence[Slice], with_keyframes: Slice) -> HalfLoad:
    """Of stretches at half load, `us_per_packet` saturated beside them: percentiles are the median stretch's, for one
    that others disturbed tells of them.
    Keyframes have a stretch of their own, for frames wait behind them."""
    sound, frames = (typical([one.added_ms[place] for one in slices]) for place in range(2))
    added, sounds = frames or sound, sound or frames
    assert added is not None
    assert sounds is not None
    elapsed_ns = sum(one.elapsed_ns for one in slices)
    return HalfLoad(
        cpu_us_per_packet=median([one.us_per_packet for one in slices]),
        cpu_share=median([one.cpu_share for one in slices]),
        lost=sum(one.lost for one in (*slices, with_keyframes)),
        added_ms=added,
        bound_ms=bound_ms(max(flow.burst for flow in cast.flows), cast.viewers, us_per_packet),
        sound_added_ms=sounds,
        keyframes_added_ms=with_keyframes.added_ms[2],
        keyframes_bound_ms=bound_ms(max(flow.keyframe_burst for flow in cast.flows), cast.viewers, us_per_packet),
        p99_spread_ms=spread([one.p99 for found in slices if (one := found.added_ms[1] or found.added_ms[0])]),
        load_late_share=round(sum(one.late_ns for one in slices) / elapsed_ns, 4),
    )


def paced(cast: Cast, found: Slice) -> Paced:
    """Of a stretch in real time: without a limit whatever leaves may wait for a keyframe to everybody; with one, sound
    for no more than a frame. Raises Impossible."""
    assert cast.line is not None
    sound, frames, keyframes = found.added_ms
    if sound is None or frames is None or keyframes is None:
        raise Impossible("of sound, frames and keyframes some never came")
    limit_bps, us = cast.line.limit_bps, found.us_per_packet
    picture = max(cast.flows, key=lambda flow: flow.burst)
    at_once = bound_ms(picture.keyframe_burst, cast.viewers, us)
    on_line_ms = 8000 * picture.keyframe_burst * picture.len / limit_bps if limit_bps else 0
    return Paced(
        viewers=cast.viewers,
        limit_bps=limit_bps,
        cpu_us_per_packet=round(us, 3),
        cpu_share=round(found.cpu_share, 3),
        lost=found.lost,
        added_ms=frames,
        sound_added_ms=sound,
        sound_bound_ms=bound_ms(picture.burst, cast.viewers, us) if limit_bps else at_once,
        keyframes_added_ms=keyframes,
        keyframes_bound_ms=round(max(at_once, on_line_ms), 2),
    )


def typical(slices: Sequence[Latency | None]) -> Latency | None:
    """The median of each percentile, the worst of all; `None` of nothing."""
    found = [one for one in slices if one is not None]
    if not found:
        return None
    p50, p99 = median([one.p50 for one in found]), median([one.p99 for one in found])
    return Latency(p50, p99, round(max(one.worst for one in found), 3), sum(one.samples for one in found))


def bound_ms(burst: int, viewers: int, us_per_packet: float) -> float:
    """What a burst to everybody may add at the 99th percentile."""
    return round(BOUND_TIMES * burst * viewers * us_per_packet / 1000 + BOUND_SLACK_MS, 2)


def spread(values: Sequence[float]) -> tuple[float, float]:
    return round(min(values), 3), round(max(values), 3)


def median(values: Sequence[float], digits: int = 3) -> float:
    return round(statistics.median(values), digits)


def quantiles(values: Sequence[float]) -> Mapping[str, float]:
    """Of `values`, in their unit; {} of none."""
    ordered = sorted(values)
    return {f"p{share}": ordered[(len(ordered) - 1) * share // 100] for share in (50, 99)} if ordered else {}


def broken(found: Found) -> Iterator[str]:
    """The promises that the native plane does not keep."""
    for run in found.runs:
        yield from _broken_run(run)
    meeting, hall, memory = found.meeting, found.hall, found.memory
    if meeting and meeting.ratio > MEETING_MOST:
        yield f"a packet of the meeting costs {meeting.ratio} of the limit, not {MEETING_MOST}"
    if hall and hall.cpu_share > HALL_MOST:
        yield f"{hall.viewers} viewers of 720p take {hall.cpu_share:.0%} of a core, not {HALL_MOST:.0%}"
    if hall and hall.lost:
        yield f"{hall.lost} packets of 720p to {hall.viewers} viewers were lost, not 0"
    if hall and hall.opening > hall.viewers:
        yield f"{hall.opening} packets to {hall.viewers} viewers were lost while it opened, not one of each"
    if memory and memory.per_subscription > SUBSCRIPTION_MOST:
        yield f"a subscription takes {memory.per_subscription} bytes, not {SUBSCRIPTION_MOST}"
    for one in found.paced:
        yield from _broken_paced(one)
    yield from _broken_stalls(found.stalls)
    if found.joins:
        yield from _broken_joins(found.joins)


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


def _broken_paced(found: Paced) -> Iterator[str]:
    where = f"lines of {found.limit_bps} bit/s" if found.limit_bps else "lines without a limit"
    if not found.limit_bps and found.cpu_share > HALL_MOST:
        yield f"{where}: {found.viewers} viewers of 720p take {found.cpu_share:.0%} of a core, not {HALL_MOST:.0%}"
    if found.lost:
        yield f"{where}: {found.lost} packets lost, not 0"
    if found.sound_added_ms.p99 > found.sound_bound_ms:
        yield f"{where}: sound waits {found.sound_added_ms.p99} ms (p99), not {found.sound_bound_ms}"
    if found.keyframes_added_ms.p99 > found.keyframes_bound_ms:
        yield f"{where}: keyframes wait {found.keyframes_added_ms.p99} ms (p99), not {found.keyframes_bound_ms}"


def _broken_stalls(stalls: Mapping[str, Stalls]) -> Iterator[str]:
    for plane, found in stalls.items():
        for name, ratio in (("a held GIL", found.gil_ratio), ("a stall", found.stall_ratio)):
            if plane == "native" and ratio > STALLED_MOST:
                yield f"{name} makes p99 {ratio} times as long, not {STALLED_MOST}"
            if plane == "python" and ratio < CONTROL_LEAST:
                yield f"the control does not feel {name}: {ratio}, not {CONTROL_LEAST}; the measurement is void"


def _broken_joins(joins: Joins) -> Iterator[str]:
    if joins.succeeded < joins.asked:
        yield f"{joins.asked - joins.succeeded} of {joins.asked} joins failed"
    if joins.ratio < JOINS_LEAST:
        yield f"{joins.per_s} joins a second are {joins.ratio} of bare handshakes, not {JOINS_LEAST}"
    if joins.stream_lost:
        yield f"a running stream lost {joins.stream_lost} packets to joins, not 0"
