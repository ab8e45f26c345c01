import pytest

from scripts.benches import returns, socket

pytestmark = pytest.mark.holds

GOOD = returns.Figures(clients=1000, back_s=1.4, web_cpu_s=0.8, raw_s=1.3, missed=0, more_mb=34.0)


def test_the_ratio_is_the_median_of_pairs_of_one_turn() -> None:
    found = {"fanout": [10.0, 12.0, 90.0], "emit": [50.0, 60.0, 60.0], "raw": [10.0, 10.0, 10.0]}
    outcome = socket.judged(1000, found)
    assert outcome.figures["ratio_to_raw"] == 1.2
    assert outcome.figures["ratio_to_emit"] == 0.2
    assert outcome.figures["spread"]["ratio_to_raw"] == [1.0, 9.0]
    assert outcome.broken == ()


@pytest.mark.parametrize(("fanout", "broken"), [(14.1, 1), (18.0, 2)])
def test_a_fan_out_that_costs_more_than_promised_breaks_the_promise(fanout: float, broken: int) -> None:
    outcome = socket.judged(1000, {"fanout": [fanout], "emit": [50.0], "raw": [10.0]})
    assert len(outcome.broken) == broken


@pytest.mark.parametrize(("name", "value"), [("back_s", 5.1), ("missed", 1), ("more_mb", 100.1)])
def test_each_promise_of_the_return_can_be_broken(name: str, value: float) -> None:
    figures = {field: getattr(GOOD, field) for field in GOOD.__struct_fields__}
    assert returns.judged(GOOD).broken == ()
    assert len(returns.judged(returns.Figures(**figures | {name: value})).broken) == 1
