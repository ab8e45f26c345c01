"""The join bench: what it makes of its trials."""

from scripts.benches.join import Trial, judged


def test_the_ratio_is_the_median_of_the_pairs_and_its_limit_is_kept() -> None:
    found = judged([Trial(400.0, 450.0, 400.0), Trial(600.0, 600.0, 300.0), Trial(900.0, 900.0, 100.0)])
    assert found.broken == ()
    assert (found.figures["ratio"], found.figures["spread"]) == (2.0, (1.0, 9.0))
    assert (found.figures["first_ms"], found.figures["both_ms"], found.figures["direct_ms"]) == (600.0, 600.0, 300.0)


def test_a_stage_that_comes_late_breaks_the_promise() -> None:
    assert judged([Trial(930.0, 930.0, 300.0)]).broken == (
        "the first picture comes 3.1 times as late as from page to page, not 3.0",
    )
