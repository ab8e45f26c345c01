"""What a person may be called."""

from __future__ import annotations

from typing import Final

from rooms.kernel import Refused
from rooms.text import is_blank, plain

NAME_MAX: Final = 80
"""characters after normalisation; titles and two family names fit."""


def cleaned(name: str) -> str:
    """The name in NFC, one line, single spaces. Raises Refused `name-empty`, `name-too-long`."""
    kept = plain(name[: 10 * NAME_MAX])
    if is_blank(kept):
        raise Refused("name-empty")
    if len(kept) > NAME_MAX:
        raise Refused("name-too-long", most=NAME_MAX)
    return kept
