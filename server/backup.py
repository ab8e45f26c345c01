"""A copy of the data folder in one file, made while the node runs, and the way back.

`scripts/run --backup FILE` asks the running server over its Unix socket, or reads the folder
itself when none runs. `scripts/run --restore FILE --data DIR` makes a new folder. The file holds
names and keys: it is readable by its owner only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp
import apsw
import msgspec
from aiohttp import web

from rooms.conference import Conference
from rooms.journal import decode
from rooms.kernel import ConferenceId
from server import vault
from server.datafolder import DataFolder
from server.identity import node_key
from server.journal import sqlite
from server.settings import Unusable
from server.storage import BUSY_MS, sync_folder

FORMAT: Final = 1
MANIFEST: Final = "twinhall-backup.json"
PATH: Final = "/backup"
ANSWER_S: Final = 600.0
"""A journal of gigabytes on a slow disk; a dead server refuses at once."""


class Copied(msgspec.Struct, frozen=True):
    """What a backup holds, counted by opening it: entries by conference, names, bytes of the file."""

    entries: dict[str, int]
    names: int
    size_bytes: int

    def __str__(self) -> str:
        held = ", ".join(f"{conference} with {count} entries" for conference, count in self.entries.items())
        return f"{held or 'no conference'}; {self.names} names; the keys; {self.size_bytes} bytes"


class Manifest(msgspec.Struct, frozen=True, tag="twinhall-backup"):
    format: int = FORMAT


SHARED: Final = (
    "this node's journal, names, documents, records and key are in Redis: back Redis up (its append-only file and "
    "dump), or copy them to a file with `python -m server journal export FILE --personal --redis URL`"
)


class Backups:
    """Answers `scripts/run --backup` on the command line's socket."""

    def __init__(self, folder: DataFolder, *, shared: bool) -> None:
        """`shared`: all that a backup holds is in Redis, whose own backups count."""
        self._folder, self._shared = folder, shared

    def mount(self, local: web.Application) -> None:
        local.router.add_post(PATH, self._back_up)

    async def _back_up(self, request: web.Request) -> web.Response:
        try:
            if self._shared:
                raise Unusable(SHARED)
            made = await asyncio.to_thread(back_up, self._folder, Path(await request.text()))
        except Unusable as reason:
            return web.Response(text=str(reason), status=HTTPStatus.CONFLICT)
        return web.Response(body=msgspec.json.encode(made), content_type="application/json")


def back_up(folder: DataFolder, file: Path) -> Copied:
    """Write `file`, whole or not at all, and open it again. Raises Unusable."""
    if file.exists():
        raise Unusable(f"{file} exists: give another name, or move it away")
    if not folder.is_founded():
        raise Unusable(
            f"{folder.data} holds no node yet: start it once, or give its --data DIR; "
            "a node that was started with --redis is backed up with its Redis"
        )
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".twinhall-backup-") as beside:
            part = _packed(folder, Path(beside))
            opened = _unpacked(part, Path(beside) / "opened")
            part.rename(file)
            sync_folder(file.parent)
            return opened
    except (OSError, apsw.Error) as wrong:
        raise Unusable(f"{file} can't be written ({wrong}): give a place with space, and rights to write") from wrong


def restore(file: Path, data: Path) -> Copied:
    """Make the folder `data` from `file`. Raises Unusable when there is anything in it already."""
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise Unusable(f"{data} is not empty: give a new folder with --data DIR, nothing is overwritten")
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data.parent, prefix=".twinhall-restore-") as beside:
            found = _unpacked(file, Path(beside) / "data")
            (Path(beside) / "data").rename(data)
            sync_folder(data.parent)
            return found
    except (OSError, apsw.Error) as wrong:
        raise Unusable(f"{file} can't be restored to {data} ({wrong}): check both") from wrong


def _packed(folder: DataFolder, beside: Path) -> Path:
    """The tar file. The journal is copied first: the vault then has the name of everyone in it."""
    copies = DataFolder(beside / "copies")
    copies.data.mkdir(mode=0o700)
    _copy(folder.journal, copies.journal)
    _copy(folder.vault, copies.vault)
    part = beside / "part.tar"
    (copies.data / MANIFEST).write_bytes(msgspec.json.encode(Manifest()))
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w") as tar:
            for path in sorted(copies.data.iterdir()):
                tar.add(path, path.name)
            tar.add(folder.key.parent, "keys")
            for kept in (folder.documents, folder.records):
                _add_shelf(tar, kept)
        out.flush()
        os.fsync(out.fileno())
    return part


