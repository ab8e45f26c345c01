"""Every language has every text, with the same blanks, and nothing is left untranslated by accident."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "web"
LOCALES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((WEB / "locales").glob("*.json"))}
BLANK = re.compile(r"\{(\w+)\}")


def forms(text: str | dict[str, str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def test_the_four_languages_are_there() -> None:
    assert set(LOCALES) == {"zh_Hans", "de", "en", "fr"}


@pytest.mark.parametrize("language", LOCALES)
def test_a_language_has_the_same_keys_as_english_in_the_same_order(language: str) -> None:
    assert list(LOCALES[language]) == list(LOCALES["en"])


@pytest.mark.parametrize("language", LOCALES)
def test_a_text_has_the_same_blanks_in_every_language(language: str) -> None:
    for key, text in LOCALES[language].items():
        expected = {blank for form in forms(LOCALES["en"][key]) for blank in BLANK.findall(form)}
        for form in forms(text):
            assert form.strip(), key
            assert set(BLANK.findall(form)) == expected, key


@pytest.mark.parametrize("language", LOCALES)
def test_plural_texts_have_the_form_that_every_number_can_take(language: str) -> None:
    for key, text in LOCALES[language].items():
        assert isinstance(text, str) or "other" in text, key


WRONG_MARKS = {
    "en": r"[\"'„«»]",
    "de": r"[\"'«»”]",
    "fr": r"[\"'“”„]|(?<!\u00a0)[;:!?»]|«(?!\u00a0)",
    "zh_Hans": r"[\"'„«»]|[\u4e00-\u9fff] ?[,;:!?()]|[,;:!?()] ?[\u4e00-\u9fff]",
}
"""Quotes of another language, French marks that may begin a line, half marks beside Han."""
TORN_UNIT = re.compile(r"\} (?:min|h|s|ms|Mbit/s)\b")
"""A number that a line's end would part from its unit."""


@pytest.mark.parametrize("language", LOCALES)
def test_a_text_has_the_marks_of_its_language(language: str) -> None:
    wrong = re.compile(WRONG_MARKS[language])
    texts = [(key, form) for key, text in LOCALES[language].items() for form in forms(text) if key != "key.?"]
    assert [key for key, form in texts if wrong.search(form) or TORN_UNIT.search(form)] == []


def test_the_html_names_only_texts_that_exist() -> None:
    named = re.compile(r'(?:w\("|data-t(?:-\w+)?="|texts\[")([\w.?-]+)"')
    for page in (WEB / "templates").glob("*.html"):
        missing = [key for key in named.findall(page.read_text("utf-8")) if key not in LOCALES["en"]]
        assert not missing, page.name


def test_scripts_name_only_texts_that_exist() -> None:
    named = re.compile(r'\bt\("([\w.?-]+)"')
    for script in (WEB / "static").rglob("*.js"):
        if "vendor" in script.parts:
            continue
        missing = [key for key in named.findall(script.read_text("utf-8")) if key not in LOCALES["en"]]
        assert not missing, script.name
