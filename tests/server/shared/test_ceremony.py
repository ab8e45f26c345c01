"""A signing whose tablets, officer and onlookers came in at different processes."""

from __future__ import annotations

import time

from tests.server.shared.conftest import Pair
from tests.server.test_ceremonies import ACT, SEATS, Table, ink, tablet


async def test_tablets_at_two_processes_sign_at_one_moment_and_are_seen_at_both(pair: Pair) -> None:
    one, two = await pair.process("one"), await pair.process("two")
    officer = await one.guest().open(await one.link("protocol_officer"), "Offi")
    anna = await one.guest().open(await one.link("attendee"), "Anna")
    pads = [await tablet(two, SEATS[0]), await tablet(one, SEATS[1])]
    stood = await pads[0].command("first", "ceremony.stand_by", offset_ms=0, bound_ms=5)
    assert "seq" in stood, stood
    await officer.until(lambda view: "awake_ms" in view["ceremony"]["seats"][SEATS[0]])
    halls = await Table(officer, pads).signing()
    now_ms = time.time() * 1000
    drawn = {"type": "ceremony.stroke", "room": "stage", "act": ACT, "take": 1, "party": 0, "stroke": 0}
    await pads[0].io.emit("signal", {**drawn, "from": 0, "points": [[0.1, 0.5, 0.5, now_ms]]})
    await anna.until(lambda _: ink(anna))
    assert "seq" in await halls.sign(0)
    assert "seq" in await halls.sign(1)
    for guest in (officer, anna, *pads):
        await guest.until(lambda view: view["ceremony"]["acts"][ACT]["step"] == "signed")
