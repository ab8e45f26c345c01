"""A signing through a real web process: tablets, officer, an attendee, the vault, and what goes wrong."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from rooms.ceremony.model import signatory
from rooms.kernel import ConferenceId, ProjectId
from server.datafolder import DataFolder
from server.settings import Settings
from server.vault import Vault
from tests.server.conftest import CONFERENCE, Guest, Node, running, web_root

ACT = "project-1"
SEATS = ("changzhou-2", "frankfurt-1")
M = ProjectId(ACT)


class Table:
    """An officer and the tablets of a project's two seats."""

    def __init__(self, officer: Guest, pads: list[Guest]) -> None:
        self.officer = officer
        self.pads = pads
        self._number = 0

    async def order(self, verb: str, **fields: Any) -> dict[str, Any]:
        self._number += 1
        return await self.officer.command(f"o{self._number}", f"ceremony.{verb}", **fields)

    async def armed(self) -> Table:
        for number, pad in enumerate(self.pads):
            stood = await pad.command("awake", "ceremony.stand_by", offset_ms=0, bound_ms=5)
            assert "seq" in stood, (number, stood)
        await self.officer.until(lambda view: len(awake(view)) >= len(self.pads))  # which may be at another process
        for verb, fields in (
            ("lock", {}),
            ("seat", {}),
            ("ready", {"venue": "changzhou", "on": True}),
            ("ready", {"venue": "frankfurt", "on": True}),
            ("arm", {}),
        ):
            assert "seq" in await self.order(verb, act=ACT, **fields), verb
        return self

    async def signing(self) -> Table:
        await self.armed()
        for party, pad in enumerate(self.pads):
            assert "seq" in await pad.command("sure", "ceremony.confirm", act=ACT, take=1, party=party)
        assert "seq" in await self.order("go", act=ACT, lead_ms=500)
        for pad in self.pads:
            await pad.until(lambda view: view["ceremony"]["acts"][ACT]["step"] == "signing")
        return self

    async def sign(self, party: int, id: str = "sign", **changes: Any) -> dict[str, Any]:
        return await self.pads[party].command(id, "ceremony.sign", **signature(party, **changes))


def awake(view: dict[str, Any]) -> list[str]:
    """The seats whose tablets stood by, as the officer's desk shows it."""
    return [seat for seat, row in view["ceremony"]["seats"].items() if "awake_ms" in row]


def signature(party: int, **changes: Any) -> dict[str, Any]:
    now_ms = time.time() * 1000
    strokes = [[[0.1, 0.5, 0.5, now_ms - 2], [0.2, 0.6, 0.7, now_ms - 1]], [[0.5, 0.5, 1, now_ms]]]
    clock = {"offset_ms": 86_400_000, "bound_ms": 5}
    sign = {"act": ACT, "take": 1, "party": party, "documents": {}, "strokes": strokes, **clock, "device": "Tablet"}
    return sign | changes


async def table(node: Node) -> Table:
    officer = await node.guest().open(await node.link("protocol_officer"), "Offi")
    return Table(officer, [await tablet(node, seat) for seat in SEATS])


async def tablet(node: Node, seat: str) -> Guest:
    row = next(row for row in await node.links() if row.id == f"pad-{seat}")
    return await node.guest().open(row, "")


