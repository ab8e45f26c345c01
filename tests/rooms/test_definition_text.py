from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms import conferences
from rooms.definition import Definition
from rooms.definition_text import TEXT_MAX, DefinitionError, read

SMALL = """\
id = "small"
day = 2026-12-01
title = { en = "Small" }

[[rooms]]
id = "stage"
title = { en = "Stage" }

[[venues]]
id = "minden"
main = true
zone = "Europe/Berlin"
city = { en = "Minden" }
name = { en = "Hall" }

[[sources]]
id = "minden/camera-1"
venue = "minden"
name = { en = "Camera" }

[[sources]]
id = "speaker/li"
kind = "person"
person = "li"
name = { en = "Li" }

[[people]]
id = "li"
name = { en = "Li" }

[[items]]
id = "opening"
kind = "opening"
start = "15:00"
minutes = 10
title = { en = "Opening" }
sources = ["minden/camera-1"]

[[items]]
id = "signing"
kind = "signing"
start = "15:10"
minutes = 10
title = { en = "Signing" }

[[projects]]
id = "one"
item = "signing"
title = { en = "One" }
parties = [{ venue = "minden" }, { venue = "minden" }]
"""

BROKEN = [
    ('id = "small"', 'id = "Small One"', 1, "id is not written", "small letters"),
    ('id = "small"', 'id = "small\\n"', 1, "id is not written", "small letters"),
    ("day = 2026-12-01", 'day = "tomorrow"', 2, "day is of the wrong kind", "day = 2022-07-07"),
    ("day = 2026-12-01\n", "", 1, "day is missing", "day = 2022-07-07"),
    ("day = 2026-12-01", "day = 2026-13-01", 2, "not TOML", "Compare"),
    ('title = { en = "Small" }', 'title = "Small"', 3, "title is of the wrong kind", "{ en ="),
    ('title = { en = "Small" }', 'title = { de = "Klein" }', 3, "en is missing in title", "at least English"),
    ('title = { en = "Small" }', 'title = { en = "Small", it = "x" }', 3, "it is not known in title", "en, zh, de, fr"),
    ('title = { en = "Small" }', 'title = { en = "" }', 3, "less than 1", "English"),
    ('title = { en = "Small" }', 'title = { en = "Small"', 3, "not TOML", "Close what is open"),
    ('title = { en = "Small" }', "title = Small", 3, "not TOML", "double quotes"),
    ('id = "small"', 'id = "small"\nid = "twice"', 2, "not TOML", "once"),
    ('id = "small"', 'id = "small"\ncodecs = ["MPEG"]', 2, "does not know 'MPEG'", "VP8, H264"),
    ('id = "small"', 'id = "small"\ncodecs = ["opus"]', 2, "lack a picture", "VP8"),
    ('id = "small"', 'id = "small"\ncodecs = ["VP8"]', 2, "lack opus", "opus"),
    ('id = "small"', 'id = "small"\nrooms = []', 6, "not TOML", "once"),
    ("[[rooms]]", "[[halls]]", 5, "halls is not known in the head of the file", "Known here"),
    ("[[rooms]]", "[rooms]", 5, "rooms is of the wrong kind", "[[rooms]]"),
    ("main = true\n", "", 9, "no venue is the main one", "main = true"),
    ("main = true", "main = 1", 11, "main is of the wrong kind", "without quotes"),
    ("zone =", "zonne =", 12, "zonne is not known in venues", "Perhaps zone"),
    ('"Europe/Berlin"', '"Europe/Bielefeld"', 12, "zone Europe/Bielefeld is unknown", "tz database"),
    ('"Europe/Berlin"', '"../../etc/passwd"', 12, "zone ../../etc/passwd is unknown", "tz database"),
    ('"Europe/Berlin"', '"Europe"', 12, "zone Europe is unknown", "tz database"),
    ('id = "minden"\n', 'id = "speaker"\n', 10, "can't be called speaker", "city"),
    ('venue = "minden"\nname', 'venue = "mindn"\nname', 18, "venue mindn of minden/camera-1 is unknown", "minden"),
    ('venue = "minden"\nname', "name", 16, "has no venue", 'venue = "minden"'),
    ('id = "minden/camera-1"', 'id = "bonn/camera-1"', 17, "does not begin with its venue", '"minden/camera-1"'),
    ('id = "minden/camera-1"', 'id = "camera-1"', 17, "id is not written", "<venue>/<what>"),
    ('id = "minden/camera-1"\n', 'id = "minden/camera-1"\nkind = "drone"\n', 18, "does not know 'drone'", "camera"),
    ('kind = "person"\n', "", 21, "speaker/li is a person's source of kind camera", 'kind = "person"'),
    ('person = "li"', 'person = "lu"', 24, "person lu is unknown", "[[people]]"),
    ('person = "li"\n', "", 21, "names no person", "[[people]]"),
    ('id = "speaker/li"', 'id = "speaker/lu"', 22, "does not name its person", '"speaker/li"'),
    ('id = "speaker/li"', 'id = "minden/camera-1"', 22, "stands twice in sources", "id of its own"),
    ('start = "15:00"', 'start = "25:00"', 34, "start is not written", '"15:00"'),
    ('start = "15:10"', 'start = "15:09"', 42, "starts at 15:09, but opening lasts until 15:10", "shorten"),
    ('start = "15:10"', 'start = "14:00"', 42, "signing starts before opening", "order"),
    ('start = "15:10"', 'start = "23:51"', 43, "ends after midnight", "24:00"),
    ("minutes = 10", "minutes = 0", 35, "minutes is of the wrong kind", "1 to 1440"),
    ('id = "signing"', 'id = "opening"', 40, "opening stands twice in items", "id of its own"),
    (
        '["minden/camera-1"]',
        '["minden/camera-2"]',
        37,
        "source minden/camera-2 of opening is unknown",
        "minden/camera-1",
    ),
    ('id = "opening"', 'id = "opening"\nroom = "booth"', 33, "room booth of opening is unknown", "stage"),
    ('item = "signing"', 'item = "lunch"', 48, "item lunch of project one is unknown", "opening, signing"),
    ('[{ venue = "minden" }, {', "[{", 50, "parties has less than 2", "2 to 6"),
    ('{ venue = "minden" }]', '{ venue = "bonn" }]', 50, "venue bonn of a party of one is unknown", "minden"),
    ('item = "signing"', 'item = "signing"\nkind = "party"', 49, "does not know 'party'", "unveiling"),
    ('item = "signing"', 'item = "signing"\nround = 0', 49, "round is of the wrong kind", "from 1"),
    ('item = "signing"', 'item = "signing"\ninstrument = "wax"', 49, "does not know 'wax'", "paper, qes, ca"),
    ('item = "signing"', 'item = "signing"\nsector = "cars"', 49, "sector is of the wrong kind", "{ en ="),
    ("main = true", "main = true\npads = 1", 51, "2 parties at minden, where 1 tablets stand", "pads = 2"),
    ("main = true", "main = true\npads = 7", 12, "pads is of the wrong kind", "0 to 6"),
]

