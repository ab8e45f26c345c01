"""Where each value of a TOML text stands: tomllib gives the values, this gives their lines."""

from __future__ import annotations

import re
import tomllib
from typing import Final

Path = tuple[str | int, ...]
"""Keys and indexes from the root: `("venues", 0, "zone")`."""

DEPTH_MAX: Final = 32
"""Keys in a path; what is deeper has no line of its own, so that long dotted keys cost no more than their length."""

_TOKEN: Final = re.compile(
    r'(?P<long>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5})'
    r'|(?P<quoted>"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<mark>[\[\]{}=,.\n])"
    r"|(?P<bare>[^\s\[\]{}=,.#\"']+)",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1) of every table, array element and key of a text that tomllib accepts (TOML 1.0)."""
    scan = _Scan(text)
    scan.document()
    return scan.lines


class _Scan:
    """A walk over the tokens; arrays of tables are counted, so that headers find their element."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._tokens: list[tuple[str, int]] = []
        self._next = 0
        line = 1
        for match in _TOKEN.finditer(text):
            if match.lastgroup != "comment":
                self._tokens.append((match.group(), line))
            line += match.group().count("\n")
        self._tokens.append(("", line))

    def document(self) -> None:
        table: Path = ()
        while (lexeme := self._peek()) != "":
            if lexeme == "\n":
                self._take()
            elif lexeme == "[":
                table = self._header()
            else:
                self._entry(table)

    def _peek(self) -> str:
        return self._tokens[self._next][0]

    def _take(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][0]

    def _mark(self, path: Path) -> None:
        self.lines.setdefault(path, self._tokens[self._next][1])

    def _header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: the table in which the keys that follow stand."""
        path: Path = ()
        self._take()
        array = self._peek() == "["
        while (lexeme := self._peek()) != "]":
            if lexeme not in ".[" and len(path) < DEPTH_MAX:
                path = self._newest((*path, _key(lexeme)))
                self._mark(path)
            self._take()
        self._take()
        if array:
            path = self._append(path)
            self._take()
        return path

    def _newest(self, path: Path) -> Path:
        """The name of an array of tables means its newest element."""
        return (*path, self._counts[path] - 1) if path in self._counts else path

    def _append(self, path: Path) -> Path:
        array = path[:-1] if path and isinstance(path[-1], int) else path
        index = self._counts.get(array, 0)
        self._counts[array] = index + 1
        self._mark((*array, index))
        return (*array, index)

    def _entry(self, table: Path) -> None:
        """`a.b = value`"""
        path = table
        while (lexeme := self._peek()) != "=":
            if lexeme != "." and len(path) < DEPTH_MAX:
                path = (*path, _key(lexeme))
                self._mark(path)
            self._take()
        self._take()
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self._peek()
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            while self._peek() not in ("\n", ",", "]", "}", ""):
                self._take()

    def _array(self, path: Path) -> None:
        index = 0
        self._take()
        while (lexeme := self._peek()) != "]":
            if lexeme in ("\n", ","):
                index += lexeme == ","
                self._take()
            else:
                self._mark((*path, index))
                self._value((*path, index))
        self._take()

    def _inline_table(self, path: Path) -> None:
        self._take()
        while (lexeme := self._peek()) != "}":
            if lexeme in ("\n", ","):
                self._take()
            else:
                self._entry(path)
        self._take()


def _key(lexeme: str) -> str:
    """A key as tomllib names it: quoted ones without their quotes and escapes."""
    return next(iter(tomllib.loads(f"{lexeme}=0"))) if lexeme[0] in "\"'" else lexeme
