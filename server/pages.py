"""The pages, POST /enter and the organiser's links: decode, call, encode."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final

import jinja2
import msgspec
from aiohttp import web
from msgspec import Meta

from rooms.audience import Attendee
from rooms.kernel import Actor, CommandId, ConferenceId, Json, Refused, Role
from server import languages
from server.admission import Admission, answer
from server.doors import Floods, asking_origin, body_of, policy
from server.erasure import Erasure
from server.hall import Hall
from server.ice import IceServers
from server.identity import SESSION_S, Identity, Link, cookie_name
from server.links import PAGES, endpoints, qr, rows
from server.metrics import Metrics
from server.names import cleaned
from server.personal import Personal
from server.settings import Settings
from server.statics import ASK_AGAIN, Statics

TEMPLATES: Final[Mapping[str, str]] = {"": "lobby", **{page: page for page in PAGES.values() if page}}
"""The template of each page below `/{conference}/`."""
NONCE_BYTES: Final = 16
"""of a page's scripts: 128 random bits (CSP level 3, section 7.1)"""


class _Entrance(msgspec.Struct, frozen=True):
    token: str
    name: str | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None


class Pages:
    """HTTP for browsers."""

    def __init__(
        self,
        settings: Settings,
        web_root: Path,
        halls: Mapping[ConferenceId, Hall],
        identity: Identity,
        vault: Personal,
        erasure: Erasure,
        metrics: Metrics,
        floods: Floods,
        ice: IceServers,
    ) -> None:
        self._settings = settings
        self._halls = halls
        self._identity = identity
        self._admission = Admission(identity, secure=settings.secure)
        self._vault = vault
        self._erasure = erasure
        self._metrics = metrics
        self._floods = floods
        self._ice = ice
        self.statics = Statics(web_root)
        self._texts = languages.texts(web_root / "locales")
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(web_root / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def mount(self, app: web.Application) -> None:
        self.statics.mount(app)
        app.router.add_get("/", self._index)
        app.router.add_post("/enter", self._enter)
        app.router.add_get("/{conference}/links", self._links)
        app.router.add_get("/{conference}", self._slash)
        app.router.add_get("/{conference}/{page:[a-z]*}", self._page)
        app.router.add_get("/{path:.*}", self._nowhere)

    async def _index(self, request: web.Request) -> web.Response:
        return self._rendered(request, "index", None)

    async def _slash(self, request: web.Request) -> web.Response:
        if request.match_info["conference"] not in self._halls:
            return await self._nowhere(request)
        raise web.HTTPPermanentRedirect(f"/{request.match_info['conference']}/")

    async def _page(self, request: web.Request) -> web.Response:
        hall = self._halls.get(ConferenceId(request.match_info["conference"]))
        template = TEMPLATES.get(request.match_info["page"])
        if hall is None or template is None:
            return await self._nowhere(request)
        return self._rendered(request, template, hall)

    async def _nowhere(self, request: web.Request) -> web.Response:
        """There is no such page: the list of conferences says so, and what there is."""
        return self._rendered(request, "index", None, HTTPStatus.NOT_FOUND)

    def _rendered(
        self, request: web.Request, page: str, hall: Hall | None, status: HTTPStatus = HTTPStatus.OK
    ) -> web.Response:
        lang = languages.chosen(request.query.get("lang"), request.headers.get("Accept-Language", ""))
        nonce = secrets.token_urlsafe(NONCE_BYTES)
        html = self._templates.get_template(f"{page}.html").render(
            page=page,
            nonce=nonce,
            lang=lang,
            texts=self._texts[lang],
            static=self.statics.prefix,
            conference=_described(hall) if hall else None,
            conferences=[_described(each) for each in self._halls.values()],
            missing=status == HTTPStatus.NOT_FOUND,
        )
        headers = {
            "Cache-Control": ASK_AGAIN,
            "Content-Language": lang,
            "Content-Security-Policy": policy(self._settings, nonce),
            "Vary": "Accept-Language",
        }
        return web.Response(text=html, status=status, content_type="text/html", headers=headers)

    async def _enter(self, request: web.Request) -> web.Response:
        try:
            origin = asking_origin(request, self._settings)
            if origin is None:
                raise Refused("origin-foreign")
            entrance = _decoded(await body_of(request))
            response = await self._entered(request, entrance, origin)
        except Refused as refusal:
            self._metrics.entered.labels(refusal.code).inc()
            return answer(refusal)
        self._metrics.entered.labels("done").inc()
        return response

    async def _entered(self, request: web.Request, entrance: _Entrance, origin: str) -> web.Response:
        """Let the person in: durable, named, with a cookie. Raises Refused."""
        link = self._identity.link(entrance.token)
        self._floods.link(link.token)
        session = self._identity.seat(link, self._admission.cookie(request, link))
        signed = self._identity.signed(session)
        actor = self._identity.actor(link, signed)
        name = self._name_of(actor, entrance.name)
        hall = self._halls[link.conference]
        if not hall.is_in(actor):
            await hall.host.enter(actor, CommandId(secrets.token_hex(16)))
        if name is not None:
            await self._vault.call(actor.person, name)
            self._erasure.sweep()
            hall.changed()
        response = web.json_response(self._welcome(hall, link, actor, origin), headers={"Cache-Control": "no-store"})
        secure = self._settings.secure
        response.set_cookie(
            cookie_name(link, secure=secure),
            signed,
            max_age=SESSION_S,
            path="/",
            secure=secure,
            httponly=True,
            samesite="Strict",
        )
        return response

    def _name_of(self, actor: Actor, wished: str | None) -> str | None:
        """The new name, None to keep what is known: the lobby opens before it has one. Raises Refused."""
        if wished is None or not (wished.strip() or actor.role == Role.ATTENDEE):
            return None
        return cleaned(wished)

    def _welcome(self, hall: Hall, link: Link, actor: Actor, origin: str) -> dict[str, Json]:
        media = endpoints(origin, hall.id, hall.room, link.invite)
        told: dict[str, Json] = {
            "conference": hall.id,
            "role": actor.role.value,
            "venue": actor.venue,
            "source": actor.source,
            "room": hall.room,
            "person": actor.person,
            "device": actor.device,
            "invite": actor.invite,
            "name": self._vault.names.get(actor.person, None if actor.role == Role.ON_SITE else link.invite.name),
            "whip": media.whip,
            "whep": media.whep,
            "ice_servers": [server.described() for server in self._ice.for_session()],
            "version": self.statics.version,
            "rehearsal": _described(hall)["rehearsal"],
        }
        return {name: value for name, value in told.items() if value is not None}

    async def _links(self, request: web.Request) -> web.Response:
        try:
            link = self._admission.link(request)
            if (link.conference, link.invite.role) != (request.match_info["conference"], Role.ORGANISER):
                raise Refused("link-foreign")
            if not self._admission.entered(request, link):
                raise Refused("not-entered")
        except Refused as refusal:
            return answer(refusal)
        conference = self._halls[link.conference].host.conference
        listed = rows(asking_origin(request, self._settings) or self._settings.origin, conference, self._identity)
        told = [{**msgspec.to_builtins(row), "qr": qr(row.url)} for row in listed]
        return web.json_response(told, headers={"Cache-Control": "no-store"})


def _described(hall: Hall) -> Mapping[str, Any]:
    """The `conference` of an attendee's view."""
    described: Mapping[str, Any] = msgspec.to_builtins(hall.view(Attendee())["conference"])
    return described


def _decoded(body: bytes) -> _Entrance:
    try:
        return msgspec.json.decode(body, type=_Entrance)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused("request-unreadable") from None
