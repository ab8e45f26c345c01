"""Records of ceremonies, for those who took part: GET /{conference}/records/...

{act}.pdf             the sealed record, with every person's data; {act}.json: the record alone, without it
ceremony/{item}.pdf   the sealed record of all acts of an item of the programme
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from rooms.ceremony.table import Step
from rooms.features.ceremony import Ceremony
from rooms.kernel import ConferenceId, ItemId, ProjectId, Refused
from server.admission import Admission, answer
from server.doors import refused
from server.hall import Hall
from server.identity import Link
from server.readers import READERS, check_reads
from server.records.canonical import canonical
from server.records.jobs import JobFailed
from server.sealer import Place, Sealer
from server.settings import Settings

STATUS: Final = {
    "record-unknown": HTTPStatus.NOT_FOUND,
    "record-missing": HTTPStatus.NOT_FOUND,
    "record-erased": HTTPStatus.GONE,
}


class Archive:
    """The downloads. The public gets nothing: names and strokes are in a sealed record."""

    def __init__(
        self, settings: Settings, halls: Mapping[ConferenceId, Hall], admission: Admission, sealer: Sealer
    ) -> None:
        self._settings = settings
        self._halls = halls
        self._admission = admission
        self._sealer = sealer

    def mount(self, app: web.Application) -> None:
        app.router.add_get(r"/{conference}/records/{act:[a-z0-9-]{1,40}}.pdf", self._sealed)
        app.router.add_get(r"/{conference}/records/{act:[a-z0-9-]{1,40}}.json", self._record)
        app.router.add_get(r"/{conference}/records/ceremony/{item:[a-z0-9-]{1,40}}.pdf", self._ceremony)

    async def _sealed(self, request: web.Request) -> web.Response:
        try:
            place = self._place(request)
            data = await self._sealer.file(place)
        except Refused as refusal:
            return _refusal(refusal)
        return _pdf(data, f"{place.conference}-{place.act}.pdf")

    async def _record(self, request: web.Request) -> web.Response:
        try:
            place = self._place(request)
            body = canonical(await self._sealer.record(place))
        except Refused as refusal:
            return _refusal(refusal)
        return web.Response(
            body=body, content_type="application/json", headers=_headers(f"{place.conference}-{place.act}.json")
        )

    async def _ceremony(self, request: web.Request) -> web.Response:
        item = ItemId(request.match_info["item"])
        try:
            hall, link = self._hall(request)
            for act in hall.host.conference.feature(Ceremony, hall.room).book.acts():
                if act.drafted.item == item and (act.seats or act.step != Step.VOID):
                    check_reads(link, act)
            data = await self._sealer.ceremony(hall.id, hall.room, item)
        except Refused as refusal:
            return _refusal(refusal)
        except JobFailed:
            return refused("unexpected", HTTPStatus.SERVICE_UNAVAILABLE)
        return _pdf(data, f"{hall.id}-ceremony-{item}.pdf")

    def _hall(self, request: web.Request) -> tuple[Hall, Link]:
        link = self._admission.one_of(request, self._settings, READERS)
        return self._halls[link.conference], link

    def _place(self, request: web.Request) -> Place:
        hall, link = self._hall(request)
        id = ProjectId(request.match_info["act"])
        if act := hall.host.conference.feature(Ceremony, hall.room).act(id):
            check_reads(link, act)
        return Place(hall.id, hall.room, id)


def _pdf(data: bytes, name: str) -> web.Response:
    return web.Response(body=data, content_type="application/pdf", headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    return {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"', hdrs.CACHE_CONTROL: "no-store"}


def _refusal(refusal: Refused) -> web.Response:
    if refusal.code in STATUS:
        return refused(refusal.code, STATUS[refusal.code])
    return answer(refusal)
