"""Machines with web and relay on one Redis, without a supervisor: what dies stays dead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scripts.rehearsal.node import OwnNode


class Machine(OwnNode):
    """Web and relay of one machine; `options` are more of web's."""

    def __init__(self, data: Path, redis: str, *options: str) -> None:
        super().__init__(data, "jiangsu-2022")
        self._redis, self._options = redis, options

    def command(self, name: str) -> Sequence[str]:
        more = ("--redis", self._redis, *self._options) if name == "web" else ()
        return (*super().command(name), *more)

    def crash(self) -> None:
        for name in list(self._processes):
            self.kill(name)
