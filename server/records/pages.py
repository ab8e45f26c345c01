"""Page images of a document, rendered from the very bytes that its hash is of."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Final

import msgspec
import pypdfium2

from rooms.kernel import Refused
from server.records.canonical import Digest

WIDTH_PX: Final = 1240
"""An A4 page at 150 dpi: sharp on a tablet."""
HEIGHT_MAX_PX: Final = 4 * WIDTH_PX


class Wanted(msgspec.Struct, frozen=True):
    """Pages `first` to `last` (from 1) of the document in `file`, as `<folder>/<digest>-<page>.png`."""

    file: str
    digest: Digest
    first: int
    last: int
    folder: str


def image(folder: Path, digest: Digest, page: int) -> Path:
    """Where the image of a page is kept."""
    return folder / f"{digest}-{page}.png"


def job(given: bytes) -> bytes:
    """Render what is wanted; raises Refused for bytes that are not those of the hash, or no such page."""
    wanted = msgspec.json.decode(given, type=Wanted)
    data = Path(wanted.file).read_bytes()
    if hashlib.sha256(data).hexdigest() != wanted.digest:
        raise Refused("document-changed")
    document = opened(data)
    if not 1 <= wanted.first <= len(document):
        raise Refused("page-unknown")
    for number in range(wanted.first, min(wanted.last, len(document)) + 1):
        path = image(Path(wanted.folder), wanted.digest, number)
        fresh = path.with_suffix(f".{os.getpid()}.new")  # readers that turn on from two pages meet at a third
        fresh.write_bytes(rendered(document, number))
        fresh.replace(path)
    return b""


def opened(data: bytes) -> pypdfium2.PdfDocument:
    """The document with its form: what was filled in is drawn, and no script runs (inspection lets none in)."""
    document = pypdfium2.PdfDocument(data)
    document.init_forms()
    return document


def rendered(document: pypdfium2.PdfDocument, number: int) -> bytes:
    """A page as PNG, at most WIDTH_PX wide."""
    page = document[number - 1]
    width, height = page.get_size()
    scale = min(WIDTH_PX / max(width, 1), HEIGHT_MAX_PX / max(height, 1))
    out = io.BytesIO()
    page.render(scale=scale).to_pil().convert("RGB").save(out, "PNG")
    return out.getvalue()
