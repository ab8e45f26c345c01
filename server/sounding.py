"""One wall page per venue is its loudspeaker, whatever machine it is on: the one that is there longest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rooms.kernel import Role, VenueId
from server.presence import Page


class Sounding:
    """Which page sounds. Two at once would be heard twice in the same hall."""

    def __init__(self) -> None:
        self._pages: dict[VenueId, Page] = {}

    def among(self, pages: Iterable[Page]) -> Iterator[tuple[Page, bool]]:
        """The pages that must learn whether they sound now, the silenced ones first, given all that are open."""
        first: dict[VenueId, Page] = {}
        for page in pages:
            venue = page.actor.venue
            if page.actor.role is Role.WALL and venue is not None:
                first[venue] = min(first.get(venue, page), page, key=lambda each: each.since_s)
        before, self._pages = self._pages, first
        for venue, page in before.items():
            if first.get(venue) is not page:
                yield page, False
        for venue, page in first.items():
            if before.get(venue) is not page:
                yield page, True
