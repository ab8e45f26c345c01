from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from rooms import conferences
from rooms.definition import TO_BE_NAMED, Words
from rooms.definition_text import TEXT_MAX, read
from tests.rooms.hall import DEFINITION


def words_in(value: object) -> Iterator[Words]:
    match value:
        case Words():
            yield value
        case tuple():
            for child in value:
                yield from words_in(child)
        case msgspec.Struct():
            for name in value.__struct_fields__:
                yield from words_in(getattr(value, name))


def test_jiangsu_2022_speaks_four_languages_throughout() -> None:
    for words in words_in(DEFINITION):
        assert words.zh, words
        assert words.de, words
        assert words.fr, words


def test_jiangsu_2022_is_as_reported() -> None:
    assert DEFINITION.title.en == "Jiangsu-Germany Dialogue"
    assert DEFINITION.motto
    assert DEFINITION.motto.en == "Innovation, Cooperation and Win-win"
    assert DEFINITION.day.isoformat() == "2022-07-07"
    assert [(venue.id, venue.zone) for venue in DEFINITION.venues] == [
        ("changzhou", "Asia/Shanghai"),
        ("frankfurt", "Europe/Berlin"),
    ]
    memorandum, *projects = DEFINITION.projects
    assert [party.name.en for party in memorandum.parties] == [
        "Changzhou Municipal People\u2019s Government",
        "German Chamber of Commerce in China",
        "Sino-German (Changzhou) Innovation Park",
        "Commerzbank",
    ]
    assert len(projects) == 10
    assert [item.kind for item in DEFINITION.items] == [
        *("opening", "address", "address", "signing", "signing", "dialogue", "dialogue", "close")
    ]


def test_beijing_2024_is_as_reported() -> None:
    forum = read(conferences.text("beijing-2024"))
    assert forum.day.isoformat() == "2024-05-13"
    letters, report, initiative, *projects = forum.projects
    assert [act.kind.value for act in (letters, report, initiative)] == ["appointment", "unveiling", "initiative"]
    assert [party.name.en for party in report.parties] == ["ICC-NDRC", "DEZ"]
    assert len(projects) > 10
    assert list(dict.fromkeys(project.sector.en for project in projects if project.sector)) == [
        "New energy and smart vehicles",
        "Digital economy",
        "Education and culture",
    ]
    assert {party.name for project in projects for party in project.parties} == {TO_BE_NAMED}


def test_the_built_in_texts_are_small() -> None:
    assert "jiangsu-2022" in conferences.names()
    for name in conferences.names():
        assert len(conferences.text(name).encode()) < TEXT_MAX / 10


@pytest.mark.parametrize("name", ["nowhere", "../definition", "__init__.py", ""])
def test_another_name_is_no_built_in_conference(name: str) -> None:
    with pytest.raises(KeyError):
        conferences.text(name)
