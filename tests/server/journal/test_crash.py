"""Killed with -9 at random points: nothing acknowledged is missing, nothing happened twice."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [pytest.mark.process, pytest.mark.holds]


def trials(*arguments: str) -> dict[str, Any]:
    """The writers fork, which a process with threads must not: they have one of their own."""
    said = subprocess.run(
        [sys.executable, "-m", "tests.server.journal.crash", *arguments],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        check=True,
        timeout=300,
    )
    print(said.stdout.decode())
    found: dict[str, Any] = json.loads(said.stdout)
    return found


@pytest.mark.parametrize("kind", [("50",), ("25", "--redis")], ids=["embedded", "redis"])
def test_of_so_many_kills_none_loses_or_repeats_what_was_acknowledged(kind: tuple[str, ...]) -> None:
    """Redis less often: 200 kills of whole processes on it are in tests/scripts/test_bench_redis.py."""
    found = trials(*kind)
    assert found["acknowledged"] > int(kind[0])
    assert (found["missing"], found["twice"], found["misplaced"]) == (0, 0, 0), found


@pytest.mark.parametrize("kind", [(), ("--redis",)], ids=["embedded", "redis"])
def test_the_control_that_acknowledges_before_the_commit_loses(kind: tuple[str, ...]) -> None:
    assert trials("20" if kind else "50", "--early", *kind)["missing"] > 0


def test_the_control_without_the_fence_misplaces_what_it_acknowledged() -> None:
    found = trials("25", "--redis", "--unfenced")
    assert found["missing"] > 0
    assert found["misplaced"] > 0
