"""The bar chart in text."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ecoci.render.chart import LABEL_COLUMNS, PLOT_COLUMNS, Bar, bar_chart
from ecoci.render.text import width

PLOT_START = LABEL_COLUMNS + 12
share = st.floats(-0.99, 50.0)


def plot(line: str) -> str:
    return line[PLOT_START:]


def test_an_interval_is_drawn_around_its_point_beyond_the_tolerance() -> None:
    drawn = plot(bar_chart((Bar("int8", 1.8, 1.2, 2.4, 0.05),))[0])
    assert drawn.index("┊") < drawn.index("├") < drawn.index("●") < drawn.index("┤")


def test_a_saving_is_drawn_to_the_left_of_zero() -> None:
    drawn = plot(bar_chart((Bar("static", -0.6, -0.65, -0.5, 0.05),))[0])
    assert drawn.index("●") < drawn.index("█") < drawn.index("│")


def test_an_interval_on_both_sides_of_the_tolerance_is_seen_to_cross_it() -> None:
    drawn = plot(bar_chart((Bar("a", 0.03, -0.01, 0.07, 0.05),))[0])
    assert drawn.index("├") < drawn.index("●") < drawn.index("┼") < drawn.index("┤")


def test_all_bars_share_one_scale() -> None:
    lines = bar_chart((Bar("a", 1.0, 0.9, 1.1, 0.05), Bar("b", 0.5, 0.45, 0.55, 0.05)))
    assert abs(plot(lines[0]).index("●") - 2 * plot(lines[1]).index("●")) <= 2


def test_nothing_finite_is_no_chart() -> None:
    assert bar_chart(()) == bar_chart((Bar("a", math.nan, 0.0, 1.0, 0.05),)) == ()


def test_no_change_at_all_can_be_drawn() -> None:
    assert "●" in bar_chart((Bar("a", 0.0, 0.0, 0.0, 0.0),))[0]


@given(st.lists(st.tuples(share, share, share, st.floats(0.0, 1.0)), min_size=1, max_size=5))
def test_every_chart_keeps_its_width(values: list[tuple[float, float, float, float]]) -> None:
    bars = tuple(Bar("x" * 40, c, min(a, b, c), max(a, b, c), tolerance) for a, c, b, tolerance in values)
    lines = bar_chart(bars)
    assert all("●" in line for line in lines[: len(bars)])
    assert max(width(line) for line in lines[:-1]) <= PLOT_START + PLOT_COLUMNS


def test_numbers_too_large_for_any_plot_are_not_drawn() -> None:
    assert bar_chart((Bar("broken", 1.7e308, -1.7e308, 1.7e308, 0.05),)) == ()