def _add_shelf(tar: tarfile.TarFile, shelf: Path) -> None:
    """The files that are whole, and still there when it is their turn: people go on meanwhile."""
    for path in sorted(shelf.glob("*.pdf")):
        with suppress(FileNotFoundError):
            tar.add(path, f"{shelf.name}/{path.name}")


def _copy(source: Path, target: Path) -> None:
    """A consistent copy of a database that is being written (SQLite's online backup), as one file."""
    with (
        closing(apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)) as written,
        closing(apsw.Connection(str(target))) as copy,
    ):
        written.set_busy_timeout(BUSY_MS)
        with copy.backup("main", written, "main") as backup:
            backup.step(-1)
        copy.pragma("journal_mode", "delete")
    target.chmod(0o600)


def _unpacked(file: Path, into: Path) -> Copied:
    """The backup's folder, opened and read from end to end. Raises Unusable, OSError, apsw.Error."""
    into.mkdir(mode=0o700)
    try:
        with tarfile.open(file) as tar:
            for member in tar:
                _extract(tar, member, into)
        manifest = msgspec.json.decode((into / MANIFEST).read_bytes(), type=Manifest)
    except (tarfile.TarError, msgspec.DecodeError, FileNotFoundError) as wrong:
        why = str(wrong).splitlines()[0].rstrip(":")
        raise Unusable(f"{file} is no backup of Twinhall, or a damaged one ({why}): take another copy") from wrong
    if manifest.format > FORMAT:
        raise Unusable(
            f"{file} has format {manifest.format}, this program knows {FORMAT}: restore it with the newer program"
        )
    (into / MANIFEST).unlink()
    return _read(DataFolder(into), file)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    """A file or folder inside `into`, for its owner only. Raises TarError for what no backup holds, and OSError.

    `tarfile` itself keeps what is odd out from Python 3.11.4 on; Debian 12 has 3.11.2.
    """
    inside, path = Path(member.name), into / member.name
    if inside.is_absolute() or ".." in inside.parts or not (member.isdir() or member.isfile()):
        raise tarfile.ExtractError(f"{member.name} is no part of one")
    if member.isdir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    packed = tar.extractfile(member)
    assert packed is not None, "a file has content"
    with packed, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(packed, file)
    os.utime(path, (member.mtime, member.mtime))


def _read(folder: DataFolder, file: Path) -> Copied:
    node_key(folder.key)
    with closing(sqlite.connect(folder.journal)) as journal, closing(vault.connect(folder.vault)) as names:
        for database in (journal, names):
            if (found := database.pragma("integrity_check")) != "ok":
                raise Unusable(f"{file} is damaged ({found}): take another copy")
        conferences = [str(id) for (id,) in journal.execute("select distinct conference from entries")]
        entries = {id: _replayed(journal, ConferenceId(id), file) for id in conferences}
        people = names.execute("select person from names").fetchall()
    return Copied(entries, len(people), file.stat().st_size)


def _replayed(journal: apsw.Connection, conference: ConferenceId, file: Path) -> int:
    """The last seq of a conference whose every entry is understood."""
    bodies = sqlite.read_entries(journal, conference, 0, sys.maxsize)
    try:
        return Conference.replayed(decode(body)[0] for body in bodies).seq
    except ValueError as odd:
        raise Unusable(f"{file} is damaged ({odd}): take another copy") from odd


async def asked(folder: DataFolder, file: Path) -> Copied:
    """The running server makes the backup; without one it is made here. Raises Unusable."""
    connector = aiohttp.UnixConnector(str(folder.socket))
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as http,
            http.post(f"http://local{PATH}", data=str(file)) as answer,
        ):
            if answer.status != HTTPStatus.OK:
                raise Unusable(await answer.text())
            return msgspec.json.decode(await answer.read(), type=Copied)
    except aiohttp.ClientConnectorError:
        return back_up(folder, file)
    except (TimeoutError, aiohttp.ClientError) as wrong:
        raise Unusable(f"the server on {folder.data} does not answer ({wrong}): see its log") from wrong


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/run", description="Backs a node up, or restores it.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--backup", type=Path, metavar="FILE", help="copy all that is kept to FILE (tar, mode 0600)")
    what.add_argument("--restore", type=Path, metavar="FILE", help="make the data folder from FILE; it must not exist")
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="(default: %(default)s)")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Back up or restore; one line says what is in it, or why not."""
    options = _parser().parse_args(arguments)
    os.umask(0o077)
    try:
        if options.backup:
            made = asyncio.run(asked(DataFolder(options.data), options.backup.absolute()))
            print(f"{options.backup}: {made}. It was opened and read again. It holds names and keys: keep it safe.")
        else:
            print(f"{options.data}: {restore(options.restore, options.data)}. Start it with --data {options.data}")
    except Unusable as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
