"""A plain WHEP player of ours, to see what others publish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from scripts.rehearsal.loops import FRAMES_PER_S
from scripts.rehearsal.node import Link
from scripts.rehearsal.viewer import Viewer

FRAMES_ENOUGH = 2 * FRAMES_PER_S
PATIENCE_S = 45.0


class Unnoted:
    """A camera that we do not own: its codes are known, the moments of its frames are not."""

    def __init__(self, source: str) -> None:
        self.source = source

    def age_ms(self, number: int, now_s: float) -> float | None:
        return None


def operator(links: list[Link], source: str) -> Link:
    return next(link for link in links if link.role == "operator" and link.source == source)


@asynccontextmanager
async def player(links: list[Link], source: str) -> AsyncIterator[Viewer]:
    """A plain WHEP player of one Source, by the attendees' link."""
    group = next(link for link in links if link.role == "attendee")
    assert group.whep
    async with aiohttp.ClientSession() as http:
        whep = f"{group.whep}?source={source}"
        viewer = Viewer(http, f"player of {source}", "player", None, whep, group.token, [Unnoted(source)], slots=1)
        try:
            await viewer.watch()
            yield viewer
        finally:
            await viewer.leave()


async def watch(viewer: Viewer, beeps: int) -> None:
    """Until enough frames were read and beeps heard; prints what was seen."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while viewer.eyes.codes_ok < FRAMES_ENOUGH or sum(viewer.beeps().values()) < beeps:
                await viewer.eyes.news()
    finally:
        eyes = viewer.eyes
        print(f"{viewer.name}: {eyes.codes_ok} of {eyes.frames} frames read, {eyes.gaps} missing, {viewer.beeps()}")
