"""scripts/prepare reads its lock files and stamps its steps; nothing is installed here."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

HOUSE = Path(__file__).resolve().parents[2]


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The script as a module, on an environment folder of its own."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("prepare", str(HOUSE / "scripts" / "prepare"))
    spec = importlib.util.spec_from_loader("prepare", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "BIN", tmp_path / "bin")
    monkeypatch.setattr(module, "STAMP", tmp_path / "prepared.json")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text("")
    return module


def test_a_step_is_done_once_and_again_when_its_key_changes(
    prepare: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []
    for key in ("old", "old", "new"):
        prepare.perform("Python packages", "packages", key, lambda: done.append("once"))
    assert len(done) == 2
    assert re.fullmatch(r"(  Python packages \.\.\. \d+\.\d s\n){2}", capsys.readouterr().out)


def test_a_step_that_failed_is_not_stamped(prepare: ModuleType) -> None:
    def fail() -> None:
        raise prepare.Failed("no network")

    with pytest.raises(prepare.Failed, match="no network"):
        prepare.perform("Python packages", "packages", "key", fail)
    assert prepare.stamped() == {}


def test_a_deleted_environment_forgets_all_steps(prepare: ModuleType, tmp_path: Path) -> None:
    prepare.perform("Python packages", "packages", "key", lambda: None)
    (tmp_path / "bin" / "python").unlink()
    assert prepare.stamped() == {}


def test_the_tools_of_the_checks_bring_the_browser_client_along(prepare: ModuleType) -> None:
    prepare.perform("tools", "client-dev", prepare.client_key(), lambda: None)
    assert "client" not in [stamp for _, stamp, _, _ in prepare.steps(dev=False)]


def test_a_command_that_fails_gives_its_last_words_and_the_mend(prepare: ModuleType) -> None:
    with pytest.raises(prepare.Failed, match=r"(?s)broken.*failed: mend"):
        prepare.run([sys.executable, "-c", "print('broken'); raise SystemExit(3)"])


def locks() -> list[Path]:
    return [*sorted((HOUSE / "scripts").glob("*.lock")), HOUSE / "web" / "package-lock.json"]


@pytest.mark.parametrize("lock", locks(), ids=lambda path: path.name)
def test_no_lock_names_a_host_and_each_entry_has_a_hash(lock: Path) -> None:
    text = lock.read_text()
    assert not re.search(r'"resolved"|https?://[^"]*(registry|pypi|npm)', text)
    if lock.suffix == ".lock":
        entries = re.split(r"\n(?=\S)", text.strip())
        assert all("--hash=sha256:" in entry for entry in entries)


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = (HOUSE / "pyproject.toml").read_text()
    wanted = set(re.findall(r'^    "([a-z0-9-]+)[<>=]', project, re.MULTILINE))
    held = set(re.findall(r"^([a-z0-9-]+)==", (HOUSE / "scripts" / "requirements-dev.lock").read_text(), re.MULTILINE))
    assert wanted
    assert wanted <= held


def test_without_rust_one_line_says_that_the_python_plane_serves(
    prepare: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "cargo", lambda: None)
    prepare.prepare_native(again=False)
    (line,) = capsys.readouterr().out.splitlines()
    assert "the Python plane serves" in line


def test_a_plane_that_was_built_serves_also_where_rust_is_out_of_sight(
    prepare: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "cargo", lambda: None)
    prepare.STAMP.write_text(json.dumps({"native": prepare.native_key()}))
    prepare.prepare_native(again=False)
    assert capsys.readouterr().out == ""


def test_a_plane_of_older_sources_does_not_serve_where_it_can_not_be_built_anew(
    prepare: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(prepare, "cargo", lambda: None)
    monkeypatch.setattr(prepare.subprocess, "run", lambda command, **how: ran.append(command))
    prepare.STAMP.write_text(json.dumps({"native": "older", "venv": "1"}))
    prepare.prepare_native(again=False)
    assert [command[-3:] for command in ran] == [["uninstall", "-qy", "twinhall-native"]]
    assert prepare.stamped() == {"venv": "1"}
    assert "the Python plane serves" in capsys.readouterr().out


def test_a_user_without_a_home_has_no_rust_there(prepare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(user: int) -> None:
        raise KeyError(user)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setenv("PATH", "")
    assert prepare.cargo() is None


def test_a_build_that_failed_is_tried_again_when_asked_or_when_its_sources_change(
    prepare: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    sources = ["old"]

    def fail() -> None:
        tried.append(sources[-1])
        raise prepare.Failed("no network")

    monkeypatch.setattr(prepare, "cargo", lambda: "/usr/bin/cargo")
    monkeypatch.setattr(prepare.sys, "platform", "linux")
    monkeypatch.setattr(prepare, "build_native", fail)
    monkeypatch.setattr(prepare.subprocess, "run", lambda *command, **how: None)
    monkeypatch.setattr(prepare, "native_key", lambda: sources[-1])
    for now, again in (("old", False), ("old", False), ("old", True), ("new", False)):
        sources.append(now)
        prepare.prepare_native(again)
    assert tried == ["old", "old", "new"]
    assert capsys.readouterr().out.count("the Python plane serves") == 4
