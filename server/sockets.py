"""Socket.IO in and out: websocket only, text only. Decode, call, encode."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, assert_never

import engineio
import msgspec
import socketio
from aiohttp import web
from engineio.async_drivers.aiohttp import WebSocket as DriverWebSocket
from msgspec import Meta
from msgspec.structs import replace

from rooms.journal import Envelope, asking, envelope
from rooms.kernel import Actor, ConferenceId, InviteId, Json, PersonId, Refused
from server.ceremonies import Ceremonies
from server.clock import Clock
from server.codes import Codes
from server.doors import asking_origin
from server.hall import Hall
from server.identity import LINK_UNKNOWN, Identity, cookie_name
from server.ink import Cleared, Stroke
from server.media_port import MediaPort
from server.metrics import Metrics
from server.outbox import Outbox, event_frame
from server.presence import Page
from server.settings import Settings

PATH: Final = "/socket.io/"
MESSAGE_MAX: Final = 256 * 1024
"""bytes of one incoming message: a long signature's strokes; every other command has a few hundred."""
ADMISSION_S: Final = 10.0
"""A socket that nobody was admitted on for this long is closed."""
COMMANDS_MAX: Final = 32
"""Commands of one socket that may wait for their answers."""
MESSAGES_PER_S: Final = 200.0
MESSAGES_BURST: Final = 400.0
"""Messages that one socket may send; a flood is read no faster, and TCP holds it back."""
READS_PER_S: Final = 5.0
READS_BURST: Final = 10.0
"""Reads of one socket, each a walk over all questions: more than a hand that types asks, and far from filling web."""
PING_INTERVAL_S: Final = 10
PING_TIMEOUT_S: Final = 8
"""A lost line is noticed in under 20 s; what a phone in a tunnel needs is a new connection."""

_ALLOWED: Final = re.compile(r"1\Z|3|40(?![/0-9])|41(?![/0-9])|42[0-9]{0,15}\[\"|43[0-9]{0,15}\[")
"""Engine.IO close and pong; Socket.IO connect, disconnect, event and ack of the default namespace."""

Heights = dict[Annotated[str, Meta(pattern=r"^v[0-9]{1,2}\Z")], Annotated[int, Meta(ge=0, le=8192)]]


class Viewport(msgspec.Struct, frozen=True, tag="viewport"):
    """The displayed heights in px of the pictures of one media session."""

    session: Annotated[str, Meta(max_length=64)]
    heights: Annotated[Heights, Meta(max_length=64)]


class Visibility(msgspec.Struct, frozen=True, tag="presence"):
    """Whether the person looks at the page."""

    visible: bool


Signal = Viewport | Visibility | Stroke | Cleared


class _Auth(msgspec.Struct, frozen=True):
    """`age_s`: for how long this page has been here before, over all its sockets."""

    token: Annotated[str, Meta(max_length=128)]
    invite: Annotated[str, Meta(max_length=128)]
    visible: bool = True
    age_s: Annotated[float, Meta(ge=0, le=1e9)] = 0.0


class _Engine(engineio.AsyncServer):  # type: ignore[misc]
    """Engine.IO with our own way out."""

    def create_queue(self, *args: Any, **kwargs: Any) -> Outbox:
        return Outbox()


class _Server(socketio.AsyncServer):  # type: ignore[misc]
    def _engineio_server_class(self) -> type[_Engine]:
        return _Engine


