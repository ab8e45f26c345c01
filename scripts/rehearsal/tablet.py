"""A signing table's tablet as its page is: stands by, opens by its clock, draws, signs through whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import socketio

from scripts.rehearsal.node import Link, Node
from scripts.rehearsal.person import ACK_S, Person, merged

STAND_BY_S: Final = 4.0
EXCHANGES: Final = 5
BATCH_S: Final = 0.025
"""Between two parcels of a stroke, as the page sends them."""
PARCELS: Final = 8
POINTS: Final = 3
STROKES: Final = 2

Strokes = list[list[list[float]]]


class Tablet(Person):
    """The tablet of one seat. Its own clock is `wrong_ms` off; it knows the common one by asking."""

    def __init__(self, node: Node, link: Link, name: str, wrong_ms: float) -> None:
        super().__init__(node, link, name)
        self.mine: dict[str, Any] = {}
        self.opened_s: dict[str, float] = {}
        """By act: when its pad opened, on the rehearsal's own clock."""
        self.echo_ms: list[float] = []
        self._wrong_ms = wrong_ms
        self._offset_ms = 0.0
        self._bound_ms = float("inf")
        self._awake: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.hear("mine", self._mine)

    @property
    def seat(self) -> str:
        return str(self.mine["ceremony"]["seat"])

    async def enter(self) -> None:
        """Come in, learn the time, and stand by from now on."""
        await super().enter()
        await self._learn_time()
        await self.insist(self._standing())
        self._awake = asyncio.create_task(self._stand_by())

    async def leave(self) -> None:
        if self._awake:
            self._awake.cancel()
            await asyncio.gather(self._awake, return_exceptions=True)
        await super().leave()

    def now_ms(self) -> float:
        """The common time, as this tablet knows it."""
        return self._own_ms() + self._offset_ms

    def _own_ms(self) -> float:
        return time.time() * 1000 + self._wrong_ms

    async def _learn_time(self) -> None:
        """The exchange with the least round trip counts (RFC 5905 section 10)."""
        for _ in range(EXCHANGES):
            t0 = self._own_ms()
            told = await self._socket.call("clock", t0, timeout=ACK_S)
            t3 = self._own_ms()
            round_trip_ms = max(0.0, t3 - t0 - (told["t2"] - told["t1"]))
            self.echo_ms.append(round_trip_ms)
            if round_trip_ms / 2 + 1 < self._bound_ms:
                self._offset_ms = (told["t1"] - t0 + told["t2"] - t3) / 2
                self._bound_ms = round_trip_ms / 2 + 1

    def _standing(self) -> dict[str, Any]:
        return {"type": "ceremony.stand_by", "offset_ms": self._offset_ms, "bound_ms": self._bound_ms}

    async def _stand_by(self) -> None:
        while True:
            await asyncio.sleep(STAND_BY_S)
            with contextlib.suppress(socketio.exceptions.SocketIOError, TimeoutError):
                await self.command(self._standing())

    async def told(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Until what lies before this seat is as asked."""
        while not holds(self.mine.get("ceremony", {})):
            self._news.clear()
            await self._news.wait()

    async def _mine(self, message: Mapping[str, Any]) -> None:
        self.mine = merged(self.mine if "from" in message else {}, message["patch"])
        self._news.set()

    def place(self, act: str, party: int) -> dict[str, Any]:
        """What names the party's field in the take that counts."""
        return {"act": act, "take": self.view["ceremony"]["acts"][act]["take"], "party": party}

    async def confirm(self, act: str) -> Mapping[str, Any]:
        """Say that name, title and document are right, for the party at this seat."""
        await self.told(lambda mine: mine.get("act") == act)
        return await self.insist({"type": "ceremony.confirm", **self.place(act, self.mine["ceremony"]["party"])})

    async def open(self, act: str) -> None:
        """Until the pad opens by itself: at the instant that was armed, on the common clock."""
        await self.until(lambda view: "opens_ms" in view["ceremony"]["acts"][act])
        opens_ms = self.view["ceremony"]["acts"][act]["opens_ms"]
        await asyncio.sleep(max(0.0, opens_ms - self.now_ms()) / 1000)
        self.opened_s[act] = time.monotonic()

    async def draw(self, act: str) -> Strokes:
        """Strokes in parcels, as they are drawn. The strokes."""
        place = self.place(act, self.mine["ceremony"]["party"])
        strokes: Strokes = [[] for _ in range(STROKES)]
        for number, points in enumerate(strokes):
            for _ in range(PARCELS):
                await asyncio.sleep(BATCH_S)
                fresh = [self._point() for _ in range(POINTS)]
                told = {**place, "room": self.entry["room"], "stroke": number, "from": len(points), "points": fresh}
                with contextlib.suppress(socketio.exceptions.SocketIOError):
                    await self._socket.emit("signal", {"type": "ceremony.stroke", **told})
                points += fresh
        return strokes

    def _point(self) -> list[float]:
        return [round(random.random(), 4), round(random.random(), 4), 0.5, round(self.now_ms(), 1)]

    async def press(self, act: str) -> Mapping[str, Any]:
        """The hand at an unveiling."""
        clock = {"at_ms": self.now_ms(), "offset_ms": self._offset_ms, "bound_ms": self._bound_ms}
        return await self.insist({"type": "ceremony.press", **self.place(act, self.mine["ceremony"]["party"]), **clock})

    async def sign(self, act: str, strokes: Strokes) -> Mapping[str, Any]:
        """Send the signature until it is answered; a lost answer sends the same command again."""
        documents = self.view["ceremony"]["acts"][act].get("documents", {})
        return await self.insist(
            {
                "type": "ceremony.sign",
                **self.place(act, self.mine["ceremony"]["party"]),
                "documents": {language: each["digest"] for language, each in documents.items()},
                "strokes": strokes,
                "offset_ms": self._offset_ms,
                "bound_ms": self._bound_ms,
                "device": "simulated tablet",
                "aspect": 8 / 3,
            }
        )
