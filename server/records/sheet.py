"""Acts out of a spreadsheet, CSV (RFC 4180) or XLSX: a row is an act; a mistake is told with its row and column.

Columns: act, kind, item, round, instrument; title, sector (each also as title_zh, ...); and for parties 1 to 6
party1_venue, party1_name, party1_title, party1_authority (each also with _zh, _de, _en, _fr), party1_signatory.
A column without a language is English.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

import msgspec
import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from rooms.ceremony.commands import Draft
from rooms.definition import PARTIES_MAX
from rooms.kernel import Refused
from server.records.rows import SIZE_MAX, UNREADABLE, Row, Sheet, Wrong

UNPACKED_MAX: Final = 50 * 1024 * 1024
"""Of an XLSX, which is a zip."""
ROWS_MAX: Final = 500
LINES_MAX: Final = 1_048_576
"""Of a sheet, filled or not: no program writes more."""
LANGUAGES: Final = ("en", "zh", "de", "fr")
PLAIN: Final = ("act", "kind", "item", "round", "instrument")
WORDED: Final = ("title", "sector")
PARTY_WORDED: Final = ("name", "title", "authority")
_FIELDS: Final = {"names": "name"}
"""The column's word for a field."""


def job(given: bytes) -> bytes:
    return msgspec.json.encode(sheet(given))


def sheet(data: bytes) -> Sheet:
    """The acts, or the mistakes. Raises Refused `import-unreadable` when it is no table at all."""
    if len(data) > SIZE_MAX:
        raise Refused(UNREADABLE)
    lines = _filled(_xlsx(data) if data[:2] == b"PK" else _csv(data))
    if not lines:
        raise Refused(UNREADABLE)
    top, header = lines[0]
    columns = [each.strip().casefold() for each in header]
    wrong = [Wrong(top, name, refused) for name, refused in _mistakes(columns)]
    rows = []
    for number, cells in lines[1:] if not wrong else ():
        read = _row(number, columns, cells)
        if isinstance(read, Row):
            rows.append(read)
        else:
            wrong.append(read)
    seen: set[str] = set()
    for row in rows:
        if row.draft.act in seen:
            wrong.append(Wrong(row.row, "act", "act-twice", row.draft.act))
        seen.add(row.draft.act)
    return Sheet(rows, wrong)


def _filled(table: Iterable[list[str]]) -> list[tuple[int, list[str]]]:
    """The lines with something in them, by their number, up to the last one. Raises Refused for too many."""
    lines = []
    for number, cells in enumerate(table, 1):
        if any(cells):
            lines.append((number, cells))
        if len(lines) > ROWS_MAX + 1:
            raise Refused(UNREADABLE)
    return lines


def _mistakes(columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the header: the column, and why."""
    names = [name.removesuffix("_en") for name in columns if name]
    yield from ((name, "column-unknown") for name in columns if name and name not in _KNOWN)
    yield from ((name, "column-twice") for name in dict.fromkeys(names) if names.count(name) > 1)
    yield from ((name, "column-missing") for name in ("act", "kind", "item", "title") if name not in names)


def _names(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{language}" for language in LANGUAGES)


def _known() -> Iterator[str]:
    yield from PLAIN
    for name in WORDED:
        yield from _names(name)
    for party in range(1, PARTIES_MAX + 1):
        yield f"party{party}_venue"
        yield f"party{party}_signatory"
        for name in PARTY_WORDED:
            yield from _names(f"party{party}_{name}")


_KNOWN: Final = frozenset(_known())


def _row(number: int, columns: Sequence[str], line: Sequence[str]) -> Row | Wrong:
    """The row's act, or the first mistake in it."""
    for place, (name, cell) in enumerate(zip_longest(columns, line, fillvalue=""), 1):
        if cell and not name:
            return Wrong(number, get_column_letter(place), "cell-surplus", cell[:80])
    cells = dict(zip(columns, line, strict=False))
    fields: dict[str, Any] = {name: cells[name] for name in PLAIN if cells.get(name)}
    if "round" in fields:
        if not fields["round"].isascii() or not fields["round"].isdecimal():
            return Wrong(number, "round", "value-wrong", fields["round"][:80])
        fields["round"] = int(fields["round"][:6])
    for name in WORDED:
        if words := _words(cells, name):
            fields[name] = words
    parties = [party for party in range(1, PARTIES_MAX + 1) if any(_of(cells, party))]
    if parties != list(range(1, len(parties) + 1)):
        return Wrong(number, f"party{parties[0]}_venue", "party-missing")
    fields["parties"] = [_party(cells, party) for party in parties]
    try:
        draft = msgspec.convert({"type": "ceremony.draft", **fields}, Draft)
    except msgspec.ValidationError as odd:
        return _told(number, str(odd), cells)
    signatories = {
        party - 1: cells[f"party{party}_signatory"] for party in parties if cells.get(f"party{party}_signatory")
    }
    return Row(number, draft, signatories)


def _of(cells: Mapping[str, str], party: int) -> Iterator[str]:
    return (value for name, value in cells.items() if name.startswith(f"party{party}_") and value)


def _words(cells: Mapping[str, str], name: str) -> dict[str, str]:
    found = {language: cells[f"{name}_{language}"] for language in LANGUAGES if cells.get(f"{name}_{language}")}
    if cells.get(name):
        found["en"] = cells[name]
    return found


def _party(cells: Mapping[str, str], party: int) -> dict[str, Any]:
    known: dict[str, Any] = {"venue": cells.get(f"party{party}_venue", "")}
    for name, field in (("name", "names"), ("title", "title"), ("authority", "authority")):
        if words := _words(cells, f"party{party}_{name}"):
            known[field] = words
    return known


def _told(number: int, odd: str, cells: Mapping[str, str]) -> Wrong:
    """A validation error (`... - at `$.parties[0].names.en``, or a missing field) by its column."""
    path = odd.rpartition("`$")[2].strip("`.") if "`$" in odd else ""
    steps = path.replace("[", ".").replace("]", "").split(".") if path else []
    if "missing required field" in odd:
        steps = [*steps, odd.split("`")[1]]
    if steps[:1] == ["parties"] and len(steps) > 1:
        field = [_FIELDS.get(step, step) for step in steps[2:]]
        column = "_".join([f"party{int(steps[1]) + 1}", *field])
    else:
        column = "_".join(steps) or "act"
    refused = "parties-too-few" if steps == ["parties"] else "value-missing" if "missing" in odd else "value-wrong"
    return Wrong(number, column, refused, cells.get(column, "")[:80])


def _csv(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except (UnicodeDecodeError, csv.Error) as odd:
        raise Refused(UNREADABLE) from odd


def _xlsx(data: bytes) -> Iterator[list[str]]:
    """The first sheet's values, as they are shown; formulas count by their last value. Raises Refused as it is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > UNPACKED_MAX:
                raise Refused(UNREADABLE)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        first: Any = book.worksheets[0]
        first.reset_dimensions()  # what a file says of its size may be less than it holds
        for row in first.iter_rows(values_only=True, max_row=LINES_MAX):
            yield [_cell(value) for value in row]
    except Refused:
        raise
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        IndexError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
    ) as odd:
        raise Refused(UNREADABLE) from odd
    except SyntaxError as odd:
        raise Refused(UNREADABLE) from odd  # xml.etree's ParseError is one


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value).strip()