async def test_two_halls_sign_at_one_moment_and_everybody_sees_the_hand_move(node: Node) -> None:
    halls = await (await table(node)).signing()
    anna = await node.guest().open(await node.link("attendee"))
    points = [[0.1, 0.5, 0.5, time.time() * 1000], [0.2, 0.6, 0.7, time.time() * 1000]]
    drawn = {"type": "ceremony.stroke", "room": "stage", "act": ACT, "take": 1, "party": 0, "stroke": 0}
    await halls.pads[0].io.emit("signal", {**drawn, "from": 0, "points": points})
    await anna.until(lambda _: ink(anna))
    first = {"act": ACT, "take": 1, "party": 0, "stroke": 0, "from": 0, "points": points, "cleared": True}
    assert ink(anna)[0] == first
    signed = signature(0)["strokes"]
    assert "seq" in await halls.sign(0, strokes=signed)
    assert "seq" in await halls.sign(1)
    await anna.until(lambda view: view["ceremony"]["acts"][ACT]["step"] == "signed")
    assert anna.view["ceremony"]["board"]["items"]["projects"] == {"signed": 1, "of": 10}
    assert anna.view["stage"]["layout"] == "signing_tables"
    late = await node.guest().open(await node.link("attendee"), "Bernd")
    await late.until(lambda _: len(ink(late)) == 4)
    hands = {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert {(one["party"], one["stroke"]) for one in ink(late)} == hands
    assert [one["points"] for one in ink(late) if one["party"] == 0] == signed, "a clear that got lost is made up for"
    for verb, act in (("exchange", ACT), ("unveil", ACT), ("seal", ACT), ("show", "memorandum"), ("show", ACT)):
        assert "seq" in await halls.order(verb, act=act), verb
    last = await node.guest().open(await node.link("attendee"), "Cara")
    await last.until(lambda _: {(one["party"], one["stroke"]) for one in ink(last)} == hands)


def ink(guest: Guest) -> list[Any]:
    return [body for name, body in guest.heard if name == "ink"]


async def test_a_signature_that_is_sent_again_counts_once_and_others_are_refused_with_words(node: Node) -> None:
    halls = await (await table(node)).signing()
    assert (await halls.sign(0, documents={"de": "ab" * 32}, id="old"))["refused"] == "document-changed"
    assert (await halls.sign(0, take=2, id="take"))["refused"] == "take-over"
    assert (await halls.sign(0, strokes=[[[0.5, 0.5, 0.5, 1e12]]], id="early"))["refused"] == "clock-off"
    assert (await halls.sign(0, bound_ms=251, id="unsure"))["refused"] == "clock-unsure"
    assert (await halls.sign(0, strokes=[], id="empty"))["refused"] == "signature-empty"
    assert (await halls.pads[1].command("foreign", "ceremony.sign", **signature(0)))["refused"] == "seat-not-yours"
    first = await halls.sign(0)
    assert await halls.sign(0) == first
    assert (await halls.sign(0, id="another"))["refused"] == "signed-already"


async def test_a_page_cannot_say_what_only_the_server_knows(node: Node) -> None:
    halls = await (await table(node)).signing()
    assert "seq" in await halls.sign(0, commitment="ab" * 32)
    row = halls.officer
    await row.until(lambda view: "mark" in view["ceremony"]["acts"][ACT]["parties"][0])
    assert row.view["ceremony"]["acts"][ACT]["parties"][0]["mark"] != ("ab" * 32)[:16]


async def test_a_tablet_that_sleeps_must_be_woken_before_arming(node: Node) -> None:
    halls = await table(node)
    for verb, fields in (("lock", {}), ("seat", {}), ("ready", {"venue": "changzhou", "on": True})):
        await halls.order(verb, act=ACT, **fields)
    await halls.order("ready", act=ACT, venue="frankfurt", on=True)
    awake = {"seen_ms": int(time.time() * 1000), "offset_ms": 0, "bound_ms": 1, "device": "x"}
    claimed = await halls.order("arm", act=ACT, pads=dict.fromkeys(SEATS, awake))
    assert claimed == {"refused": "pad-asleep", "params": {"seat": "changzhou-2"}}


async def test_a_second_tablet_takes_a_seat_over_knowingly_and_the_first_is_told(node: Node) -> None:
    halls = await (await table(node)).signing()
    spare = await tablet(node, SEATS[0])
    clock: dict[str, Any] = {"offset_ms": 0, "bound_ms": 5}
    assert (await spare.command("a", "ceremony.stand_by", **clock))["refused"] == "seat-taken"
    assert "seq" in await spare.command("b", "ceremony.stand_by", **clock, over=True)
    first = halls.pads[0]
    before = first.mine["ceremony"]["device"]
    await first.until_mine(lambda mine: mine["ceremony"]["device"] != before)
    assert (await halls.sign(0))["refused"] == "seat-taken"
    assert "seq" in await spare.command("c", "ceremony.sign", **signature(0))


async def test_what_was_signed_outlives_the_process_and_is_gone_when_the_person_is_erased(tmp_path: Path) -> None:
    settings, root = Settings(data=tmp_path / "var"), web_root(tmp_path / "web")
    person = signatory(ConferenceId(CONFERENCE), M, 0)
    async with running(settings, root) as node:
        halls = await (await table(node)).signing()
        organiser = await node.guest().open(await node.link("organiser"), "Ola")
        assert "seq" in await halls.sign(0)
    async with running(settings, root) as node:
        anna = await node.guest().open(await node.link("attendee"))
        await anna.until(lambda _: len(ink(anna)) == 2)
        assert anna.view["ceremony"]["acts"][ACT]["step"] == "signing"
        organiser = await node.guest().open(await node.link("organiser"), "Ola")
        headers = {"Authorization": f"Bearer {(await node.link('organiser')).token}"}
        async with organiser.http.get(f"{node.origin}/{CONFERENCE}/names", headers=headers) as answer:
            unnamed = [row["person"] for row in await answer.json() if not row["name"]]
        assert unnamed == [person], "who signed unnamed is found, to be erased"
        body = {"person": person}
        async with organiser.http.post(f"{node.origin}/{CONFERENCE}/erase", json=body, headers=headers) as answer:
            assert answer.status == 200
        halls = await table(node)
        standing: dict[str, Any] = {"offset_ms": 0, "bound_ms": 5}
        assert (await halls.pads[1].command("new", "ceremony.stand_by", **standing))["refused"] == "seat-taken"
        assert "seq" in await halls.pads[1].command("over", "ceremony.stand_by", **standing, over=True)
        assert "seq" in await halls.sign(1)
    vault = Vault(DataFolder(settings.data).vault)
    assert not vault.knows(person)
    assert vault.knows(signatory(ConferenceId(CONFERENCE), M, 1))
    await vault.close()


async def test_a_signatory_s_name_is_in_the_vault_and_on_every_screen_and_not_in_the_journal(
    tmp_path: Path,
) -> None:
    settings = Settings(data=tmp_path / "var")
    async with running(settings, web_root(tmp_path / "web")) as node:
        organiser = await node.guest().open(await node.link("organiser"), "Ola")
        named = await organiser.command("n", "ceremony.name", act=ACT, party=0, name=" Xiulan  Zhang ")
        assert "seq" in named
        anna = await node.guest().open(await node.link("attendee"))
        assert anna.view["ceremony"]["acts"][ACT]["parties"][0]["name"] == "Xiulan Zhang"
        headers = {"Authorization": f"Bearer {(await node.link('organiser')).token}"}
        async with organiser.http.get(f"{node.origin}/{CONFERENCE}/names", headers=headers) as answer:
            known = [(row["name"], row["role"], row.get("act"), row.get("party")) for row in await answer.json()]
        assert ("Xiulan Zhang", "signatory", ACT, 0) in known
        refused = await organiser.command("e", "ceremony.name", act=ACT, party=0, name=" ")
        assert refused["refused"] == "name-empty"
    files = [file for file in settings.data.rglob("*") if file.is_file() and b"Xiulan" in file.read_bytes()]
    assert [file.name for file in files] == ["vault.db"]


async def test_several_tablets_sign_in_the_same_instant(node: Node) -> None:
    halls = await (await table(node)).signing()
    answers = await asyncio.gather(halls.sign(0), halls.sign(1))
    assert all("seq" in answer for answer in answers)
    await halls.officer.until(lambda view: view["ceremony"]["acts"][ACT]["step"] == "signed")


async def test_a_tablet_that_drops_in_mid_stroke_comes_back_and_goes_on(node: Node) -> None:
    halls = await (await table(node)).signing()
    anna = await node.guest().open(await node.link("attendee"))
    row = next(row for row in await node.links() if row.id == f"pad-{SEATS[0]}")
    pad = halls.pads[0]
    drawn = {"type": "ceremony.stroke", "room": "stage", "act": ACT, "take": 1, "party": 0, "stroke": 0}
    points = [[0.1 * number, 0.5, 0.5, time.time() * 1000 + number] for number in range(1, 7)]
    await pad.io.emit("signal", {**drawn, "from": 0, "points": points[:2]})
    await anna.until(lambda _: ink(anna))
    await pad.io.disconnect()
    assert "seq" in await halls.sign(1), "the other hall goes on"
    await pad.connect(row)
    assert "seq" in await pad.command("again", "ceremony.stand_by", offset_ms=0, bound_ms=5), "it is the same tablet"
    await pad.io.emit("signal", {**drawn, "from": 0, "points": points})
    await anna.until(lambda _: sum(len(one["points"]) for one in ink(anna) if one["party"] == 0) == len(points))
    assert [one["from"] for one in ink(anna) if one["party"] == 0] == [0, 2]
    assert "seq" in await halls.sign(0, strokes=[points])
    await anna.until(lambda view: view["ceremony"]["acts"][ACT]["step"] == "signed")


async def test_strokes_of_a_pad_that_is_not_open_reach_nobody(node: Node) -> None:
    halls = await (await table(node)).signing()
    anna = await node.guest().open(await node.link("attendee"))
    point = [0.1, 0.5, 0.5, time.time() * 1000]
    drawn = {"type": "ceremony.stroke", "room": "stage", "act": ACT, "stroke": 0, "from": 0, "points": [point]}
    await halls.pads[0].io.emit("signal", {**drawn, "take": 1, "party": 1})
    await halls.pads[0].io.emit("signal", {**drawn, "take": 2, "party": 0})
    await halls.officer.io.emit("signal", {**drawn, "take": 1, "party": 0})
    await halls.order("hold", act=ACT)
    await halls.pads[0].io.emit("signal", {**drawn, "take": 1, "party": 0})
    await halls.pads[1].until(lambda view: view["ceremony"]["acts"][ACT].get("held"))
    before_ms = anna.view["ceremony"]["acts"][ACT]["opens_ms"]
    await halls.order("resume", act=ACT, lead_ms=500)
    await anna.until(lambda view: view["ceremony"]["acts"][ACT]["opens_ms"] > before_ms)
    await anna.until(lambda view: view["ceremony"]["acts"][ACT]["step"] == "signing")
    await halls.pads[1].io.emit("signal", {**drawn, "take": 1, "party": 1})
    await anna.until(lambda _: ink(anna))
    assert [one["party"] for one in ink(anna)] == [1]
