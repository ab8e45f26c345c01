"""The server dies at every step of the machine, and the ceremony goes on where it was."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from server.journal.sqlite import SqliteJournal
from server.records.verdict import Status, said
from server.settings import Settings
from tests.server.conftest import CONFERENCE, Guest, Node, happened, running, web_root
from tests.server.test_ceremonies import ACT, SEATS, signature
from tests.server.test_sealer import get, judged, kept

pytestmark = pytest.mark.holds


class Moment(StrEnum):
    """When the server dies: nobody has heard an answer yet."""

    UNWRITTEN = "what a person did is in the vault, and the journal does not know of it"
    WRITTEN = "it is in the journal"


class Move(NamedTuple):
    """A command, the step that is seen after it, and when the server dies of it. `party` None: the officer's."""

    step: str
    verb: str
    fields: Mapping[str, Any] = {}
    party: int | None = None
    deaths: tuple[Moment, ...] = (Moment.WRITTEN,)


MOVES = (
    Move("locked", "lock"),
    Move("seated", "seat"),
    Move("seated", "ready", {"venue": "changzhou", "on": True}, deaths=()),
    Move("ready", "ready", {"venue": "frankfurt", "on": True}),
    Move("ready", "confirm", {"take": 1, "party": 0}, party=0, deaths=()),
    Move("ready", "confirm", {"take": 1, "party": 1}, party=1),
    Move("armed", "arm"),
    Move("signing", "go", {"lead_ms": 500}),
    Move("signing", "sign", party=0, deaths=(Moment.UNWRITTEN, Moment.WRITTEN)),
    Move("signed", "sign", party=1, deaths=(Moment.UNWRITTEN, Moment.WRITTEN)),
    Move("exchanged", "exchange"),
    Move("unveiled", "unveil"),
    Move("sealed", "seal"),
)
ONCE = ("locked", "seated", "armed", "went", "completed", "exchanged", "unveiled", "sealed", "record_kept")
TWICE = ("venue_ready", "confirmed", "signed", "pad_seated")


class Death:
    """Keeps what a kill -9 would leave on the disk at a moment of the next entry."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.data = folder / "0"
        self._folder = folder
        self._due: Moment | None = None
        append = SqliteJournal.append

        async def watched(journal: SqliteJournal, *batch: Any) -> None:
            self._strike(Moment.UNWRITTEN)
            await append(journal, *batch)
            self._strike(Moment.WRITTEN)

        monkeypatch.setattr(SqliteJournal, "append", watched)

    def at(self, moment: Moment) -> None:
        self._due = moment

    def _strike(self, moment: Moment) -> None:
        if moment == self._due:
            left_behind = self._folder / str(int(self.data.name) + 1)
            shutil.copytree(self.data, left_behind, ignore=shutil.ignore_patterns("*.sock", "*.pid", "*.lock"))
            self.data, self._due = left_behind, None


class Cast:
    """The officer and the tablets, whose pages outlive every server."""

    def __init__(self, officer: Guest, pads: list[Guest]) -> None:
        self.officer = officer
        self.pads = pads

    async def come(self, node: Node) -> None:
        """With their cookies, if they have been here."""
        rows = {row.id: row for row in await node.links()}
        seats = [rows[f"pad-{seat}"] for seat in SEATS]
        for guest, row in [(self.officer, rows["protocol-officer"]), *zip(self.pads, seats, strict=True)]:
            is_new = not guest.view
            guest.origin, guest.view, guest.number, guest.mine, guest.mine_number = node.origin, {}, None, {}, None
            await (guest.open(row, "Offi") if is_new else guest.connect(row))

    async def go(self) -> None:
        for guest in (self.officer, *self.pads):
            await guest.io.disconnect()

    async def stand_by(self) -> None:
        for pad in self.pads:
            assert "seq" in await pad.command(uuid.uuid4().hex, "ceremony.stand_by", offset_ms=0, bound_ms=5)

    async def until(self, *steps: str) -> None:
        await self.officer.until(lambda view: view["ceremony"]["acts"][ACT]["step"] in steps)

    async def does(self, move: Move) -> dict[str, Any]:
        """The answer. The same command again has the same id, as a page sends it that has had no answer."""
        fields = {"act": ACT, **move.fields}
        match move.verb:
            case "arm":
                await self.stand_by()
            case "sign" if move.party is not None:
                await self.until("signing", "signed")
                fields = signature(move.party)
        guest = self.officer if move.party is None else self.pads[move.party]
        return await guest.command(f"m{MOVES.index(move)}", f"ceremony.{move.verb}", **fields)


async def test_killed_before_every_answer_the_ceremony_goes_on_where_it_was_and_nothing_happens_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, death = web_root(tmp_path / "web"), Death(monkeypatch, tmp_path)
    async with AsyncExitStack() as stack:
        cast = Cast(Guest(""), [Guest("") for _ in SEATS])
        for guest in (cast.officer, *cast.pads):
            stack.push_async_callback(guest.close)
        alive = [(move, moment) for move in MOVES for moment in (*move.deaths, None)]
        while alive:
            async with running(Settings(data=death.data), root) as node:
                await cast.come(node)
                await cast.stand_by()
                while alive and await lives_on(cast, death, *alive.pop(0)):
                    pass
                if not alive:
                    await kept(cast.officer)
                    row = await node.link("protocol_officer")
                    status, pdf = await get(node, cast.officer, row, f"{ACT}.pdf")
                await cast.go()
    told = happened(death.data)
    assert {name: told[f"ceremony.{name}"] for name in (*ONCE, *TWICE)} == dict.fromkeys(ONCE, 1) | dict.fromkeys(
        TWICE, 2
    )
    [checked] = await judged([(f"{CONFERENCE}-{ACT}.pdf", pdf)])
    assert (status, checked.status) == (200, Status.WHOLE), list(said([checked]))
    assert "2 of 2 commitments are opened" in "\n".join(checked.lines), "what was acknowledged is in the vault"


async def lives_on(cast: Cast, death: Death, move: Move, moment: Moment | None) -> bool:
    """Whether the server answers; else it dies at the moment, and what it would have said is heard by nobody."""
    if moment:
        death.at(moment)
    answer = await cast.does(move)
    assert "seq" in answer, (move, answer)
    await cast.until(move.step)
    return moment is None
