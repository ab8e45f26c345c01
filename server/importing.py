"""Acts out of a spreadsheet: POST /{conference}/acts/import, CSV or XLSX as body; the organiser's.

`{"acts": how many, "wrong": [{row, column, refused, value}], "taken": bool}`: nothing is taken unless nothing is
wrong; with `?try=1` nothing is taken at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
import structlog
from aiohttp import hdrs, web

from rooms.ceremony.commands import NameSignatory
from rooms.journal import Envelope
from rooms.kernel import Actor, Command, CommandId, ConferenceId, Refused
from server.admission import Admission, answer
from server.ceremonies import Ceremonies
from server.clock import Clock
from server.documents import body_up_to
from server.doors import refused
from server.hall import Hall
from server.records.jobs import Job, JobFailed, Jobs
from server.records.rows import SIZE_MAX, UNREADABLE, Row, Sheet, Wrong
from server.settings import Settings

_COLUMNS: Final = {"item": "item", "text": "title"}
"""The column that a refusal is about, by the first word of its code."""

log = structlog.get_logger()


class Importing:
    def __init__(
        self,
        settings: Settings,
        halls: Mapping[ConferenceId, Hall],
        admission: Admission,
        jobs: Jobs,
        ceremonies: Ceremonies,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._halls = halls
        self._admission = admission
        self._jobs = jobs
        self._ceremonies = ceremonies
        self._clock = clock

    def mount(self, app: web.Application) -> None:
        app.router.add_post("/{conference}/acts/import", self._import)

    async def _import(self, request: web.Request) -> web.Response:
        try:
            link = self._admission.organiser(request, self._settings)
            hall, actor = self._halls[link.conference], self._admission.actor(request, link)
            sheet = await self._read(await body_up_to(request, SIZE_MAX, UNREADABLE))
            wrong = [*sheet.wrong, *self._refusals(hall, actor, sheet.rows)]
            taken = not wrong and "try" not in request.query
            if taken:
                for command in _commands(sheet.rows):
                    await self._take(hall, actor, command)
        except Refused as refusal:
            return answer(refusal)
        except JobFailed as failed:
            log.warning("a spreadsheet was not read", reason=str(failed))
            return refused(UNREADABLE, HTTPStatus.BAD_REQUEST)
        told = {"acts": len(sheet.rows), "wrong": msgspec.to_builtins(wrong), "taken": taken}
        return web.json_response(told, headers={hdrs.CACHE_CONTROL: "no-store"})

    async def _read(self, data: bytes) -> Sheet:
        return msgspec.json.decode(await self._jobs.run(Job.SHEET, data), type=Sheet)

    def _refusals(self, hall: Hall, actor: Actor, rows: Sequence[Row]) -> Iterator[Wrong]:
        """What the conference would refuse, by its row."""
        for row in rows:
            try:
                hall.host.conference.decide(row.draft, actor, hall.room, int(self._clock.now_ms()))
            except Refused as refusal:
                yield Wrong(
                    row.row,
                    _column(row, refusal),
                    refusal.code,
                    "; ".join(str(each) for each in refusal.params.values()),
                )

    async def _take(self, hall: Hall, actor: Actor, command: Command) -> None:
        sent = Envelope(CommandId(secrets.token_hex(16)), command, hall.room)
        await hall.host.handle(await self._ceremonies.prepared(hall, actor, sent), actor)


def _column(row: Row, refusal: Refused) -> str:
    """Where the mistake is: a refusal that names a hall is about the last party there, which is one too many."""
    there = [n for n, party in enumerate(row.draft.parties, 1) if party.venue == refusal.params.get("venue")]
    return f"party{there[-1]}_venue" if there else _COLUMNS.get(refusal.code.partition("-")[0], "act")


def _commands(rows: Sequence[Row]) -> Iterator[Command]:
    for row in rows:
        yield row.draft
        for party, name in row.signatories.items():
            yield NameSignatory(row.draft.act, party, name)
