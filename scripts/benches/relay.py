"""`scripts/bench relay`: what one forwarded packet costs beside the limit, how late it is, and what disturbs it.

The plane has a core of its own; the load and all receivers have the other. The limit program (media/native/bench)
seals and sends the same bursts to the same destinations on the plane's core, in turns with it.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from scripts.benches import Bench, Outcome, Say
from scripts.load.cast import PICTURE, SOUND, Cast, Line
from scripts.load.first import first
from scripts.load.joins import at_a_rate, bare_rate, beside, lobby
from scripts.load.planes import DEFAULT, PLANES
from scripts.load.trial import Impossible, Latency, LimitSlice, Slice, Trial, build, bytes_per_subscription, staged
from scripts.load.verdict import (
    Found,
    HalfLoad,
    Hall,
    Joins,
    Memory,
    Paced,
    Run,
    Stalls,
    broken,
    half_load,
    median,
    paced,
    quantiles,
    spread,
    typical,
)

VIEWERS: Final = (50, 200, 1000)
PAIRS: Final = 7
SLICE_MS: Final = 500
HALVES, HALF_MS = 7, 1200
COST_MS, CALIBRATION_MS = 200, 400
CALIBRATIONS: Final = 2
KEYFRAME_MS: Final = 400
CALM_MS: Final = 4000
HALL_VIEWERS, HALL_MS = 200, 5000
LEARNING_MS: Final = 6000
"""until a line of browsers is known to carry the picture"""
LIMIT_BPS: Final = 5_000_000
"""more than the picture takes, so that all of it comes; less than its keyframes ask for"""
STALL_VIEWERS: Final = {"native": 50, "python": 20}
"""by plane: Python's frames to 50 take so long by themselves that a stall of 20 ms shows as 5 times that, not more"""
STALL_TURNS, STALL_MS = 5, 1000
JOINS_PER_S, JOINS_S, JOINS_BESIDE = 200, 5.0, 50
JOINS_OFFERED: Final = 0.55
"""of the rate of bare handshakes, where that is more: a little above what is promised"""
SETTLE_MS: Final = 1000
BARE_S: Final = 3.0
MEETING: Final = 50
"""publishers, and as many viewers of all of them"""
RUNS_MS: Final = 200
FRAMES_AHEAD: Final = 10
"""packets on their way at saturation: the plane always finds one frame while it works on another"""
PACKETS_AHEAD: Final = 1
"""in a meeting: one packet is in work, one waits"""


PARTS: Final = ("runs", "meeting", "hall", "paced", "stalls", "memory", "joins")


class Extent(msgspec.Struct, frozen=True):
    """How long everything is measured."""

    pairs: int
    slice_ms: int
    halves: int
    half_ms: int


FULL: Final = Extent(PAIRS, SLICE_MS, HALVES, HALF_MS)
QUICK: Final = Extent(3, 150, 1, 600)


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--plane", choices=sorted(PLANES), default=DEFAULT)
    options.add_argument("--viewers", type=_numbers, default=VIEWERS, help="numbers of viewers (default: 50,200,1000)")
    options.add_argument("--parts", type=_parts, default=PARTS, help=f"what is measured (default: {','.join(PARTS)})")
    options.add_argument("--quick", action="store_true", help="a few seconds: shows that it runs, not what it promises")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _parts(text: str) -> tuple[str, ...]:
    if unknown := set(text.split(",")) - set(PARTS):
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(sorted(unknown))}")
    return tuple(text.split(","))


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """The parts on one plane; the stalls on the Python plane too, which must feel them."""
    try:
        await build()
        with first():
            found = await _measure(options, QUICK if options.quick else FULL, say)
    except Impossible as why:
        return Outcome({"runs": []}, (str(why),))
    judged = options.plane == "native" and not options.quick
    return Outcome(msgspec.structs.asdict(found), tuple(broken(found)) if judged else ())


async def _measure(options: argparse.Namespace, extent: Extent, say: Say) -> Found:
    plane, viewers, parts = options.plane, options.viewers, options.parts
    counts = viewers if "runs" in parts else ()
    planes = dict.fromkeys((plane, "python")) if "stalls" in parts else ()
    meeting = Cast(MEETING, MEETING, (SOUND,))
    return Found(
        runs=[await _run(plane, Cast(1, count, (PICTURE, SOUND)), FRAMES_AHEAD, extent, say) for count in counts],
        meeting=await _run(plane, meeting, PACKETS_AHEAD, extent, say) if "meeting" in parts else None,
        hall=await _hall(plane, say) if "hall" in parts else None,
        paced=[await _paced(plane, Line(limit), say) for limit in (0, LIMIT_BPS)] if "paced" in parts else (),
        stalls={name: await _stalls(name, say) for name in planes},
        memory=await _memory(plane, max(viewers), say) if "memory" in parts else None,
        joins=await _joins(plane, say) if "joins" in parts else None,
    )


