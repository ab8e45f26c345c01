"""Strokes as SVG: ink whose width follows the pressure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, Final

WIDTH: Final = 600
"""Units of the signing field's width in the picture."""
THIN, THICK, STEPS = 2.2, 6.0, 6
"""Width of the line without and with full pressure, and how many widths there are between."""


def svg(value: Any) -> str:
    """The picture of `{aspect, strokes}`; empty for anything else."""
    match value:
        case {"aspect": int() | float() as aspect, "strokes": list(strokes)} if 0.1 <= aspect <= 20:
            height = WIDTH / aspect
            drawn = "".join(line for stroke in strokes for line in _lines(stroke, height))
            return (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}">'
                f'<g fill="none" stroke="#14213d" stroke-linecap="round" stroke-linejoin="round">{drawn}</g></svg>'
            )
        case _:
            return ""


def _lines(stroke: Sequence[Sequence[float]], height: float) -> Iterator[str]:
    """A path for each run of points with about the same pressure; a dot for a lone point."""
    dots = [(x * WIDTH, y * height, round(p * STEPS)) for x, y, p, _ in stroke]
    if len(dots) == 1:
        dots *= 2
    segments = list(pairwise(dots))
    for step, run in groupby(segments, key=lambda segment: segment[1][2]):
        parts = list(run)
        path = " ".join(f"{x:.1f} {y:.1f}" for x, y, _ in (parts[0][0], *(end for _, end in parts)))
        yield f'<path d="M{path}" stroke-width="{THIN + (THICK - THIN) * step / STEPS:.1f}"/>'
