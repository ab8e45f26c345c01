"""Whoever measures goes before others, in whatever way the machine groups its processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.load import first as subject


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands for the kernel's file; the niceness of the tests themselves is left alone."""
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    monkeypatch.setattr(subject, "GROUP", tmp_path / "autogroup")
    return subject.GROUP


def test_the_group_goes_first_and_then_back_to_where_it_was(group: Path) -> None:
    group.write_text("/autogroup-5656 nice 3\n")
    with subject.first():
        assert group.read_text() == "-20"
    # a file keeps what is written; the kernel's shows the group again
    assert group.read_text() == "3"


def test_whoever_is_in_no_group_measures_all_the_same(group: Path) -> None:
    group.write_text("")
    with subject.first():
        assert group.read_text() == ""
    assert group.read_text() == ""


def test_a_kernel_without_groups_measures_all_the_same(group: Path) -> None:
    with subject.first():
        assert not group.exists()
    assert not group.exists()
