"""A table as XLSX in a process of its own: `python -m server.workbook` reads JSON Lines, the columns' names first, and
writes the workbook to stdout. In the web process its seconds of Python would hold everybody up.
"""

from __future__ import annotations

import asyncio
import io
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

import msgspec

from media.children import signalled

HOUSE: Final = Path(__file__).parents[1]
Cell = str | int | float | bool


class WorkbookFailed(Exception):
    """The process died: its last words."""


async def workbook(lines: AsyncIterator[bytes]) -> bytes:
    """The workbook of JSON Lines. Raises WorkbookFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.workbook",
        cwd=HOUSE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    try:
        async for line in lines:
            process.stdin.write(line)
            await process.stdin.drain()
        process.stdin.close()  # a communicate() without input leaves it open before Python 3.12
        out, words = await process.communicate()
    finally:
        if process.returncode is None:
            signalled(process, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        raise WorkbookFailed(words.decode("utf-8", "replace")[-300:])
    return out


def written(lines: Iterable[bytes]) -> bytes:
    """One sheet, every text as a text: no formula, no link."""
    import xlsxwriter  # only this process needs it

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 1)
    for number, line in enumerate(lines):
        for place, cell in enumerate(msgspec.json.decode(line, type=list[Cell])):
            if isinstance(cell, str):
                sheet.write_string(number, place, cell)
            else:
                sheet.write(number, place, cell)
    book.close()
    return file.getvalue()


if __name__ == "__main__":
    sys.stdout.buffer.write(written(sys.stdin.buffer))
