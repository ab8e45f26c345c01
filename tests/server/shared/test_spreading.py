"""Which conference goes to which relay: idle ones to the one with the least load, all away from where none is left."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from rooms.kernel import ConferenceId
from server.metrics import Metrics
from server.shared import company as companies
from server.shared.apart import Apart, Reading
from server.shared.company import Company
from server.shared.media import SharedMedia
from server.shared.messages import CONFERENCE_LOAD, Beat, Media, Message, NodeId
from tests.server.test_host import HandClock

HERE, THERE, BEYOND = NodeId("here:1"), NodeId("there:2"), NodeId("beyond:3")


class Seat:
    """Stands in for a Member: a conference that this process owns."""

    def __init__(self, id: str) -> None:
        self.id, self.node, self.owner = ConferenceId(id), HERE, HERE
        self.owns, self.behind = True, 0
        self.heir: asyncio.Future[NodeId] = asyncio.get_running_loop().create_future()

    def pass_on(self, heir: NodeId) -> None:
        if not self.heir.done():
            self.heir.set_result(heir)


class Relay:
    """Stands in for SharedMedia; `busy` conferences have sessions."""

    def __init__(self) -> None:
        self.now: str | None = "epoch-1"
        self.busy: dict[ConferenceId, int] = {}

    def epoch(self) -> str | None:
        return self.now

    def is_idle(self, conference: ConferenceId) -> bool:
        return conference not in self.busy

    def health(self) -> Mapping[str, Any]:
        return {"epoch": self.now, "sessions": sum(self.busy.values())} if self.now else {}


class Away:
    """Stands in for a Redis that does not answer."""

    async def time(self) -> None:
        raise OSError


class House:
    """A process that owns conferences, and hears others' beats."""

    def __init__(self, *ids: str) -> None:
        self.seats = [Seat(id) for id in ids]
        self.relay = Relay()
        self.apart = Apart(cast(Any, Away()), HandClock().now_ms, Metrics())
        given: Any = (self, None, self.seats, HandClock(), Metrics(), "http://127.0.0.1:1", lambda: b"", self.apart)
        self.ended = 0
        self.company = Company(*given, self.end, standby=False)
        self.company._media = cast(Any, self.relay)

    def end(self) -> None:
        self.ended += 1

    def listen(self, listener: object) -> None:
        """As a store that never refuses."""

    def heard(self, node: NodeId, *, owns: int, sessions: int = 0, relay: str = "epoch-2", off: bool = False) -> None:
        place = "http://127.0.0.1:2"
        self.company.hear(Beat(node, 1, 0, 0, place, relay=relay, sessions=sessions, owns=owns, off=off))

    def passed(self) -> dict[str, NodeId]:
        self.company._share()
        return {seat.id: seat.heir.result() for seat in self.seats if seat.heir.done()}


@pytest.fixture(autouse=True)
def _a_relay_is_missed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companies, "ALONE_S", 0.0)


async def test_one_of_three_idle_conferences_goes_to_a_relay_that_has_one_less_than_two() -> None:
    house = House("a", "b", "c")
    house.heard(THERE, owns=2)
    assert house.passed() == {}
    house.heard(THERE, owns=1)
    assert house.passed() == {"a": THERE}


async def test_a_conference_with_people_stays_where_it_is() -> None:
    house = House("a", "b", "c")
    house.relay.busy = {ConferenceId("a"): 200, ConferenceId("b"): 1}
    house.heard(THERE, owns=0)
    assert house.passed() == {"c": THERE}


async def test_sessions_are_load_and_the_relay_with_the_least_gets_it() -> None:
    house = House("a", "b")
    house.relay.busy = {ConferenceId("a"): 3 * CONFERENCE_LOAD}
    house.heard(THERE, owns=1, sessions=2 * CONFERENCE_LOAD)
    house.heard(BEYOND, owns=2)
    assert house.passed() == {"b": BEYOND}


class Told:
    """Stands in for a director and a line: what the others hear of our relay."""

    node = HERE

    def __init__(self) -> None:
        self.said: list[Message] = []

    def say(self, message: Message) -> None:
        self.said.append(message)

    def epoch(self) -> str:
        return "epoch-1"

    def shown(self, conference: ConferenceId) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {}


