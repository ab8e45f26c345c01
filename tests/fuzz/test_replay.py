"""Every parser of outside bytes bears its seeds and all that fuzzing ever found, quickly."""

from __future__ import annotations

import pytest

from scripts.fuzzing.target import Target, TooSlow, targets

pytestmark = pytest.mark.holds

TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_former_finds_do_no_harm(name: str) -> None:
    target = TARGETS[name]
    for given in (b"", *target.seeds(), *(path.read_bytes() for path in target.found())):
        target.check(given)


def test_an_input_that_takes_long_is_a_find() -> None:
    slow = Target("slow", lambda given: [sum(range(400_000)) for _ in range(4)] and None, list)
    with pytest.raises(TooSlow):
        slow.check(b"")
