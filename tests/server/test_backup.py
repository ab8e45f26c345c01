import asyncio
import os
import tarfile
from pathlib import Path

import apsw
import pytest

from rooms.conference import Conference
from rooms.journal import decode
from server.backup import MANIFEST, asked, back_up, main, restore
from server.cli import stored
from server.datafolder import DataFolder
from server.journal.sqlite import SCHEMA_VERSION, connect, read_entries
from server.settings import Unusable
from tests.server.conftest import CONFERENCE, Node

pytestmark = pytest.mark.holds


def state(folder: DataFolder) -> bytes:
    connection = connect(folder.journal)
    entries = [decode(body)[0] for body in read_entries(connection, CONFERENCE, 0, 10_000)]
    connection.close()
    return Conference.replayed(entries).snapshot()


def within(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_backup_made_while_people_act_is_whole_and_can_be_restored(node: Node, tmp_path: Path) -> None:
    organiser = await node.guest().open(await node.link("organiser"), "Olga")
    file = tmp_path / "copy.tar"
    going = [organiser.command(f"{n}", "links.renew", room=None, invite="attendee") for n in range(30)]
    answers, made = await asyncio.gather(asyncio.gather(*going), asked(DataFolder(node.settings.data), file))

    assert all("seq" in answer for answer in answers)
    assert 2 <= made.entries[CONFERENCE] <= 32
    assert made.names == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert within(tmp_path) == ["copy.tar", "var", "web"]

    again = DataFolder(tmp_path / "again")
    assert restore(file, again.data) == made
    assert again.key.read_bytes() == (node.settings.data / "keys" / "node.key").read_bytes()
    assert Conference.restored(state(again)).seq == made.entries[CONFERENCE]
    assert again.key.stat().st_mode & 0o777 == 0o600


async def test_a_folder_that_nobody_runs_is_backed_up_as_it_is(node: Node, tmp_path: Path) -> None:
    folder = DataFolder(node.settings.data)
    folder.socket.unlink()
    made = await asked(folder, tmp_path / "copy.tar")
    restore(tmp_path / "copy.tar", tmp_path / "again")
    assert state(DataFolder(tmp_path / "again")) == state(folder)
    assert made.entries == {CONFERENCE: 1}


async def test_a_file_that_goes_or_comes_meanwhile_breaks_no_backup(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, look = DataFolder(node.settings.data), tarfile.TarFile.gettarinfo
    for name in ("gone.pdf", "kept.pdf", "half.pdf.12.new"):
        (folder.documents / name).write_bytes(b"%PDF")

    def after_an_erasure(tar: tarfile.TarFile, path: str | Path, name: str) -> tarfile.TarInfo:
        if Path(path).name == "gone.pdf":
            Path(path).unlink()
        return look(tar, path, name)

    monkeypatch.setattr(tarfile.TarFile, "gettarinfo", after_an_erasure)
    back_up(folder, tmp_path / "copy.tar")
    restore(tmp_path / "copy.tar", tmp_path / "again")
    assert within(tmp_path / "again" / "documents") == ["kept.pdf"]


async def test_nothing_is_overwritten(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "copy.tar"
    file.write_text("mine")
    with pytest.raises(Unusable, match="exists: give another name"):
        await asked(DataFolder(node.settings.data), file)
    assert file.read_text() == "mine"
    file.unlink()
    await asked(DataFolder(node.settings.data), file)
    with pytest.raises(Unusable, match="not empty: give a new folder"):
        restore(file, node.settings.data)


async def test_a_place_that_can_not_be_written_is_said_with_the_mend(node: Node, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="give a place with space"):
        await asked(DataFolder(node.settings.data), tmp_path / "nowhere" / "copy.tar")
    with pytest.raises(Unusable, match="holds no node yet"):
        back_up(DataFolder(tmp_path / "empty"), tmp_path / "copy.tar")


def test_a_folder_of_somebody_else_is_said_with_the_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, there = DataFolder(tmp_path / "var"), Path.exists

    def exists(path: Path) -> bool:
        if path == folder.key:
            raise PermissionError(13, "Permission denied")
        return there(path)

    monkeypatch.setattr(Path, "exists", exists)
    with pytest.raises(Unusable, match="as the user that the node runs as"):
        back_up(folder, tmp_path / "copy.tar")
    with pytest.raises(Unusable, match="as the user that the node runs as"):
        stored(folder, CONFERENCE)


@pytest.mark.parametrize("damage", ["cut", "text", "page", "missing"])
async def test_a_damaged_backup_is_refused_and_leaves_nothing(node: Node, tmp_path: Path, damage: str) -> None:
    file, data = tmp_path / "copy.tar", tmp_path / "again"
    await asked(DataFolder(node.settings.data), file)
    whole = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(whole[: len(whole) // 2])
        case "text":
            file.write_text("no tar at all")
        case "page":
            at = whole.index(b'"conference.definition_imported"')
            file.write_bytes(whole[:at] + bytes(40) + whole[at + 40 :])
        case "missing":
            with tarfile.open(file, "w"):
                """An empty one."""
    with pytest.raises(Unusable, match=r"damaged|can't be restored") as refused:
        restore(file, data)
    assert "\n" not in str(refused.value)
    assert not data.exists()
    assert not [name for name in within(tmp_path) if name.startswith(".twinhall-")]


async def test_a_backup_of_a_newer_program_is_refused_by_its_version(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "copy.tar"
    await asked(DataFolder(node.settings.data), file)
    with tarfile.open(file) as tar:
        tar.extractall(tmp_path / "inside", filter="data")
    inside = DataFolder(tmp_path / "inside")
    newer = apsw.Connection(str(inside.journal))
    newer.pragma("user_version", SCHEMA_VERSION + 1)
    newer.close()
    with tarfile.open(tmp_path / "newer.tar", "w") as tar:
        tar.add(inside.data, ".")
    with pytest.raises(Unusable, match=f"has version {SCHEMA_VERSION + 1}"):
        restore(tmp_path / "newer.tar", tmp_path / "again")
    (inside.data / MANIFEST).write_text('{"type": "twinhall-backup", "format": 2}')
    with tarfile.open(tmp_path / "newer.tar", "w") as tar:
        tar.add(inside.data, ".")
    with pytest.raises(Unusable, match="has format 2, this program knows 1"):
        restore(tmp_path / "newer.tar", tmp_path / "again")


async def test_a_backup_is_opened_by_the_python_of_debian_12(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3.11.2: its `extract` knows no `filter`."""

    def extract(tar: tarfile.TarFile, member: object, path: str = "", set_attrs: bool = True) -> None:
        raise AssertionError("it would take anything")

    monkeypatch.setattr(tarfile.TarFile, "extract", extract)
    await asked(DataFolder(node.settings.data), tmp_path / "copy.tar")
    made = restore(tmp_path / "copy.tar", tmp_path / "again")
    assert made.entries == {CONFERENCE: 1}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../outside", tarfile.REGTYPE), ("/outside", tarfile.REGTYPE), ("keys/link", tarfile.SYMTYPE)],
)
async def test_what_no_backup_holds_is_not_unpacked(node: Node, tmp_path: Path, name: str, kind: bytes) -> None:
    file = tmp_path / "copy.tar"
    await asked(DataFolder(node.settings.data), file)
    with tarfile.open(file, "a") as tar:
        odd = tarfile.TarInfo(name)
        odd.type, odd.linkname = kind, "node.key"
        tar.addfile(odd)
    with pytest.raises(Unusable, match="is no part of one"):
        restore(file, tmp_path / "again")
    assert within(tmp_path) == ["copy.tar", "var", "web"]


def test_the_command_line_says_one_line_and_a_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = os.umask(0)
    try:
        assert main(["--backup", str(tmp_path / "copy.tar"), "--data", str(tmp_path)]) == 1
    finally:
        os.umask(mask)
    assert "holds no node yet" in capsys.readouterr().err
