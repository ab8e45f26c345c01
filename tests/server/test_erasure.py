import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from rooms.features.people import Enter, Erase
from rooms.journal import Envelope
from rooms.kernel import Actor, CommandId, PersonId, Role
from server.clock import NodeClock
from server.definitions import definition
from server.erasure import Erasure, files_with
from server.host import Host
from server.journal.sqlite import SqliteJournal
from server.links import Row
from server.vault import Vault
from tests.server.conftest import CONFERENCE, Guest, Node

pytestmark = pytest.mark.holds

ANNA = Actor(PersonId("a" * 32), Role.ATTENDEE)
ORGANISER = Actor(PersonId("o" * 32), Role.ORGANISER)
NAME = "Änne Unverwechselbar"


async def nothing(person: PersonId) -> None:
    """What is kept of the person beside the vault."""


async def erase(guest: Guest, row: Row, person: str, **headers: str) -> tuple[int, Any]:
    bearer = {"Authorization": f"Bearer {row.token}", **headers}
    url = f"{guest.origin}/{CONFERENCE}/erase"
    async with guest.http.post(url, json={"person": person}, headers=bearer) as answer:
        return answer.status, await answer.json()


async def names(guest: Guest, row: Row) -> list[dict[str, Any]]:
    bearer = {"Authorization": f"Bearer {row.token}"}
    async with guest.http.get(f"{guest.origin}/{CONFERENCE}/names", headers=bearer) as answer:
        listed: list[dict[str, Any]] = await answer.json()
        return listed


async def test_an_erased_person_s_name_leaves_every_view_and_every_file_at_once(node: Node) -> None:
    row = await node.link("organiser")
    organiser = await node.guest().open(row, "Olga")
    attendee = await node.guest().open(await node.link("attendee"), NAME)
    await organiser.until(lambda view: NAME in str(view["people"]))
    assert {each["name"] for each in await names(organiser, row)} == {NAME, "Olga"}
    person = next(each["person"] for each in await names(organiser, row) if each["name"] == NAME)

    status, told = await erase(organiser, row, person)
    assert (status, told["traces"]) == (200, [])
    await organiser.until(lambda view: NAME not in str(view))
    data = node.settings.data
    assert not [file for file in data.rglob("*") if file.is_file() and NAME.encode() in file.read_bytes()]
    assert [each["name"] for each in await names(organiser, row)] == ["Olga"]
    assert attendee.io.connected, "who is erased may stay, without a name"

    assert await erase(organiser, row, person) == (200, told), "a repeat changes nothing"
    status, told = await attendee.enter((await node.link("attendee")).token)
    assert (status, "name" in told) == (200, False), "coming back brings no name back"


@pytest.mark.parametrize("role", ["attendee", "director", "operator", "moderator"])
async def test_nobody_but_the_organiser_erases_or_lists_names(node: Node, role: str) -> None:
    row = await node.link(role)
    guest = await node.guest().open(row, "Anna")
    status, told = await erase(guest, row, "x")
    assert (status, told["refused"]) == (403, "link-foreign")
    assert (await names(guest, row)) == {"refused": "link-foreign"}
    answer = await guest.command("1", "people.erase", room=None, person="x")
    assert answer["refused"] == "role-not-admitted"


async def test_a_foreign_page_or_a_stolen_link_alone_erases_nothing(node: Node) -> None:
    row = await node.link("organiser")
    organiser = await node.guest().open(row, "Olga")
    status, told = await erase(organiser, row, "x", Origin="https://evil.example")
    assert (status, told["refused"]) == (403, "origin-foreign")
    status, told = await erase(node.guest(), row, "x")
    assert (status, told["refused"]) == (403, "not-entered")
    status, told = await erase(organiser, row, "x" * 97)
    assert (status, told["refused"]) == (400, "request-unreadable")


async def test_a_command_over_the_socket_erases_as_well(node: Node) -> None:
    row = await node.link("organiser")
    organiser = await node.guest().open(row, "Olga")
    await node.guest().open(await node.link("attendee"), NAME)
    person = next(each["person"] for each in await names(organiser, row) if each["name"] == NAME)
    await organiser.until(lambda view: NAME in str(view["people"]))
    assert "seq" in await organiser.command("1", "people.erase", room=None, person=person)
    await organiser.until(lambda view: NAME not in str(view))
    assert list(files_with(node.settings.data, NAME, ["Olga"])) == []


async def erased() -> None:
    """Once the node has nobody to erase any more."""
    while tasks := [task for task in asyncio.all_tasks() if task.get_name() == "erase"]:
        await asyncio.wait(tasks)


