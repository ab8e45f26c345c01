from __future__ import annotations

import datetime

from msgspec.structs import replace

from rooms.timetable import day_in_force, instant, is_rehearsal
from tests.rooms.hall import DEFINITION


def ms(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


HELD = ms("2022-07-07T15:00+08:00")
YEARS_LATER = ms("2026-11-23T01:30+01:00")


def test_on_its_day_a_conference_is_no_rehearsal() -> None:
    assert not is_rehearsal(DEFINITION, HELD)
    assert instant(DEFINITION, HELD, 15 * 60) == "2022-07-07T07:00:00Z"


def test_before_its_day_the_programme_stands_on_its_day() -> None:
    early = ms("2022-01-01T00:00+08:00")
    assert not is_rehearsal(DEFINITION, early)
    assert day_in_force(DEFINITION, early) == DEFINITION.day


def test_past_its_day_the_programme_is_today_at_the_main_venue() -> None:
    assert is_rehearsal(DEFINITION, YEARS_LATER)
    assert day_in_force(DEFINITION, YEARS_LATER).isoformat() == "2026-11-23"
    assert instant(DEFINITION, YEARS_LATER, 15 * 60) == "2026-11-23T07:00:00Z"


def test_today_is_the_main_venue_s_day_and_not_the_node_s() -> None:
    evening_in_berlin = ms("2026-11-23T20:00+01:00")
    assert day_in_force(DEFINITION, evening_in_berlin).isoformat() == "2026-11-24"


def test_a_conference_that_runs_past_midnight_is_still_held() -> None:
    assert not is_rehearsal(DEFINITION, ms("2022-07-08T01:00+08:00"))
    assert is_rehearsal(DEFINITION, ms("2022-07-08T06:00+08:00"))
    assert not is_rehearsal(DEFINITION, ms("2022-07-08T05:59+08:00"))


def test_times_follow_the_main_venue_s_summer_time() -> None:
    venues = tuple(replace(venue, main=not venue.main) for venue in DEFINITION.venues)
    in_frankfurt = replace(DEFINITION, venues=venues)
    assert instant(in_frankfurt, HELD, 15 * 60) == "2022-07-07T13:00:00Z"
    assert instant(in_frankfurt, YEARS_LATER, 15 * 60) == "2026-11-23T14:00:00Z"


def test_an_item_may_end_at_midnight() -> None:
    assert instant(DEFINITION, HELD, 24 * 60) == "2022-07-07T16:00:00Z"
