"""Fuzz each target for its time and tell what was run and found."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from scripts.fuzzing.native import NativeTarget, native_targets
from scripts.fuzzing.target import HOUSE, Target, targets

SECONDS: Final = 120
_EXECUTED: Final = re.compile(r"number_of_executed_units:\s*(\d+)")
_PEAK: Final = re.compile(r"peak_rss_mb:\s*(\d+)")


def main(arguments: Sequence[str]) -> int:
    """0 when nothing was found, 1 when something was, 2 for a wrong command line."""
    known: dict[str, Target | NativeTarget] = {**targets(), **native_targets()}
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Throw bytes at the parsers of outside bytes.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)} (default: all)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"for each target (default: {SECONDS})")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"{unknown[0]!r} is no target; there are {', '.join(known)}")
    chosen = [known[name] for name in options.names or known]
    if any(isinstance(target, Target) for target in chosen) and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: run scripts/prepare --dev (it has wheels for Linux on x86_64).")
        return 1
    return max(_fuzz(target, options.seconds) for target in chosen)


@contextlib.contextmanager
def _command(target: Target | NativeTarget, seconds: int) -> Iterator[list[str]]:
    """What fuzzes a target for so long."""
    if isinstance(target, NativeTarget):
        with target.command(seconds) as command:
            yield command
    else:
        yield [sys.executable, "-m", "scripts.fuzzing.process", target.name, str(seconds)]


def _fuzz(target: Target | NativeTarget, seconds: int) -> int:
    """One target in its own process; prints one line, and what broke."""
    before = set(target.found())
    with _command(target, seconds) as command:
        done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, errors="replace", check=False)
    said = done.stdout + done.stderr
    counted, peak = _EXECUTED.search(said), _PEAK.search(said)
    found = [path for path in target.found() if path not in before]
    print(
        f"{target.name:<15} {int(counted[1]) if counted else 0:>10,} inputs in {seconds} s, "
        f"peak {peak[1] if peak else '?'} MB, {len(found)} found",
        flush=True,
    )
    if done.returncode:
        print("\n".join(said.splitlines()[-40:]))
    for path in found:
        print(f"  {path.relative_to(HOUSE)}")
    return 1 if done.returncode else 0
