"""`python -m server invites`: the links of a conference, from the running server or else from its data folder."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiohttp
import apsw
import msgspec

from rooms.conference import Conference
from rooms.journal import decode
from rooms.kernel import ConferenceId
from server.datafolder import DataFolder
from server.definitions import definition
from server.identity import Identity, node_key
from server.journal.sqlite import connect, read_entries
from server.links import Row, rows
from server.settings import DEFAULT_CONFERENCE, Settings, Unusable

PUBLIC: Final = ("role", "venue", "source", "name", "url", "token", "whip", "whep")
ANSWER_S: Final = 5.0


def main(arguments: Sequence[str]) -> int:
    """Print the links; 1 and one line when there are none to print."""
    asked = _parser().parse_args(arguments)
    try:
        conference = ConferenceId(asked.conference)
        if asked.conference.endswith(".toml"):
            conference = definition(asked.conference).id
        listed = asyncio.run(invites(DataFolder(asked.data), conference))
    except Unusable as reason:
        print(reason, file=sys.stderr)
        return 1
    told = [{name: value for name, value in msgspec.to_builtins(row).items() if name in PUBLIC} for row in listed]
    print(msgspec.json.format(msgspec.json.encode(told)).decode() if asked.json else table(listed))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server invites", description="Prints the links of a conference.")
    parser.add_argument("--conference", default=DEFAULT_CONFERENCE, metavar="ID|FILE", help="(default: %(default)s)")
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="(default: %(default)s)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as a JSON list")
    form.add_argument("--table", action="store_true", help="as a table (default)")
    return parser


def table(listed: Sequence[Row]) -> str:
    """One line per link: role, where or what, URL."""
    cells = [(row.role.value, row.name or row.source or row.venue or "", _state(row) + row.url) for row in listed]
    widths = [max(len(cell[column]) for cell in cells) for column in (0, 1)]
    return "\n".join(f"{role:<{widths[0]}}  {what:<{widths[1]}}  {url}" for role, what, url in cells)


def _state(row: Row) -> str:
    return "(revoked) " if row.revoked else ""


async def invites(folder: DataFolder, conference: ConferenceId) -> list[Row]:
    """The links as the running server gives them, or else as the data folder has them. Raises Unusable."""
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(folder.socket)), timeout=aiohttp.ClientTimeout(ANSWER_S)
            ) as http,
            http.get(f"http://local/invites/{conference}") as answer,
        ):
            if answer.status != 200:
                raise Unusable(f"the server has no conference {conference}: it has {await _known(answer)}")
            return msgspec.json.decode(await answer.read(), type=list[Row])
    except aiohttp.ClientConnectorError:
        return stored(folder, conference)
    except (TimeoutError, aiohttp.ClientError) as wrong:
        raise Unusable(f"the server on {folder.data} does not answer ({wrong}): see its log") from wrong


async def _known(answer: aiohttp.ClientResponse) -> str:
    told = await answer.json()
    return str(told.get("params", {}).get("known", "others"))


def stored(folder: DataFolder, conference: ConferenceId) -> list[Row]:
    """The links from the key and the journal, which is only read. Raises Unusable."""
    if not folder.is_founded():
        raise Unusable(f"{folder.data} holds no node yet: start it once, or give its --data DIR")
    connection = connect(folder.journal, readonly=True)
    try:
        bodies = read_entries(connection, conference, 0, sys.maxsize)
    except apsw.Error as wrong:
        raise Unusable(
            f"the journal {folder.journal} can't be read ({wrong}): start the server and ask again"
        ) from wrong
    finally:
        connection.close()
    if not bodies:
        raise Unusable(f"{folder.data} has no conference {conference}: start it once with --conference {conference}")
    origin = folder.origin.read_text().strip() if folder.origin.exists() else Settings().origin
    replayed = Conference.replayed(decode(body)[0] for body in bodies)
    return list(rows(origin, replayed, Identity(node_key(folder.key))))
