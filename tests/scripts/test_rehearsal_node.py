"""Where a rehearsal can't keep its node or its records, one line says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.rehearsal import node as subject
from scripts.rehearsal.app import parse
from scripts.rehearsal.node import NotReady, OwnNode


async def test_a_folder_that_can_not_be_written_is_named_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotReady, match="choose another --data DIR"):
        await OwnNode(tmp_path / "file" / "var", "jiangsu-2022").start()


def test_a_folder_for_records_that_can_not_be_made_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="2"):
        parse(["--out", str(tmp_path / "file" / "records")])
    assert "choose another folder" in capsys.readouterr().err


def test_slates_are_shared_only_where_they_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SLATES", tmp_path / "slates")
    (tmp_path / "var").mkdir()
    node = OwnNode(tmp_path / "var", "jiangsu-2022")
    monkeypatch.setattr(subject.os, "access", lambda path, right: False)
    node._share_slates()
    assert not (tmp_path / "var" / "slates").exists()
    monkeypatch.undo()
    monkeypatch.setattr(subject, "SLATES", tmp_path / "slates")
    node._share_slates()
    assert (tmp_path / "var" / "slates").is_symlink()
