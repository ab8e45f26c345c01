from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rooms.audience import Attendee, Desk
from rooms.kernel import PersonId, Role
from server.fanout import COALESCE_S, URGENT_S, Channel, Fanout, merge_patch
from server.outbox import Outbox
from tests.server.conftest import merged
from tests.server.test_outbox import bound

leaves = st.booleans() | st.integers(-3, 3) | st.text(max_size=2) | st.lists(st.integers(0, 2), max_size=2)
views = st.recursive(
    st.dictionaries(st.sampled_from("abc"), leaves, max_size=3),
    lambda deeper: st.dictionaries(st.sampled_from("abc"), leaves | deeper, max_size=3),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(views, views)
def test_a_patch_applied_to_the_old_view_is_the_new_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    result = merged(old, merge_patch(old, new))
    assert (result, msgspec.json.encode(result, order="sorted")) == (new, msgspec.json.encode(new, order="sorted"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(views)
def test_equal_views_have_an_empty_patch(view: dict[str, Any]) -> None:
    assert merge_patch(view, view) == {}


class Alarm:
    def __init__(self, at_s: float, callback: Callable[[], None]) -> None:
        self.at_s, self.callback, self.alive = at_s, callback, True

    def when(self) -> float:
        return self.at_s

    def cancel(self) -> None:
        self.alive = False


class HandClock:
    """An event loop's timers, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.alarms: list[Alarm] = []

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Alarm:
        self.alarms.append(Alarm(self.now_s + delay, callback))
        return self.alarms[-1]

    def move(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while due := [alarm for alarm in self.alarms if alarm.alive and alarm.at_s <= until_s]:
            first = min(due, key=Alarm.when)
            first.alive, self.now_s = False, first.at_s
            first.callback()
        self.now_s = until_s


class World:
    """One fan-out over a view that the test changes."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"n": 0}
        self.computed = 0
        self.settled = True
        self.clock = HandClock()
        self.wakes_s: float | None = None
        self.own: dict[PersonId, dict[str, Any]] = {}
        self.fanout = Fanout(
            self._view,
            lambda person: dict(self.own.get(person, {})),
            lambda: self.settled,
            lambda: self.wakes_s,
            self.clock,
        )

    def _view(self, audience: object) -> dict[str, Any]:
        self.computed += 1
        return dict(self.state)

    def reader(self) -> tuple[Outbox, Callable[[], list[Any]]]:
        outbox, wire = bound()
        self.fanout.channel(Attendee()).join(outbox)
        return outbox, lambda: [msgspec.json.decode(frame[frame.index(b"42") + 2 :])[1] for frame in wire.sent]


def test_a_view_is_computed_and_encoded_once_for_all_its_readers() -> None:
    world = World()
    readers = [world.reader() for _ in range(100)]
    assert world.computed == 1
    world.state["n"] = 1
    world.fanout.changed()
    world.clock.move(COALESCE_S)
    assert world.computed == 2
    for _, received in readers:
        assert received() == [{"to": 1, "patch": {"n": 0}}, {"from": 1, "to": 2, "patch": {"n": 1}}]


def test_after_a_calm_a_change_goes_at_once_and_many_in_the_next_quarter_of_a_second_are_one_message() -> None:
    world = World()
    _, received = world.reader()
    for n in range(1, 10):
        world.state["n"] = n
        world.fanout.changed()
        world.clock.move(URGENT_S)
    assert [view["patch"] for view in received()] == [{"n": 0}, {"n": 1}]
    world.clock.move(COALESCE_S)
    assert [view["patch"] for view in received()] == [{"n": 0}, {"n": 1}, {"n": 9}]


def test_an_urgent_change_does_not_wait_for_an_ordinary_one() -> None:
    world = World()
    _, received = world.reader()
    world.state["n"] = 1
    world.fanout.changed()
    world.clock.move(0.01)
    world.fanout.changed(urgent=True)
    world.clock.move(URGENT_S)
    assert len(received()) == 2
    assert URGENT_S < 0.05


def test_what_did_not_change_is_not_sent() -> None:
    world = World()
    _, received = world.reader()
    world.fanout.changed()
    world.clock.move(1)
    assert len(received()) == 1


def test_nothing_is_sent_before_it_is_durable() -> None:
    world = World()
    _, received = world.reader()
    world.settled, world.state["n"] = False, 1
    world.fanout.changed(urgent=True)
    world.clock.move(1)
    assert len(received()) == 1
    world.settled = True
    world.clock.move(URGENT_S)
    assert len(received()) == 2


def test_a_late_reader_gets_what_the_others_have_and_the_next_change_with_them() -> None:
    world = World()
    _, early = world.reader()
    world.state["n"] = 1
    world.fanout.changed()
    _, late = world.reader()
    world.clock.move(COALESCE_S)
    assert late() == [{"to": 1, "patch": {"n": 0}}, {"from": 1, "to": 2, "patch": {"n": 1}}]
    assert early()[1:] == late()[1:]


def test_whoever_left_gets_nothing_and_an_empty_channel_computes_nothing() -> None:
    world = World()
    outbox, received = world.reader()
    world.fanout.channel(Attendee()).leave(outbox)
    world.fanout.channel(Desk(Role.DIRECTOR))
    world.state["n"] = 1
    world.fanout.changed()
    world.clock.move(COALESCE_S)
    assert (len(received()), world.computed) == (1, 1)
    _, again = world.reader()
    assert again() == [{"to": 2, "patch": {"n": 1}}]


def test_what_is_gone_from_a_view_is_null_in_its_patch() -> None:
    state: dict[str, Any] = {"a": {"b": 1, "c": 2}}
    channel = Channel(lambda: dict(state))
    outbox, wire = bound()
    channel.join(outbox)
    state["a"] = {"b": 1}
    channel.flush()
    assert wire.sent[-1].endswith(b'"patch":{"a":{"c":null}}}]')


ANNA, BERND = PersonId("anna"), PersonId("bernd")


def own_reader(world: World, person: PersonId) -> tuple[Outbox, Callable[[], list[Any]]]:
    outbox, wire = bound()
    world.fanout.own(person).join(outbox)
    return outbox, lambda: [msgspec.json.decode(frame[frame.index(b"42") + 2 :]) for frame in wire.sent]


def test_a_person_s_own_view_goes_to_that_person_alone_and_only_when_it_concerns_them() -> None:
    world = World()
    _, annas = own_reader(world, ANNA)
    _, bernds = own_reader(world, BERND)
    world.own = {ANNA: {"used": 1}, BERND: {"used": 1}}
    world.fanout.concern([ANNA, PersonId("nobody who is here")])
    world.fanout.changed()
    world.clock.move(COALESCE_S)
    assert annas() == [["mine", {"to": 0, "patch": {}}], ["mine", {"from": 0, "to": 1, "patch": {"used": 1}}]]
    assert bernds() == [["mine", {"to": 0, "patch": {}}]]


def test_nothing_is_kept_of_a_person_whose_last_page_is_gone() -> None:
    world = World()
    first, _ = own_reader(world, ANNA)
    second, _ = own_reader(world, ANNA)
    channel = world.fanout.own(ANNA)
    world.fanout.leave_own(ANNA, first)
    assert world.fanout.own(ANNA) is channel
    world.fanout.leave_own(ANNA, second)
    assert world.fanout.own(ANNA) is not channel


def test_a_view_that_changes_by_time_alone_is_sent_when_its_time_has_come() -> None:
    world = World()
    _, received = world.reader()
    world.wakes_s = 60.0
    world.fanout.flush()
    world.state["n"], world.wakes_s = 1, None
    world.clock.move(59)
    assert len(received()) == 1
    world.clock.move(1)
    assert received()[-1]["patch"] == {"n": 1}
