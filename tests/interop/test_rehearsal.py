"""The rehearsal itself: passes on a well node, and says so when the relay dies under it."""

from __future__ import annotations

import json

import pytest

from scripts.rehearsal.app import FAILED, PASSED, main, parse, rehearse, report
from scripts.rehearsal.house import House
from scripts.rehearsal.node import HOUSE, OwnNode
from scripts.rehearsal.parts import Findings, registry


async def test_a_rehearsal_of_ten_seconds_passes() -> None:
    verdict = await rehearse(parse(["jiangsu-2022", "--seconds", "10"]))
    print(report(verdict, as_json=False))
    assert verdict.failures == []
    assert verdict.verdict == "passed"
    assert {seen.role for seen in verdict.viewers} == {"attendee", "wall"}
    assert all(seen.gaps == 0 for seen in verdict.viewers)
    assert json.loads(report(verdict, as_json=True))["takes"]
    asked = verdict.questions
    assert asked is not None
    assert asked.found == asked.acknowledged > 0
    assert asked.votes_found == asked.votes_acknowledged > asked.acknowledged
    assert asked.doubled == 0
    assert asked.kill_ms is not None, "web was killed in the middle"


async def test_a_rehearsal_fails_when_the_relay_is_killed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The control: what would not notice this proves nothing."""
    node = OwnNode(tmp_path_factory.mktemp("wounded"), "jiangsu-2022")
    findings = Findings()
    await node.start()
    try:
        async with House(node, 4, print) as house:
            node.kill("relay")
            await registry()["watch"].play(house, findings)
            guests = [guest.name for guest in house.guests]
    finally:
        await node.stop()
    print("\n".join(findings.failures))
    assert all(any(fault.startswith(name) for fault in findings.failures) for name in guests)


def test_the_program_ends_with_the_verdict_as_its_status(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere")
    assert (PASSED, FAILED) == (0, 1)
    assert main(["no-such-conference", "--data", str(nowhere), "--seconds", "1"]) == FAILED
    assert (HOUSE / "scripts" / "rehearse").stat().st_mode & 0o111
