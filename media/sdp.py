"""SDP as text: a bounded, forgiving reader of offers (RFC 8866). Meaning is given to it in `media.offer`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

SDP_MAX = 64 * 1024
"""bytes; a page with 16 m-lines and every codec of Chromium stays below it."""
LINES_MAX = 4096
MEDIA_MAX = 32
ATTRIBUTES_MAX = 1024
"""per m-line; Chromium writes about 150."""
_LINE = re.compile(r"[a-z]=")
_MEDIA = re.compile(r"([!-~]{1,32}) +([0-9]{1,5})(?:/[0-9]{1,5})? +([!-~]{1,64})((?: +[!-~]{1,32}){0,128}) *")


class Refusal(Exception):
    """An offer that is not served: `code` for people and HTTP, `reason` in English for logs and encoders."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Media(msgspec.Struct, frozen=True):
    """One m-line with its attributes in order, those without a value as ""."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]

    def all(self, name: str) -> Iterator[str]:
        """The values of every attribute `name`."""
        return (value for key, value in self.attributes if key == name)

    def first(self, name: str) -> str | None:
        return next(self.all(name), None)


class Description(msgspec.Struct, frozen=True):
    """A session description: its own attributes (as a Media without an m-line), then its m-lines."""

    session: Media
    media: tuple[Media, ...]


def read(text: str) -> Description:
    """Decode an offer. Raises Refusal: `sdp-too-large` beyond the bounds, `sdp-unreadable` when it is no SDP."""
    if len(text) > SDP_MAX or len(text.encode(errors="replace")) > SDP_MAX:
        raise Refusal("sdp-too-large", f"the offer is over {SDP_MAX // 1024} KB")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    lines = [line for line in lines if line.strip()]
    if len(lines) > LINES_MAX:
        raise Refusal("sdp-too-large", f"the offer has over {LINES_MAX} lines")
    if not lines or lines[0].rstrip() != "v=0":
        raise Refusal("sdp-unreadable", "an offer begins with v=0")
    return _sections(lines)


def _sections(lines: list[str]) -> Description:
    session, sections = _Section("session 0 -"), list[_Section]()
    for number, line in enumerate(lines, 1):
        if not _LINE.match(line):
            raise Refusal("sdp-unreadable", f"line {number} is not of the form x=...")
        if line.startswith("m="):
            if len(sections) == MEDIA_MAX:
                raise Refusal("sdp-too-large", f"the offer has over {MEDIA_MAX} m-lines")
            sections.append(_Section(line[2:]))
        elif line.startswith("a="):
            (sections[-1] if sections else session).add(line[2:])
    return Description(session.done(), tuple(section.done() for section in sections))


class _Section:
    """An m-line while its attributes are read."""

    def __init__(self, head: str) -> None:
        self._head = head
        self._attributes: list[tuple[str, str]] = []

    def add(self, text: str) -> None:
        if len(self._attributes) == ATTRIBUTES_MAX:
            raise Refusal("sdp-too-large", f"an m-line has over {ATTRIBUTES_MAX} attributes")
        name, _, value = text.partition(":")
        self._attributes.append((name.strip(), value.strip()))

    def done(self) -> Media:
        match = _MEDIA.fullmatch(self._head)
        if match is None:
            raise Refusal("sdp-unreadable", f"m-line not understood: {self._head[:60]!r}")
        kind, port, protocol, formats = match.groups()
        return Media(kind, int(port), protocol, tuple(formats.split()), tuple(self._attributes))
