"""Text that people wrote: made plain, and measured as people count it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import regex

_JOINERS: Final = "\u200c\u200d"
"""Joiners that some scripts need inside words, and emoji between them."""
_VISIBLE_FORMATS: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
"""Signs that Unicode calls formats and that are drawn all the same (Prepended_Concatenation_Mark)."""
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Unicode categories that no text keeps: controls, bidi overrides, halves of surrogate pairs, private signs."""
_CLUSTER: Final = regex.compile(r"\X")
_TAGS: Final = range(0xE0020, 0xE0080)
"""What spells the flags of regions, after a black flag."""


def plain(text: str) -> str:
    """The text in NFC, in one line, with single spaces and nothing that hides or turns other signs."""
    spaced = "".join(" " if char.isspace() else char for char in unicodedata.normalize("NFC", text))
    kept = "".join(char for char in spaced if _is_kept(char))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def is_blank(text: str) -> bool:
    """Whether nothing of a plain text can be seen."""
    return not text.strip(_JOINERS + "\ufe0e\ufe0f ")


def clusters(text: str) -> int:
    """How many characters a reader counts: extended grapheme clusters (UAX #29)."""
    return len(_CLUSTER.findall(text))


def _is_kept(char: str) -> bool:
    if char in _JOINERS or char in _VISIBLE_FORMATS or ord(char) in _TAGS:
        return True
    return unicodedata.category(char) not in _DROPPED and not _is_noncharacter(char)


def _is_noncharacter(char: str) -> bool:
    """What Unicode never assigns (section 23.7). Signs newer than this Python are kept."""
    return 0xFDD0 <= ord(char) <= 0xFDEF or ord(char) & 0xFFFE == 0xFFFE


_LATIN: Final = {
    "de": "der die das und ist nicht wie wird werden was wann warum für mit auf ein eine von zu den im gibt es sind "
    "kann welche welcher können wir sie ihr auch bei nach",
    "en": "the and is are of to what when why how will can you we for with in it this that do does which be on our "
    "your has have from",
    "fr": "le la les des est sont et que qui quand pourquoi comment pour avec dans une un du au vous nous quel quelle "
    "quelles ce cette il elle pas sur",
}
"""Words that are frequent in one of the pages' languages."""
_VOTERS: Final = {tag: frozenset(words.split()) for tag, words in _LATIN.items()}
_SCRIPTS: Final = (
    ("ja", "\u3041\u30ff"),
    ("ko", "\uac00\ud7a3"),
    ("zh", "\u4e00\u9fff"),
    ("ru", "\u0410\u044f"),
    ("ar", "\u0620\u06ff"),
    ("el", "\u0391\u03c9"),
    ("he", "\u05d0\u05ea"),
    ("th", "\u0e01\u0e5b"),
    ("hi", "\u0904\u0939"),
)
"""Scripts that tell the language, by first and last letter; kana before the Han signs that Japanese shares."""
_WORD: Final = re.compile(r"[^\W\d_]+")


def spoken(text: str) -> str | None:
    """The language (primary subtag, BCP 47) that a text seems to be in; None when nothing tells it."""
    letters = [char for char in text if char.isalpha()]
    for tag, (first, last) in _SCRIPTS:
        if sum(first <= char <= last for char in letters) * 4 > len(letters):
            return tag
    words = [word.casefold() for word in _WORD.findall(text)]
    counts = {tag: sum(word in known for word in words) for tag, known in _VOTERS.items()}
    best = max(counts, key=lambda tag: counts[tag])
    others = max(count for tag, count in counts.items() if tag != best)
    return best if counts[best] > others else None
