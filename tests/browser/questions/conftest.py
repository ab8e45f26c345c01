"""A node of its own: what is on air, asked and closed here must not stand on other tests' pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from scripts.rehearsal.node import Link, OwnNode
from scripts.rehearsal.person import Person
from tests.browser.apart import conference, doors, eye, folder, nothing_misbehaves, room
from tests.browser.conftest import link_of
from tests.browser.questions.people import RULES, done

__all__ = ["conference", "doors", "eye", "nothing_misbehaves", "room"]
DONE = ("on_air", "submitted", "in_review", "published", "shortlisted")


@folder
async def chair(room: OwnNode, doors: list[Link]) -> AsyncIterator[Person]:
    """The organiser's hand: nobody has to wait between two questions, and what it does is done."""
    async with Person(room, link_of(doors, "organiser"), "Olga") as chair:
        await done(chair, RULES)
        yield chair


@folder
async def asker(room: OwnNode, doors: list[Link], chair: Person) -> AsyncIterator[Person]:
    """Somebody who asks without a page."""
    async with Person(room, link_of(doors, "attendee"), "Anna Vogel") as asker:
        yield asker


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def _an_empty_board(chair: Person) -> AsyncIterator[None]:
    """What a test leaves on the board is answered."""
    yield
    for state in DONE:
        for id in list(chair.view["qa"]["columns"][state]["ids"]):
            if chair.view["qa"]["items"][id].get("claimed"):
                await done(chair, {"type": "qa.claim", "question": id, "over": True})
            await done(chair, {"type": "qa.answer", "question": id, "how": "live"})
