"""The relay's pace comes from totals and the relay's own clock."""

from media.control import Observed
from media.model import Traffic
from server.pace import Pace


def seen(at_ms, packets_out, epoch="e1"):
    return Observed(epoch, 1, False, at_ms, traffic=Traffic("python", packets_out=packets_out))


def test_two_frames_a_second_apart_make_a_pace():
    pace = Pace()
    pace.observe(seen(10_000, 500))
    pace.observe(seen(11_000, 1_700))
    assert (pace.plane, pace.packets_per_s) == ("python", 1_200)


def test_frames_in_between_do_not_disturb_it():
    pace = Pace()
    for at_ms, packets_out in [(10_000, 500), (10_400, 500), (11_000, 1_700), (11_100, 1_700)]:
        pace.observe(seen(at_ms, packets_out))
    assert pace.packets_per_s == 1_200


def test_another_relay_process_begins_at_zero():
    pace = Pace()
    pace.observe(seen(10_000, 5_000))
    pace.observe(seen(11_000, 20, epoch="e2"))
    assert pace.packets_per_s == 0


def test_a_frame_without_traffic_changes_nothing():
    pace = Pace()
    pace.observe(seen(10_000, 500))
    pace.observe(Observed("e1", 1, False, 12_000))
    assert (pace.plane, pace.packets_per_s) == ("python", 0)
