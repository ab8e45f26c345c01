"""What `scripts/verify` reads: records in JSON and PDFs from anybody, to the end of a sealed chain."""

from __future__ import annotations

import copy
import functools
import zlib
from collections.abc import Iterator

from scripts.fuzzing.target import Target
from server.records.attachment import inflated
from server.records.canonical import canonical
from server.records.checkpoint import Signer
from server.records.record import act_record
from server.records.verdict import Status, said
from server.records.verify import verify
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
    yield b'{"format":"twinhall-ceremony-1","chain":{"entries":[' + b"[" * 500
    yield b"%PDF-1.7\ntwinhall-ceremony-1\ntrailer<</Root 1 0 R>>"


TARGETS = (
    Target("record", record, functools.partial(list, _records()), size_max=32 * 1024),
    Target("deflated", deflated, functools.partial(list, [b"", b"\x78\x9c\x03", bytes(4000)]), size_max=8 * 1024),
)
