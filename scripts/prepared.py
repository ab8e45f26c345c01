"""The environment that scripts/prepare makes: what the verbs of this folder run in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

HOUSE: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = HOUSE / ".venv" / "bin" / "python"


def enter(*options: str) -> None:
    """Go on in the environment, made first where there is none; `options` are scripts/prepare's.

    What it says goes to stderr, for some verbs print JSON. Ends with its status when it can't.
    """
    if not PYTHON.exists():
        made = subprocess.run([HOUSE / "scripts" / "prepare", *options], stdout=sys.stderr, check=False)
        if made.returncode:
            sys.exit(made.returncode)
    if Path(sys.prefix) != PYTHON.parent.parent:
        os.execv(PYTHON, [str(PYTHON), *sys.argv])