async def _run(plane: str, cast: Cast, ahead: int, extent: Extent, say: Say) -> Run:
    """Pairs at saturation, then half of that."""
    async with staged(plane, cast) as trial:
        await trial.seat(cast.viewers)
        await trial.load.saturate(extent.slice_ms, ahead)
        seen = await trial.load.runs(RUNS_MS, ahead)
        pairs = [await _pair(trial, extent, ahead, seen) for _ in range(extent.pairs)]
        half = await _half_load(trial, extent, ahead)
    found = _judged(plane, cast, pairs, seen, half)
    say(_in_words(found))
    return found


def _in_words(run: Run) -> str:
    half = run.half_load
    return (
        f"{run.plane} {run.publishers} to {run.viewers}: {run.cpu_us_per_packet} us, limit {run.limit_us_per_packet}, "
        f"ratio {run.ratio} {run.spread['ratio']}; at half load {half.cpu_us_per_packet} us, {half.lost} lost, "
        f"p99 {half.added_ms.p99:.2f} of {half.bound_ms} ms"
    )


async def _pair(trial: Trial, extent: Extent, ahead: int, seen: Slice) -> tuple[Slice, LimitSlice]:
    ours = await trial.load.saturate(extent.slice_ms, ahead)
    runs = dict(seen.runs) or {length: 1.0 for length, _ in seen.lens if length}  # where all viewers are timed
    audio, *_, video = sorted(runs) if len(runs) > 1 else [*runs, *runs]
    kinds = [(length, round(runs[length])) for length in (video, audio)]
    burst = max(flow.burst for flow in trial.cast.flows)
    return ours, await trial.load.limit(extent.slice_ms, (video, max(kinds[0][1], burst)), kinds[1])


async def _half_load(trial: Trial, extent: Extent, ahead: int) -> HalfLoad:
    """Each stretch stands beside a look at what a packet costs just then: cores of guests change their speed."""
    pace = await _half_a_core(trial, ahead)
    costs, slices = [], []
    for _ in range(extent.halves):
        costs.append(await trial.load.saturate(COST_MS, ahead))
        slices.append(await trial.load.pace(extent.half_ms, pace))
        pace *= 0.5 / slices[-1].cpu_share
    with_keyframes = await trial.load.pace(extent.half_ms, pace, KEYFRAME_MS)
    return half_load(trial.cast, median([one.us_per_packet for one in costs]), slices, with_keyframes)


async def _half_a_core(trial: Trial, ahead: int) -> float:
    """The pace that keeps the plane's core half busy: less than half of what saturates it, for a wake-up costs too."""
    saturated = await trial.load.saturate(SLICE_MS, ahead)
    pace = 0.5 * saturated.packets_per_s / trial.cast.viewers / trial.cast.packets_per_s
    for _ in range(CALIBRATIONS):
        found = await trial.load.pace(CALIBRATION_MS, pace)
        pace *= 0.5 / found.cpu_share
    return pace


def _judged(plane: str, cast: Cast, pairs: Sequence[tuple[Slice, LimitSlice]], seen: Slice, half: HalfLoad) -> Run:
    """A ratio is the median over the pairs: one disturbed turn counts little."""
    ours, limits = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ratios = [one.us_per_packet / limit.us_per_packet for one, limit in pairs]
    packets = [one.packets_per_s / limit.packets_per_s for one, limit in pairs]
    return Run(
        plane=plane,
        publishers=cast.publishers,
        viewers=cast.viewers,
        cpu_us_per_packet=median([one.us_per_packet for one in ours]),
        limit_us_per_packet=median([one.us_per_packet for one in limits]),
        packets_per_s=median([one.packets_per_s for one in ours], 0),
        limit_packets_per_s=median([one.packets_per_s for one in limits], 0),
        ratio=median(ratios),
        packets_ratio=median(packets),
        spread={
            "cpu_us_per_packet": spread([one.us_per_packet for one in ours]),
            "limit_us_per_packet": spread([one.us_per_packet for one in limits]),
            "ratio": spread(ratios),
            "packets_ratio": spread(packets),
        },
        run_lengths={f"{length} B": round(mean, 2) for length, mean in seen.runs},
        lost=sum(one.lost for one in ours),
        limit_lost=sum(one.packets - one.received for one in limits),
        half_load=half,
    )


