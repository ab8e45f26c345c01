"""The full house: halls that publish, guests who watch, a director at the desk, all on one node."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import aiohttp

from scripts.rehearsal.hall import Hall
from scripts.rehearsal.loops import Film
from scripts.rehearsal.node import Link, Node
from scripts.rehearsal.person import Person
from scripts.rehearsal.viewer import Viewer

ATTENDEES: Final = ("Anna", "Boris", "Chen")

Say = Callable[[str], None]
"""Shows one line of progress."""


class Guest:
    """A person with a page open: the view says what should be on it, the viewer what is."""

    def __init__(self, person: Person, viewer: Viewer) -> None:
        self.person = person
        self.viewer = viewer

    @property
    def name(self) -> str:
        return self.viewer.name

    def audible(self) -> set[str]:
        """The sources that the view says are to be heard."""
        floor = self.person.view.get("stage", {}).get("sound", {}).get("floor", ())
        return {pick["source"] for pick in floor if pick.get("gain", 1) > 0}


class House:
    """Everyone in. Use as `async with House(...) as house`; leaving ends all of it."""

    def __init__(self, node: Node, seconds: float, say: Say, out: Path | None = None) -> None:
        """`out`: where what people take home goes."""
        self.node = node
        self.out = out
        self.seconds = seconds
        self.say = say
        self.halls: list[Hall] = []
        self.guests: list[Guest] = []
        self.director: Person
        self.venues: dict[str, str] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> House:
        try:
            links = await self.node.links()
            await self._open_halls(links)
            self.director = await self._person(_first(links, "director"), "Dora")
            await self._admit(links)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def hall(self, source: str) -> Hall:
        """The hall that publishes `source`."""
        return next(hall for hall in self.halls if hall.source == source)

    async def _open_halls(self, links: list[Link]) -> None:
        """One camera per venue publishes: its first source."""
        http = await self._stack.enter_async_context(aiohttp.ClientSession())
        cameras: dict[str, Link] = {}
        for link in links:
            if link.role == "operator" and link.venue and link.source and link.whip:
                cameras.setdefault(link.venue, link)
        films = await asyncio.gather(*(asyncio.to_thread(Film, number) for number in range(len(cameras))))
        for link, film in zip(cameras.values(), films, strict=True):
            assert link.source
            assert link.whip
            assert link.venue
            self.halls.append(Hall(http, link.source, link.whip, link.token, film))
            self.venues[link.source] = link.venue
        for hall in self.halls:
            await hall.publish()
            self._later(hall.stop)
            self.say(f"{hall.source} publishes")

    async def _admit(self, links: list[Link]) -> None:
        """The attendees by the group link, and each venue's wall."""
        group = _first(links, "attendee")
        for name in ATTENDEES:
            await self._guest(group, name)
        for link in links:
            if link.role == "wall":
                await self._guest(link, f"wall {link.venue}")

    async def _guest(self, link: Link, name: str) -> None:
        person = await self._person(link, name)
        viewer = Viewer(person.http, name, link.role, link.venue, person.entry["whep"], link.token, self.halls)
        self._later(viewer.leave)
        await viewer.watch()
        self.guests.append(Guest(person, viewer))
        self.say(f"{name} is in")

    async def _person(self, link: Link, name: str) -> Person:
        return await self._stack.enter_async_context(Person(self.node, link, name))

    def _later(self, end: Callable[[], Awaitable[None]]) -> None:
        self._stack.push_async_callback(end)


def _first(links: list[Link], role: str) -> Link:
    return next(link for link in links if link.role == role)
