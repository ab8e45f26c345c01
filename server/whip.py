"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): decode, call, encode.

One SDP offer in by POST, the answer out with the session's own URL; PATCH restarts ICE
(RFC 8840 fragments), DELETE ends. The relay is ICE-lite, so trickled candidates are
acknowledged and not needed. A token says what its bearer may publish and play.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import hdrs, web

from media.model import IceCredentials, Purpose, SessionId, SessionState
from rooms.audience import Attendee, Audience, Desk, Player, audience_of
from rooms.conference import Conference
from rooms.kernel import Actor, ConferenceId, Refused, RoomId, SourceId
from server.director import Conferences, Director, codecs
from server.doors import bearer
from server.ice import IceServers
from server.identity import Identity, Link, cookie_name
from server.sessions import MediaRefused, Owner, Sessions
from server.settings import Settings
from server.slots import heard, source_name
from server.whip_wire import (
    FRAGMENT,
    SDP,
    Problem,
    add_links,
    answered,
    negotiated,
    peer_of,
    problem_of,
    restarted,
    tag_of,
    text_of,
)

_LINE: Final = re.compile(r"^m=(audio|video) ", re.MULTILINE)


class Place(msgspec.Struct, frozen=True):
    """Where a request goes, and who sends it."""

    conference: Conference
    room: RoomId
    link: Link
    actor: Actor

    def owner(self, audience: Audience | None = None) -> Owner:
        """The owner of a session from here; one that plays has an audience."""
        return Owner(
            conference=self.link.conference,
            room=self.room,
            person=self.actor.person,
            role=self.actor.role,
            invite=self.link.invite.id,
            generation=self.link.generation,
            venue=self.actor.venue,
            audience=audience,
        )


