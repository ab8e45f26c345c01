"""What the kill bench counts, and when it says that a promise is broken."""

import pytest

from scripts.benches.gaps import Gaps, Stream
from scripts.benches.kill import ColdTrial, RelayTrial, Trial, WebTrial, judged, p95

pytestmark = pytest.mark.holds

KEPT: list[Trial] = [
    WebTrial(rtp_lost=0, rtp_received=500, page_lost=0, back_s=0.2, effects=1),
    RelayTrial(first_picture_s=0.3, picture_s=0.4),
    ColdTrial(cold_s=1.0),
]


def test_a_hole_in_the_numbers_is_a_lost_packet() -> None:
    gaps = Gaps()
    for number in (65534, 65535, 0, 3, 2):
        gaps.take(7, number)
    for number in (10, 11):
        gaps.take(8, number)
    assert (gaps.received, gaps.lost) == (7, 1)


def test_late_and_repeated_packets_are_no_loss() -> None:
    stream = Stream()
    for number in (0, 65535, 1, 1, 2):
        stream.take(number)
    assert (stream.received, stream.lost) == (4, 0)


def test_promises_that_hold_break_nothing() -> None:
    outcome = judged(KEPT)
    assert outcome.broken == ()
    assert outcome.figures["web"] == {"rtp_lost": 0, "back_s": 0.2, "back_p50_s": 0.2}
    assert outcome.figures["relay"] == {"picture_p95_s": 0.4, "picture_p50_s": 0.4, "cold_s": 1.0}


def test_each_broken_promise_is_said() -> None:
    lossy = WebTrial(rtp_lost=2, rtp_received=0, page_lost=0, back_s=1.6, effects=2)
    outcome = judged([*KEPT, lossy, RelayTrial(first_picture_s=0.3, picture_s=1.7)])
    assert len(outcome.broken) == 5
    assert "2 RTP packets were lost while web was dead" in outcome.broken


def test_a_busy_machine_is_no_excuse() -> None:
    busy: list[Trial] = [KEPT[0], RelayTrial(first_picture_s=1.0, picture_s=2.0), ColdTrial(cold_s=6.0)]
    assert judged(busy).broken == ("pictures were back after 2.0 s (p95), not 1.5",)


def test_what_the_page_itself_misses_counts_too() -> None:
    missed = WebTrial(rtp_lost=0, rtp_received=9, page_lost=3, back_s=0.2, effects=1)
    assert judged([*KEPT, missed]).broken == ("3 RTP packets were lost while web was dead",)


def test_the_p95_of_20_is_the_19th() -> None:
    assert p95([float(number) for number in range(1, 21)]) == 19.0
    assert p95([3.0]) == 3.0
