"""The certificate as PDF/A-3b (ISO 19005-3) by typst, with the record and its openings attached."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import typst

from server.records.canonical import Digest, canonical
from server.records.certificate import certificate
from server.records.commitments import Opening
from server.records.record import FORMAT, personal
from server.records.wording import words

TEMPLATE: Final = Path(__file__).parent / "certificate.typ"
CJK: Final = "Noto Serif CJK SC"
_EUROPEAN: Final = " -~\\u00a0-\\u024f\\u0370-\\u03ff\\u0400-\\u04ff\\u2010-\\u2030"
_CHINESE: Final = "\\u3000-\\u30ff\\u4e00-\\u9fff\\uff01-\\uff5e"
"""Signs that the fonts surely have, as classes of a regular expression."""


def printed(record: Mapping[str, Any], openings: Mapping[Digest, Opening]) -> bytes:
    """The unsealed PDF. A sign that no font has is printed as `?`; it stands whole in the record."""
    said = {**certificate(record, openings), "notice": ""}
    has_cjk = CJK in _fonts().families()
    if not has_cjk:
        said["pages"] = [page for page in said["pages"] if page["language"] != "zh"]
        said["notice"] = words("en")["no_cjk"]
    try:
        return _compiled(record, openings, said if has_cjk else _legible(said, _EUROPEAN))
    except typst.TypstError:
        return _compiled(record, openings, _legible(said, _EUROPEAN + _CHINESE if has_cjk else _EUROPEAN))


@functools.cache
def _fonts() -> typst.Fonts:
    """Those of this machine, looked for once a process."""
    return typst.Fonts()


def _compiled(record: Mapping[str, Any], openings: Mapping[Digest, Opening], said: Mapping[str, Any]) -> bytes:
    at_ms = record["checkpoint"]["at_ms"]
    made = typst.compile(
        TEMPLATE,
        font_paths=_fonts(),
        format="pdf",
        pdf_standards=["a-3b"],
        timestamp=datetime.datetime.fromtimestamp(at_ms // 1000, datetime.UTC),
        sys_inputs={
            "said": msgspec.json.encode(said).decode(),
            "record": canonical(record).decode(),
            "personal": canonical(personal(record, openings)).decode(),
            "title": said["pages"][0]["title"],
            "format": FORMAT,
        },
    )
    assert isinstance(made, bytes), "one PDF comes back as bytes"
    return made.rstrip() + b"\n"  # the seal's objects begin on a line of their own (ISO 19005-3, 6.1.9)


def _legible(said: Any, script: str) -> Any:
    """The same with `?` for each sign that is not of the script (a class of signs as in a regular expression)."""
    match said:
        case str() if not said.startswith("<svg"):
            return re.sub(f"[^{script}]", "?", said)
        case dict():
            return {name: _legible(part, script) for name, part in said.items()}
        case list():
            return [_legible(part, script) for part in said]
        case _:
            return said
