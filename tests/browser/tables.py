"""Signing tables in both halls: an officer and an organiser, a tablet per seat, a wall in each hall."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from playwright.async_api import Browser

from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.apart import folder
from tests.browser.conftest import link_of
from tests.browser.pages import Watch, Watched
from tests.browser.signing import A_DAY_AHEAD, Pad, Protocol, open_pad


@folder
async def halls(doors: list[Link]) -> list[str]:
    """The venues; the main one first."""
    return [link.venue for link in doors if link.role == "wall" and link.venue]


@folder
async def protocol(room: OwnNode, doors: list[Link]) -> AsyncIterator[Protocol]:
    async with (
        Person(room, link_of(doors, "protocol_officer"), "Paula") as officer,
        Person(room, link_of(doors, "organiser"), "Olga") as organiser,
    ):
        yield Protocol(officer, organiser)


@folder
async def pads(eye: Watch, browser: Browser, doors: list[Link], halls: list[str]) -> dict[str, Pad]:
    """A tablet per seat; the clock of the second hall's is a day ahead."""
    links = [link for link in doors if link.role == "signatory"]
    scripts = [A_DAY_AHEAD if link.venue == halls[1] else "" for link in links]
    opening = (open_pad(eye, browser, link, script=script) for link, script in zip(links, scripts, strict=True))
    opened = await asyncio.gather(*opening)
    return {pad.seat: pad for pad in opened}


@folder
async def walls(eye: Watch, browser: Browser, doors: list[Link], halls: list[str]) -> dict[str, Watched]:
    context = await eye.context(browser)
    return {hall: await eye.page(context, link_of(doors, "wall", hall).url) for hall in halls}
