from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms import conferences
from rooms.toml_lines import DEPTH_MAX, Path, lines_of

TEXT = '''# head
title = { en = "A # no comment", de = 'B' }   # a comment = [
"quoted key".sub = 1.5

[[venues]]
id = "one"
more = [
    { a = 1 },  # first
    { a = 2, b = [3, [4]] },
]

[[venues]]
id = """
two = [
"""
day = 2022-07-07 15:00:00

[venues.inner]
x = true
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("title", "de"), 2),
        (("quoted key", "sub"), 3),
        (("venues",), 5),
        (("venues", 0), 5),
        (("venues", 0, "id"), 6),
        (("venues", 0, "more", 0, "a"), 8),
        (("venues", 0, "more", 1, "b", 1, 0), 9),
        (("venues", 1), 12),
        (("venues", 1, "day"), 16),
        (("venues", 1, "inner"), 18),
        (("venues", 1, "inner", "x"), 19),
    ],
)
def test_every_value_is_found_in_its_line(path: Path, line: int) -> None:
    assert lines_of(TEXT)[path] == line


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


PIECES = st.sampled_from(
    [
        "[a]",
        "[[b]]",
        "[b.c]",
        "[[b.d]]",
        "[[ b . 'd' ]]",
        "x = 1",
        "y.z = 'a]'",
        'q = "#\\"["',
        "k = [1, [2, {m = 3}],]",
        "l = [\n 1, # c\n 2\n]",
        't = """\n[no]\n"""',
        "u = '''x''''",
        "v = {}",
        "w = []",
        "'é k' = -1.5e3",
        "# c",
        "",
        "s = { i = { j = [ { k = 1 } ] }, n.o = 07:00:00 }",
    ]
)


@given(st.lists(PIECES, max_size=12))
def test_a_line_is_known_for_each_value_and_for_nothing_else(pieces: list[str]) -> None:
    text = "\n".join(pieces)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(lines_of(text)) == set(paths(values))


def test_keys_too_deep_to_matter_have_no_line_of_their_own() -> None:
    assert max(map(len, lines_of(".".join("a" * 5000) + " = 1\n[" + ".".join("b" * 5000) + "]"))) == DEPTH_MAX


def test_the_built_in_conferences_have_a_line_for_each_value() -> None:
    for name in conferences.names():
        text = conferences.text(name)
        assert set(lines_of(text)) == set(paths(tomllib.loads(text)))
