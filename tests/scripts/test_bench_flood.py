"""What a flood may cost an established stream."""

from __future__ import annotations

from scripts.benches.flood import CALM, Slice, broken_slices


def of(received: int, grown_mb: float = 0.0) -> Slice:
    return Slice(50_000, 0, 2_500, received, 1 - received / 2_500, grown_mb)


def test_a_plane_that_promises_it_loses_no_more_than_in_the_calm() -> None:
    slices = {CALM: of(2_499), "mixed_25000_per_s": of(2_497), "shaped_50000_per_s": of(2_400)}
    assert broken_slices(slices, lossless=False) == ()
    assert broken_slices(slices, lossless=True) == (
        "shaped_50000_per_s: 4.00% of the stream lost, and 0.04% in the calm",
    )


def test_no_plane_grows_by_more_than_is_promised() -> None:
    assert broken_slices({CALM: of(2_500, 65.0)}, lossless=False) == ("memory grew by 65 MB, promised are 64",)
