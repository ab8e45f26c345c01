import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.kernel import Refused
from server.names import NAME_MAX, cleaned


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("  Änne   Groß ", "Änne Groß"),
        ("A\u0308nne", "Änne"),
        ("王\u202e小明\u0000", "王小明"),
        ("line\nbreak", "line break"),
        ("<b>Bob</b>", "<b>Bob</b>"),
    ],
)
def test_a_name_is_kept_as_people_read_it(given_name: str, kept: str) -> None:
    assert cleaned(given_name) == kept


@pytest.mark.parametrize("empty", ["", "   ", "\u200b\u202e", "\u200d"])
def test_a_name_that_nobody_can_read_is_empty(empty: str) -> None:
    with pytest.raises(Refused, match="name-empty"):
        cleaned(empty)


def test_a_name_has_an_end() -> None:
    assert len(cleaned("x" * NAME_MAX)) == NAME_MAX
    with pytest.raises(Refused, match="name-too-long"):
        cleaned("x" * (NAME_MAX + 1))


@given(st.text())
def test_any_text_is_a_clean_name_or_refused(text: str) -> None:
    try:
        name = cleaned(text)
    except Refused:
        return
    assert cleaned(name) == name
    name.encode()
