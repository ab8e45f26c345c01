"""One target fuzzed in a process of its own: `python -m scripts.fuzzing.process NAME SECONDS`.

libFuzzer ends the process; an input that breaks the target is left in tests/fuzz/found/NAME/.
"""

from __future__ import annotations

import functools
import sys
import tempfile
from pathlib import Path
from typing import Final

import atheris

from scripts.fuzzing.target import FOUND, targets

MEMORY_MB: Final = 1024
"""A target that grows beyond this leaks."""
HANG_S: Final = 10
SLOWED: Final = 4.0
"""Counting branches costs so much; the tests replay what is found without it."""
INSTRUMENTED: Final = ["media", "rooms", "server"]


def main(name: str, seconds: int) -> None:
    """Fuzz until the time is over or something breaks; does not return."""
    with atheris.instrument_imports(include=INSTRUMENTED):
        target = targets()[name]
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds()):
            (Path(corpus) / str(number)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", f"-max_len={target.size_max}"]
        limits += [f"-rss_limit_mb={MEMORY_MB}", f"-timeout={HANG_S}"]
        options = [f"-artifact_prefix={found}/", "-print_final_stats=1", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *limits, *options, corpus], functools.partial(target.check, slowed=SLOWED))
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
