"""Questions over real sockets: what each page gets, when, and what is refused."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import msgspec
import openpyxl
import pytest

from rooms.kernel import ConferenceId
from server.codes import STEP_MS, STEPS_KEPT, Codes
from server.export import defused, flat
from server.identity import Identity
from tests.rooms.hall import CHANGZHOU, FRANKFURT, opened
from tests.server.conftest import CONFERENCE, PATIENCE_S, Guest, Node

ASK = {"text": "Wann beginnt der Bau?"}


async def page(node: Node, role: str, name: str = "Anna", venue: str | None = None) -> Guest:
    return await node.guest().open(await node.link(role, venue), name)


async def read(guest: Guest, room: str = "stage", **query: Any) -> dict[str, Any]:
    message = {"room": room, "query": {"type": "qa.find", **query}}
    return dict(await guest.io.call("read", message, timeout=PATIENCE_S))


async def test_an_asker_sees_the_question_at_once_and_others_once_it_is_published(node: Node) -> None:
    anna, wall = await page(node, "attendee"), await page(node, "wall", "", "frankfurt")
    mo = await page(node, "moderator", "Mo")
    seq = (await anna.command("c-1", "qa.ask", **ASK))["seq"]
    await anna.until_mine(lambda mine: mine["qa"]["asked"].get("q1", {}).get("seq") == seq)
    await mo.until(lambda view: view["qa"]["items"].get("q1", {}).get("by") == "Anna")
    assert anna.view["qa"]["items"] == {}
    await mo.command("c-2", "qa.publish", question="q1", seen=mo.view["qa"]["items"]["q1"]["rev"])
    await anna.until(lambda view: view["qa"]["by_time"] == ["q1"])
    await mo.command("c-3", "qa.air", question="q1")
    await wall.until(lambda view: view["qa"].get("on_air") == "q1" and "q1" in view["qa"]["items"])
    await anna.until_mine(lambda mine: mine["qa"]["asked"]["q1"]["state"] == "on_air")


async def test_a_repeated_command_asks_once(node: Node) -> None:
    anna = await page(node, "attendee")
    answers = [await anna.command("c-1", "qa.ask", **ASK) for _ in range(3)]
    assert answers == [answers[0]] * 3
    await anna.until_mine(lambda mine: mine["qa"]["used"] == 1)


async def test_a_person_with_many_pages_votes_once_at_any_concurrency(node: Node) -> None:
    organiser, mo = await page(node, "organiser", "Ola"), await page(node, "moderator", "Mo")
    await organiser.command("c-0", "qa.configure", moderation="after", cooldown_s=0)
    anna = await page(node, "attendee")
    await anna.command("c-1", "qa.ask", **ASK)
    again = node.guest()
    again.http.cookie_jar.update_cookies({cookie.key: cookie.value for cookie in anna.http.cookie_jar})
    await again.connect(await node.link("attendee"))
    votes = [guest.command(f"v-{n}", "qa.vote", question="q1", on=True) for n in range(15) for guest in (anna, again)]
    answers = await asyncio.gather(*votes)
    assert all("seq" in answer for answer in answers)
    await mo.until(lambda view: view["qa"]["votes"] == {"q1": 1})
    await again.until_mine(lambda mine: mine["qa"]["votes"] == {"q1": True})


async def test_of_two_moderators_at_once_one_gets_the_question(node: Node) -> None:
    anna = await page(node, "attendee")
    mo, mia = await page(node, "moderator", "Mo"), await page(node, "moderator", "Mia")
    await anna.command("c-1", "qa.ask", **ASK)
    answers = await asyncio.gather(*(each.command(f"{id(each)}", "qa.claim", question="q1") for each in (mo, mia)))
    assert sorted(answer.get("refused", "done") for answer in answers) == ["done", "question-claimed"]


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("qa.ask", {"text": ""}, "question-empty"),
        ("qa.ask", {"text": "a" * 301}, "question-too-long"),
        ("qa.ask", {"text": 7}, "command-unreadable"),
        ("qa.ask", {"text": "a", "language": "<b>"}, "command-unreadable"),
        ("qa.ask", {"text": "a", "person": "someone else"}, "command-unreadable"),
        ("qa.vote", {"question": "q99", "on": True}, "question-unknown"),
        ("qa.vote", {"question": "../../etc", "on": True}, "command-unreadable"),
        ("qa.publish", {"question": "q1"}, "role-not-admitted"),
    ],
)
async def test_bad_input_is_refused_by_name(node: Node, kind: str, fields: dict[str, Any], said: str) -> None:
    anna = await page(node, "attendee")
    assert (await anna.command("c-1", kind, **fields))["refused"] == said


async def test_a_query_finds_what_its_asker_may_see(node: Node) -> None:
    anna, mo = await page(node, "attendee"), await page(node, "moderator", "Mo")
    await anna.command("c-1", "qa.ask", **ASK)
    assert (await read(mo, text="bau"))["found"]["ids"] == ["q1"]
    assert (await read(anna, text="bau"))["found"]["ids"] == []
    assert (await read(anna, room="cellar"))["refused"] == "room-unknown"
    assert (await read(anna, count=1000))["refused"] == "query-unreadable"


async def test_what_is_one_s_own_comes_again_after_a_reconnect(node: Node) -> None:
    anna = await page(node, "attendee")
    await anna.command("c-1", "qa.ask", **ASK)
    await anna.io.disconnect()
    anna.mine = {}
    await anna.connect(await node.link("attendee"))
    await anna.until_mine(lambda mine: mine["qa"]["asked"]["q1"]["text"] == ASK["text"])


async def test_a_wall_shows_a_code_and_a_phone_that_scanned_it_is_present(node: Node) -> None:
    wall, row = await page(node, "wall", "", "frankfurt"), await node.link("wall", "frankfurt")
    bearer = {"Authorization": f"Bearer {row.token}"}
    async with wall.http.get(f"{node.origin}/{CONFERENCE}/code", headers=bearer) as answer:
        told = await answer.json()
    token, _, code = told["url"].partition("#")[2].partition(".")
    assert (told["venue"], code) == ("frankfurt", told["code"])
    assert told["qr"].startswith("<svg")
    assert token == (await node.link("on_site", "frankfurt")).token
    phone = await page(node, "on_site", "", "frankfurt")
    message = {"id": "c-1", "room": "stage", "command": {"type": "qa.show_presence"}}
    assert (await phone.io.call("command", {**message, "code": "AAAAAA"}))["refused"] == "code-wrong"
    assert "seq" in await phone.io.call("command", {**message, "id": "c-2", "code": code})
    await phone.until_mine(lambda mine: mine["qa"].get("present") == "frankfurt")


async def test_a_code_is_shown_to_halls_only(node: Node) -> None:
    anna, row = await page(node, "attendee"), await node.link("attendee")
    async with anna.http.get(
        f"{node.origin}/{CONFERENCE}/code", headers={"Authorization": f"Bearer {row.token}"}
    ) as answer:
        assert (await answer.json())["refused"] == "link-foreign"


class HandClock:
    at_ms = 1_000_000_000.0

    def now_ms(self) -> float:
        return self.at_ms


def test_a_code_rotates_and_is_good_for_a_while_at_its_hall() -> None:
    clock, id = HandClock(), ConferenceId("jiangsu-2022")
    codes, conference = Codes(Identity(bytes(32)), clock), opened()
    code, until_ms = codes.shown(id, CHANGZHOU)
    assert clock.at_ms < until_ms <= clock.at_ms + STEP_MS
    assert codes.venue(conference, code) == CHANGZHOU
    assert codes.shown(id, FRANKFURT)[0] != code
    clock.at_ms += STEP_MS
    assert codes.shown(id, CHANGZHOU)[0] != code
    assert codes.venue(conference, code) == CHANGZHOU
    clock.at_ms += (STEPS_KEPT - 1) * STEP_MS
    assert codes.venue(conference, code) is None
    assert codes.venue(conference, "") is None


async def test_an_asker_on_stage_belongs_to_the_speakers_until_sent_back(node: Node) -> None:
    anna, mo = await page(node, "attendee"), await page(node, "moderator", "Mo")
    await anna.command("c-1", "qa.ask", **ASK)
    for number, kind in enumerate(("publish", "invite")):
        await mo.command(f"m-{number}", f"qa.{kind}", question="q1")
    await anna.until_mine(lambda mine: mine["qa"].get("stage", {}).get("step") == "invited")
    assert "shortlist" not in anna.view["qa"]
    await anna.command("c-2", "qa.consent", question="q1", yes=True)
    await anna.until(lambda view: "shortlist" in view["qa"])
    source = anna.mine["qa"]["stage"]["source"]
    await mo.command("m-3", "qa.bring", question="q1")
    await mo.until(
        lambda view: source in view["media"]["sources"] and view["qa"].get("on_stage", {}).get("source") == source
    )
    await mo.command("m-4", "qa.send_back", question="q1")
    await anna.until(lambda view: "shortlist" not in view["qa"])
    await anna.until_mine(lambda mine: "stage" not in mine["qa"])


# Export


async def export(node: Node, kind: str, role: str = "organiser") -> tuple[int, bytes]:
    guest, row = await page(node, role, "Ola"), await node.link(role)
    url = f"{node.origin}/{CONFERENCE}/export/qa.{kind}"
    async with guest.http.get(url, headers={"Authorization": f"Bearer {row.token}"}) as answer:
        return answer.status, await answer.read()


async def asked(node: Node, *texts: str) -> None:
    organiser = await page(node, "organiser", "Ola")
    await organiser.command("c-0", "qa.configure", moderation="after", cooldown_s=0)
    anna = await page(node, "attendee", "=Anna")
    for number, text in enumerate(texts):
        assert "seq" in await anna.command(f"a-{number}", "qa.ask", text=text)
    await anna.command("v-1", "qa.vote", question="q1", on=True)


async def test_json_lines_hold_every_question_with_its_whole_story(node: Node) -> None:
    await asked(node, "=1+1", "Wann?")
    status, body = await export(node, "jsonl")
    rows = [msgspec.json.decode(line) for line in body.splitlines()]
    assert (status, [row["text"] for row in rows]) == (200, ["=1+1", "Wann?"])
    assert [line["state"] for line in rows[0]["story"]] == ["submitted", "published"]
    assert rows[0]["votes"]["all"] == rows[0]["votes"]["remote"] == 1
    assert rows[0]["votes"]["with_code"]["all"] == 0
    assert rows[0]["ballots"][0]["code"] is False
    assert rows[0]["asked"]["changzhou"].endswith("+08:00")
    assert rows[0]["asked"]["replay_s"] == 0


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "=cmd|' /C calc'!A0"])
async def test_no_cell_of_a_table_begins_as_a_formula(node: Node, text: str) -> None:
    await asked(node, text)
    _, body = await export(node, "csv")
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert (rows[0]["text"], rows[0]["name"]) == (f"'{text}", "'=Anna")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+-@"))]
    _, body = await export(node, "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(body)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or str(cell.value).startswith(tuple("=+-@"))]
    assert f"'{text}" in [cell.value for cell in cells]


@pytest.mark.parametrize("role", ["attendee", "moderator", "director"])
async def test_only_the_organiser_takes_the_table_home(node: Node, role: str) -> None:
    status, body = await export(node, "csv", role)
    assert (status, msgspec.json.decode(body)["refused"]) == (403, "link-foreign")


async def test_what_nothing_exports_is_not_found(node: Node) -> None:
    guest, row = await page(node, "organiser", "Ola"), await node.link("organiser")
    for path in ("stage.csv", "nothing.csv", "qa.csv?room=cellar"):
        url = f"{node.origin}/{CONFERENCE}/export/{path}"
        async with guest.http.get(url, headers={"Authorization": f"Bearer {row.token}"}) as answer:
            assert answer.status == 404


def test_a_row_is_told_in_cells() -> None:
    row = {"id": "q1", "votes": {"all": 2, "at": {"changzhou": 1}}, "story": [{"state": "asked", "by": ""}, {"n": 1}]}
    assert flat(row) == {"id": "q1", "votes.all": 2, "votes.at.changzhou": 1, "story": "asked; 1"}
    assert flat({"ballots": [{"person": "p" * 40}] * 1000})["ballots"] == "1000: see the JSON Lines"


@pytest.mark.parametrize("text", ["=A1", "\uff1dA1", "\tx", "-", "@"])
def test_a_text_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert defused(text) == f"'{text}"
    assert defused(-1) == -1
    assert defused("a=b") == "a=b"
