"""Acts as a spreadsheet's rows: what the job that reads one says, and the web process takes."""

from __future__ import annotations

from typing import Final

import msgspec

from rooms.ceremony.commands import Draft

SIZE_MAX: Final = 2 * 1024 * 1024
"""Bytes of a spreadsheet."""
UNREADABLE: Final = "import-unreadable"


class Wrong(msgspec.Struct, frozen=True):
    """One mistake: in which row (as the spreadsheet counts) and column, why, the value, and what fills the words in."""

    row: int
    column: str
    refused: str
    value: str = ""
    params: dict[str, str | int] = {}


class Row(msgspec.Struct, frozen=True):
    """An act as a row gives it; `signatories` by party."""

    row: int
    draft: Draft
    signatories: dict[int, str] = {}


class Sheet(msgspec.Struct, frozen=True):
    """What a spreadsheet holds: take the rows only if nothing is wrong."""

    rows: list[Row] = []
    wrong: list[Wrong] = []
