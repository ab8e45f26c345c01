"""A web process, and now and then a whole node, killed with -9 at random points, by the clients' own logs."""

import random

import pytest

from rooms.features.stage import SceneTaken, SoundSet
from rooms.journal import NODE, Entry
from rooms.kernel import CommandId, RoomId, SourceId
from rooms.program import Layout
from scripts.benches.client import Log
from scripts.benches.crash import crash
from scripts.benches.ledger import compare

pytestmark = pytest.mark.holds

KILLS = 200
CONTROL_KILLS = 12
A = SourceId("a")


def entry(seq: int, command: str, *events: SoundSet | SceneTaken) -> Entry:
    return Entry(seq, 1, 0, NODE, RoomId("stage"), CommandId(command), events)


@pytest.mark.process
async def test_of_200_kills_none_loses_repeats_or_reorders_what_was_acknowledged() -> None:
    seed = random.SystemRandom().randrange(2**32)
    found = await crash(KILLS, seed, print)
    print("seed", seed, found)
    assert found.acknowledged > KILLS
    assert found.kept, found


@pytest.mark.process
async def test_a_journal_that_acknowledges_before_it_writes_is_found_out() -> None:
    found = await crash(CONTROL_KILLS, 1, print, control=True)
    print(found)
    assert found.missing > 0


def test_what_is_acknowledged_and_elsewhere_in_the_journal_is_missing() -> None:
    log = Log(sent={"x": {}, "y": {}}, acknowledged={"x": 1, "y": 3})
    assert compare([log], [entry(1, "x"), entry(2, "y")]).missing == 1


def test_an_effect_under_two_ids_is_seen_as_twice() -> None:
    entries = [entry(1, "x", SoundSet(A, 0.3)), entry(2, "y", SoundSet(A, 0.3))]
    assert compare([Log()], entries).twice == 1


def test_a_view_may_skip_but_not_turn_back() -> None:
    entries = [entry(seq, f"t{seq}", SceneTaken(Layout.FULL, (A,)), SoundSet(A, seq / 10)) for seq in (1, 2, 3)]
    assert compare([Log(takes=[1, 3], gains={A: [1.0, 0.2, 0.3]})], entries).disordered == 0
    assert compare([Log(takes=[3, 1], gains={A: [0.3, 0.2]})], entries).disordered == 2
    assert compare([Log(takes=[4])], entries).disordered == 1


def test_a_command_that_was_refused_is_nowhere() -> None:
    assert compare([Log(sent={"x": {}}, refused={"x": "busy"})], [entry(1, "x")]).refused_yet_done == 1
