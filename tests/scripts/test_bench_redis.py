"""Several web processes on one Redis, killed and cut off: what the bench measures, in its short form."""

import random

import pytest

from scripts.benches.partition import partitions
from scripts.benches.shared import kill

pytestmark = [pytest.mark.process, pytest.mark.holds]

KILLS = 200
RUNS = 100
CONTROL_RUNS = 24


async def test_of_200_kills_of_web_processes_and_redis_none_loses_or_repeats_what_was_acknowledged() -> None:
    seed = random.SystemRandom().randrange(2**20)
    killed = await kill(KILLS, seed, print)
    print("seed", seed, killed)
    assert killed.found.acknowledged > KILLS
    assert killed.found.kept, killed.found


async def test_faults_on_the_ways_to_redis_leave_one_history() -> None:
    seed = random.SystemRandom().randrange(2**20)
    history = await partitions(RUNS, seed, print)
    print("seed", seed, history)
    assert history.trials == RUNS
    assert history.takeovers > 0
    assert history.split == 0, history


async def test_without_the_fence_the_check_finds_a_split_history() -> None:
    control = await partitions(CONTROL_RUNS, 7, print, fenced=False)
    print(control)
    assert control.split > 0