async def test_a_name_that_arrives_behind_its_person_s_erasure_goes_too(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person enters again: the erasure comes between the entry's journal and its vault."""
    row, call = await node.link("organiser"), Vault.call
    organiser = await node.guest().open(row, "Olga")
    guests = await node.link("attendee")
    attendee = await node.guest().open(guests, "Anna")
    _, told = await attendee.enter(guests.token)

    async def late(vault: Vault, person: PersonId, name: str) -> None:
        assert await erase(organiser, row, told["person"]) == (200, {"seq": ANY, "traces": []})
        await call(vault, person, name)

    monkeypatch.setattr(Vault, "call", late)
    assert (await attendee.enter(guests.token, NAME))[0] == 200
    await erased()
    assert list(files_with(node.settings.data, NAME, ["Olga"])) == []


async def test_a_name_that_arrives_while_its_person_s_files_are_searched_goes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, vault = SqliteJournal(tmp_path / "journal.db"), Vault(tmp_path / "vault.db")
    host, loop = Host(journal, definition(CONFERENCE), NodeClock()), asyncio.get_running_loop()
    await host.open()
    await host.handle(Envelope(CommandId("1"), Enter()), ANNA)
    await vault.call(ANNA.person, NAME)
    searches: list[str] = []

    def search(data: Path, name: str, others: object, said: bytes) -> list[str]:
        searches.append(name)
        if name == NAME:
            asyncio.run_coroutine_threadsafe(vault.call(ANNA.person, "Änne Later"), loop).result()
            loop.call_soon_threadsafe(erasure.sweep)
        return []

    monkeypatch.setattr("server.erasure.files_with", search)
    erasure = Erasure(vault, tmp_path, [host], nothing, lambda: None)
    await host.handle(Envelope(CommandId("2"), Erase(ANNA.person)), ORGANISER)
    await erased()
    assert (searches, dict(vault.names)) == ([NAME, "Änne Later"], {})
    for each in (erasure, host, journal, vault):
        await each.close()


async def test_a_start_erases_what_the_last_end_left(tmp_path: Path) -> None:
    journal, vault = SqliteJournal(tmp_path / "journal.db"), Vault(tmp_path / "vault.db")
    host = Host(journal, definition(CONFERENCE), NodeClock())
    await host.open()
    await host.handle(Envelope(CommandId("1"), Enter()), ANNA)
    await vault.call(ANNA.person, NAME)
    await host.handle(Envelope(CommandId("2"), Erase(ANNA.person)), ORGANISER)
    assert vault.names[ANNA.person] == NAME, "the process ended before the vault was told"

    gone = asyncio.Event()
    erasure = Erasure(vault, tmp_path, [host], nothing, gone.set)
    await asyncio.wait_for(gone.wait(), 30)
    await erasure.close()
    assert ANNA.person not in vault.names
    assert list(files_with(tmp_path, NAME, ())) == []
    for each in (host, journal, vault):
        await each.close()


def test_a_name_left_in_any_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "web.log").write_text('{"event": "\\u00c4nne Unverwechselbar"}')
    (tmp_path / "journal.db-wal").write_bytes(b"\0\1" + NAME.encode() + b"\0")
    (tmp_path / "empty").touch()
    (tmp_path / "words").write_text("Lisa, Links")
    assert list(files_with(tmp_path, NAME, ())) == ["journal.db-wal", "log/web.log"]
    assert list(files_with(tmp_path, "Li", ())) == [], "a short name inside another word is another word"
    assert list(files_with(tmp_path, "Lisa", ())) == ["words"]


def test_a_word_of_the_conference_itself_is_no_trace_but_in_the_vault(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"Deutsches Haus, Frankfurt am Main")
    (tmp_path / "vault.db").write_bytes(b"00ffFrankfurt\0")
    assert list(files_with(tmp_path, "Frankfurt", (), b'{"venue":"Frankfurt"}')) == ["vault.db"]
    assert list(files_with(tmp_path, "Frankfurt", (), b'{"venue":"Hanau"}')) == ["journal.db", "vault.db"]


def test_the_same_name_of_somebody_else_is_no_trace(tmp_path: Path) -> None:
    (tmp_path / "vault.db").write_bytes(b"00ffAnna\0" + b"11ffAnna Vogel\0")
    assert list(files_with(tmp_path, "Anna", ["Anna", "Anna Vogel"])) == []
    assert list(files_with(tmp_path, "Anna", ["Anna Vogel"])) == ["vault.db"]
