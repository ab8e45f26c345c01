"""WHIP and WHEP requests go on to the process beside the relay that has the conference's media."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from rooms.kernel import ConferenceId
from server.doors import body_of, refused
from server.sessions import RELAY_AWAY
from server.shared.messages import Beat, NodeId

PLACE: Final = re.compile(r"/whe?i?p/([^./]+)\.")
MARK: Final = "Twinhall-Forwarded"
"""A request that went on once goes no further: two processes that take each other for the owner send it nowhere."""
ANSWER_S: Final = 10.0
CONNECT_S: Final = 1.0
HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "content-length"})
"""Fields between two neighbours (RFC 9110 section 7.6.1), and what the client computes itself."""
TIMEOUT: Final = aiohttp.ClientTimeout(ANSWER_S, sock_connect=CONNECT_S)
_NOT_REACHED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Nothing of the request went out."""


def forwarding(
    owner: Callable[[ConferenceId], Beat | None], another: Callable[[ConferenceId, NodeId], Awaitable[bool]]
) -> Middleware:
    """`owner(conference)`: the other process that owns it; None when we do. `another(conference, former)`: until it
    has another owner than that one; False when there is none. Who comes while one dies waits for the next."""

    @web.middleware
    async def forward(request: web.Request, handler: Handler) -> web.StreamResponse:
        place = PLACE.match(request.path)
        conference = ConferenceId(place[1] if place else "")
        while (beat := owner(conference)) is not None:
            if MARK in request.headers or not beat.address:
                break
            try:
                return await _forwarded(request, beat)
            except _NOT_REACHED:
                if not await another(conference, beat.node):
                    break
            except (aiohttp.ClientError, OSError, TimeoutError):
                break
        else:
            return await handler(request)
        return refused(RELAY_AWAY, HTTPStatus.SERVICE_UNAVAILABLE)

    return forward


async def _forwarded(request: web.Request, beat: Beat) -> web.Response:
    """The owner's answer, as if it were ours. Its certificate is the one that it named."""
    headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
    tls = aiohttp.Fingerprint(beat.fingerprint) if beat.fingerprint else True
    async with (
        aiohttp.ClientSession(timeout=TIMEOUT, auto_decompress=False) as http,
        http.request(
            request.method,
            f"{beat.address}{request.rel_url}",
            data=await body_of(request) if request.can_read_body else None,
            headers={**headers, MARK: "1"},
            ssl=tls,
            allow_redirects=False,
        ) as answer,
    ):
        response = web.Response(status=answer.status, body=await answer.read())
        for name, value in answer.headers.items():
            if name.lower() not in HOP and name not in (hdrs.DATE, hdrs.SERVER):
                response.headers[name] = value
        return response
