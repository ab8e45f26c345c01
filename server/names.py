"""What a person may be called."""

from __future__ import annotations

import unicodedata
from typing import Final

from rooms.kernel import Refused

NAME_MAX: Final = 80
"""characters after normalisation; titles and two family names fit."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a name can't hold: controls, bidi overrides, halves of surrogate pairs, line breaks."""
_JOINERS: Final = frozenset("\u200c\u200d")
"""Joiners that some scripts need inside words."""


def cleaned(name: str) -> str:
    """The name in NFC, one line, single spaces. Raises Refused `name-empty`, `name-too-long`."""
    spaced = "".join(" " if char.isspace() else char for char in unicodedata.normalize("NFC", name[: 10 * NAME_MAX]))
    visible = "".join(char for char in spaced if char in _JOINERS or unicodedata.category(char) not in _HIDDEN)
    plain = " ".join(visible.split())
    if not plain.strip("".join(_JOINERS)):
        raise Refused("name-empty")
    if len(plain) > NAME_MAX:
        raise Refused("name-too-long", most=NAME_MAX)
    return plain
