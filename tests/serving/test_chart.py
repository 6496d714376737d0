"""The chart of the campaign page: all points inside the picture, round numbers at its side, also below zero and without a change."""

from __future__ import annotations

import pytest

from bank_marketing.serving.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, line_chart


@pytest.mark.parametrize(
    "series", [[[0.0, 120.0, 2456.0]], [[-30.0, 10.0], [5.0, -1800.0]], [[0.0, 0.0]], [[0.1, 0.2]], [[-8.0, -8.0]]]
)
def test_every_point_and_zero_are_inside(series: list[list[float]]) -> None:
    made = line_chart(series, [(1, "v2")])
    for line in made.lines:
        for point in line.split():
            x, y = map(float, point.split(","))
            assert LEFT <= x <= WIDTH - RIGHT
            assert TOP <= y <= HEIGHT - BOTTOM
    values = [value for value, _ in made.grid]
    assert 0 in values
    assert min(values) <= min(min(line) for line in series)
    assert max(values) >= max(max(line) for line in series)
    assert made.marks[0][1] == "v2"


def test_higher_is_more_and_later_is_right() -> None:
    (line,) = line_chart([[0.0, 50.0, 100.0]]).lines
    points = [tuple(map(float, point.split(","))) for point in line.split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert [value for value, _ in line_chart([[0.0, 1000.0]]).grid] == [0, 250, 500, 750, 1000]
