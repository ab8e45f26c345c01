"""Spreadsheets of acts, as organisers send them."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl

COLUMNS = (
    "act", "kind", "item", "round", "title", "title_zh", "sector",
    "party1_venue", "party1_name", "party1_name_de", "party1_signatory",
    "party2_venue", "party2_name", "party2_signatory",
)  # fmt: skip


def row(act: str, **changes: object) -> list[object]:
    """A row with nothing wrong in it."""
    whole: dict[str, object] = {
        "act": act, "kind": "signing", "item": "projects", "round": 2, "title": f"Battery works, {act}",
        "title_zh": "电池厂", "sector": "New energy", "party1_venue": "changzhou", "party1_name": "Works of Changzhou",
        "party1_name_de": "Werk Changzhou", "party1_signatory": "杨红新", "party2_venue": "frankfurt",
        "party2_name": "City of Frankfurt", "party2_signatory": "Jörg Öztürk",
    }  # fmt: skip
    return [(whole | changes)[name] for name in COLUMNS]


def csv(path: Path, *rows: list[object]) -> Path:
    """With semicolons and a byte order mark, as a German spreadsheet saves it."""
    lines = [";".join(map(str, each)) for each in (COLUMNS, *rows)]
    path.write_text("\r\n".join(lines), "utf-8-sig")
    return path


def xlsx(path: Path, *rows: list[object]) -> Path:
    book, packed = openpyxl.Workbook(), io.BytesIO()
    for each in (COLUMNS, *rows):
        book.active.append(list(each))
    book.save(packed)
    path.write_bytes(packed.getvalue())
    return path
