"""The relay's pace comes from its totals and its own clock."""

from media.control import Observed
from media.model import Traffic
from server.pace import Pace


def seen(at_s, packets_out, epoch="e1"):
    return Observed(epoch, 1, False, 0.0, traffic=Traffic("python", at_s, packets_out=packets_out))


def test_two_counts_a_second_apart_make_a_pace():
    pace = Pace()
    pace.observe(seen(10.0, 500))
    pace.observe(seen(11.0, 1_700))
    assert (pace.plane, pace.packets_per_s) == ("python", 1_200)


def test_frames_that_repeat_a_count_do_not_disturb_it():
    pace = Pace()
    for at_s, packets_out in [(10.0, 500), (10.0, 500), (11.0, 1_700), (11.0, 1_700)]:
        pace.observe(seen(at_s, packets_out))
    assert pace.packets_per_s == 1_200


def test_another_relay_process_begins_at_zero():
    pace = Pace()
    pace.observe(seen(10.0, 5_000))
    pace.observe(seen(11.0, 20, epoch="e2"))
    assert pace.packets_per_s == 0


def test_a_frame_without_a_count_changes_nothing():
    pace = Pace()
    pace.observe(seen(10.0, 500))
    pace.observe(Observed("e1", 1, False, 0.0))
    assert (pace.plane, pace.packets_per_s) == ("python", 0)
