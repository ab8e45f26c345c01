"""`scripts/bench impair`: what viewers see over impaired links, and whom a narrow link harms."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import msgspec

from media.model import AudienceName, Route, SlotId, SourceName
from media.plane import Capability
from scripts.benches import Bench, Outcome, Say
from scripts.impairment.camera import Camera
from scripts.impairment.lab import Lab
from scripts.impairment.link import Terms
from scripts.impairment.picture import LADDER, SINGLE, Grade
from scripts.impairment.probe import calibrate, quantile
from scripts.impairment.viewer import Viewer
from scripts.load.planes import DEFAULT, PLANES

SEED: Final = 5
CELL_S: Final = 15.0
SETTLE_S: Final = 2.0
"""of each phase that is not counted: joins and first keyframes."""
PROBE_S: Final = 5.0
PROBES_PER_S: Final = 200
LOSSES: Final = (0.0, 0.01, 0.05)
ROUND_TRIPS_MS: Final = (20, 250)
BURST: Final = 4.0
"""packets that a burst loses on average"""
WIDE_BPS, NARROW_BPS = 20_000_000, 600_000
STEPS_S: Final = (8.0, 20.0, 20.0)
"""wide, narrow, wide again"""
FIT_S: Final = 3.0
MISSING_MOST: Final = 6e-4
"""of the packets of a picture, after repair of 5 % random loss"""
SOUND_BPS: Final = 60_000
"""with all headers"""
V0, A0 = SlotId("v0"), SlotId("a0")


class Cell(msgspec.Struct, frozen=True):
    """One viewer over one impaired link: `leg` "up" is the publisher's, "down" the viewer's."""

    leg: str
    loss: float
    lost_share: float
    """what the link did to the media"""
    lost_in: str
    round_trip_ms: int
    jitter_ms: float
    reordered: float
    frames_published: int
    frames_delivered: int
    frames_shown: int
    """those that did not come too late; there is no playout buffer"""
    packets_missing_share: float
    """that never came, repairs counted"""
    packets_repaired: int
    repair_ms: Mapping[str, float]
    freezes: int
    freeze_longest_ms: int
    frame_delay_ms: Mapping[str, float]
    sounds_missing_share: float


class Walk(msgspec.Struct, frozen=True):
    """One viewer's picture over time while its link changes."""

    heights: Sequence[tuple[float, int]]
    """(seconds since the beginning, picture height) of each change"""
    kbit_per_s: Sequence[int]
    frames_shown: int
    frames_published: int
    freezes: int
    freeze_longest_ms: int
    frame_delay_ms: Mapping[str, float]
    sound_delay_ms: Mapping[str, float]
    sounds_missing_share: float
    packets_missing_share: float


def add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument("--plane", choices=sorted(PLANES), default=DEFAULT)
    options.add_argument("--seed", type=int, default=SEED, help=f"of every loss and delay (default: {SEED})")
    options.add_argument("--seconds", type=float, default=CELL_S, help=f"of each leg (default: {CELL_S:.0f})")


async def run(options: argparse.Namespace, say: Say) -> Outcome:
    """Calibrate; loss on the viewer's leg, then on the publisher's; then links of different and changing width."""
    lab = Lab(PLANES[options.plane], options.seed)
    try:
        terms = _grid()
        probed = {**terms, "narrow": _bottleneck(NARROW_BPS), "wide": _bottleneck(WIDE_BPS)}
        calibration = await calibrate(lab.emulator, probed, PROBE_S, PROBES_PER_S)
        for name, found in calibration.items():
            say(f"link {name}: {msgspec.json.encode(found).decode()}")
        trial = _Trial(lab)
        cells = [
            *await trial.leg("down", terms, options.seconds),
            *await trial.leg("up", terms, options.seconds),
        ]
        walks = await trial.widths()
    finally:
        lab.close()
    figures = {
        "plane": lab.plane.name,
        "seed": options.seed,
        "emulator_in_real_time": lab.emulator.real_time,
        "links": calibration,
        "cells": cells,
        "widths": walks,
    }
    controlled = Capability.CONGESTION_CONTROL in lab.plane.capabilities
    return Outcome(figures, (*broken_cells(cells), *(broken_widths(walks) if controlled else ())))


