"""Where two JSON values differ first."""

from __future__ import annotations

from typing import Any


def first_difference(expected: Any, found: Any) -> str | None:
    """Where two JSON values differ first, as in `.parties[1].names.de`; None when they are equal."""
    match expected, found:
        case dict(), dict():
            for name in dict.fromkeys([*expected, *found]):
                where = _within(f".{name}", expected.get(name), found.get(name))
                if where is not None:
                    return where
            return None
        case list(), list():
            for at in range(max(len(expected), len(found))):
                pair = [part[at] if at < len(part) else None for part in (expected, found)]
                where = _within(f"[{at}]", *pair)
                if where is not None:
                    return where
            return None
        case _:
            return None if expected == found and isinstance(expected, bool) == isinstance(found, bool) else ""


def _within(step: str, expected: Any, found: Any) -> str | None:
    where = first_difference(expected, found)
    return None if where is None else f"{step}{where}"
