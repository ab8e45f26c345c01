"""Canonical JSON (RFC 8785) and hashes that serve one purpose only."""

from __future__ import annotations

import hashlib

import pytest

from server.records.canonical import Unreadable, canonical, hashed, read


def test_the_example_of_the_rfc_is_written_as_the_rfc_says() -> None:
    given = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\u002f",
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(given) == expected.encode()


def test_keys_are_sorted_by_utf_16_units() -> None:
    given = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(read(canonical(given)).values()) == [2, 4, 6, 7, 1, 5, 3]


def test_what_was_read_is_written_the_same() -> None:
    written = canonical({"b": [1, 2.5, "常州"], "a": {"z": None, "y": True}})
    assert canonical(read(written)) == written


@pytest.mark.parametrize(
    "odd",
    [b"", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"[" * 100_000, b"\xff", b'{"a":1}x', b"-Infinity", b"9" * 5000],
)
def test_anything_odd_is_refused_in_words(odd: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        read(odd)
    assert str(refused.value)


@pytest.mark.parametrize("odd", [float("inf"), 2**60, "\ud800", {1: 2}, {"a": {3}}])
def test_what_json_cannot_hold_is_not_written(odd: object) -> None:
    with pytest.raises(Unreadable):
        canonical(odd)


def test_one_value_has_another_hash_for_each_purpose() -> None:
    assert hashed("entry", b"x") != hashed("link", b"x")
    assert hashed("entry", b"x") == hashlib.sha256(b"twinhall/ceremony/entry/v1\0x").hexdigest()
