"""The languages of the pages, and which one a request asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

TAGS: Final[Mapping[str, str]] = {"zh": "zh-Hans", "de": "de", "en": "en", "fr": "fr"}
"""HTML lang tag by primary subtag (BCP 47)."""
DEFAULT: Final = "en"

Texts = Mapping[str, Any]


def texts(folder: Path) -> Mapping[str, Texts]:
    """Every language's flat catalogue by its tag. The file of `zh-Hans` is `zh_Hans.json`."""
    return {tag: json.loads((folder / f"{tag.replace('-', '_')}.json").read_text("utf-8")) for tag in TAGS.values()}


def chosen(asked: str | None, accepted: str) -> str:
    """The tag to answer in: `?lang=` first, then Accept-Language (RFC 9110 section 12.5.4), then English."""
    for wish in (asked or "", *_preferred(accepted)):
        tag = TAGS.get(wish.lower().replace("_", "-").partition("-")[0])
        if tag:
            return tag
    return TAGS[DEFAULT]


def _preferred(accepted: str) -> Iterator[str]:
    """Language ranges, the best first."""
    weighed = []
    for part in accepted[:500].split(","):
        name, _, rest = part.partition(";")
        weighed.append((_quality(rest), name.strip()))
    weighed.sort(key=lambda wish: -wish[0])
    return (name for quality, name in weighed if quality > 0)


def _quality(parameter: str) -> float:
    """The weight in `q=0.8`; 1 without one, 0 for nonsense."""
    if not parameter.strip():
        return 1.0
    try:
        return float(parameter.replace(" ", "").removeprefix("q="))
    except ValueError:
        return 0.0
