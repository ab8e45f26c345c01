"""A checkpoint is true only as it was signed."""

from __future__ import annotations

from msgspec.structs import replace

from server.records.canonical import Digest
from server.records.checkpoint import Signer, verified

SIGNER = Signer(bytes(range(32)))
HEAD = Digest("ab" * 32)
POINT = SIGNER.checkpoint("jiangsu-2022", "stage", 7, HEAD, 1000)


def test_a_checkpoint_of_the_node_is_true() -> None:
    assert POINT.is_true
    assert POINT.key == SIGNER.public


def test_whatever_is_changed_in_it_makes_it_untrue() -> None:
    others = {
        "conference": "x",
        "room": "x",
        "count": 8,
        "head": Digest("00" * 32),
        "at_ms": 1,
        "key": Signer(bytes(32)).public,
    }
    for name, value in others.items():
        assert not replace(POINT, **{name: value}).is_true, name


def test_a_signature_serves_one_purpose() -> None:
    value = {"a": 1}
    signed = {**value, "signature": SIGNER.sign("record", value)}
    assert verified("record", signed, SIGNER.public)
    assert not verified("checkpoint", signed, SIGNER.public)


def test_a_key_that_is_none_verifies_nothing() -> None:
    assert not verified("record", {"signature": "zz"}, "00" * 32)
    assert not verified("record", {"a": float("inf")}, SIGNER.public)
