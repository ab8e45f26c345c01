"""STUN checks (RFC 5769 vectors), and the silence that everything else meets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.stun import answer, read_check, request

PWD = "VOkJxbRl1RmTxUk/WvJxBt"
SAMPLE = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b3600060009"
    "6576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)


def test_the_request_of_rfc_5769_is_read_and_proven() -> None:
    check = read_check(SAMPLE)
    assert check is not None
    assert check.username == "evtj:h6vY"
    assert not check.use_candidate
    assert check.proven(PWD)
    assert not check.proven(PWD + "x")


def test_the_answer_carries_the_mapped_address_of_rfc_5769() -> None:
    check = read_check(SAMPLE)
    assert check is not None
    response = answer(check, PWD, "192.0.2.1", 32853)
    assert response[:4] == bytes.fromhex("0101002c")
    assert bytes.fromhex("002000080001a147e112a643") in response
    assert len(response) < len(SAMPLE)
    six = answer(check, PWD, "2001:db8:1234:5678:11:2233:4455:6677", 32853)
    assert bytes.fromhex("002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9") in six
    assert len(six) < len(SAMPLE)


def test_a_nominating_check_says_so() -> None:
    check = read_check(request(b"transaction1", "a:b", "secret", True))
    assert check is not None
    assert check.use_candidate


def test_a_check_cut_anywhere_is_nothing() -> None:
    assert all(read_check(SAMPLE[:size]) is None for size in range(len(SAMPLE)))


@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255))
def test_a_changed_check_is_not_proven(place: int, change: int) -> None:
    changed = bytearray(SAMPLE)
    changed[place] ^= change
    check = read_check(bytes(changed))
    assert check is None or not check.proven(PWD) or place >= len(SAMPLE) - 8


@given(st.binary(max_size=200))
def test_garbage_is_no_check(garbage: bytes) -> None:
    assert read_check(garbage) is None
