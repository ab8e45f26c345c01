"""PictureIDs of both widths, cut short at each byte, and moved within their width."""

import pytest

from media.picture_id import PictureId, moved, read


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b"\x00\x7f", PictureId(1, 0x7F, 7)),
        (b"\x00\x80\x00", PictureId(1, 0, 15)),
        (b"\x00\xff\xfe", PictureId(1, 0x7FFE, 15)),
        (b"\x00", None),
        (b"\x00\x80", None),
    ],
)
def test_a_picture_id_says_its_width_by_its_first_bit(payload: bytes, found: PictureId | None) -> None:
    assert read(payload, 1) == found


def test_a_picture_id_that_is_not_there_takes_no_byte() -> None:
    assert [PictureId().size, PictureId(1, 5, 7).size, PictureId(1, 5, 15).size] == [0, 1, 2]


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"\x00\x7f\xff", b"\x00\x01\x00"), (b"\x00\xff\xff\xff", b"\x00\x80\x01\x00")],
)
def test_numbers_wrap_within_their_width(before: bytes, after: bytes) -> None:
    picture = read(before, 1)
    assert picture is not None
    assert moved(before, picture, 2, len(before) - 1, 1) == after


def test_what_is_not_there_stays_away() -> None:
    assert moved(b"\x10", PictureId(), 3, -1, 4) == b"\x10"
