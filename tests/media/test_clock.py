from media.clock import SLEW, CommonClock


class Machine:
    """A computer whose system time the test sets."""

    def __init__(self) -> None:
        self.elapsed = 500.0
        self.utc = 1_795_000_000.0

    def passes(self, seconds: float) -> None:
        self.elapsed += seconds
        self.utc += seconds

    def clock(self) -> CommonClock:
        return CommonClock(lambda: self.utc, lambda: self.elapsed)


def test_the_common_clock_is_utc() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(100):
        machine.passes(0.7)
        assert abs(clock() - machine.utc * 1000) < 0.001


def test_a_step_of_the_system_s_time_is_run_in_by_500_ppm_and_never_jumped() -> None:
    for step_s in (0.02, -0.02):
        machine = Machine()
        clock = machine.clock()
        machine.utc += step_s
        before = clock()
        for _ in range(500):
            machine.passes(0.1)
            now = clock()
            assert abs((now - before) / 100 - 1) <= SLEW + 1e-5
            before = now
        assert abs(now - machine.utc * 1000) < 0.001, "after 40 s of 500 ppm nothing is left"


def test_nobody_asking_for_an_hour_makes_no_jump() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.utc += 5
    clock()
    machine.passes(3600)
    assert machine.utc * 1000 - clock() > 4999
    machine.passes(1)
    assert 0.4 < clock() - (machine.utc - 5) * 1000 < 0.6
