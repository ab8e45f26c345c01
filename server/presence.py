"""Who is here: distinct persons per venue who look at a page, in memory only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import Final

import msgspec

from rooms.audience import Audience, Desk
from rooms.kernel import Actor, Json, Names, PersonId, Role

SCREENS: Final = frozenset({Role.WALL, Role.CONFIDENCE, Role.NODE})
"""Roles that are no persons."""
CREW: Final = frozenset({Role.DIRECTOR, Role.MODERATOR, Role.ORGANISER, Role.PROTOCOL_OFFICER})
"""Desks that serve all halls: no part of an audience; operators and speakers belong to their hall."""


class Page(msgspec.Struct, eq=False):
    """One open page of somebody: `visible` while they look at it, `since_s` (the loop's time) when it came first."""

    actor: Actor
    visible: bool = True
    since_s: float = 0.0


class Presence:
    """The open pages of one conference."""

    def __init__(self) -> None:
        self._pages: set[Page] = set()
        self._elsewhere: dict[str, Collection[Page]] = {}

    def come(self, page: Page) -> None:
        self._pages.add(page)

    def go(self, page: Page) -> None:
        self._pages.discard(page)

    def elsewhere(self, node: str, pages: Collection[Page]) -> None:
        """The pages that are open at another process; none when it is gone."""
        if pages:
            self._elsewhere[node] = pages
        else:
            self._elsewhere.pop(node, None)

    def others(self) -> Iterator[Page]:
        """The pages that are open at other processes."""
        return chain.from_iterable(self._elsewhere.values())

    def view(self, audience: Audience, names: Names) -> Mapping[str, Json]:
        """Counts of who looks, for everyone; for desks also who has a page open."""
        people = dict(self._people())
        venues = Counter(actor.venue for actor, visible in people.values() if visible and actor.role not in CREW)
        remote = venues.pop(None, 0)
        view: dict[str, Json] = {"venues": {str(venue): count for venue, count in venues.items()}, "remote": remote}
        if isinstance(audience, Desk):
            view["present"] = {person: _row(*shown, names.get(person)) for person, shown in people.items()}
        return view

    def _people(self) -> Iterator[tuple[PersonId, tuple[Actor, bool]]]:
        pages = [*self._pages, *self.others()]
        visible = {page.actor.person for page in pages if page.visible}
        for page in pages:
            if page.actor.role not in SCREENS:
                yield page.actor.person, (page.actor, page.actor.person in visible)


def _row(actor: Actor, visible: bool, name: str | None) -> Mapping[str, Json]:
    row: dict[str, Json] = {"role": actor.role.value, "visible": visible}
    if name:
        row["name"] = name
    if actor.venue:
        row["venue"] = actor.venue
    return row
