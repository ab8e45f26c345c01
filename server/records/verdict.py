"""What verifying found of a file, in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any

import msgspec

from server.records.shape import Record


class Status(IntEnum):
    """The exit status."""

    WHOLE = 0
    DAMAGED = 1
    NOT_OURS = 2


class Checked(msgspec.Struct):
    """One file: its status and what there is to say of it, line by line.

    `value` is the record as JSON; `seal` the SHA-256 of the certificate that sealed it, if it is a PDF that is sealed.
    """

    name: str
    status: Status = Status.WHOLE
    lines: list[str] = []
    record: Record | None = None
    value: dict[str, Any] = {}
    sha256: str = ""
    seal: str = ""

    def well(self, words: str) -> None:
        self.lines.append(f"ok       {words}")

    def note(self, words: str) -> None:
        self.lines.append(f"note     {words}")

    def damaged(self, words: str) -> None:
        self.status = Status.DAMAGED
        self.lines.append(f"DAMAGED  {words}")

    def foreign(self, words: str) -> None:
        self.status = max(self.status, Status.NOT_OURS)
        self.lines.append(f"NOT OURS {words}")


def overall(checked: Sequence[Checked]) -> Status:
    """One damaged file is damage; else one foreign file is not ours."""
    statuses = {each.status for each in checked}
    return next((each for each in (Status.DAMAGED, Status.NOT_OURS) if each in statuses), Status.WHOLE)


def said(checked: Sequence[Checked]) -> Iterator[str]:
    """What to print."""
    for each in checked:
        yield f"{_plain(each.name)}: {('whole', 'damaged', 'not ours')[each.status]}"
        yield from (f"  {_plain(line)}" for line in each.lines)


def _plain(line: str) -> str:
    """A line that moves no cursor, whatever was in the file."""
    return re.sub(r"[^\x20-\x7e\u00a0-\u2027\u2030-\ud7ff\uf900-\ufffd]", "?", line)[:500]
