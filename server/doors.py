"""What every HTTP answer carries and every request must pass: headers, origins, sizes, rates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from server.settings import Settings

BODY_MAX: Final = 64 * 1024
"""bytes; an SDP is the largest thing that anybody posts."""
BODY_S: Final = 10.0
KEEPALIVE_S: Final = 10.0
"""A connection without a whole request header for this long is closed."""
POSTS_PER_S: Final = 50.0
POSTS_BURST: Final = 1000.0
"""A hall of people behind one address joins at once; a flood does not stop."""
ADDRESSES_MAX: Final = 10_000

log = structlog.get_logger()


def policy(settings: Settings) -> str:
    """The Content-Security-Policy of every answer: nothing but this node, nothing inline."""
    socket = "ws" + settings.origin.removeprefix("http")
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob: mediastream:",
        "font-src": "'self'",
        "connect-src": f"'self' {socket}",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def security_headers(settings: Settings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A signal handler that puts the security headers on every answer."""
    headers = {
        "Content-Security-Policy": policy(settings),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": "camera=(self), microphone=(self), fullscreen=(self), screen-wake-lock=(self), "
        "autoplay=(self), geolocation=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.secure and not settings.has_own_authority:
        headers["Strict-Transport-Security"] = "max-age=31536000"

    async def put(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers.popall("Server", None)

    return put


def asking_origin(request: web.Request, settings: Settings) -> str | None:
    """The page origin behind a request: ours, under the name it was reached by. None when it is foreign.

    Programs send no Origin; they are taken for pages of this node.
    """
    origin = request.headers.get("Origin")
    if origin is None or origin == settings.origin:
        return settings.origin
    return origin if origin in (f"http://{request.host}", f"https://{request.host}") else None


class Rates:
    """A bucket of POSTs per address; the oldest addresses are forgotten first."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._buckets: dict[str, tuple[float, float]] = {}

    def admits(self, address: str) -> bool:
        """Take one from the address's bucket; False when it is empty."""
        now_s = self._now_s()
        left, at_s = self._buckets.pop(address, (POSTS_BURST, now_s))
        left = min(POSTS_BURST, left + (now_s - at_s) * POSTS_PER_S)
        self._buckets[address] = max(left - 1, 0.0), now_s
        if len(self._buckets) > ADDRESSES_MAX:
            del self._buckets[next(iter(self._buckets))]
        return left >= 1


def refused(code: str, status: int, **params: object) -> web.Response:
    """A refusal as the pages read it."""
    body: dict[str, object] = {"refused": code}
    if params:
        body["params"] = params
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


def guard(rates: Rates) -> Middleware:
    """The outermost middleware: floods, slow bodies, too large ones, and bugs end here in a few words."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and not rates.admits(request.remote or ""):
            return refused("too-many-requests", HTTPStatus.TOO_MANY_REQUESTS)
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return refused("too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except TimeoutError:
            return refused("too-slow", HTTPStatus.REQUEST_TIMEOUT)
        except (web.HTTPException, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("a request broke", method=request.method, route=_route(request))
            return refused("unexpected", HTTPStatus.INTERNAL_SERVER_ERROR)

    return guarded


async def body_of(request: web.Request) -> bytes:
    """The request's body. Raises HTTPRequestEntityTooLarge, TimeoutError."""
    async with asyncio.timeout(BODY_S):
        return await request.read()


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else "-"
