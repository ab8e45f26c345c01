"""Whether a PDF may be laid before the parties: nothing in it may run, hide or differ between two readers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pikepdf

from rooms.kernel import Refused

SIZE_MAX: Final = 20 * 1024 * 1024
PAGES_MAX: Final = 200
OBJECTS_MAX: Final = 200_000
DEPTH_MAX: Final = 60
"""Of arrays and dictionaries within one another; a page's resources need a tenth of it."""

TOO_LARGE: Final = "document-too-large"
BROKEN: Final = "document-broken"
ENCRYPTED: Final = "document-encrypted"
PAGES: Final = "document-pages"
SCRIPTS: Final = "document-scripts"
ATTACHMENTS: Final = "document-attachments"
DIFFERS: Final = "document-differs"

_RUNS: Final = frozenset(
    {
        "/JavaScript",
        "/Launch",
        "/Rendition",
        "/Movie",
        "/Sound",
        "/RichMediaExecute",
        "/ImportData",
        "/SubmitForm",
        "/ResetForm",
    }
)
"""Actions that run something, send it or change it (ISO 32000-2 sections 12.6.4 and 12.7.6)."""
_SHOWS: Final = frozenset({"/Hide", "/SetOCGState"})
"""Actions that show and hide (sections 12.6.4.11 and 12.6.4.13)."""
_PLAYS: Final = frozenset({"/Screen", "/Movie", "/Sound", "/RichMedia", "/3D"})


class Inspected(msgspec.Struct, frozen=True):
    """A document that may be signed."""

    pages: int


def job(given: bytes) -> bytes:
    """The document in, what is known of it out. Raises Refused."""
    return msgspec.json.encode(Inspected(inspected(given)))


def inspected(data: bytes) -> int:
    """How many pages it has. Raises Refused with the reason why it may not be signed."""
    if len(data) > SIZE_MAX:
        raise Refused(TOO_LARGE)
    if b"%PDF-" not in data[:1024]:
        raise Refused(BROKEN)
    try:
        with pikepdf.open(io.BytesIO(data), suppress_warnings=True, attempt_recovery=False) as pdf:
            if pdf.is_encrypted:
                raise Refused(ENCRYPTED)
            pages = len(pdf.pages)
            if not 1 <= pages <= PAGES_MAX:
                raise Refused(PAGES)
            _look_through(pdf)
            return pages
    except pikepdf.PasswordError:
        raise Refused(ENCRYPTED) from None
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, RecursionError):
        raise Refused(BROKEN) from None


def _look_through(pdf: pikepdf.Pdf) -> None:
    """Every object of the file, whether a page uses it or not."""
    if "/Collection" in pdf.Root:
        raise Refused(ATTACHMENTS)
    if "/OCProperties" in pdf.Root:  # layers: shown, printed, or neither (section 8.11)
        raise Refused(DIFFERS)
    if len(pdf.objects) > OBJECTS_MAX:
        raise Refused(TOO_LARGE)
    for each in pdf.objects:
        for found in _dictionaries(each, 0):
            _judge(found)


def _judge(found: Any) -> None:
    action = str(found.get("/S", ""))
    if "/JS" in found or "/XFA" in found or action in _RUNS:
        raise Refused(SCRIPTS)
    if action == "/GoToE":  # into a file within a file (section 12.6.4.4)
        raise Refused(ATTACHMENTS)
    subtype = str(found.get("/Subtype", ""))
    if action in _SHOWS or (subtype == "/Form" and "/Ref" in found):  # a page of another file (section 8.10.4)
        raise Refused(DIFFERS)
    if subtype in _PLAYS and "/Rect" in found:
        raise Refused(SCRIPTS)
    if "/EF" in found or "/EmbeddedFiles" in found or (subtype == "/FileAttachment" and "/Rect" in found):
        raise Refused(ATTACHMENTS)


def _dictionaries(value: Any, depth: int) -> Iterator[Any]:
    """The dictionaries directly in an object; what it refers to comes by itself."""
    if depth > DEPTH_MAX:
        raise Refused(BROKEN)
    match value:
        case pikepdf.Dictionary() | pikepdf.Stream():
            yield value
            for key in value.keys():  # noqa: SIM118  a Stream is no mapping
                yield from _within(value.get(key), depth)
        case pikepdf.Array():
            for each in value:
                yield from _within(each, depth)
        case _:
            pass


def _within(value: Any, depth: int) -> Iterator[Any]:
    if isinstance(value, pikepdf.Object) and not value.is_indirect:
        yield from _dictionaries(value, depth + 1)