def _grid() -> dict[str, Terms]:
    """The links of the trial by name: loss x round trip, each loss random and in bursts; and a rough one."""
    grid = {}
    for round_trip_ms in ROUND_TRIPS_MS:
        for loss in LOSSES:
            for burst in (1.0, BURST) if loss else (1.0,):
                name = f"{loss:.0%} {'burst' if burst > 1 else 'random'} {round_trip_ms} ms"
                grid[name] = Terms(delay_ms=round_trip_ms / 2, jitter_ms=1.0, loss=loss, burst=burst)
    grid["rough"] = Terms(delay_ms=125, jitter_ms=20.0, loss=0.01, reordered=0.02)
    return grid


def _bottleneck(rate_bps: int) -> Terms:
    return Terms(delay_ms=10, jitter_ms=1.0, rate_bps=rate_bps)


class _Trial:
    """Publishers and viewers over the lab's links, one phase after another."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    async def leg(self, leg: str, grid: Mapping[str, Terms], seconds: float) -> list[Cell]:
        """All links of `grid` at once: "down" each before a viewer of one clean publisher, "up" each before a
        publisher with one clean viewer."""
        cameras: dict[str, Camera] = {}
        viewers: dict[str, Viewer] = {}
        for name, terms in grid.items():
            on_down = leg == "down"
            if not cameras or not on_down:
                camera = await self._camera(f"{leg} {name}", [SINGLE], Terms() if on_down else terms)
            cameras[name] = camera
            viewers[name] = await self._viewer(f"{leg} {name}", camera, terms if on_down else Terms())
        async with _running(*dict.fromkeys(cameras.values()), *viewers.values()):
            await asyncio.sleep(SETTLE_S)
            before = {name: camera.frames for name, camera in cameras.items()}
            for viewer in viewers.values():
                viewer.start_over()
            await asyncio.sleep(seconds)
            published = {name: camera.frames - before[name] for name, camera in cameras.items()}
        return [
            _cell(leg, grid[name], viewer, published[name], self._lost(leg, name)) for name, viewer in viewers.items()
        ]

    def _lost(self, leg: str, name: str) -> float:
        """The share of the media that the link really lost."""
        up, down = self._lab.emulator.did(f"{leg} {name} camera" if leg == "up" else f"{leg} {name}")
        return round((up if leg == "up" else down).lost_share, 4)

    async def widths(self) -> dict[str, Walk]:
        """A viewer whose link narrows and widens, beside one on a narrow and one on a wide link."""
        camera = await self._camera("widths", LADDER, Terms())
        names = ("stepping", "narrow", "wide")
        links = {name: _bottleneck(NARROW_BPS if name == "narrow" else WIDE_BPS) for name in names}
        viewers = {name: await self._viewer(f"widths {name}", camera, links[name]) for name in names}
        async with _running(camera, *viewers.values()):
            began_s = asyncio.get_running_loop().time()
            for seconds, rate_bps in zip(STEPS_S, (WIDE_BPS, NARROW_BPS, WIDE_BPS), strict=True):
                self._lab.emulator.change("widths stepping", _bottleneck(rate_bps))
                await asyncio.sleep(seconds)
        return {name: _walk(viewer, began_s, camera.frames) for name, viewer in viewers.items()}

    async def _camera(self, name: str, grades: Sequence[Grade], terms: Terms) -> Camera:
        camera = Camera(self._lab, SourceName(f"house:{name}"), grades)
        self._lab.plane.route(_audience(camera), [Route(V0, camera.source), Route(A0, camera.source)])
        await self._lab.connect(camera, f"{name} camera", terms)
        return camera

    async def _viewer(self, name: str, camera: Camera, terms: Terms) -> Viewer:
        viewer = Viewer(self._lab, _audience(camera))
        await self._lab.connect(viewer, name, terms)
        self._lab.plane.heights(viewer.id, {V0: LADDER[-1].height})
        return viewer


def _audience(camera: Camera) -> AudienceName:
    return AudienceName(f"{camera.source}:attendee")


@contextlib.asynccontextmanager
async def _running(*peers: Camera | Viewer) -> AsyncIterator[None]:
    """Peers at work; a fault of one is a fault of the bench."""
    tasks = [asyncio.create_task(peer.run()) for peer in peers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def _cell(leg: str, terms: Terms, viewer: Viewer, published: int, lost_share: float) -> Cell:
    account, screen = viewer.account, viewer.screen
    return Cell(
        leg=leg,
        loss=terms.loss,
        lost_share=lost_share,
        lost_in="bursts" if terms.burst > 1 else "random",
        round_trip_ms=round(2 * terms.delay_ms),
        jitter_ms=terms.jitter_ms,
        reordered=terms.reordered,
        frames_published=published,
        frames_delivered=screen.delivered,
        frames_shown=screen.shown,
        packets_missing_share=round(account.missing_share, 5),
        packets_repaired=account.repaired,
        repair_ms=_spread(account.repair_ms),
        freezes=len(screen.freezes),
        freeze_longest_ms=round(1000 * max(screen.freezes, default=0.0)),
        frame_delay_ms=_spread(screen.delays_ms),
        sounds_missing_share=round(account.sounds_missing_share, 5),
    )


def _walk(viewer: Viewer, began_s: float, published: int) -> Walk:
    account, screen = viewer.account, viewer.screen
    octets = [octets for _, octets in viewer.rates]
    return Walk(
        heights=[(round(at_s - began_s, 2), height) for at_s, height in screen.heights],
        kbit_per_s=[round(8 * (after - before) / 1000) for before, after in itertools.pairwise(octets)],
        frames_published=published,
        frames_shown=screen.shown,
        freezes=len(screen.freezes),
        freeze_longest_ms=round(1000 * max(screen.freezes, default=0.0)),
        frame_delay_ms=_spread(screen.delays_ms),
        sound_delay_ms=_spread(account.sound_delays_ms),
        sounds_missing_share=round(account.sounds_missing_share, 5),
        packets_missing_share=round(account.missing_share, 5),
    )


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {name: round(quantile(values, share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}


def broken_cells(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Random loss on one leg must be mended, whatever the plane."""
    return tuple(
        f"{cell.leg} {cell.loss:.0%} at {cell.round_trip_ms} ms: {cell.packets_missing_share:.2%} of the picture lost"
        for cell in cells
        if cell.lost_in == "random" and cell.packets_missing_share > MISSING_MOST
    )


