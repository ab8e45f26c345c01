"""The impaired links do what they say, and the account of a viewer is right."""

from __future__ import annotations

import contextlib
import itertools
import socket

from scripts.benches.impair import Walk, broken_widths, heights_within
from scripts.impairment.link import Direction, Terms
from scripts.impairment.picture import SINGLE, Encoder, Facts, read_facts
from scripts.impairment.probe import mean_run
from scripts.impairment.proxy import Emulator
from scripts.impairment.screen import Screen


def passes(terms: Terms, packets: int, every_s: float = 0.001, size: int = 1000) -> list[float | None]:
    """The delay in seconds of each packet, None for those that the link lost."""
    direction = Direction(terms, "seed")
    times = [index * every_s for index in range(packets)]
    return [None if (out := direction.leaves_at_s(at, size)) is None else out - at for at in times]


def test_a_clean_link_only_delays() -> None:
    assert all(abs((delay or 0) - 0.02) < 1e-9 for delay in passes(Terms(delay_ms=20), 100))


def test_random_loss_is_as_asked_and_the_same_for_one_seed() -> None:
    terms = Terms(loss=0.05)
    got = passes(terms, 20_000)
    assert 0.045 < got.count(None) / len(got) < 0.055
    assert got == passes(terms, 20_000)


def test_burst_loss_is_as_asked_and_comes_in_runs() -> None:
    got = passes(Terms(loss=0.05, burst=4.0), 50_000)
    came = [index for index, delay in enumerate(got) if delay is not None]
    assert 0.045 < 1 - len(came) / len(got) < 0.055
    assert 3.7 < mean_run(came, len(got)) < 4.3


def test_a_bottleneck_passes_its_rate_and_its_queue_drops_the_tail() -> None:
    got = passes(Terms(rate_bps=800_000, queue_ms=200), 1000, size=972)
    came = [delay for delay in got if delay is not None]
    assert 99 <= len(came) <= 125
    assert 0.2 < max(came) <= 0.212


def test_jitter_keeps_the_order_and_reordering_breaks_it() -> None:
    leave = [round(index * 0.001 + (delay or 0), 9) for index, delay in enumerate(passes(Terms(jitter_ms=10), 2000))]
    assert leave == sorted(leave)
    mixed = [index * 0.001 + (delay or 0) for index, delay in enumerate(passes(Terms(reordered=0.05), 2000))]
    assert 80 < sum(after < before for before, after in itertools.pairwise(mixed)) < 120


def test_the_emulator_carries_both_ways_and_counts() -> None:
    emulator = Emulator(seed=1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target, contextlib.closing(emulator):
        target.bind(("127.0.0.1", 0))
        front = emulator.open("one", target.getsockname(), Terms(delay_ms=1), Terms(delay_ms=1))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            target.settimeout(5)
            peer.settimeout(5)
            peer.sendto(b"there", front)
            there, way_back = target.recvfrom(100)
            target.sendto(b"and back", way_back)
            assert (there, peer.recv(100)) == (b"there", b"and back")
        up, down = emulator.did("one")
        assert (up.packets, down.packets, up.lost) == (1, 1, 0)


def frame(number: int, refers: int, part: int = 0, parts: int = 1, height: int = 720) -> Facts:
    return Facts(height, number, refers, part, parts, 0, number * 33_000)


def test_a_packet_says_which_frame_it_belongs_to() -> None:
    told = [read_facts(payload) for payload in Encoder(SINGLE).encode(7, 1234, key=True)]
    assert told == [Facts(480, 7, 7, part, len(told), 0, 1234) for part in range(len(told))]


def test_a_frame_is_shown_when_it_and_what_it_refers_to_are_there() -> None:
    screen = Screen()
    screen.take(frame(0, 0), 0.00)
    screen.take(frame(2, 1), 0.07)
    screen.take(frame(1, 0, part=0, parts=2), 0.08)
    assert screen.shown == 1
    screen.take(frame(1, 0, part=1, parts=2), 0.20)
    assert (screen.shown, screen.delivered, screen.newest) == (3, 3, 2)


def test_an_interval_far_over_the_mean_is_a_freeze() -> None:
    screen = Screen()
    for number in range(30):
        screen.take(frame(number, number), number / 30)
    screen.take(frame(40, 40), 40 / 30)
    assert [round(freeze, 2) for freeze in screen.freezes] == [round(11 / 30, 2)]


def walk(*heights: tuple[float, int], missing: float = 0.0) -> Walk:
    return Walk(heights, [], 1, 1, 0, 0, {}, {}, 0.0, missing)


def test_heights_within_a_span_begin_with_what_was_shown_before() -> None:
    shown = [(0.0, 180), (2.0, 720), (5.0, 360)]
    assert heights_within(shown, 3.0, 4.0) == {720}
    assert heights_within(shown, 3.0, 6.0) == {720, 360}


def test_a_narrow_link_must_get_what_fits_and_harm_nobody() -> None:
    kept = {
        "narrow": walk((0.1, 180), (2.0, 360)),
        "wide": walk((0.1, 720)),
        "stepping": walk((0.1, 720), (9.0, 360), (31.0, 720)),
    }
    assert broken_widths(kept) == ()
    falls = {**kept, "narrow": walk((0.1, 360), (40.0, 180))}
    assert broken_widths(falls) == ("narrow: [180, 360] px from 3 s to 48 s where 360 fits",)
    late = {**kept, "stepping": walk((0.1, 720), (9.0, 360), (31.5, 720))}
    assert broken_widths(late) == ("stepping: [360, 720] px from 31 s to 48 s where 720 fits",)
    assert broken_widths({**kept, "wide": walk((0.1, 720), missing=0.1)}) == ("wide: the narrow viewers harmed it",)
