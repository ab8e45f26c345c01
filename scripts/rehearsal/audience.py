"""People of both halls and from elsewhere who ask in three languages and vote, whatever happens to the node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from typing import Any, Final

from scripts.rehearsal.node import Link, Node
from scripts.rehearsal.person import Person, merged

ASKED_EACH: Final = 4
REMOTE: Final = 4
PER_HALL: Final = 2
WORDS: Final = {
    "zh": "请问第 {n} 个合作项目什么时候开始？",
    "de": "Wann beginnt das gemeinsame Projekt Nummer {n}?",
    "en": "When does the joint project number {n} begin?",
}
"""Questions by language; the number makes each one of its kind."""


class Acknowledged:
    """The texts that the server answered with a number, of everybody."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._grown = asyncio.Event()

    def add(self, text: str) -> None:
        self.texts.append(text)
        self._grown.set()

    async def reach(self, count: int) -> None:
        """Until there are so many."""
        while len(self.texts) < count:
            self._grown.clear()
            await self._grown.wait()


class Asker(Person):
    """Someone who asks: keeps what the server tells this person alone, and what it acknowledged."""

    def __init__(self, node: Node, link: Link, name: str, language: str, acknowledged: Acknowledged) -> None:
        super().__init__(node, link, name)
        self.language = language
        self.acknowledged = acknowledged
        self.mine: dict[str, Any] = {}
        self.voted: set[str] = set()
        self.refused: list[str] = []
        self._news = asyncio.Event()
        self.hear("mine", self._mine)

    async def ask(self, text: str) -> None:
        """Ask until it is answered; a lost answer sends the same command again. Done when everybody sees it."""
        command = {"type": "qa.ask", "text": text, "page_language": self.language}
        answer = await self.insist(command)
        if self._taken(answer):
            self.acknowledged.add(text)
            await self.told(lambda mine: _is_public(mine, answer["seq"]))

    async def see(self, count: int) -> None:
        """Until so many questions are open."""
        await self.until(lambda view: len(view["qa"]["by_time"]) >= count)

    async def vote(self) -> None:
        """Vote for every question that is open and not yet voted for."""
        for id in sorted(set(self.view["qa"]["by_time"]) - self.voted):
            if self._taken(await self.insist({"type": "qa.vote", "question": id, "on": True})):
                self.voted.add(id)

    def _taken(self, answer: Mapping[str, Any]) -> bool:
        if "refused" in answer:
            self.refused.append(f"{self.name} was refused: {answer['refused']}")
        return "seq" in answer

    async def told(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Until what this person alone is told is as asked."""
        while not holds(self.mine):
            self._news.clear()
            await self._news.wait()

    async def _mine(self, message: Mapping[str, Any]) -> None:
        before = self.mine if "from" in message else {}
        self.mine = merged(before, message["patch"])
        self._news.set()


def _is_public(mine: Mapping[str, Any], seq: int) -> bool:
    """Whether the own question of entry `seq` is published."""
    own = mine.get("qa", {}).get("asked", {}).values()
    return any(row["seq"] == seq and row["state"] == "published" for row in own)


@asynccontextmanager
async def audience(node: Node, links: list[Link]) -> AsyncIterator[tuple[list[Asker], Acknowledged]]:
    """Everybody who asks, in: some in each hall by its own link, some online; and what they were answered."""
    halls = [link for link in links if link.role == "on_site"]
    online = next(link for link in links if link.role == "attendee")
    seats = [*(link for link in halls for _ in range(PER_HALL)), *([online] * REMOTE)]
    languages, acknowledged = cycle(WORDS), Acknowledged()
    async with AsyncExitStack() as stack:
        askers = [Asker(node, link, f"asker {n}", next(languages), acknowledged) for n, link in enumerate(seats)]
        for asker in askers:
            await stack.enter_async_context(asker)
        yield askers, acknowledged


async def asking(askers: list[Asker]) -> None:
    """Everybody asks their questions, votes for the others' in between, and for all of them in the end."""

    async def one(number: int, asker: Asker) -> None:
        for round in range(ASKED_EACH):
            await asker.ask(WORDS[asker.language].format(n=100 * number + round))
            await asker.vote()
        await asker.see(ASKED_EACH * len(askers))
        await asker.vote()

    await asyncio.gather(*(one(number, asker) for number, asker in enumerate(askers)))
