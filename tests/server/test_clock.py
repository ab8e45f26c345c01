import pytest

from server.clock import NodeClock
from tests.media.test_clock import Machine

pytestmark = pytest.mark.holds


def test_the_clock_never_goes_back_and_catches_up_at_half_speed() -> None:
    machine = Machine()
    clock = NodeClock(machine.clock(), lambda: machine.elapsed)
    began_ms = clock.now_ms()

    clock.follow((machine.utc - machine.elapsed - 10) * 1000)
    machine.passes(4)
    assert clock.now_ms() == began_ms + 2000, "half speed while the relay's is behind"
    machine.passes(30)
    assert clock.now_ms() == pytest.approx(began_ms + 24_000)


@pytest.mark.parametrize("step_s", [3.0, -3.0])
def test_web_and_relay_have_one_clock_also_after_the_system_s_time_stepped(step_s: float) -> None:
    machine = Machine()
    relay = machine.clock()
    web = NodeClock(machine.clock(), lambda: machine.elapsed)
    for second in range(60):
        if second == 20:
            machine.utc += step_s
        web.follow(relay.ahead_ms)
        machine.passes(1)
        assert abs(web.now_ms() - relay()) < 1


@pytest.mark.parametrize("step_s", [3.0, -3.0])
def test_a_web_process_that_starts_after_the_step_comes_to_the_relay_s_clock(step_s: float) -> None:
    machine = Machine()
    relay = machine.clock()
    machine.utc += step_s
    web = NodeClock(machine.clock(), lambda: machine.elapsed)
    before = web.now_ms()
    for _ in range(10):
        web.follow(relay.ahead_ms)
        machine.passes(1)
        assert web.now_ms() > before
        before = web.now_ms()
    assert abs(web.now_ms() - relay()) < 1