ROUNDS = (
    SMALL.replace('item = "signing"', 'item = "signing"\nround = 2')
    + """
[[projects]]
id = "two"
item = "signing"
title = { en = "Two" }
parties = [{ venue = "minden" }, { venue = "minden" }, { venue = "minden" }]
"""
)


def test_rounds_of_an_item_follow_one_another() -> None:
    with pytest.raises(DefinitionError, match="two has round 1, one above it has round 2"):
        read(ROUNDS)
    assert read(ROUNDS.replace('id = "two"', 'id = "two"\nround = 2')).projects[1].round == 2


def test_nobody_is_called_like_a_tablet() -> None:
    with pytest.raises(DefinitionError, match="a person can't be called pad-li"):
        read(SMALL.replace('"li"', '"pad-li"').replace("speaker/li", "speaker/pad-li"))


def test_an_unveiling_has_two_hands() -> None:
    with pytest.raises(DefinitionError, match="line 59: the unveiling two has 3 parties"):
        read(ROUNDS.replace('id = "two"', 'id = "two"\nround = 2\nkind = "unveiling"'))


@pytest.mark.parametrize(("old", "new", "line", "what", "mend"), BROKEN)
def test_a_mistake_is_named_with_its_line_and_its_mend(old: str, new: str, line: int, what: str, mend: str) -> None:
    assert old in SMALL
    with pytest.raises(DefinitionError) as error:
        read(SMALL.replace(old, new, 1))
    assert what in error.value.what
    assert mend in error.value.mend
    assert error.value.line == line
    assert str(error.value).startswith(f"line {line}: ")


