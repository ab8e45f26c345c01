"""What is fuzzed: a reader of outside bytes, the inputs to begin with, and how long it may think."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

HOUSE: Final = Path(__file__).resolve().parents[2]
FAMILIES: Final = HOUSE / "tests" / "fuzz"
FOUND: Final = FAMILIES / "found"
"""Inputs that once broke something, by target: a test replays them all."""
INPUT_S: Final = 0.010
"""CPU time that one input may take, the best of `ATTEMPTS`."""
ATTEMPTS: Final = 5


class TooSlow(Exception):
    """An input that takes more CPU time than INPUT_S each time."""


class Target(msgspec.Struct, frozen=True):
    """`run` takes any bytes and raises nothing; what it may refuse, it refuses in there."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    size_max: int = 4096

    def check(self, given: bytes, slowed: float = 1.0) -> None:
        """Raises what `run` raises, and TooSlow. `slowed`: by what the code is watched with."""
        most_s = INPUT_S * slowed
        if self._seconds(given) > most_s and min(self._seconds(given) for _ in range(ATTEMPTS)) > most_s:
            raise TooSlow(f"{self.name}: {len(given)} bytes take over {most_s * 1000:.0f} ms")

    def found(self) -> list[Path]:
        """The files of what was found so far."""
        return sorted(path for path in (FOUND / self.name).glob("*") if path.is_file())

    def _seconds(self, given: bytes) -> float:
        began_s = time.thread_time()
        self.run(given)
        return time.thread_time() - began_s


def targets() -> dict[str, Target]:
    """Every target of every family, by name."""
    found: dict[str, Target] = {}
    for path in sorted(FAMILIES.glob("*.py")):
        if not path.stem.startswith("test_"):
            for target in importlib.import_module(f"tests.fuzz.{path.stem}").TARGETS:
                assert target.name not in found, f"two targets are called {target.name}"
                found[target.name] = target
    return found