def broken_widths(walks: Mapping[str, Walk]) -> tuple[str, ...]:
    """A narrow link gets what fits within FIT_S and keeps it, one that widens what fits then; a wide one beside
    them loses nothing."""
    fits = max(grade.height for grade in LADDER if grade.bitrate_bps + SOUND_BPS < NARROW_BPS)
    most = LADDER[-1].height
    expected = {
        "narrow": [(FIT_S, sum(STEPS_S), fits)],
        "wide": [(FIT_S, sum(STEPS_S), most)],
        "stepping": [
            (FIT_S, STEPS_S[0], most),
            (STEPS_S[0] + FIT_S, sum(STEPS_S[:2]), fits),
            (sum(STEPS_S[:2]) + FIT_S, sum(STEPS_S), most),
        ],
    }
    broken = [
        f"{name}: {sorted(shown)} px from {from_s:.0f} s to {until_s:.0f} s where {height} fits"
        for name, spans in expected.items()
        for from_s, until_s, height in spans
        if (shown := heights_within(walks[name].heights, from_s, until_s)) != {height}
    ]
    if walks["wide"].packets_missing_share or walks["wide"].freezes:
        broken.append("wide: the narrow viewers harmed it")
    return tuple(broken)


def heights_within(heights: Sequence[tuple[float, int]], from_s: float, until_s: float) -> set[int]:
    """The picture heights that were shown in a span of time."""
    before = [height for at_s, height in heights if at_s <= from_s][-1:]
    return {*before, *(height for at_s, height in heights if from_s < at_s < until_s)}


BENCH = Bench("What viewers see over impaired links, and whom a narrow link harms.", add_options, run)
