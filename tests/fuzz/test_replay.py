"""Every parser of outside bytes bears its seeds and all that fuzzing ever found, quickly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from media.rtcp import read_compound
from media.rtp import read_header
from media.stun import read_check
from scripts.fuzzing.target import Target, TooSlow, targets
from tests.fuzz.media import READERS, captured

pytestmark = pytest.mark.holds

TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_former_finds_do_no_harm(name: str) -> None:
    target = TARGETS[name]
    for given in (b"", *target.seeds(), *(path.read_bytes() for path in target.found())):
        target.check(given)


def read_media(packet: bytes) -> object:
    """The header, and by every reader of pictures and sounds what follows it."""
    if header := read_header(packet):
        for reader in READERS:
            reader(packet[header.size :])
    return header


READ: dict[str, Callable[[bytes], object]] = {
    "stun": read_check,
    "rtp": read_media,
    "rtcp": lambda compound: list(read_compound(compound)),
}


@pytest.mark.parametrize("kind", READ)
def test_what_real_peers_sent_is_read_and_does_no_harm_cut_at_each_length(kind: str) -> None:
    for whole in captured(kind):
        assert READ[kind](whole)
        for size in range(len(whole)):
            READ[kind](whole[:size])


def test_an_input_that_takes_long_is_a_find() -> None:
    slow = Target("slow", lambda given: [sum(range(400_000)) for _ in range(4)] and None, list)
    with pytest.raises(TooSlow):
        slow.check(b"")
