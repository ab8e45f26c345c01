"""When a hole is asked for: at once, after each round trip, and no longer than it helps."""

from __future__ import annotations

from media.repair import MISSING_MAX, PATIENCE_S, TRIES_MAX, Repairs


def asked_at_ms(round_trip_ms: float | None) -> list[int]:
    repairs = Repairs()
    repairs.arrived(1, 0.0)
    holes, _ = repairs.arrived(3, 0.0)
    times = [0] if holes == [2] else []
    return times + [at for at in range(20, 3000, 20) if repairs.due(at / 1000, round_trip_ms)]


def test_a_hole_is_asked_for_again_after_each_round_trip() -> None:
    assert asked_at_ms(250.0)[:4] == [0, 260, 520, 780]
    assert asked_at_ms(None)[:3] == [0, 100, 200]


def test_nobody_asks_more_than_ten_times_or_later_than_the_playout() -> None:
    assert len(asked_at_ms(10.0)) == TRIES_MAX
    assert max(asked_at_ms(250.0)) <= PATIENCE_S * 1000


def test_what_arrives_is_not_asked_for_again() -> None:
    repairs = Repairs()
    for index in (1, 4, 3):
        repairs.arrived(index, 0.0)
    assert repairs.due(1.0, 100) == [2]


def test_a_hole_too_large_is_left_to_a_keyframe() -> None:
    repairs = Repairs()
    repairs.arrived(1, 0.0)
    assert repairs.arrived(MISSING_MAX + 5, 0.0) == ([], True)
    assert repairs.due(1.0, 10) == []
