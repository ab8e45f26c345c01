"""What a feature exports, as CSV, JSON Lines or XLSX, for the organiser: GET /{conference}/export/{feature}.{kind}."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from rooms.kernel import ConferenceId, Json, Names, Refused, RoomId
from server.admission import Admission, answer
from server.doors import refused
from server.hall import Hall
from server.settings import Settings
from server.workbook import Cell, workbook

CHUNK: Final = 20
"""Rows that are made before others get their turn."""
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What makes a spreadsheet take a text for a formula (OWASP, CSV injection), full-width signs too."""
LISTED_MAX: Final = 32_000
"""Characters of a list in one cell; a spreadsheet holds 32,767."""
TYPES: Final = {
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Row = Mapping[str, Json]


class Exports:
    """The organiser's downloads. A stranger and other roles get nothing."""

    def __init__(
        self, settings: Settings, halls: Mapping[ConferenceId, Hall], admission: Admission, names: Names
    ) -> None:
        self._settings = settings
        self._halls = halls
        self._admission = admission
        self._names = names

    def mount(self, app: web.Application) -> None:
        app.router.add_get(r"/{conference}/export/{feature:[a-z]+}.{kind:csv|jsonl|xlsx}", self._export)

    async def _export(self, request: web.Request) -> web.StreamResponse:
        try:
            hall = self._halls[self._admission.organiser(request, self._settings).conference]
        except Refused as refusal:
            return answer(refusal)
        feature, kind = request.match_info["feature"], request.match_info["kind"]
        table = hall.host.conference.table(feature, RoomId(request.query.get("room", hall.room)), self._names)
        if table is None:
            return refused("export-unknown", HTTPStatus.NOT_FOUND)
        response = web.StreamResponse()
        response.content_type = TYPES[kind]
        if kind != "xlsx":
            response.charset = "utf-8"
        response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{hall.id}-{feature}.{kind}"'
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        await response.prepare(request)
        async for part in _WRITERS[kind](table):
            await response.write(part)
        await response.write_eof()
        return response


async def _chunks(table: Iterable[Row]) -> AsyncIterator[list[Row]]:
    """The rows, a few at a time, so that 5,000 questions hold nobody up."""
    chunk: list[Row] = []
    for row in table:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
            await asyncio.sleep(0)
    yield chunk


async def _jsonl(table: Iterable[Row]) -> AsyncIterator[bytes]:
    async for chunk in _chunks(table):
        yield b"".join(msgspec.json.encode(row) + b"\n" for row in chunk)


async def _csv(table: Iterable[Row]) -> AsyncIterator[bytes]:
    """RFC 4180 in UTF-8, with the mark that spreadsheets look for."""
    rows = [flat(row) async for chunk in _chunks(table) for row in chunk]
    columns = _columns(rows)
    yield b"\xef\xbb\xbf" + _lines([columns])
    for start in range(0, len(rows), CHUNK):
        yield _lines([[defused(row.get(name, "")) for name in columns] for row in rows[start : start + CHUNK]])
        await asyncio.sleep(0)


async def _xlsx(table: Iterable[Row]) -> AsyncIterator[bytes]:
    yield await workbook(_cell_lines(table))


async def _cell_lines(table: Iterable[Row]) -> AsyncIterator[bytes]:
    """The columns' names, then the cells of each row, as JSON Lines."""
    rows = [flat(row) async for chunk in _chunks(table) for row in chunk]
    columns = _columns(rows)
    yield msgspec.json.encode(columns) + b"\n"
    for start in range(0, len(rows), CHUNK):
        chunk = ([defused(row.get(name, "")) for name in columns] for row in rows[start : start + CHUNK])
        yield b"".join(msgspec.json.encode(cells) + b"\n" for cells in chunk)


_WRITERS: Final[Mapping[str, Callable[[Iterable[Row]], AsyncIterator[bytes]]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "xlsx": _xlsx,
}


def flat(row: Row) -> dict[str, Cell]:
    """A row in cells: `votes.changzhou`; a list is told in one cell, if it fits."""
    return dict(_cells("", row))


def _cells(prefix: str, value: Any) -> Iterator[tuple[str, Cell]]:
    match value:
        case dict():
            for name, part in value.items():
                yield from _cells(f"{prefix}.{name}" if prefix else str(name), part)
        case list() | tuple():
            told = "; ".join(_told(part) for part in value)
            yield prefix, told if len(told) <= LISTED_MAX else f"{len(value)}: see the JSON Lines"
        case _:
            yield prefix, value


def _told(part: object) -> str:
    return " ".join(str(value) for value in part.values() if value != "") if isinstance(part, dict) else str(part)


def _columns(rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    """Every column that some row has, in the order of their groups' first appearance."""
    found = dict.fromkeys(name for row in rows for name in row)
    groups = list(dict.fromkeys(name.partition(".")[0] for name in found))
    return sorted(found, key=lambda name: groups.index(name.partition(".")[0]))


def defused(cell: Cell) -> Cell:
    """A text that no spreadsheet runs."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