async def _hall(plane: str, say: Say) -> Hall:
    cast = Cast(1, HALL_VIEWERS, (PICTURE, SOUND))
    async with staged(plane, cast) as trial:
        opening = await trial.seat(cast.viewers)
        found = await trial.load.pace(HALL_MS, 1.0)
    words = f"takes {found.cpu_share:.1%} of a core, {found.lost} lost, {opening} while it opened"
    say(f"{plane}: 720p to {HALL_VIEWERS} viewers {words}")
    return Hall(HALL_VIEWERS, HALL_MS / 1000, round(found.cpu_share, 3), found.lost, opening)


async def _paced(plane: str, line: Line, say: Say) -> Paced:
    """The hall with viewers who tell of their lines, and with keyframes."""
    cast = Cast(1, HALL_VIEWERS, (PICTURE, SOUND), line)
    async with staged(plane, cast) as trial:
        await trial.seat(cast.viewers)
        await trial.load.pace(LEARNING_MS, 1.0)
        found = paced(cast, await trial.load.pace(HALL_MS, 1.0, KEYFRAME_MS))
    limit = f"of {line.limit_bps / 1e6:g} Mbit/s" if line.limit_bps else "without a limit"
    p99 = f"{found.added_ms.p99:.2f}, keyframes {found.keyframes_added_ms.p99:.2f} of {found.keyframes_bound_ms}"
    sound = f"sound {found.sound_added_ms.p99:.2f} of {found.sound_bound_ms} ms"
    say(f"{plane}: lines {limit}: {found.cpu_share:.1%} of a core, {found.lost} lost, p99 {p99}, {sound}")
    return found


async def _stalls(plane: str, say: Say) -> Stalls:
    """In turns, so that what else happens on the machine happens to all of them."""
    cast = Cast(1, STALL_VIEWERS[plane], (PICTURE, SOUND))
    slices: dict[str, list[Slice]] = {"": [], "gil": [], "stall": []}
    async with staged(plane, cast) as trial:
        await trial.seat(cast.viewers)
        pace = await _half_a_core(trial, FRAMES_AHEAD)
        for how in [*slices] * STALL_TURNS:
            await trial.disturb(how)
            slices[how].append(await trial.load.pace(STALL_MS, pace))
        await trial.disturb("")
    calm, gil, stall = (typical([one.added_ms[1] for one in found]) or Latency(0, 0, 0, 0) for found in slices.values())
    say(f"{plane}: p99 {calm.p99:.2f} ms, with the GIL held {gil.p99:.2f}, with stalls {stall.p99:.2f}")
    ratios = round(gil.p99 / calm.p99, 2), round(stall.p99 / calm.p99, 2)
    return Stalls(calm, gil, stall, *ratios, lost=sum(one.lost for found in slices.values() for one in found))


async def _memory(plane: str, viewers: int, say: Say) -> Memory:
    cast = Cast(1, viewers, (PICTURE, SOUND))
    async with staged(plane, cast) as trial:
        await trial.seat(1)
        await trial.load.pace(CALM_MS, 1.0)
        before = await trial.resident()
        await trial.seat(viewers)
        await trial.load.pace(CALM_MS, 1.0)
        after = await trial.resident()
    whole = (after - before) // (viewers - 1)
    own = await bytes_per_subscription() if plane == "native" else whole
    say(f"{plane}: {own / 1024:.1f} KB per subscription, {whole / 1024:.1f} of {after / 2**20:.0f} MB")
    return Memory(viewers, own, whole, after)


async def _joins(plane: str, say: Say) -> Joins:
    """JOINS_PER_S viewers a second or more join and leave again, beside a stream to JOINS_BESIDE others."""
    bare = await bare_rate(BARE_S)
    per_s = max(JOINS_PER_S, round(JOINS_OFFERED * bare))
    async with lobby(plane) as relay, beside(relay, JOINS_BESIDE) as load:
        running = asyncio.create_task(load.pace(round(JOINS_S * 1000) + SETTLE_MS, 1.0, gentle=True))
        joined, failed, achieved = await at_a_rate(relay, per_s, JOINS_S)
        stream = await running
    for why in failed[:3]:
        say(f"a join failed: {why}")
    found = Joins(
        per_s=round(achieved, 1),
        bare_handshakes_per_s=round(bare, 1),
        ratio=round(achieved / bare, 3),
        asked=len(joined) + len(failed),
        succeeded=len(joined),
        keys_ms=quantiles([one.keys_ms for one in joined]),
        first_packet_ms=quantiles([one.first_packet_ms for one in joined]),
        stream_lost=stream.lost,
    )
    say(f"{plane}: {len(joined)} of {found.asked} joins, {achieved:.0f} a second, {bare:.0f} bare handshakes")
    return found


BENCH: Final = Bench("what one forwarded packet costs beside the limit of sealing and sending", add_options, run)
