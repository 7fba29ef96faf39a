"""The screen: one more job of an unchanged program lies in its interval as often as promised, on one board or more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoci import stats
from ecoci.screen import LEAST_JOBS, Expected, expected
from ecoci.series import JobValue

TRIALS = 3000


def job(number: int, value: float, board: str = "A", level: int = 0) -> JobValue:
    return JobValue(f"job-{number}", level, value, 3, (board,), None, "2026-01-01")


def jobs(values: list[float], boards: str = "", level: int = 0) -> list[JobValue]:
    return [job(i, value, boards[i] if boards else "A", level) for i, value in enumerate(values)]


def usual(series: list[JobValue], head: list[JobValue]) -> Expected:
    found = expected(series, [one for one in series if one.level == max(j.level for j in series)], head)
    assert found is not None
    return found


def t_of(series: list[JobValue], head: list[JobValue]) -> float:
    """How far above its place the head lies, against the one-sided 5 % limit: above 1 is an alarm."""
    found = usual(series, head)
    diff = stats.mean([one.log_value for one in head]) - found.mean
    return diff / found.se / stats.t_quantile(found.df, 0.95)


@pytest.mark.parametrize(("count", "heads"), [(8, 1), (20, 1), (30, 1), (8, 2)])
def test_one_board_gives_the_prediction_interval_of_student(count: int, heads: int) -> None:
    random = np.random.default_rng(20261121)
    alarms = 0
    for _ in range(TRIALS):
        values = random.normal(0.0, 0.01, count + heads).tolist()
        alarms += t_of(jobs(values[:count]), jobs(values[count:])) > 1.0
    assert alarms / TRIALS == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize("layout", ["AAAABBBBCCCC", "AAAAAAAAAABC", "ABCDEFGHIJKL", "AAAAAABBBBBB"])
@pytest.mark.parametrize("board_sd", [0.0, 0.03])
def test_a_head_of_a_new_board_raises_no_more_alarms_than_promised(layout: str, board_sd: float) -> None:
    random = np.random.default_rng(7)
    alarms = 0
    for _ in range(TRIALS):
        of_board = {name: random.normal(0.0, board_sd) for name in (*layout, "new")}
        values = [of_board[name] + random.normal(0.0, 0.01) for name in layout]
        head = job(99, of_board["new"] + random.normal(0.0, 0.01), "new")
        alarms += t_of(jobs(values, layout), [head]) > 1.0
    assert alarms / TRIALS <= 0.06


def test_the_spread_between_boards_is_found_and_widens_the_interval() -> None:
    random = np.random.default_rng(3)
    layout = "ABCDEFGHIJ" * 4
    of_board = {name: random.normal(0.0, 0.05) for name in layout}
    values = [of_board[name] + random.normal(0.0, 0.01) for name in layout]
    found = usual(jobs(values, layout), [job(99, 0.0, "new")])
    assert found.boards == 10
    assert found.job_sd == pytest.approx(0.01, rel=0.4)
    assert found.board_sd == pytest.approx(0.05, rel=0.6)
    assert found.se > 3.0 * found.job_sd


def test_with_enough_jobs_of_its_own_board_a_head_is_held_against_these_alone() -> None:
    random = np.random.default_rng(5)
    own, other = (random.normal(level, 0.01, LEAST_JOBS).tolist() for level in (0.0, 0.3))
    series = [*jobs(own, "A" * LEAST_JOBS), *jobs(other, "B" * LEAST_JOBS)]
    found = usual(series, [job(99, 0.0)])
    assert (found.boards, found.board_sd, found.spread_jobs) == (1, None, LEAST_JOBS)
    assert found.mean == pytest.approx(stats.mean(own))


def test_after_a_reset_the_mean_is_new_and_the_spread_is_that_of_the_whole_series() -> None:
    old = jobs([0.01, -0.01, 0.02, -0.02, 0.0, 0.01, -0.01, 0.0])
    new = [replace(job(9, 1.0), level=1)]
    found = usual([*old, *new], [job(99, 1.0)])
    assert found.mean == 1.0
    assert (found.jobs, found.spread_jobs, found.df) == (1, 9, 7.0)
    assert found.se == pytest.approx(math.sqrt(2.0) * (stats.sd([one.log_value for one in old]) or 0.0))


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_jobs_nothing_is_expected(count: int) -> None:
    series = jobs([1.0] * count)
    assert expected(series, series, [job(9, 1.0)]) is None


def test_right_after_a_reset_nothing_is_expected() -> None:
    assert expected(jobs([1.0, 2.0, 3.0]), [], [job(9, 1.0)]) is None


@settings(deadline=None)
@given(st.lists(st.floats(-1.0, 1.0), min_size=3, max_size=12), st.floats(-5.0, 5.0), st.randoms())
def test_a_common_factor_moves_the_mean_and_nothing_else(values: list[float], shift: float, chance: object) -> None:
    layout = "".join(chance.choice("AB") for _ in values)  # type: ignore[attr-defined]
    head = [job(99, 0.0, "C")]
    one = expected(jobs(values, layout), jobs(values, layout), head)
    moved = [value + shift for value in values]
    other = expected(jobs(moved, layout), jobs(moved, layout), head)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert other.mean == pytest.approx(one.mean + shift, abs=1e-9)
        assert other.se == pytest.approx(one.se, abs=1e-9)


def test_one_known_board_says_nothing_of_a_head_on_another() -> None:
    series = jobs([0.0, 0.01, -0.01] * 4)
    assert expected(series, series, [job(99, 0.0, "new")]) is None


def test_boards_that_each_had_a_level_of_their_own_do_not_hide_how_boards_differ() -> None:
    series = [
        job(10 * level + i, 0.05 * level + 0.001 * i, board, level)
        for level, board in enumerate("ABCDE")
        for i in range(4)
    ]
    newest = [one for one in series if one.level == 4]
    assert expected(series, newest, [job(99, 0.2, "new")]) is None