class _Pace:
    """A bucket of `burst` that fills by `per_s`."""

    def __init__(self, per_s: float, burst: float, now_s: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._left, self._at_s = burst, now_s

    def wait_s(self, now_s: float) -> float:
        """Take one out, there or not: how long to wait until it is."""
        self._fill(now_s)
        self._left -= 1
        return max(0.0, -self._left / self._per_s)

    def has(self, now_s: float) -> bool:
        """Take one out if there is one."""
        self._fill(now_s)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _fill(self, now_s: float) -> None:
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s


class _WebSocket(DriverWebSocket):  # type: ignore[misc]
    """The driver's socket without compression; what is not Socket.IO text is dropped and counted."""

    async def __call__(self, environ: dict[str, Any]) -> web.StreamResponse:
        request: web.Request = environ["aiohttp.request"]
        self._sock = web.WebSocketResponse(max_msg_size=MESSAGE_MAX, compress=False)
        await self._sock.prepare(request)
        outbox: Outbox = self.handler.__self__.queue
        environ["twinhall.outbox"] = outbox
        assert request.transport is not None, "the socket was just prepared"
        outbox.bind(request.transport)
        loop = asyncio.get_running_loop()
        self._pace = _Pace(MESSAGES_PER_S, MESSAGES_BURST, loop.time())
        loop.call_later(ADMISSION_S, outbox.close_unless_admitted)
        await self.handler(self)
        return self._sock

    async def wait(self) -> str:
        while True:
            text = await super().wait()
            if wait_s := self._pace.wait_s(asyncio.get_running_loop().time()):
                await asyncio.sleep(wait_s)
            if isinstance(text, str) and _is_ours(text):
                return text
            self.server.metrics.dropped.labels("binary" if isinstance(text, bytes) else "garbage").inc()


def _shown(auth: object) -> _Auth:
    """What the page shows at the door. Raises Refused."""
    try:
        return msgspec.convert(auth, _Auth)
    except msgspec.ValidationError:
        raise Refused(LINK_UNKNOWN) from None


def _is_ours(text: str) -> bool:
    """Whether Socket.IO can read it: a known packet of the default namespace, its JSON whole."""
    if not _ALLOWED.match(text):
        return False
    body = text[2:].lstrip("0123456789") if text[0] == "4" else ""
    try:
        if body:
            msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False
    return True


class Sockets:
    """The sockets of all pages, each at its conference's hall."""

    def __init__(
        self,
        settings: Settings,
        halls: Mapping[ConferenceId, Hall],
        identity: Identity,
        media: MediaPort,
        clock: Clock,
        metrics: Metrics,
        codes: Codes,
        ceremonies: Ceremonies,
        apart_ms: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`apart_ms()`: what the clock may be off from those of the node's other processes."""
        self._settings = settings
        self._codes = codes
        self._ceremonies = ceremonies
        self._halls = halls
        self._identity = identity
        self._media = media
        self._clock, self._apart_ms = clock, apart_ms
        self._metrics = metrics
        self._here: dict[str, tuple[Hall, Page, Outbox]] = {}
        self._unanswered: dict[str, int] = {}
        self._reads: dict[str, _Pace] = {}
        self._io = self._make_server()

    def _make_server(self) -> _Server:
        quiet = logging.getLogger("socketio")
        quiet.setLevel(logging.CRITICAL)
        server = _Server(
            async_mode="aiohttp",
            transports=["websocket"],
            cors_allowed_origins=[],
            max_http_buffer_size=MESSAGE_MAX,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            http_compression=False,
            logger=quiet,
            engineio_logger=quiet,
        )
        server.eio._async = {**server.eio._async, "websocket": _WebSocket}
        server.eio.metrics = self._metrics
        server.on("connect", self._connect)
        server.on("disconnect", self._disconnect)
        server.on("command", self._command)
        server.on("read", self._read)
        server.on("signal", self._signal)
        server.on("clock", self._tell_time)
        server.on("resync", self._resync)
        server.on("*", self._unknown)
        return server

    def mount(self, app: web.Application) -> None:
        app.router.add_get(PATH, self._handle)

    async def close(self) -> None:
        """Let every page go; they come back to the next process."""
        for _, _, outbox in list(self._here.values()):
            outbox.close()
        await self._io.shutdown()

    def media_changed(self, conference: ConferenceId, *, urgent: bool) -> None:
        if conference in self._halls:
            self._halls[conference].changed(urgent=urgent)

    def media_epoch(self, epoch: str, conference: ConferenceId | None = None) -> None:
        for hall in self._halls.values() if conference is None else [self._halls[conference]]:
            hall.tell("epoch", {"epoch": epoch})
            hall.changed(urgent=True)

    def media_ended(
        self, conference: ConferenceId, invite: InviteId, person: PersonId, session: str, reason: str
    ) -> None:
        if conference in self._halls:
            self._halls[conference].tell("ended", {"session": session, "reason": reason}, invite, person)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if asking_origin(request, self._settings) is None:
            raise web.HTTPForbidden(text="this origin has no business here\n")
        answer: web.StreamResponse = await self._io.handle_request(request)
        return answer

    async def _connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        outbox: Outbox = environ["twinhall.outbox"]
        try:
            shown = _shown(auth)
            hall, actor = self._admitted(environ["aiohttp.request"], shown)
        except Refused as refusal:
            asyncio.get_running_loop().call_later(1.0, outbox.close)
            raise socketio.exceptions.ConnectionRefusedError(refusal.code) from None
        outbox.admitted = True
        page = Page(actor, shown.visible, asyncio.get_running_loop().time() - shown.age_s)
        self._here[sid] = hall, page, outbox
        self._reads[sid] = _Pace(READS_PER_S, READS_BURST, asyncio.get_running_loop().time())
        self._metrics.sockets.set(len(self._here))
        # The library writes its CONNECT packet as soon as this returns, without waiting: the view comes after it.
        asyncio.get_running_loop().call_soon(self._welcome, sid)

    def _admitted(self, request: web.Request, shown: _Auth) -> tuple[Hall, Actor]:
        link = self._identity.link(shown.token)
        if link.invite.id != shown.invite:
            raise Refused(LINK_UNKNOWN)
        cookie = request.cookies.get(cookie_name(link, secure=self._settings.secure))
        if not self._identity.entered(link, cookie):
            raise Refused("not-entered")
        return self._halls[link.conference], self._identity.actor(link, cookie)

    def _welcome(self, sid: str) -> None:
        if sid in self._here:
            hall, page, outbox = self._here[sid]
            hall.come(page, outbox)
            if epoch := self._media.epoch(hall.id):
                outbox.write(event_frame("epoch", {"epoch": epoch}))

    async def _disconnect(self, sid: str, reason: str) -> None:
        if sid not in self._here:
            return
        hall, page, outbox = self._here.pop(sid)
        del self._reads[sid]
        hall.go(page)
        if outbox.cut_off:
            self._metrics.cut_off.inc()
        self._metrics.sockets.set(len(self._here))

    async def _command(self, sid: str, body: object = None, *_: object) -> Mapping[str, Json]:
        hall, page, _outbox = self._here[sid]
        self._unanswered[sid] = self._unanswered.get(sid, 0) + 1
        try:
            if self._unanswered[sid] > COMMANDS_MAX:
                raise Refused("busy")
            sent = await self._ceremonies.prepared(hall, page.actor, envelope(body))
            seq = await hall.host.handle(sent, self._marked(hall, page.actor, sent))
            await self._ceremonies.done(hall, page.actor, sent.command)
        except Refused as refusal:
            self._metrics.commands.labels(refusal.code).inc()
            return {"refused": refusal.code, "params": refusal.params}
        finally:
            self._unanswered[sid] -= 1
            if not self._unanswered[sid]:
                del self._unanswered[sid]
        self._metrics.commands.labels("done").inc()
        return {"seq": seq}

    def _marked(self, hall: Hall, actor: Actor, sent: Envelope) -> Actor:
        """The actor, with the hall whose code came along."""
        if not sent.code:
            return actor
        return replace(actor, present=self._codes.venue(hall.host.conference, sent.code) or msgspec.UNSET)

    async def _read(self, sid: str, body: object = None, *_: object) -> Mapping[str, Json]:
        hall, page, _outbox = self._here[sid]
        try:
            if not self._reads[sid].has(asyncio.get_running_loop().time()):
                raise Refused("busy")
            return {"found": hall.read(asking(body), page.actor)}
        except Refused as refusal:
            return {"refused": refusal.code, "params": refusal.params}

    async def _signal(self, sid: str, body: object = None, *_: object) -> None:
        hall, page, _outbox = self._here[sid]
        try:
            signal = msgspec.convert(body, Signal)
        except msgspec.ValidationError:
            self._metrics.dropped.labels("signal").inc()
            return
        match signal:
            case Viewport(session, heights):
                self._media.viewport(page.actor, session, heights)
            case Visibility(visible):
                page.visible = visible
                hall.changed()
            case Stroke():
                self._ceremonies.draw(hall, page.actor, signal)
            case Cleared():
                self._ceremonies.clear(hall, page.actor, signal)
            case never:
                assert_never(never)

    async def _tell_time(self, sid: str, body: object = None, *_: object) -> Mapping[str, Json]:
        arrived_ms = self._clock.now_ms()
        return {"t1": arrived_ms, "t2": self._clock.now_ms(), "bound_ms": self._apart_ms()}

    async def _resync(self, sid: str, *_: object) -> Mapping[str, Json]:
        hall, page, _outbox = self._here[sid]
        hall.again(page)
        return {}

    async def _unknown(self, event: str, sid: str, *_: object) -> None:
        self._metrics.dropped.labels("event").inc()
