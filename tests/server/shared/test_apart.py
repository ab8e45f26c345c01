"""How far a process is from the others is measured beside Redis, said with its bound, and minded by who owns."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from server.metrics import Metrics
from server.shared.apart import Apart, Reading
from tests.server.shared.conftest import Made, Pair

pytestmark = pytest.mark.usefixtures("long_leases")


class Redis:
    """Its time is 100 s; each exchange takes as long as told, and the machine's clock goes on by it."""

    def __init__(self, ahead_ms: float, *takes_ms: float, rest_ms: float = 1_000.0) -> None:
        self.ahead_ms, self._takes_ms, self._rest_ms, self._gone_ms = ahead_ms, list(takes_ms), rest_ms, 0.0

    def now_ms(self) -> float:
        return 100_000 + self.ahead_ms + self._gone_ms

    async def time(self) -> tuple[int, int]:
        takes_ms = self._takes_ms.pop(0) if self._takes_ms else self._rest_ms
        self._gone_ms += takes_ms
        return 100, int((self._gone_ms - takes_ms * 0.5) * 1000)


async def measured(redis: Redis) -> Apart:
    apart = Apart(redis, redis.now_ms, Metrics())  # type: ignore[arg-type]
    await apart.measure()
    return apart


async def test_the_quickest_exchange_counts_with_half_of_what_it_took() -> None:
    apart = await measured(Redis(30.0, 80.0, 4.0, 50.0))
    assert apart.reading == Reading(pytest.approx(30.0), pytest.approx(4.0))
    assert apart.bound_ms == pytest.approx(32.0)
    assert not apart.is_off


async def test_a_clock_that_is_off_is_told_once_with_the_mend_and_again_when_it_is_right() -> None:
    redis = Redis(-400.0, rest_ms=2.0)
    with capture_logs() as logs:
        apart = await measured(redis)
        await apart.measure()
        assert apart.is_off
        redis.ahead_ms = 0.0
        await apart.measure()
    assert [each["log_level"] for each in logs] == ["error", "warning"]
    assert "NTP" in logs[0]["mend"]


async def test_a_slow_exchange_alone_puts_no_clock_in_the_wrong() -> None:
    apart = await measured(Redis(0.0))
    assert apart.bound_ms == pytest.approx(500.0)
    assert not apart.is_off


async def test_what_is_nobody_s_is_left_to_who_is_better_placed(made: Made) -> None:
    one = made("one")
    one.member._yields = lambda: True
    two = await made("two").open()
    await one.open()
    await two.close()
    three = await made("three").open()
    assert await one.act("1", 0.5) == 2
    assert [one.member.owns, three.member.owns] == [False, True]


async def test_pages_and_the_organiser_are_told_what_a_clock_may_be_off(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Apart, "bound_ms", property(lambda apart: 7.0))
    one = await pair.process("one")
    organiser = await one.guest().open(await one.link("organiser"), "Ola")
    told = await organiser.io.call("clock", {"t0": 1})
    assert told["bound_ms"] == 7.0
    await organiser.until(lambda view: view["health"]["processes"][0]["clock"]["bound_ms"] is not None)
    assert organiser.view["health"]["processes"][0]["clock"]["off"] is False
