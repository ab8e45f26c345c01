"""A commitment binds to its value, and tells nothing of it."""

from __future__ import annotations

import hashlib

from server.records.commitments import Kind, opened

SALT = bytes(range(32))


def test_a_commitment_is_what_the_protocol_says() -> None:
    kind = hashlib.sha256(b"signatory").digest()
    expected = hashlib.sha256(b"twinhall/ceremony/commitment/v1\0" + SALT + kind + '"陈晨"'.encode())
    assert opened(Kind.SIGNATORY, "陈晨", SALT).commitment == expected.hexdigest()


def test_another_value_salt_or_kind_is_another_commitment() -> None:
    first = opened(Kind.SIGNATORY, "Anna", SALT).commitment
    others = [
        opened(Kind.SIGNATORY, "Anne", SALT),
        opened(Kind.SIGNATORY, "Anna", bytes(32)),
        opened(Kind.STROKES, "Anna", SALT),
    ]
    assert first not in {other.commitment for other in others}


def test_strokes_are_committed_to_as_they_came() -> None:
    strokes = {"aspect": 3, "strokes": [[[0.1, 0.25, 0.5, 1669190000000.125]]]}
    assert opened(Kind.STROKES, strokes, SALT).commitment == opened(Kind.STROKES, dict(strokes), SALT).commitment
