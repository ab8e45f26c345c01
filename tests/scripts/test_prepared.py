"""A verb that is tried before anything else prepares the checkout, and goes on in its environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
PREPARE = """#!/bin/sh
echo "prepared: $*"
{then}
mkdir -p "{bin}"
printf '#!/bin/sh\\necho "ran: $*"\\n' > "{bin}/python"
chmod +x "{bin}/python"
"""


def tried(house: Path, verb: str, then: str = "") -> subprocess.CompletedProcess[str]:
    """The verb in a checkout whose preparation is a small program that runs `then` first."""
    (house / "scripts").mkdir(parents=True)
    for name in ("__init__.py", "prepared.py", verb):
        shutil.copy(HOUSE / "scripts" / name, house / "scripts")
    prepare = house / "scripts" / "prepare"
    prepare.write_text(PREPARE.format(bin=house / ".venv" / "bin", then=then))
    prepare.chmod(0o755)
    command = [sys.executable, str(house / "scripts" / verb), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("verb", "options"), [("rehearse", ""), ("verify", ""), ("bench", "--dev"), ("fuzz", "--dev")])
def test_a_verb_prepares_the_checkout_where_nobody_did(tmp_path: Path, verb: str, options: str) -> None:
    done = tried(tmp_path / "a house", verb)
    assert done.stderr == f"prepared: {options}\n"
    assert done.stdout == f"ran: {tmp_path / 'a house' / 'scripts' / verb} --json\n", "figures alone are printed"


def test_what_the_folder_around_is_called_starts_nothing_else(tmp_path: Path) -> None:
    """`python -m server` looks where it is started first, unless told otherwise (sys.flags.safe_path)."""
    house, elsewhere = tmp_path / "house", tmp_path / "server"
    elsewhere.mkdir()
    (elsewhere / "__init__.py").touch()
    (elsewhere / "supervisor.py").write_text("print('another program')")
    (house / "server").mkdir(parents=True)
    (house / "server" / "__init__.py").touch()
    (house / "server" / "supervisor.py").write_text("print('ours')")
    (house / "scripts").mkdir()
    shutil.copy(HOUSE / "scripts" / "run", house / "scripts")
    prepare = house / "scripts" / "prepare"
    prepare.write_text("#!/bin/sh")
    prepare.chmod(0o755)
    (house / ".venv" / "bin").mkdir(parents=True)
    (house / ".venv" / "bin" / "python").symlink_to(sys.executable)
    done = subprocess.run([house / "scripts" / "run"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ours\n", "")


def test_a_preparation_that_failed_has_said_so_and_ends_the_verb(tmp_path: Path) -> None:
    done = tried(tmp_path / "house", "rehearse", then="exit 1")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "prepared: \n")
