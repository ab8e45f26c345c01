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
BATCH_S: Final = 0.016
"""Between two parcels of a stroke, as the page sends them."""
POINT_S: Final = 0.008
"""Between two points of a pen."""
POINTS: Final = 24
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
        """Round trips on the same line, one with each parcel of a stroke: what any message takes just then."""
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
        """Strokes as they are drawn: a point leaves when the last parcel is BATCH_S ago, as on the page."""
        place = self.place(act, self.mine["ceremony"]["party"])
        strokes: Strokes = [[] for _ in range(STROKES)]
        async with asyncio.TaskGroup() as echoes:
            for number, points in enumerate(strokes):
                sent, sent_s = 0, 0.0
                for count in range(1, POINTS + 1):
                    points.append(await self._point())
                    if time.monotonic() - sent_s < BATCH_S and count < POINTS:
                        continue
                    await self._tell({**place, "stroke": number, "from": sent, "points": points[sent:]})
                    sent, sent_s = len(points), time.monotonic()
                    echoes.create_task(self._echo())
        return strokes

    async def _tell(self, ink: Mapping[str, Any]) -> None:
        """One parcel; what is lost with the line comes with the signature."""
        with contextlib.suppress(socketio.exceptions.SocketIOError):
            await self._socket.emit("signal", {"type": "ceremony.stroke", "room": self.entry["room"], **ink})

    async def _echo(self) -> None:
        began_s = time.monotonic()
        with contextlib.suppress(socketio.exceptions.SocketIOError, TimeoutError):
            await self._socket.call("clock", self._own_ms(), timeout=ACK_S)
            self.echo_ms.append(1000 * (time.monotonic() - began_s))

    async def _point(self) -> list[float]:
        """Where the hand is a moment later."""
        await asyncio.sleep(POINT_S)
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
