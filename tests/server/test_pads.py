"""The signing tables' tablets as they stood by last."""

from __future__ import annotations

from rooms.ceremony.rules import AWAKE_MS
from rooms.ceremony.words import Pad
from rooms.kernel import DeviceId, SeatId
from server.pads import Pads

SEAT = SeatId("changzhou-1")


def test_a_tablet_is_awake_for_ten_seconds_after_it_stood_by() -> None:
    pads = Pads(-20_000)
    assert not pads.is_awake(SEAT, 0)
    pads.stood_by(SEAT, Pad(1000, 0.0, 5.0, DeviceId("d")))
    assert pads.is_awake(SEAT, 1000 + AWAKE_MS)
    assert not pads.is_awake(SEAT, 1001 + AWAKE_MS)


def test_after_a_start_no_other_tablet_takes_a_seat_unasked_before_its_own_came_back() -> None:
    pads = Pads(5000)
    assert pads.is_awake(SEAT, 5000 + AWAKE_MS)
    assert not pads.is_awake(SEAT, 5001 + AWAKE_MS)
    assert pads.all() == {}, "arming waits for the tablet all the same"


def test_desks_see_each_seat_with_what_is_known_of_its_tablet() -> None:
    pads = Pads(0)
    pads.stood_by(SEAT, Pad(1000, 86_400_000.04, 5.26, DeviceId("d")))
    rows = pads.rows({SEAT: {"venue": "changzhou"}, "changzhou-2": {"venue": "changzhou"}})
    assert rows == {
        SEAT: {"venue": "changzhou", "awake_ms": 1000, "offset_ms": 86_400_000.0, "bound_ms": 5.3, "device": "d"},
        "changzhou-2": {"venue": "changzhou"},
    }
