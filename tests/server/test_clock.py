from server.clock import NodeClock


def test_the_clock_never_goes_back_and_catches_up_after_the_system_steps_back() -> None:
    wall, monotonic = [1000.0], [0.0]
    clock = NodeClock(lambda: wall[0], lambda: monotonic[0])
    assert clock.now_ms() == 1_000_000

    wall[0], monotonic[0] = 990.0, 4.0
    assert clock.now_ms() == 1_002_000, "half speed while the system is behind"

    wall[0], monotonic[0] = 1020.0, 34.0
    assert clock.now_ms() == 1_020_000
