"""Conference definitions by built-in id or by file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rooms import conferences
from rooms.definition import Definition
from rooms.definition_text import DefinitionError, read
from server.settings import Unusable


def definitions(named: Sequence[str]) -> list[Definition]:
    """The definitions of a node, each conference once. Raises Unusable."""
    found = {each.id: each for each in map(definition, named)}
    if len(found) < len(named):
        raise Unusable(f"two of {', '.join(named)} have the same id: give one of them another")
    return list(found.values())


def definition(named: str) -> Definition:
    """The definition that `--conference` names. Raises Unusable with line and mend."""
    text = conferences.text(named) if named in conferences.names() else _file(named)
    try:
        return read(text)
    except DefinitionError as wrong:
        raise Unusable(f"{named}: {wrong}") from wrong


def _file(named: str) -> str:
    try:
        return Path(named).read_text("utf-8-sig")
    except FileNotFoundError as missing:
        known = ", ".join(conferences.names())
        raise Unusable(f"there is no conference {named}: give one of {known}, or the path of a TOML file") from missing
    except UnicodeDecodeError as wrong:
        raise Unusable(f"{named} is no UTF-8 text: save it as UTF-8") from wrong
    except OSError as wrong:
        raise Unusable(f"{named} can't be read ({wrong.strerror}): mend its rights") from wrong
