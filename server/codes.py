"""The rotating code of each hall: whoever saw its screen lately can show it. A filmed code is seen elsewhere too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from rooms.conference import Conference
from rooms.features.links import Links
from rooms.kernel import ConferenceId, Refused, Role, VenueId
from server.admission import Admission, answer
from server.clock import Clock
from server.hall import Hall
from server.identity import Identity, Link
from server.links import PAGES, qr
from server.settings import Settings

STEP_MS: Final = 30_000
"""How long a screen shows one code."""
STEPS_KEPT: Final = 4
"""A phone has so many steps, the current one among them, to scan, load, and send."""
SHOWERS: Final = frozenset({Role.WALL, Role.CONFIDENCE, Role.OPERATOR})
"""Who may put a hall's code on a screen."""


class Codes:
    """Codes by conference, venue and time; none is stored."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock

    def shown(self, conference: ConferenceId, venue: VenueId) -> tuple[str, int]:
        """The hall's code now, and until when (ms, UTC) it is to be shown."""
        step = self._step()
        return self._identity.code(conference, venue, step), (step + 1) * STEP_MS

    def venue(self, conference: Conference, code: str) -> VenueId | None:
        """The hall that shows `code`, or showed it a moment ago."""
        step, definition = self._step(), conference.definition
        steps = range(step, step - STEPS_KEPT, -1)
        return next(
            (
                venue.id
                for venue in definition.venues
                if code and code in {self._identity.code(definition.id, venue.id, each) for each in steps}
            ),
            None,
        )

    def _step(self) -> int:
        return int(self._clock.now_ms()) // STEP_MS


class CodePages:
    """GET /{conference}/code: what a hall's screen shows until `until_ms`, and asks for again then."""

    def __init__(
        self,
        settings: Settings,
        halls: Mapping[ConferenceId, Hall],
        admission: Admission,
        identity: Identity,
        codes: Codes,
    ) -> None:
        self._settings = settings
        self._halls = halls
        self._admission = admission
        self._identity = identity
        self._codes = codes

    def mount(self, app: web.Application) -> None:
        app.router.add_get("/{conference}/code", self._code)

    async def _code(self, request: web.Request) -> web.Response:
        """{"venue", "code", "until_ms", "url", "qr": SVG}; the URL is the on-site link with the code behind it."""
        try:
            link, venue = self._hall_of(request)
        except Refused as refusal:
            return answer(refusal)
        code, until_ms = self._codes.shown(link.conference, venue)
        url = f"{self._on_site(self._halls[link.conference].host.conference, venue)}.{code}"
        told = {"venue": venue, "code": code, "until_ms": until_ms, "url": url, "qr": qr(url)}
        return web.json_response(told, headers={"Cache-Control": "no-store"})

    def _hall_of(self, request: web.Request) -> tuple[Link, VenueId]:
        """The link behind the request and the hall it stands in. Raises Refused."""
        link = self._admission.link(request)
        venue, role = link.invite.venue, link.invite.role
        if link.conference != request.match_info["conference"] or role not in SHOWERS or venue is None:
            raise Refused("link-foreign")
        if not self._admission.entered(request, link):
            raise Refused("not-entered")
        return link, venue

    def _on_site(self, conference: Conference, venue: VenueId) -> str:
        """The link of those who sit in the hall."""
        links, id = conference.feature(Links), conference.definition.id
        invite = next(each for each in conference.invites() if (each.role, each.venue) == (Role.ON_SITE, venue))
        token = self._identity.token(id, invite.id, links.standing(invite.id).generation)
        return f"{self._settings.origin}/{id}/{PAGES[Role.ON_SITE]}#{token}"
