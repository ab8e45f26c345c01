"""The pages' logic without a browser, by node's own test runner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_scripts_own_tests_pass() -> None:
    tests = [str(path) for path in sorted(HERE.glob("*.test.mjs"))]
    run = subprocess.run(["node", "--test", *tests], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
