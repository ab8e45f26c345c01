"""Data folders of other programs: an older one is opened as it was, a newer one is refused by its version."""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec
import pytest

from rooms.conference import Conference
from rooms.features.links import LinkRenewed, Links, Renew
from rooms.journal import Envelope, decode
from rooms.kernel import Actor, CommandId, InviteId, PersonId, Role
from server.clock import NodeClock
from server.datafolder import DataFolder
from server.definitions import definition
from server.host import Host
from server.journal.sqlite import SqliteJournal
from server.settings import Unusable
from server.vault import Vault
from tests.server.conftest import CONFERENCE

pytestmark = pytest.mark.holds

GOLDEN = Path(__file__).parents[1] / "golden"
ENTRIES = (GOLDEN / f"{CONFERENCE}.jsonl").read_bytes().splitlines()


def golden(data: Path, entries: list[bytes] = ENTRIES) -> DataFolder:
    folder = DataFolder(data)
    connection = apsw.Connection(str(folder.journal))
    connection.execute("attach ? as vault", (str(folder.vault),))
    connection.execute((GOLDEN / "folder-1.sql").read_text("utf-8"))
    for body in entries:
        entry = decode(body)[0]
        row = CONFERENCE, entry.seq, entry.actor.person, entry.command_id, body
        connection.execute("insert into entries values (?, ?, ?, ?, ?)", row)
    connection.close()
    return folder


async def opened(folder: DataFolder) -> tuple[Host, SqliteJournal]:
    journal = SqliteJournal(folder.journal)
    host = Host(journal, definition(CONFERENCE), NodeClock())
    try:
        await host.open()
    except Unusable:
        await journal.close()
        raise
    return host, journal


async def test_the_first_program_s_folder_is_opened_and_goes_on(tmp_path: Path) -> None:
    folder = golden(tmp_path)
    host, journal = await opened(folder)
    replayed = Conference.replayed(decode(body)[0] for body in ENTRIES)
    assert host.conference.snapshot() == replayed.snapshot()
    organiser = Actor(PersonId("o"), Role.ORGANISER)
    seq = await host.handle(Envelope(CommandId("1"), Renew(InviteId("attendee"))), organiser)
    assert seq == len(ENTRIES) + 1
    await host.close()
    await journal.close()

    vault = Vault(folder.vault)
    assert vault.names == {"anna": "Anna Müller"}
    await vault.close()


async def test_an_event_of_a_newer_feature_is_refused_by_its_version(tmp_path: Path) -> None:
    newer = {"type": "links.renewed", "invite": "attendee", "number": "two", "v": 2}
    entry = msgspec.json.decode(ENTRIES[-1])
    folder = golden(
        tmp_path,
        [*ENTRIES, msgspec.json.encode({**entry, "seq": entry["seq"] + 1, "command_id": "later", "events": [newer]})],
    )
    with pytest.raises(Unusable, match="has links of version 2, this program knows 1: start the newer program"):
        await opened(folder)


async def test_a_feature_that_is_not_here_any_more_is_left_aside(tmp_path: Path) -> None:
    unknown = [body for body in ENTRIES if decode(body)[1]]
    assert unknown, "the golden journal has an event of a feature that is not here"
    host, journal = await opened(golden(tmp_path))
    assert unknown[0] in await journal.replay(CONFERENCE, 0, 1000)
    await host.close()
    await journal.close()


async def test_events_of_an_older_feature_are_lifted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lift(version: int, event: dict[str, object]) -> dict[str, object]:
        assert version == 1
        return {**event, "generation": event.pop("number")}

    older = {"type": "links.renewed", "invite": "attendee", "number": 7}
    entry = msgspec.json.decode(ENTRIES[-1])
    entry = {**entry, "seq": entry["seq"] + 1, "command_id": "older", "events": [older]}
    monkeypatch.setattr(Links, "version", 2)
    monkeypatch.setattr(Links, "upcast", staticmethod(lift))
    kept = [body for body in ENTRIES if b'"links.' not in body]
    renumbered = [
        msgspec.json.encode({**msgspec.json.decode(body), "seq": seq})
        for seq, body in enumerate([*kept, msgspec.json.encode(entry)], 1)
    ]
    host, journal = await opened(golden(tmp_path, renumbered))
    assert host.conference.feature(Links).standing(InviteId("attendee")).generation == 7
    assert LinkRenewed(InviteId("attendee"), 7) in decode(renumbered[-1])[0].events
    await host.close()
    await journal.close()
