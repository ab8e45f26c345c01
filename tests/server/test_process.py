"""The web process as people start it: its one line when it can't, its links, its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rooms import conferences

pytestmark = [pytest.mark.process, pytest.mark.holds]

PATIENCE_S = 90.0
"""A start takes a second; on a machine that does much else, much longer."""


def server(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@contextmanager
def running(data: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "server", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "web is up" in process.stderr.readline()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def links(data: Path) -> list[dict[str, str]]:
    told = server("invites", "--conference", "jiangsu-2022", "--data", data, "--json")
    assert told.returncode == 0, told.stderr
    return list(json.loads(told.stdout))


def test_the_links_are_the_same_from_the_server_and_from_its_folder(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        live = links(tmp_path)
        assert int((tmp_path / "run" / "web.pid").read_text()) == process.pid
        with urllib.request.urlopen(live[0]["url"].partition("/jiangsu-2022")[0] + "/healthz") as health:
            assert health.status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert not (tmp_path / "run" / "web.pid").exists()
    assert not (tmp_path / "run" / "web.sock").exists()
    assert links(tmp_path) == live
    assert list(live[0]) == ["role", "venue", "source", "name", "url", "token", "whip", "whep"]
    assert "/jiangsu-2022/organiser#" in server("invites", "--data", tmp_path).stdout


def test_a_process_that_was_killed_leaves_a_folder_that_starts_again(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        live = links(tmp_path)
        process.kill()
        process.wait()
        assert [row["token"] for row in links(tmp_path)] == [row["token"] for row in live]
    with running(tmp_path):
        assert [row["token"] for row in links(tmp_path)] == [row["token"] for row in live]


def broken(folder: Path) -> Path:
    path = folder / "broken.toml"
    path.write_text(conferences.text("jiangsu-2022").replace("zone = ", "zome = ", 1))
    return path


def ends_with_one_line(told: subprocess.CompletedProcess[str]) -> str:
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1, told.stderr
    return told.stderr


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} on 127.0.0.1 is in use" in ends_with_one_line(server("--data", tmp_path, "--port", port))


def test_a_second_process_on_the_same_folder_is_told_of_the_first(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        assert "runs already" in ends_with_one_line(server("--data", tmp_path, "--port", 0))
        assert int((tmp_path / "run" / "web.pid").read_text()) == first.pid


def test_a_folder_that_can_t_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, no folder")
    assert "can't be written" in ends_with_one_line(server("--data", tmp_path / "var", "--port", 0))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir(mode=0o500)
    assert "can't be written" in ends_with_one_line(server("--data", tmp_path / "var", "--port", 0))


def test_a_broken_definition_is_said_with_its_line_and_mend(tmp_path: Path) -> None:
    path = broken(tmp_path)
    said = ends_with_one_line(server("--data", tmp_path / "var", "--port", 0, "--conference", path))
    assert f"{path}: line " in said
    assert "zone" in said


def test_an_unknown_conference_is_said_with_those_that_are_known(tmp_path: Path) -> None:
    said = ends_with_one_line(server("--data", tmp_path, "--port", 0, "--conference", "atlantis"))
    assert "jiangsu-2022" in said
    assert "holds no node yet" in ends_with_one_line(server("invites", "--data", tmp_path / "none"))


def test_a_wrong_option_ends_with_status_2(tmp_path: Path) -> None:
    assert server("--port", "many").returncode == 2


def test_the_same_conference_twice_is_said_in_one_line(tmp_path: Path) -> None:
    twice = ("--conference", "jiangsu-2022", "--conference", "jiangsu-2022")
    assert "the same id" in ends_with_one_line(server("--data", tmp_path, "--port", 0, *twice))
    assert not (tmp_path / "run" / "web.pid").exists()
