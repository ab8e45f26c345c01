"""A figure names its machine, as far as the kernel tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.benches import machine as subject


@pytest.mark.parametrize("told", [None, "", "processor\t: 0\n"])
def test_a_kernel_that_names_no_processor_stops_no_bench(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str | None
) -> None:
    monkeypatch.setattr(subject, "CPUS", tmp_path / "cpuinfo")
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told)
    assert subject.machine().cpu == subject.platform.machine()
