"""From an HTTP request to the link and the person behind it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import web

from rooms.kernel import Actor, Refused, Role
from server.doors import TOO_MANY, asking_origin, bearer, flooded, refused
from server.identity import LINK_REVOKED, LINK_UNKNOWN, Identity, Link, cookie_name
from server.settings import Settings
from server.storage import Reason

STATUS: Final[Mapping[str, HTTPStatus]] = {
    LINK_UNKNOWN: HTTPStatus.UNAUTHORIZED,
    LINK_REVOKED: HTTPStatus.FORBIDDEN,
    "link-foreign": HTTPStatus.FORBIDDEN,
    "act-not-yours": HTTPStatus.FORBIDDEN,
    "origin-foreign": HTTPStatus.FORBIDDEN,
    "not-entered": HTTPStatus.FORBIDDEN,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
    **dict.fromkeys(Reason, HTTPStatus.SERVICE_UNAVAILABLE),
    "unexpected": HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""HTTP statuses of refusals; those that are not here are 400."""


class Admission:
    """Reads Bearer tokens (RFC 6750 section 2.1) and the cookies of this node."""

    def __init__(self, identity: Identity, *, secure: bool) -> None:
        self._identity = identity
        self._secure = secure

    def link(self, request: web.Request) -> Link:
        """The link in the Authorization header. Raises Refused `link-unknown`, `link-revoked`."""
        return self._identity.link(bearer(request))

    def actor(self, request: web.Request, link: Link) -> Actor:
        """Who asks: the person in the link's cookie, or the link's nameless one."""
        return self._identity.actor(link, self.cookie(request, link))

    def entered(self, request: web.Request, link: Link) -> bool:
        """Whether this browser came in by the link."""
        return self._identity.entered(link, self.cookie(request, link))

    def organiser(self, request: web.Request, settings: Settings) -> Link:
        """The organiser's link behind a request of our own pages for their conference. Raises Refused."""
        return self.one_of(request, settings, frozenset({Role.ORGANISER}))

    def one_of(self, request: web.Request, settings: Settings, roles: frozenset[Role]) -> Link:
        """The link, of one of the roles, behind a request of our own pages for their conference. Raises Refused."""
        if asking_origin(request, settings) is None:
            raise Refused("origin-foreign")
        link = self.link(request)
        if link.conference != request.match_info["conference"] or link.invite.role not in roles:
            raise Refused("link-foreign")
        if not self.entered(request, link):
            raise Refused("not-entered")
        return link

    def cookie(self, request: web.Request, link: Link) -> str | None:
        return request.cookies.get(cookie_name(link, secure=self._secure))


def answer(refusal: Refused) -> web.Response:
    """The refusal with its HTTP status; a 401 says how to authorise (RFC 9110 section 15.5.2)."""
    if refusal.code == TOO_MANY:
        return flooded(refusal)
    status = STATUS.get(refusal.code, HTTPStatus.BAD_REQUEST)
    response = refused(refusal.code, status, **refusal.params)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
