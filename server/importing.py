"""Acts out of a spreadsheet: POST /{conference}/acts/import, CSV or XLSX as body; the organiser's.

`{"acts": how many, "wrong": [{row, column, refused, value, params}], "taken": bool}`: nothing is taken unless nothing
is wrong; with `?try=1` nothing is taken at all. `import-stopped {row}`: the server could not go on; bringing the same
table again takes in what is missing.
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
from rooms.ceremony.model import signatory
from rooms.features.ceremony import Ceremony
from rooms.journal import Envelope
from rooms.kernel import Actor, Command, CommandId, ConferenceId, Fact, Refused
from server.admission import Admission, answer
from server.ceremonies import Ceremonies, name_of
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
                await self._take(hall, actor, sheet.rows)
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
        """What the conference would refuse, by its row: each row is tried as if those before it were taken."""
        trial = hall.host.conference.feature(Ceremony, hall.room).copy()
        fact = Fact(hall.host.conference.seq, int(self._clock.now_ms()), actor, hall.room)
        for row in rows:
            try:
                for event in trial.decide(row.draft, actor, fact.at_ms):
                    trial.apply(event, fact)
            except Refused as refusal:
                yield _wrong(row, _column(row, refusal), refusal)
            for party, name in row.signatories.items():
                try:
                    name_of(hall, signatory(hall.id, row.draft.act, party), name)
                except Refused as refusal:
                    yield _wrong(row, f"party{party + 1}_signatory", refusal)

    async def _take(self, hall: Hall, actor: Actor, rows: Sequence[Row]) -> None:
        """Raises Refused `import-stopped` when it is another one's turn, or the disk's."""
        for row in rows:
            try:
                for command in _commands(row):
                    sent = Envelope(CommandId(secrets.token_hex(16)), command, hall.room)
                    await hall.host.handle(await self._ceremonies.prepared(hall, actor, sent), actor)
            except Refused as refusal:
                log.warning("an import stopped", row=row.row, reason=refusal.code)
                raise Refused("import-stopped", row=row.row) from refusal


def _wrong(row: Row, column: str, refusal: Refused) -> Wrong:
    told = "; ".join(str(each) for each in refusal.params.values())
    return Wrong(row.row, column, refusal.code, told, refusal.params)


def _column(row: Row, refusal: Refused) -> str:
    """Where the mistake is: a refusal that names a hall is about the last party there, which is one too many."""
    there = [n for n, party in enumerate(row.draft.parties, 1) if party.venue == refusal.params.get("venue")]
    return f"party{there[-1]}_venue" if there else _COLUMNS.get(refusal.code.partition("-")[0], "act")


def _commands(row: Row) -> Iterator[Command]:
    yield row.draft
    for party, name in row.signatories.items():
        yield NameSignatory(row.draft.act, party, name)
