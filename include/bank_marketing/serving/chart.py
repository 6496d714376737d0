"""A line chart as plain SVG shapes: drawn on the server, no script, readable in light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 230
LEFT, RIGHT, TOP, BOTTOM = 84, 12, 12, 28

#: Steps between grid lines, times a power of ten.
_STEPS = (1, 2, 2.5, 5, 10)

GRID_LINES = 4


@dataclass(frozen=True)
class Chart:
    """What the template draws: `lines` are the points of each series, `grid` value and height, `marks` places and labels."""

    lines: tuple[str, ...]
    grid: tuple[tuple[float, float], ...]
    marks: tuple[tuple[float, str], ...]


def line_chart(series: Sequence[Sequence[float]], marks: Sequence[tuple[int, str]] = ()) -> Chart:
    """Lay out series of the same length, at least two points each.

    Args:
        series: values, oldest first; zero is always in the picture.
        marks: upright lines with a label, by position in the series.
    """
    values = [value for line in series for value in line] + [0.0]
    step = _step((max(values) - min(values)) / GRID_LINES or 1.0)
    low, high = math.floor(min(values) / step) * step, math.ceil(max(values) / step) * step
    high = high if high > low else low + step
    last = len(series[0]) - 1

    def x(position: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * position / last, 1)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low), 1)

    ticks = [low + step * number for number in range(round((high - low) / step) + 1)]
    return Chart(
        lines=tuple(" ".join(f"{x(place)},{y(value)}" for place, value in enumerate(line)) for line in series),
        grid=tuple((tick, y(tick)) for tick in ticks),
        marks=tuple((x(place), label) for place, label in marks),
    )


def _step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * 0.999)
