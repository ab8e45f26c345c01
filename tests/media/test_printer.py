import io
from pathlib import Path

import pytest
import structlog

from media.printer import Printer


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_line_is_printed(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        Printer(file).warning("said")
    assert (tmp_path / "log").read_text() == "said\n"


def test_a_full_disk_loses_the_line_and_nothing_else() -> None:
    for say in ("msg", "info", "error", "exception"):
        getattr(Printer(FullDisk()), say)("lost")


def test_the_control_without_it_would_have_stopped_the_work() -> None:
    with pytest.raises(OSError, match="No space left"):
        structlog.PrintLogger(FullDisk()).info("lost")
