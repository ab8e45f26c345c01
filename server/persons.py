"""The organiser's list of names, and POST /{conference}/erase."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from rooms.features.ceremony import Ceremony
from rooms.features.people import Erase, People
from rooms.journal import Envelope
from rooms.kernel import CommandId, ConferenceId, Json, PersonId, Refused, Role
from server.admission import Admission, answer
from server.doors import body_of
from server.erasure import Erasure
from server.hall import Hall
from server.personal import Personal
from server.settings import Settings

NO_STORE: Final = {"Cache-Control": "no-store"}


class _Erasing(msgspec.Struct, frozen=True):
    person: Annotated[PersonId, Meta(min_length=1, max_length=96)]


class Persons:
    """Of whom anything is kept here, for the organiser only."""

    def __init__(
        self,
        settings: Settings,
        halls: Mapping[ConferenceId, Hall],
        admission: Admission,
        vault: Personal,
        erasure: Erasure,
    ) -> None:
        self._settings = settings
        self._halls = halls
        self._admission = admission
        self._vault = vault
        self._erasure = erasure

    def mount(self, app: web.Application) -> None:
        app.router.add_get("/{conference}/names", self._list)
        app.router.add_post("/{conference}/erase", self._erase)

    async def _list(self, request: web.Request) -> web.Response:
        """[{"person", "name", "role", "venue"}]; a signatory has "act" and "party", and "" for a name not given."""
        try:
            hall = self._halls[self._admission.organiser(request, self._settings).conference]
        except Refused as refusal:
            return answer(refusal)
        names = self._vault.names
        entered = hall.host.conference.feature(People).everyone()
        rows: list[Mapping[str, Json]] = [
            {"person": each.person, "name": names[each.person], "role": each.role.value, "venue": each.venue}
            for each in entered
            if each.person in names
        ]
        rows += [
            {"person": person, "name": names.get(person, ""), "role": Role.SIGNATORY.value, "act": act, "party": party}
            for room in hall.host.conference.rooms()
            for person, act, party in hall.host.conference.feature(Ceremony, room).signatories()
            if self._vault.knows(person)
        ]
        return web.json_response(rows, headers=NO_STORE)

    async def _erase(self, request: web.Request) -> web.Response:
        """{"seq", "traces": files that still hold the name's bytes}"""
        try:
            link = self._admission.organiser(request, self._settings)
            person = _decoded(await body_of(request)).person
            command = Envelope(CommandId(secrets.token_hex(16)), Erase(person))
            seq = await self._halls[link.conference].host.handle(command, self._admission.actor(request, link))
            traces = await self._erasure.traces(person)
        except Refused as refusal:
            return answer(refusal)
        return web.json_response({"seq": seq, "traces": traces}, headers=NO_STORE)


def _decoded(body: bytes) -> _Erasing:
    try:
        return msgspec.json.decode(body, type=_Erasing)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused("request-unreadable") from None