async def test_who_passed_a_conference_on_tells_nothing_more_of_its_own_relay() -> None:
    told, kept, passed = Told(), Seat("kept"), Seat("passed")
    given: Any = (told, {seat.id: seat for seat in (kept, passed)}, told, lambda: None)
    media = SharedMedia(*given)
    for seat in (kept, passed):
        media.tell(seat.id)
    passed.owns = False
    await asyncio.sleep(0)
    assert told.said == [Media(HERE, kept.id, "epoch-1")]


async def test_what_was_passed_on_does_not_come_back() -> None:
    before, after = House("a", "b", "c"), House("a", "d")
    before.heard(THERE, owns=1)
    assert len(before.passed()) == 1
    after.heard(THERE, owns=2)  # as the heir sees it then
    assert after.passed() == {}


async def test_a_process_without_a_relay_is_no_heir() -> None:
    house = House("a", "b", "c")
    house.heard(THERE, owns=0, relay="")
    assert house.passed() == {}


async def test_all_go_when_the_own_relay_stays_away() -> None:
    house = House("a", "b")
    house.relay.busy = {ConferenceId("a"): 5}
    house.heard(THERE, owns=9)
    house.relay.now = None
    house.company._relay_changed()
    assert [await asyncio.wait_for(seat.heir, 30) for seat in house.seats] == [THERE, THERE]


async def test_a_relay_whose_standby_came_in_time_keeps_its_conferences() -> None:
    house = House("a")
    house.heard(THERE, owns=0)
    house.relay.now = None
    house.company._relay_changed()
    house.relay.now = "epoch-3"
    house.company._relay_changed()
    await asyncio.sleep(0)
    assert house.passed() == {}


async def test_all_go_to_whose_clock_is_right_when_ours_is_off() -> None:
    house = House("a", "b")
    house.relay.busy = {ConferenceId("a"): 5}
    house.heard(THERE, owns=0, off=True)
    house.apart.reading = Reading(300, 10)
    assert not house.company.yields()
    assert house.passed() == {}, "nobody is any better"
    house.heard(BEYOND, owns=9)
    assert house.company.yields()
    assert house.passed() == {"a": BEYOND, "b": BEYOND}


async def test_nothing_goes_to_whose_clock_is_off() -> None:
    house = House("a", "b", "c")
    house.heard(THERE, owns=0, off=True)
    assert house.passed() == {}


async def test_of_two_processes_of_one_name_that_hear_each_other_the_later_one_ends() -> None:
    first, later = House("a"), House("a")
    later.company._started_ms += 1
    for house in (first, later):
        for one in (first, later):
            house.company.hear(one.company._own(HERE))
    assert (first.ended, later.ended) == (0, 1)
    assert first.company.processes() == later.company.processes() == 1


class Deaf:
    """Stands in for a Line whose first message breaks; `said` once another one was said."""

    def __init__(self) -> None:
        self.node, self.said = HERE, asyncio.Event()
        self._broken = iter([ZeroDivisionError()])

    def say(self, message: object) -> None:
        for broken in self._broken:
            raise broken
        self.said.set()


async def test_a_beat_that_breaks_is_told_and_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companies, "BEAT_S", 0.0)
    house, line = House("a"), Deaf()
    with capture_logs() as logs:
        house.company.meet(cast(Any, line), {})
        await asyncio.wait_for(line.said.wait(), 30)
    await house.company.close()
    assert [each["event"] for each in logs] == ["a beat broke"]


async def test_a_part_that_dies_is_told() -> None:
    house, over = House("a"), asyncio.Event()

    async def breaks() -> None:
        asyncio.get_running_loop().call_soon(over.set)
        raise ZeroDivisionError

    with capture_logs() as logs:
        house.company._spawn(breaks())
        await asyncio.wait_for(over.wait(), 30)
        await asyncio.sleep(0)
    assert [each["event"] for each in logs] == ["a part of the company broke"]