class Whip:
    """The handlers of /whip and /whep."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        conferences: Conferences,
        sessions: Sessions,
        director: Director,
        ice: IceServers,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._conferences = conferences
        self._sessions = sessions
        self._director = director
        self._ice = ice

    def routes(self) -> list[web.RouteDef]:
        """Everything below /whip and /whep; other methods than the texts name get 405."""
        return [
            web.post("/whip/{room}", self.publish),
            web.post("/whep/{room}", self.play),
            *(web.options(f"/{door}/{{room}}", self.options) for door in ("whip", "whep")),
            *(web.route("*", f"/{door}/{{room}}", self.no_method) for door in ("whip", "whep")),
            *(web.patch(f"/{door}/{{room}}/{{session}}", self.patch) for door in ("whip", "whep")),
            *(web.delete(f"/{door}/{{room}}/{{session}}", self.delete) for door in ("whip", "whep")),
            *(web.options(f"/{door}/{{room}}/{{session}}", self.options) for door in ("whip", "whep")),
            *(web.route("*", f"/{door}/{{room}}/{{session}}", self.no_method) for door in ("whip", "whep")),
        ]

    @answered
    async def publish(self, request: web.Request) -> web.Response:
        """Publish the token's Source (RFC 9725 section 4.2)."""
        place = self._place(request)
        source = _publishable(place, request.query.get("source"))
        offer = await text_of(request, SDP)
        name, takeover = source_name(place.link.conference, source), request.query.get("takeover") == "1"
        negotiation = self._sessions.publish(place.owner(), name, codecs(place.conference), offer, takeover=takeover)
        return self._created(request, place, await negotiated(negotiation))

    @answered
    async def play(self, request: web.Request) -> web.Response:
        """Play what the bearer's audience sees and hears, or one Source."""
        place = self._place(request)
        offer = await text_of(request, SDP)
        audience = _audience(place, request.query.get("source"), offer)
        name = self._director.attend(place.link.conference, place.room, audience)
        negotiation = self._sessions.play(place.owner(audience), name, codecs(place.conference), offer)
        return self._created(request, place, await negotiated(negotiation))

    @answered
    async def patch(self, request: web.Request) -> web.Response:
        """Trickled candidates, or an ICE restart (RFC 9725 section 4.3)."""
        session = self._session(request)
        fragment = await text_of(request, FRAGMENT)
        remote = peer_of(fragment)
        match request.headers.get(hdrs.IF_MATCH):
            case None:
                raise Problem(
                    HTTPStatus.PRECONDITION_REQUIRED,
                    "if-match-missing",
                    'Send If-Match with the ETag of the 201 answer to trickle, or If-Match: "*" to restart ICE.',
                )
            case "*" | '"*"':
                state, candidates = await negotiated(self._sessions.restart(session, remote))
                return restarted(state, candidates, fragment)
            case tag:
                self._check_generation(session, tag, remote)
                return web.Response(status=HTTPStatus.NO_CONTENT)

    @answered
    async def delete(self, request: web.Request) -> web.Response:
        """End the session."""
        self._sessions.close(self._session(request))
        return web.Response(status=HTTPStatus.OK)

    @answered
    async def options(self, request: web.Request) -> web.Response:
        """What is accepted here, and the ICE servers (TURN for who shows a token); also a preflight's answer."""
        accepted = {"Accept-Patch": FRAGMENT} if "session" in request.match_info else {"Accept-Post": SDP}
        response = web.Response(status=HTTPStatus.NO_CONTENT, headers=accepted)
        known = hdrs.AUTHORIZATION in request.headers and self._link(request)
        add_links(response, self._ice.for_session() if known else self._ice.for_anyone())
        return response

    @answered
    async def no_method(self, request: web.Request) -> web.Response:
        """RFC 9725 section 4.1: everything else is refused."""
        methods = "PATCH, DELETE, OPTIONS" if "session" in request.match_info else "POST, OPTIONS"
        reason = f"Use {methods} here."
        raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", reason, Allow=methods)

    def _place(self, request: web.Request) -> Place:
        """Token, then room: strangers learn nothing about which rooms there are. Raises Problem."""
        link = self._link(request)
        conference_id, _, room = request.match_info["room"].rpartition(".")
        conference = self._conferences().get(ConferenceId(conference_id))
        if conference is None or room not in conference.rooms():
            raise Problem(HTTPStatus.NOT_FOUND, "room-unknown", "There is no such room: check the URL on your link.")
        if link.conference != conference_id:
            raise Problem(HTTPStatus.FORBIDDEN, "conference-foreign", "This token is for another conference.")
        cookie = request.cookies.get(cookie_name(link, secure=self._settings.secure))
        return Place(conference, RoomId(room), link, conference.as_guest(self._identity.actor(link, cookie)))

    def _link(self, request: web.Request) -> Link:
        token = bearer(request)
        if not token:
            reason = "Send the link's token: Authorization: Bearer TOKEN."
            raise Problem(HTTPStatus.UNAUTHORIZED, "token-missing", reason, **{hdrs.WWW_AUTHENTICATE: "Bearer"})
        try:
            return self._identity.link(token)
        except Refused as refused:
            challenge = {hdrs.WWW_AUTHENTICATE: 'Bearer error="invalid_token"'}
            reason = "This token opens nothing (any more): ask the organiser for a new link."
            raise Problem(HTTPStatus.UNAUTHORIZED, refused.code, reason, **challenge) from None

    def _session(self, request: web.Request) -> SessionId:
        """The session of the URL, if the bearer opened it. Raises Problem."""
        place = self._place(request)
        self._check_relay()
        session = SessionId(request.match_info["session"])
        owner = self._sessions.owner(session)
        purpose = Purpose.PUBLISH if request.path.startswith("/whip/") else Purpose.PLAY
        if owner is None or owner.room != place.room or (owner.audience is None) != (purpose is Purpose.PUBLISH):
            reason = "This session is over: start a new one by POST."
            raise Problem(HTTPStatus.NOT_FOUND, "session-unknown", reason)
        if (owner.conference, owner.invite) != (place.link.conference, place.link.invite.id):
            raise Problem(HTTPStatus.FORBIDDEN, "session-foreign", "This session was opened with another token.")
        return session

    def _check_relay(self) -> None:
        try:
            self._sessions.check_relay()
        except MediaRefused as refused:
            raise problem_of(refused) from None

    def _check_generation(self, session: SessionId, tag: str, remote: IceCredentials) -> None:
        """Trickling must name the ICE generation in force (RFC 9725 section 4.3.2). Raises Problem."""
        state, owner = self._sessions.state(session), self._sessions.owner(session)
        if state is None or owner is None or tag != tag_of(state):
            reason = "ICE was restarted meanwhile: use the newest ETag."
            raise Problem(HTTPStatus.PRECONDITION_FAILED, "etag-outdated", reason)
        current = state.spec.restart.ufrag if state.spec.restart else owner.ufrag
        if current and remote.ufrag != current:
            reason = 'These are other ICE credentials than the session has: restart ICE by If-Match: "*".'
            raise Problem(HTTPStatus.BAD_REQUEST, "ufrag-unknown", reason)

    def _created(self, request: web.Request, place: Place, state: SessionState) -> web.Response:
        """201 with the answer (RFC 9725 section 4.2)."""
        origin = self._settings.public_url or str(request.url.origin())
        room = f"{place.link.conference}.{place.room}"
        door = request.path.split("/")[1]
        headers = {
            hdrs.LOCATION: f"{origin.rstrip('/')}/{door}/{room}/{state.spec.id}",
            hdrs.ETAG: tag_of(state),
            "Accept-Patch": FRAGMENT,
        }
        response = web.Response(
            status=HTTPStatus.CREATED, body=state.answer.encode(), content_type=SDP, headers=headers
        )
        add_links(response, self._ice.for_session())
        return response


def _publishable(place: Place, asked: str | None) -> SourceId:
    """The one Source that the token publishes. Raises Problem."""
    source = place.actor.source
    if source is None:
        reason = "This token may watch, not publish: use an operator's or a speaker's link."
        raise Problem(HTTPStatus.FORBIDDEN, "role-not-admitted", reason)
    if asked is not None and asked != source:
        raise Problem(HTTPStatus.FORBIDDEN, "source-foreign", f"This token publishes {source} only.")
    return source


def _audience(place: Place, asked: str | None, offer: str) -> Audience:
    """The audience that plays: one Source if asked, a plain player for one picture, else the bearer's own."""
    if asked is not None:
        return Player(_watchable(place, SourceId(asked)))
    audience = audience_of(place.actor)
    lines = _LINE.findall(offer)
    is_plain = lines.count("video") == 1 and lines.count("audio") <= 1
    hears_all = isinstance(audience, Attendee) or (isinstance(audience, Desk) and audience.venue is None)
    return Player() if hears_all and is_plain else audience


def _watchable(place: Place, source: SourceId) -> SourceId:
    """A Source that the bearer may play alone: attendees those on air and the halls', others all. Raises Problem."""
    found = next((known for known in place.conference.sources() if known.id == source), None)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "source-unknown", "There is no such source: check ?source= in the URL.")
    audience = audience_of(place.actor)
    if isinstance(audience, Attendee) and found.person is not None:
        screen = place.conference.screen(place.room, audience)
        if source not in (*screen.sources, *heard(screen)):
            reason = "This person is not on air: only the control room may look."
            raise Problem(HTTPStatus.FORBIDDEN, "source-not-on-air", reason)
    return source
