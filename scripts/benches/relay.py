"""`scripts/bench relay`: what one forwarded packet costs beside the limit, how late it is, and what disturbs it.

The plane has a core of its own; the load and all receivers have the other. The limit program (media/native/bench)
seals and sends the same bursts to the same destinations on the plane's core, in turns with it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

import msgspec

from scripts.benches import Bench, Outcome, Say
from scripts.load.cast import PICTURE, SOUND, Cast
from scripts.load.planes import DEFAULT, PLANES
from scripts.load.trial import Impossible, Latency, LimitSlice, Slice, Trial, build, staged
from scripts.load.verdict import HalfLoad, Hall, Memory, Run, Stalls, bound_ms, broken, median, spread

VIEWERS: Final = (50, 200, 1000)
PAIRS: Final = 7
SLICE_MS: Final = 500
HALF_MS: Final = 4000
KEYFRAME_MS: Final = 2000
HALL_VIEWERS, HALL_MS = 200, 5000
STALL_VIEWERS, STALL_MS = 50, 3000
MEETING: Final = 50
"""publishers, and as many viewers of all of them"""
RUNS_MS: Final = 200
FRAMES_AHEAD: Final = 10
"""packets on their way at saturation: the plane always finds one frame while it works on another"""
PACKETS_AHEAD: Final = 1
"""in a meeting: one packet is in work, one waits"""


class Extent(msgspec.Struct, frozen=True):
    """How long everything is measured."""

    pairs: int
    slice_ms: int
    half_ms: int
    aside: bool
    """also the hall, the stalls, the meeting and memory"""


FULL: Final = Extent(PAIRS, SLICE_MS, HALF_MS, aside=True)
QUICK: Final = Extent(3, 150, 600, aside=False)


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--plane", choices=sorted(PLANES), default=DEFAULT)
    options.add_argument("--viewers", type=_numbers, default=VIEWERS, help="numbers of viewers (default: 50,200,1000)")
    options.add_argument("--quick", action="store_true", help="a few seconds: shows that it runs, not what it promises")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """All casts on one plane; the stalls on the Python plane too, which must feel them."""
    try:
        await build()
        return await _measure(options.plane, options.viewers, QUICK if options.quick else FULL, say)
    except Impossible as why:
        return Outcome({"runs": []}, (str(why),))


async def _measure(plane: str, viewers: Sequence[int], extent: Extent, say: Say) -> Outcome:
    runs = [await _run(plane, Cast(1, count, (PICTURE, SOUND)), FRAMES_AHEAD, extent, say) for count in viewers]
    figures: dict[str, object] = {"runs": runs}
    if not extent.aside:
        return Outcome(figures)
    meeting = await _run(plane, Cast(MEETING, MEETING, (SOUND,)), PACKETS_AHEAD, extent, say)
    hall = await _hall(plane, say)
    stalls = {name: await _stalls(name, say) for name in dict.fromkeys((plane, "python"))}
    memory = await _memory(plane, max(viewers), say)
    figures |= {"meeting": meeting, "hall": hall, "stalls": stalls, "memory": memory}
    promised = plane == "native"
    return Outcome(figures, tuple(broken(runs, meeting, hall, stalls, memory)) if promised else ())


async def _run(plane: str, cast: Cast, ahead: int, extent: Extent, say: Say) -> Run:
    """Pairs at saturation, then half of that."""
    async with staged(plane, cast) as trial:
        await trial.seat(cast.viewers)
        await trial.saturate(extent.slice_ms, ahead)
        seen = await trial.runs(RUNS_MS, ahead)
        pairs = [await _pair(trial, extent, ahead, seen) for _ in range(extent.pairs)]
        half = await _half_load(trial, [ours for ours, _ in pairs], extent)
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
    ours = await trial.saturate(extent.slice_ms, ahead)
    lens = sorted(length for length, _ in ours.lens if length)
    longest_run = max((mean for length, mean in seen.runs if length == lens[-1]), default=1.0)
    run = round(longest_run) if longest_run > PICTURE.burst else 0
    return ours, await trial.limit(extent.slice_ms, video_len=lens[-1], audio_len=lens[0], run=run)


async def _half_load(trial: Trial, saturated: Sequence[Slice], extent: Extent) -> HalfLoad:
    cast = trial.cast
    us_per_packet = median([one.us_per_packet for one in saturated])
    pace = 0.5e6 / us_per_packet / cast.viewers / cast.packets_per_s
    found = await trial.pace(extent.half_ms, pace, min(KEYFRAME_MS, extent.half_ms // 3))
    sound, frames, keyframes = found.added_ms
    burst = max(flow.burst for flow in cast.flows)
    keyframe_burst = max(flow.keyframe_burst for flow in cast.flows)
    added = frames or sound
    assert sound is not None
    assert added is not None
    return HalfLoad(
        cpu_us_per_packet=round(found.us_per_packet, 3),
        cpu_share=round(found.cpu_ns / found.elapsed_ns, 3),
        lost=found.lost,
        added_ms=added,
        bound_ms=bound_ms(burst, cast.viewers, us_per_packet),
        sound_added_ms=sound,
        keyframes_added_ms=keyframes,
        keyframes_bound_ms=bound_ms(keyframe_burst, cast.viewers, us_per_packet),
    )


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
        await trial.seat(cast.viewers)
        found = await trial.pace(HALL_MS, 1.0)
    share = found.cpu_ns / found.elapsed_ns
    say(f"{plane}: 720p to {HALL_VIEWERS} viewers takes {share:.1%} of a core, {found.lost} lost")
    return Hall(HALL_VIEWERS, HALL_MS / 1000, round(share, 3), found.lost)


async def _stalls(plane: str, say: Say) -> Stalls:
    cast = Cast(1, STALL_VIEWERS, (PICTURE, SOUND))
    async with staged(plane, cast) as trial:
        await trial.seat(cast.viewers)
        saturated = await trial.saturate(SLICE_MS, FRAMES_AHEAD)
        pace = 0.5 * saturated.packets_per_s / cast.viewers / cast.packets_per_s
        found = {}
        for how in ("", "gil", "stall"):
            await trial.disturb(how)
            found[how] = await trial.pace(STALL_MS, pace)
        await trial.disturb("")
    frames = {how: one.added_ms[1] for how, one in found.items()}
    calm, gil, stall = (frames[how] or Latency(0, 0, 0, 0) for how in ("", "gil", "stall"))
    say(f"{plane}: p99 {calm.p99:.2f} ms, with the GIL held {gil.p99:.2f}, with stalls {stall.p99:.2f}")
    ratios = round(gil.p99 / calm.p99, 2), round(stall.p99 / calm.p99, 2)
    return Stalls(calm, gil, stall, *ratios, lost=sum(one.lost for one in found.values()))


async def _memory(plane: str, viewers: int, say: Say) -> Memory:
    cast = Cast(1, viewers, (PICTURE, SOUND))
    async with staged(plane, cast) as trial:
        await trial.seat(1)
        await trial.pace(HALF_MS, 1.0)
        before = await trial.resident()
        await trial.seat(viewers)
        await trial.pace(HALF_MS, 1.0)
        after = await trial.resident()
    per_subscription = (after - before) // (viewers - 1)
    say(f"{plane}: {per_subscription / 1024:.1f} KB per subscription, {after / 2**20:.0f} MB in all")
    return Memory(viewers, per_subscription, after)


BENCH: Final = Bench("what one forwarded packet costs beside the limit of sealing and sending", add_options, run)
