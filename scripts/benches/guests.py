"""Who is in the hall during a bench: publishers that come back by themselves, a receiver that counts, a page."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET
from typing import Any, Final

import aiohttp
from aiortc import RTCPeerConnection
from playwright.async_api import Browser, Page, Playwright

from scripts.benches.gaps import Gaps
from scripts.rehearsal.hall import Hall
from scripts.rehearsal.loops import Film
from scripts.rehearsal.node import Link, Node
from scripts.rehearsal.person import Person
from scripts.rehearsal.whip import NotAccepted, Session, peer

AGAIN_S: Final = 0.1
PICTURE_S: Final = 30.0
PACKETS_S: Final = 60.0
BUFFER_BYTES: Final = 8 * 1024 * 1024
SO_RCVBUFFORCE: Final = 33
"""Linux; granted to CAP_NET_ADMIN, the other one is bounded by net.core.rmem_max."""
CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--mute-audio",
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
EYES: Final = (Path(__file__).parent / "eyes.js").read_text()


class Returning(abc.ABC):
    """Someone whose media comes back by itself, at once, when another relay answers; `_join` says how."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._tasks: set[asyncio.Task[None]] = set()
        self._epoch = ""
        person.hear("epoch", self._relay_is)

    async def come(self) -> None:
        await self.person.enter()
        await self._join()

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._part()
        await self.person.leave()

    @abc.abstractmethod
    async def _join(self) -> None:
        """A new session; the former one is left once this one stands."""

    @abc.abstractmethod
    async def _part(self) -> None:
        """Leave every session."""

    async def _relay_is(self, detail: Any) -> None:
        known, self._epoch = self._epoch, detail["epoch"]
        if known and known != self._epoch:
            task = asyncio.create_task(self._again())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _again(self) -> None:
        while True:
            try:
                return await self._join()
            except (NotAccepted, TimeoutError, aiohttp.ClientError):
                await asyncio.sleep(AGAIN_S)


class Venue(Returning):
    """A camera behind an operator's page."""

    def __init__(self, node: Node, link: Link, film: Film) -> None:
        super().__init__(Person(node, link, f"operator of {link.source}"))
        self._film = film
        self._halls: list[Hall] = []

    async def _join(self) -> None:
        link = self.person.link
        hall = Hall(self.person.http, link.source or "", link.whip or "", link.token, self._film)
        self._halls.append(hall)
        await hall.publish()
        former, self._halls = self._halls[:-1], [hall]
        for one in former:
            await one.stop()

    async def _part(self) -> None:
        for hall in self._halls:
            await hall.stop()


def cameras(links: Sequence[Link]) -> list[Link]:
    """The operator's link of each venue's first camera."""
    return list({link.venue: link for link in reversed(links) if link.role == "operator" and link.whip}.values())[::-1]


class Counter(Returning):
    """Plays what an attendee gets and decodes nothing: it counts sequence numbers."""

    def __init__(self, person: Person) -> None:
        super().__init__(person)
        self.gaps = Gaps()
        self._news = asyncio.Event()
        self._sessions: list[Session] = []

    async def more(self, packets: int) -> None:
        """Until so many packets came from now on. Raises TimeoutError."""
        goal = self.gaps.received + packets
        await self.until(lambda: self.gaps.received >= goal)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until packets that come make it so. Raises TimeoutError."""
        async with asyncio.timeout(PACKETS_S):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def _join(self) -> None:
        connection = peer()
        for _ in range(2):
            for kind in ("video", "audio"):
                receiver: Any = connection.addTransceiver(kind, direction="recvonly").receiver
                receiver._handle_rtp_packet = self._take
        session = Session(self.person.http, self.person.entry["whep"], self.person.link.token, connection)
        self._sessions.append(session)
        await session.start()
        _widen(connection)
        former, self._sessions = self._sessions[:-1], [session]
        for one in former:
            await one.stop()

    async def _part(self) -> None:
        for session in self._sessions:
            await session.stop()

    async def _take(self, packet: Any, arrival_time_ms: int) -> None:
        self.gaps.take(packet.ssrc, packet.sequence_number)
        self._news.set()


def _widen(connection: RTCPeerConnection) -> None:
    """Let the kernel keep what comes while this process has no turn: its own slowness is no loss of the node's."""
    for transceiver in connection.getTransceivers():
        for protocol in transceiver.receiver.transport.transport._connection._protocols:
            socket = protocol.transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                socket.setsockopt(SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES)
                socket.setsockopt(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)


class Attendee:
    """A real Chromium page that watches."""

    def __init__(self, page: Page, came_ms: float, clicked_ms: float) -> None:
        """Unix ms: when the link was opened, and when its "join" was clicked."""
        self.page, self.came_ms, self.clicked_ms = page, came_ms, clicked_ms

    @classmethod
    async def come(cls, browser: Browser, link: Link, name: str) -> Attendee:
        """A new person: opens the link, gives a name, enters."""
        context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        await context.add_init_script(EYES)
        page = await context.new_page()
        came_ms = time.time() * 1000
        await page.goto(link.url)
        await page.locator("#name").fill(name)
        clicked_ms = time.time() * 1000
        await page.locator(".join-button").click()
        return cls(page, came_ms, clicked_ms)

    async def films_s(self, count: int, from_ms: float) -> list[float]:
        """When each of `count` pictures showed its first decoded frame of film after `from_ms`, s from then."""
        async with asyncio.timeout(PICTURE_S):
            times = await self.page.evaluate("([count, from]) => eyes.films(count, from)", [count, from_ms])
        return [round((at_ms - from_ms) / 1000, 3) for at_ms in times]

    async def mark(self) -> None:
        """From now on only pictures of streams that come later count."""
        await self.page.evaluate("() => eyes.mark()")

    async def lost(self) -> int:
        return int(await self.page.evaluate("() => eyes.lost()"))

    async def leave(self) -> None:
        with contextlib.suppress(Exception):
            await self.page.context.close()


async def chromium(playwright: Playwright, *flags: str) -> Browser:
    """A headless Chromium that plays sound without a gesture."""
    return await playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=[*FLAGS, *flags])
