"""Acts out of a spreadsheet: each row an act, each mistake with its row and column."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest

from rooms.kernel import Refused
from server.records.sheet import ROWS_MAX, Sheet, sheet

HEADER = (
    "act,kind,item,title,title_zh,sector,round,party1_venue,party1_name,party1_signatory,party2_venue,party2_name_de"
)
ROW = "p-1,signing,projects,Batteries,电池,Energy,2,changzhou,SVOLT,杨红新,frankfurt,Stadt"


def read(*lines: str) -> Sheet:
    return sheet("\n".join((HEADER, *lines)).encode())


def wrong(*lines: str) -> list[tuple[int, str, str]]:
    return [(each.row, each.column, each.refused) for each in read(*lines).wrong]


def test_a_row_is_an_act_with_its_parties_and_who_signs() -> None:
    found = sheet((HEADER.replace("party2_name_de", "party2_name") + "\n" + ROW).encode())
    assert found.wrong == []
    [row] = found.rows
    assert (row.draft.act, row.draft.round, row.draft.title.zh) == ("p-1", 2, "电池")
    assert [party.names.en for party in row.draft.parties] == ["SVOLT", "Stadt"]
    assert row.signatories == {0: "杨红新"}


def test_every_row_tells_its_own_mistake_by_row_and_column() -> None:
    good = ROW.replace("Stadt", "")
    assert wrong(ROW) == [(2, "party2_name_en", "value-missing")]
    assert wrong(good) == [(2, "party2_name", "value-missing")]
    assert wrong(ROW.replace("p-1", "P 1"), ROW.replace("signing", "dance"), ROW.replace(",2,", ",two,")) == [
        (2, "act", "value-wrong"),
        (3, "kind", "value-wrong"),
        (4, "round", "value-wrong"),
    ]


def test_an_act_that_is_given_twice_is_told() -> None:
    lines = (HEADER.replace("party2_name_de", "party2_name"), ROW, ROW)
    assert [each.refused for each in sheet("\n".join(lines).encode()).wrong] == ["act-twice"]


def test_columns_that_are_unknown_or_missing_are_told() -> None:
    found = sheet(b"act,kind,titel\na,signing,x")
    assert [(each.column, each.refused) for each in found.wrong] == [
        ("titel", "column-unknown"),
        ("item", "column-missing"),
        ("title", "column-missing"),
    ]


def test_columns_that_say_the_same_twice_are_told() -> None:
    found = sheet(b"act,kind,item,title,act,title_en\na,signing,projects,x,b,y")
    assert [(each.column, each.refused) for each in found.wrong] == [
        ("act", "column-twice"),
        ("title", "column-twice"),
    ]


def test_a_cell_under_no_column_s_name_is_told() -> None:
    header = HEADER.replace("party2_name_de", "party2_name")
    beside = [(header, f"{ROW},left over"), (f"{header},,", f"{ROW},,,"), (f"{header},,", f"{ROW},,left over")]
    told = [
        [(each.row, each.column, each.refused) for each in sheet("\n".join(lines).encode()).wrong] for lines in beside
    ]
    assert told == [[(2, "M", "cell-surplus")], [], [(2, "N", "cell-surplus")]]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_of_another_country_is_read_too(delimiter: str) -> None:
    text = "\ufeff" + "\r\n".join((HEADER.replace("party2_name_de", "party2_name"), ROW)).replace(",", delimiter)
    assert sheet(text.encode()).wrong == []


def xlsx(rows: Sequence[Sequence[object]]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def test_an_xlsx_is_read_like_a_csv_empty_lines_and_numbers_too() -> None:
    rows = [
        HEADER.replace("party2_name_de", "party2_name").split(","),
        [],
        [*ROW.split(",")[:6], 2, *ROW.split(",")[7:]],
    ]
    found = sheet(xlsx(rows))
    assert found.wrong == []
    assert [(row.row, row.draft.round) for row in found.rows] == [(3, 2)]


def test_rows_far_below_count_whatever_the_file_says_of_its_size() -> None:
    row = [*ROW.split(",")[:6], 2, *ROW.split(",")[7:]]
    book, out = openpyxl.Workbook(), io.BytesIO()
    for place, cell in enumerate(HEADER.replace("party2_name_de", "party2_name").split(","), 1):
        book.active.cell(1, place, cell)
        book.active.cell(2 * ROWS_MAX, place, row[place - 1])
    book.save(out)
    assert [each.row for each in sheet(out.getvalue()).rows] == [2 * ROWS_MAX]
    assert [each.row for each in sheet(shrunk(out.getvalue())).rows] == [2 * ROWS_MAX]


def shrunk(data: bytes) -> bytes:
    """The same workbook, which says that its sheet is one cell."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as written:
        for each in given.infolist():
            content = given.read(each)
            written.writestr(each, re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', content))
    return out.getvalue()


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"PK\x03\x04zip", b"PK", b"\n\n", bytes(3_000_000)])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="import-unreadable"):
        sheet(data)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(Refused, match="import-unreadable"):
        read(*[ROW] * (ROWS_MAX + 1))
    with pytest.raises(Refused, match="import-unreadable"):
        sheet(xlsx([HEADER.split(","), *[ROW.split(",")] * (ROWS_MAX + 1)]))
