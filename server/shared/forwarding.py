"""WHIP and WHEP requests go on to the process beside the relay that has the conference's media."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from rooms.kernel import ConferenceId
from server.doors import body_of, refused
from server.sessions import RELAY_AWAY
from server.shared.messages import Beat

PLACE: Final = re.compile(r"/whe?i?p/([^./]+)\.")
MARK: Final = "Twinhall-Forwarded"
"""A request that went on once goes no further: two processes that take each other for the owner send it nowhere."""
ANSWER_S: Final = 10.0
HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "content-length"})
"""Fields between two neighbours (RFC 9110 section 7.6.1), and what the client computes itself."""


def forwarding(owner: Callable[[ConferenceId], Beat | None]) -> Middleware:
    """`owner(conference)`: the other process that owns it; None when we do, or when there is none."""

    @web.middleware
    async def forward(request: web.Request, handler: Handler) -> web.StreamResponse:
        place = PLACE.match(request.path)
        beat = owner(ConferenceId(place[1])) if place else None
        if beat is None:
            return await handler(request)
        if MARK in request.headers or not beat.address:
            return refused(RELAY_AWAY, HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            return await _forwarded(request, beat)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return refused(RELAY_AWAY, HTTPStatus.SERVICE_UNAVAILABLE)

    return forward


async def _forwarded(request: web.Request, beat: Beat) -> web.Response:
    """The owner's answer, as if it were ours. Its certificate is the one that it named."""
    headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
    tls = aiohttp.Fingerprint(beat.fingerprint) if beat.fingerprint else True
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_S), auto_decompress=False) as http,
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
