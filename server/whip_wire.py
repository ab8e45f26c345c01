"""What WHIP and WHEP say on the wire: bodies and fragments in; answers, problems and headers out.

RFC 9725, draft-ietf-wish-whep, RFC 8840 (fragments). Nothing here knows a session or a link.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Final, TypeVar

from aiohttp import hdrs, web

from media.model import IceCredentials, SessionState
from media.offer import credentials
from media.sdp import SDP_MAX, Refusal
from server.doors import BODY_S
from server.ice import IceServer
from server.sessions import RELAY_AWAY, MediaRefused

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
EXPOSED: Final = "Location, Link, ETag, Accept-Post, Accept-Patch, Retry-After, WWW-Authenticate"
PREFLIGHT_S: Final = "600"
STATUS: Final[Mapping[str, HTTPStatus]] = {
    "sdp-unreadable": HTTPStatus.BAD_REQUEST,
    "no-media": HTTPStatus.BAD_REQUEST,
    "sdp-too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "codec-unsupported": HTTPStatus.NOT_ACCEPTABLE,
    "occupied": HTTPStatus.CONFLICT,
    "unknown-audience": HTTPStatus.NOT_FOUND,
}
"""The relay's refusals; every other one means: not now."""
_FRAGMENT_MEDIA: Final = re.compile(r"^m=[^\r\n]{1,200}", re.MULTILINE)
_FRAGMENT_MID: Final = re.compile(r"^a=mid:([!-~]{1,64})\s*$", re.MULTILINE)

Door = TypeVar("Door")
T = TypeVar("T")
Handler = Callable[[Door, web.Request], Awaitable[web.Response]]


class Problem(Exception):
    """A request that is not served: status, code, what happened and what to do now."""

    def __init__(self, status: HTTPStatus, code: str, reason: str, **headers: str) -> None:
        super().__init__(code, reason)
        self.status, self.code, self.reason, self.headers = status, code, reason, headers


def answered(handler: Handler[Door]) -> Handler[Door]:
    """Problems become short JSON, and every answer can be read across origins."""

    @functools.wraps(handler)
    async def answer(self: Door, request: web.Request) -> web.Response:
        try:
            response = await handler(self, request)
        except Problem as problem:
            body = {"refused": problem.code, "reason": problem.reason}
            response = web.json_response(body, status=problem.status, headers=problem.headers)
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        return _readable_across_origins(request, response)

    return answer


async def text_of(request: web.Request, content_type: str) -> str:
    """The body as text. Raises Problem for another type, more than 64 KB, and what is no UTF-8."""
    if request.content_type != content_type:
        accepted = {"Accept-Post": SDP} if content_type == SDP else {"Accept-Patch": FRAGMENT}
        reason = f"Send Content-Type: {content_type}."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type-unsupported", reason, **accepted)
    too_large = Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "sdp-too-large",
        f"SDP is accepted up to {SDP_MAX // 1024} KB: offer fewer lines or codecs.",
    )
    if (request.content_length or 0) > SDP_MAX:
        raise too_large
    try:
        async with asyncio.timeout(BODY_S):
            body = await request.read()
        text = body.decode()
    except web.HTTPRequestEntityTooLarge:
        raise too_large from None
    except UnicodeDecodeError:
        raise Problem(HTTPStatus.BAD_REQUEST, "sdp-unreadable", "SDP is text in UTF-8; this is not.") from None
    if len(body) > SDP_MAX:
        raise too_large
    if not text.strip():
        raise Problem(HTTPStatus.BAD_REQUEST, "sdp-unreadable", "The body is empty: send the SDP in it.")
    return text


def peer_of(fragment: str) -> IceCredentials:
    """The peer's ICE credentials in a fragment. Raises Problem."""
    try:
        return credentials(fragment)
    except Refusal as refusal:
        raise Problem(
            HTTPStatus.BAD_REQUEST, refusal.code, f"{refusal.reason}: send a=ice-ufrag and a=ice-pwd."
        ) from None


async def negotiated(negotiation: Awaitable[T]) -> T:
    """What the relay answered, its refusal as a Problem."""
    try:
        return await negotiation
    except MediaRefused as refused:
        raise problem_of(refused) from None


def problem_of(refused: MediaRefused) -> Problem:
    """The relay's refusal for an encoder or player: status, and words to act on."""
    status = STATUS.get(refused.code, HTTPStatus.SERVICE_UNAVAILABLE)
    headers = {hdrs.RETRY_AFTER: "1"} if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
    reason = refused.reason or "The relay did not answer; try again in a second."
    if refused.code == "occupied":
        reason = "Another encoder is live on this source. Stop it, or POST again with ?takeover=1 to replace it."
    return Problem(status, refused.code or RELAY_AWAY, reason, **headers)


def restarted(state: SessionState, candidates: tuple[str, ...], fragment: str) -> web.Response:
    """200 with our new credentials, below the peer's own first m-line (RFC 8840 section 9)."""
    assert state.ice is not None, "a restarted session has credentials"
    media, mid = _FRAGMENT_MEDIA.search(fragment), _FRAGMENT_MID.search(fragment)
    lines = ["a=ice-lite", f"a=ice-ufrag:{state.ice.ufrag}", f"a=ice-pwd:{state.ice.pwd}"]
    if media and mid:
        lines += [media[0], f"a=mid:{mid[1]}"]
    body = "\r\n".join([*lines, *candidates, "a=end-of-candidates", ""])
    return web.Response(body=body.encode(), content_type=FRAGMENT, headers={hdrs.ETAG: tag_of(state)})


def tag_of(state: SessionState) -> str:
    """The ETag of a session's ICE generation: the same after a restart of this process."""
    return f'"{state.ice.ufrag}"' if state.ice else '""'


def _readable_across_origins(request: web.Request, response: web.Response) -> web.Response:
    """CORS for players on other sites: they bring a token, never a cookie, so no credentials."""
    response.headers[hdrs.VARY] = "Origin"
    if origin := request.headers.get(hdrs.ORIGIN):
        methods = "PATCH, DELETE, OPTIONS" if "session" in request.match_info else "POST, OPTIONS"
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = methods
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = "Authorization, Content-Type, If-Match"
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED
        response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = PREFLIGHT_S
    return response


def add_links(response: web.Response, servers: Iterable[IceServer]) -> None:
    """A Link header for each ICE server (RFC 9725 section 4.6)."""
    for server in servers:
        response.headers.add(hdrs.LINK, server.link())
