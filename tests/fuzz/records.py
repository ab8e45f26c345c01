"""What `scripts/verify` reads: records in JSON and PDFs from anybody, to the end of a sealed chain."""

from __future__ import annotations

import copy
import functools
import json
import zlib
from collections.abc import Iterator

from rooms.kernel import Refused
from scripts.fuzzing.target import Target
from server.records.attachment import inflated
from server.records.canonical import canonical
from server.records.checkpoint import Signer
from server.records.inspection import inspected
from server.records.record import act_record
from server.records.sheet import sheet
from server.records.verdict import Status, said
from server.records.verify import verify
from tests.server.records import papers
from tests.server.records.staged import FRAME, PROJECT, staged

SIGNER = Signer(bytes(32))


def record(given: bytes) -> None:
    """A file of any bytes: it is judged, and what is said of it moves no cursor."""
    [checked] = verify([("given", given)])
    assert checked.status in Status
    assert all(line.isprintable() for line in said([checked]))
    assert checked.lines, "something is said of every file"


def deflated(given: bytes) -> None:
    """An attached stream, as deflated bytes and as they are: what comes out is bounded."""
    for raw in (given, zlib.compress(given)):
        assert len(inflated(raw).data) <= 32 * 1024 * 1024
    assert inflated(zlib.compress(given)).data == given


def document(given: bytes) -> None:
    """A PDF that an organiser brings: it is refused with a code, or has pages."""
    try:
        pages = inspected(given)
    except Refused as refusal:
        code = refusal.code
    else:
        assert 1 <= pages <= 200
        return
    assert code.startswith("document-")


def spreadsheet(given: bytes) -> None:
    """A table of acts, CSV or XLSX: refused as a whole, or read, each mistake with its row."""
    try:
        read = sheet(given)
    except Refused as refusal:
        code = refusal.code
    else:
        assert all(each.row >= 1 and each.refused for each in read.wrong)
        return
    assert code == "import-unreadable"


@functools.cache
def _whole() -> bytes:
    return canonical(act_record(FRAME, staged().facts, PROJECT))


def _records() -> Iterator[bytes]:
    value = act_record(FRAME, staged().facts, PROJECT)
    yield _whole()
    for fact in ({}, {"event": 1}, {"event": {"type": "ceremony.locked", "parties": [1]}, "at_ms": 1e300}):
        forged = copy.deepcopy(value)
        forged["chain"]["entries"][-1]["fact"] = fact
        yield canonical({**forged, "signature": SIGNER.sign("record", forged)})
    for odd in ({"act": None}, {"subject": "ceremony"}, {"room": "\ud800"}, {"conference": {"id": "\ud800"}}):
        yield json.dumps({**value, **odd}).encode()
    yield b'{"format":"twinhall-ceremony-1","chain":{"entries":[' + b"[" * 500
    yield b"%PDF-1.7\ntwinhall-ceremony-1\ntrailer<</Root 1 0 R>>"


def _documents() -> Iterator[bytes]:
    yield papers.paper(pages=1)
    for change in (
        papers.opens_with_a_script,
        papers.starts_a_program,
        papers.carries_a_file,
        papers.pins_a_file,
        papers.has_layers,
        papers.shows_a_page_of_another_file,
    ):
        yield papers.paper(change, pages=1)


def _tables() -> Iterator[bytes]:
    header = "act;kind;item;title_en;round;party1_venue;party1_name;party2_venue;party2_name;party1_signatory"
    yield f"{header}\na;signing;projects;T;1;changzhou;A;frankfurt;B;Li\n\n;;;;x".encode()
    yield '\ufeffact,kind,item,title\n"a\n","b""c",,'.encode()
    yield b"PK\x05\x06" + bytes(18)


TARGETS = (
    Target("record", record, functools.partial(list, _records()), size_max=32 * 1024),
    Target("deflated", deflated, functools.partial(list, [b"", b"\x78\x9c\x03", bytes(4000)]), size_max=8 * 1024),
    Target("document", document, functools.partial(list, _documents())),
    Target("spreadsheet", spreadsheet, functools.partial(list, _tables())),
)