@pytest.mark.parametrize("section", ["rooms", "venues", "sources"])
def test_a_conference_lacks_no_room_venue_or_source(section: str) -> None:
    blocks = [block for block in SMALL.split("\n\n") if not block.startswith(f"[[{section}]]")]
    with pytest.raises(DefinitionError) as error:
        read("\n\n".join(blocks))
    assert error.value.what == f"{section} is missing"
    assert f"[[{section}]]" in error.value.mend


def test_a_venue_without_a_source_is_named() -> None:
    more = '[[venues]]\nid = "bonn"\nzone = "Europe/Berlin"\ncity = { en = "Bonn" }\nname = { en = "Hall" }\n'
    with pytest.raises(DefinitionError, match=r"line 51: venue bonn has no source\. Add a \[\[sources\]\]"):
        read(SMALL + more)


def test_a_second_main_venue_is_named() -> None:
    more = '[[venues]]\nid = "bonn"\nmain = true\nzone = "Europe/Berlin"\ncity = { en = "B" }\nname = { en = "H" }\n'
    with pytest.raises(DefinitionError, match="line 53: a second venue is the main one"):
        read(SMALL + more)


def test_ids_that_would_share_a_link_are_refused() -> None:
    venues = "".join(
        f'[[venues]]\nid = "{venue}"\nzone = "Europe/Berlin"\ncity = {{ en = "B" }}\nname = {{ en = "H" }}\n'
        f'[[sources]]\nid = "{venue}/{local}"\nvenue = "{venue}"\nname = {{ en = "S" }}\n'
        for venue, local in (("a", "b-c"), ("a-b", "c"))
    )
    with pytest.raises(DefinitionError, match="a-b/c and a/b-c would get the same links"):
        read(SMALL + venues)


def test_a_speaker_without_a_source_is_named() -> None:
    with pytest.raises(DefinitionError, match=r"line 51: speaker wu has no source"):
        read(SMALL + '[[people]]\nid = "wu"\nname = { en = "Wu" }\n')


def test_too_large_a_file_is_not_read() -> None:
    with pytest.raises(DefinitionError, match="bytes, more than"):
        read(SMALL + "#" * TEXT_MAX)


@pytest.mark.parametrize("part", ["a.", '"a" . ', "'a'\t."])
def test_a_key_of_thousands_of_parts_is_refused_at_once(part: str) -> None:
    with pytest.raises(DefinitionError, match="line 2: a key has more than 32 parts"):
        read("id = 'a'\n" + part * 40_000 + "a = 1")


def test_brackets_nested_too_deeply_are_refused() -> None:
    with pytest.raises(DefinitionError, match="nested too deeply"):
        read("a = " + "[" * 50_000)


def test_a_broken_character_is_named() -> None:
    with pytest.raises(DefinitionError, match="line 2: the file holds a broken character"):
        read('id = "a"\n# \udcff')


def test_deep_but_valid_nesting_is_answered() -> None:
    depth = 150
    with pytest.raises(DefinitionError):
        read(SMALL + "x = " + "[" * depth + "]" * depth)


@given(st.text(max_size=200))
def test_any_text_is_read_or_answered(text: str) -> None:
    read_or_answered(text)


@given(st.data())
def test_a_torn_file_is_read_or_answered(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SMALL)))
    end = data.draw(st.integers(start, min(len(SMALL), start + 40)))
    patch = data.draw(st.text(alphabet="abz019-_/\"'[]{}=.,#\n \\ü", max_size=20))
    read_or_answered(SMALL[:start] + patch + SMALL[end:])


def read_or_answered(text: str) -> None:
    answer = read_or_error(text)
    assert isinstance(answer, Definition) or 1 <= answer.line <= text.count("\n") + 1


def read_or_error(text: str) -> Definition | DefinitionError:
    try:
        return read(text)
    except DefinitionError as error:
        return error


def test_the_built_in_conferences_are_read() -> None:
    for name in conferences.names():
        assert read(conferences.text(name)).id == name
