"""What every HTTP answer carries and every request must pass: headers, origins, sizes, rates."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from rooms.kernel import Refused
from server.settings import Settings

BODY_MAX: Final = 64 * 1024
"""bytes; an SDP is the largest thing that anybody posts."""
BODY_S: Final = 10.0
KEEPALIVE_S: Final = 10.0
"""A connection without a whole request header for this long is closed."""
BUCKETS_MAX: Final = 10_000
TOKEN_MOST: Final = 64
"""Signs of a token that are kept: ours are shorter, invented ones are not worth the memory."""
SAFE: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
"""Methods that change nothing (RFC 9110, section 9.2.1); the others are counted."""

TOO_MANY: Final = "too-many-requests"
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(:(?P<port>[0-9]{1,5}))?")

log = structlog.get_logger()


def policy(settings: Settings, nonce: str = "") -> str:
    """The Content-Security-Policy of an answer: nothing but this node, nothing inline.

    A page's own `nonce`, of base64 signs, is what its scripts run by, and the modules that they import; an answer
    without one runs none.
    """
    socket = "ws" + settings.origin.removeprefix("http")
    rules = {
        "default-src": "'none'",
        "script-src": f"'nonce-{nonce}'" if nonce else "'none'",
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
    """A bucket per key that fills by `per_s` up to `burst`; the oldest keys are forgotten first."""

    def __init__(
        self, now_s: Callable[[], float], per_s: float, burst: float, among: Callable[[], int] = lambda: 1
    ) -> None:
        """`among` so many processes the rate is shared."""
        self._now_s, self._among = now_s, among
        self._per_s, self._burst = per_s, burst
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_s(self, key: str) -> float:
        """Take one from the key's bucket; how long to wait when it is empty, else 0."""
        now_s, share = self._now_s(), 1 / self._among()
        left, at_s = self._buckets.pop(key, (self._burst * share, now_s))
        left = min(self._burst * share, left + (now_s - at_s) * self._per_s * share)
        taken = 1 if left >= 1 else 0
        self._buckets[key] = left - taken, now_s
        if len(self._buckets) > BUCKETS_MAX:
            del self._buckets[next(iter(self._buckets))]
        return 0.0 if taken else (1 - left) / (self._per_s * share)


class Floods:
    """What one address and one link may ask of this node: a whole hall joins at once, a flood does not stop."""

    def __init__(self, now_s: Callable[[], float], among: Callable[[], int] = lambda: 1) -> None:
        """`among` so many processes, behind one balancer, the rates are shared."""
        self._addresses = Rates(now_s, per_s=50, burst=1000, among=among)
        self._links = Rates(now_s, per_s=100, burst=2000, among=among)

    def address(self, address: str) -> None:
        """One more request. Raises Refused `too-many-requests`."""
        _refuse_flood(self._addresses.wait_s(network(address)))

    def link(self, token: str) -> None:
        """One more request with a link's token (if any), from wherever. Raises Refused `too-many-requests`."""
        _refuse_flood(self._links.wait_s(token[:TOKEN_MOST]) if token else 0)


def _refuse_flood(wait_s: float) -> None:
    if wait_s:
        raise Refused(TOO_MANY, wait_s=math.ceil(wait_s))


def peer(request: web.Request, settings: Settings) -> str:
    """The address that asks; behind a proxy, the one that the proxy saw (the last of X-Forwarded-For)."""
    if settings.is_proxied and (seen := request.headers.get("X-Forwarded-For")):
        return seen.rpartition(",")[2].strip()
    return request.remote or ""


def network(address: str) -> str:
    """Who stands behind an address: one guest has a whole IPv6 /64 (RFC 6177), an IPv4 address is a guest or a hall."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))


def names_a_host(host: str | None) -> bool:
    """Whether links can be made of the Host header (RFC 9112, section 3.2); programs of HTTP/1.0 send none."""
    if host is None:
        return True
    found = _HOST.fullmatch(host)
    return found is not None and int(found["port"] or 0) <= 65535


def bearer(request: web.Request) -> str:
    """The token of the Authorization header (RFC 6750, section 2.1); empty when there is none."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def refused(code: str, status: int, **params: object) -> web.Response:
    """A refusal as the pages read it."""
    body: dict[str, object] = {"refused": code}
    if params:
        body["params"] = params
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})


def flooded(refusal: Refused) -> web.Response:
    """429 with when to come again (RFC 6585, section 4)."""
    wait_s = refusal.params["wait_s"]
    body = {
        "refused": refusal.code,
        "params": refusal.params,
        "reason": f"Too many requests at once: try again in {wait_s} s.",
    }
    headers = {hdrs.RETRY_AFTER: str(wait_s), hdrs.CACHE_CONTROL: "no-store"}
    return web.json_response(body, status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers)


def guard(floods: Floods, settings: Settings) -> Middleware:
    """The outermost middleware: floods, slow bodies, too large ones, and bugs end here in a few words."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not names_a_host(request.headers.get(hdrs.HOST)):
            return refused("host-unreadable", HTTPStatus.BAD_REQUEST)
        try:
            if request.method not in SAFE:
                floods.address(peer(request, settings))
                floods.link(bearer(request))
        except Refused as refusal:
            return flooded(refusal)
        try:
            return await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return refused("too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except TimeoutError:
            return refused("too-slow", HTTPStatus.REQUEST_TIMEOUT)
        except web.RequestPayloadError:
            return refused("request-unreadable", HTTPStatus.BAD_REQUEST)
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
