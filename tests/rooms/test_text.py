from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.text import clusters, is_blank, plain, spoken

OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(alphabet=st.characters(codec=None)))
def test_a_plain_text_is_composed_one_line_and_plain_for_good(text: str) -> None:
    kept = plain(text)
    assert plain(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert not set(kept) & set(OVERRIDES + "\n\r\t\0\ufeff\ufffe")
    kept.encode()


@pytest.mark.parametrize(
    "text",
    [
        "Wann?",
        "什么时候?",
        "متى؟",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "👩\u200d👩\u200d👧",
        "🏴\U000e0067\U000e0062\U000e007f",
        "\u0600\u0661\u0662",
    ],
)
def test_what_a_script_needs_is_kept(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("text", ["", "\u200d", "\ufe0f", "\u200c \u200d"])
def test_what_cannot_be_seen_is_blank(text: str) -> None:
    assert is_blank(plain(text))


@pytest.mark.parametrize(
    ("text", "count"), [("abc", 3), ("a\u0308", 1), ("👩\u200d👩\u200d👧", 1), ("한국", 2), ("🇨🇳🇩🇪", 2)]
)
def test_characters_are_counted_as_people_do(text: str, count: int) -> None:
    assert clusters(text) == count


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Welche Förderung gibt es für Unternehmen in Changzhou?", "de"),
        ("What support is there for companies in Changzhou?", "en"),
        ("Quelles aides existent pour les entreprises?", "fr"),
        ("江苏的电池企业如何与德国合作?", "zh"),
        ("AI和BMW的合作什么时候开始?", "zh"),
        ("いつ始まりますか", "ja"),
        ("언제 시작합니까", "ko"),
        ("Когда начнётся стройка?", "ru"),
        ("متى يبدأ البناء؟", "ar"),
        ("2030?", None),
        ("Siemens BMW", None),
        ("", None),
    ],
)
def test_a_text_tells_its_language_or_says_that_it_does_not(text: str, language: str | None) -> None:
    assert spoken(text) == language
