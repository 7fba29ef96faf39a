"""Statistics: agreement with published values, symmetry, and honest answers to degenerate input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecoci.stats import (
    Degenerate,
    Spread,
    WelchResult,
    cv,
    min_detectable_effect,
    outliers,
    sd,
    summary,
    welch,
)

values = st.lists(st.floats(-100.0, 100.0), min_size=2, max_size=12)
spread_values = values.filter(lambda found: max(found) - min(found) > 0.01)


def welch_of(base: Sequence[float], head: Sequence[float], alpha: float = 0.05) -> WelchResult:
    result = welch(base, head, alpha=alpha)
    assert isinstance(result, WelchResult)
    return result


def test_a_summary_has_mean_sd_and_t_interval() -> None:
    found = summary([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert found is not None
    assert (found.n, found.mean) == (8, 5.0)
    assert found.sd == pytest.approx(2.138090, abs=1e-6)
    # t(7, 0.975) = 2.364624 from printed tables
    assert found.ci_high == pytest.approx(5.0 + 2.364624 * 2.138090 / math.sqrt(8), abs=1e-5)
    assert found.ci_low == pytest.approx(10.0 - (found.ci_high or 0.0))


def test_one_value_has_a_mean_but_no_spread() -> None:
    found = summary([3.0])
    assert found is not None
    assert (found.n, found.mean, found.sd, found.ci_low, found.ci_high) == (1, 3.0, None, None, None)


@pytest.mark.parametrize("given_values", [[], [1.0, math.nan], [math.inf]])
def test_values_that_have_no_mean_have_no_summary(given_values: list[float]) -> None:
    assert summary(given_values) is None


def test_equal_values_have_exactly_no_spread() -> None:
    assert sd([0.1] * 7) == 0.0
    assert cv([0.1] * 7) == 0.0


def test_the_spread_of_values_near_the_end_of_the_floats_is_no_error() -> None:
    assert sd([1e308, 1.0]) == pytest.approx(1e308 / math.sqrt(2.0))
    assert sd([1.7e308, -1.7e308]) == math.inf


@pytest.mark.parametrize("given_values", [[], [1.0], [-1.0, 1.0], [1.0, math.nan]])
def test_a_coefficient_of_variation_is_unknown_where_it_means_nothing(given_values: list[float]) -> None:
    assert cv(given_values) is None


def test_a_coefficient_of_variation_is_a_share_of_the_mean() -> None:
    assert cv([9.0, 10.0, 11.0]) == pytest.approx(0.1)


def test_outliers_are_found_by_place_on_both_sides() -> None:
    steady = [10.0 + 0.1 * (i % 3) for i in range(40)]
    assert outliers([5.0, *steady, 15.0]) == (0, 41)
    assert outliers(steady) == ()


@pytest.mark.parametrize("given_values", [[], [1.0], [1.0] * 20, [1.0] * 9 + [1000.0], [1.0] * 20 + [math.nan]])
def test_no_outlier_is_named_where_none_can_be(given_values: list[float]) -> None:
    assert outliers(given_values) == ()


# two samples and Welch's two-sided p, as published for other implementations
PUBLISHED = [
    (
        [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4],
        [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4],
        0.021378001462867,
    ),
    ([30.02, 29.99, 30.11, 29.97, 30.01, 29.99], [29.89, 29.93, 29.72, 29.98, 30.02, 29.98], 0.090773324285671),
    ([3.0, 4.0, 1.0, 2.1], [490.2, 340.0, 433.9], 0.010751561149785),
]


@pytest.mark.parametrize(("base", "head", "p"), PUBLISHED)
def test_welch_agrees_with_published_values(base: list[float], head: list[float], p: float) -> None:
    assert welch_of(base, head).p == pytest.approx(p, rel=1e-9)


def test_welch_agrees_with_its_own_formula() -> None:
    base, head = [2132.0, 2268.0, 2199.0, 2391.0, 2155.0, 2294.0], [2502.0, 2488.0, 2551.0]
    found = welch_of(base, head)
    variances = [np.var(side, ddof=1) / len(side) for side in (base, head)]
    assert found.diff == pytest.approx(np.mean(head) - np.mean(base))
    assert found.t == pytest.approx(found.diff / math.sqrt(sum(variances)))
    assert found.df == pytest.approx(sum(variances) ** 2 / (variances[0] ** 2 / 5 + variances[1] ** 2 / 2))
    assert found.ci_low < found.diff < found.ci_high
    assert found.diff - found.ci_low == pytest.approx(found.ci_high - found.diff)


def test_hedges_g_is_cohens_d_with_the_exact_correction() -> None:
    found = welch_of([0.0, 2.0, 4.0], [3.0, 5.0, 7.0])
    # d = 3 / 2, and the correction at 4 degrees of freedom is Γ(2) / (√2 · Γ(1.5)) = 0.797885
    assert found.hedges_g == pytest.approx(1.5 * 0.797885, abs=1e-5)


@settings(deadline=None, max_examples=50)
@given(spread_values, spread_values, st.sampled_from([0.01, 0.05, 0.2]))
def test_welch_agrees_with_scipy_in_every_figure(base: list[float], head: list[float], alpha: float) -> None:
    found, scipys = welch_of(base, head, alpha), scipy.stats.ttest_ind(head, base, equal_var=False)
    interval = scipys.confidence_interval(1.0 - alpha)
    assert found.t == pytest.approx(float(scipys.statistic), rel=1e-7, abs=1e-9)
    assert found.df == pytest.approx(float(scipys.df), rel=1e-7)
    assert found.p == pytest.approx(float(scipys.pvalue), rel=1e-6, abs=1e-15)
    assert (found.ci_low, found.ci_high) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-7)


@settings(deadline=None, max_examples=50)
@given(spread_values, spread_values)
def test_welch_is_symmetric(base: list[float], head: list[float]) -> None:
    one, other = welch_of(base, head), welch_of(head, base)
    assert other.p == pytest.approx(one.p, rel=1e-9, abs=1e-300)
    assert (other.t, other.diff, other.hedges_g) == pytest.approx((-one.t, -one.diff, -one.hedges_g))
    assert (other.ci_low, other.ci_high) == pytest.approx((-one.ci_high, -one.ci_low))


@settings(deadline=None, max_examples=50)
@given(spread_values, spread_values, st.floats(1e-6, 1e6))
def test_welch_is_scale_free(base: list[float], head: list[float], factor: float) -> None:
    one = welch_of(base, head)
    other = welch_of([factor * value for value in base], [factor * value for value in head])
    assert (other.t, other.df, other.hedges_g) == pytest.approx((one.t, one.df, one.hedges_g), rel=1e-6, abs=1e-9)
    assert other.ci_high == pytest.approx(factor * one.ci_high, rel=1e-6, abs=1e-6 * factor)


@settings(deadline=None, max_examples=50)
@given(spread_values, spread_values)
def test_the_interval_excludes_zero_exactly_when_p_is_below_alpha(base: list[float], head: list[float]) -> None:
    found = welch_of(base, head)
    assume(abs(found.p - 0.05) > 1e-9)
    assert (found.p < 0.05) == (not found.ci_low <= 0.0 <= found.ci_high)


@pytest.mark.parametrize(
    ("base", "head", "problem"),
    [
        ([1.0], [1.0, 2.0], Degenerate.TOO_FEW),
        ([], [], Degenerate.TOO_FEW),
        ([0.1] * 5, [0.2] * 5, Degenerate.ZERO_VARIANCE),
        ([0.0, 0.0], [0.0, 0.0], Degenerate.ZERO_VARIANCE),
        ([0.3, 0.1 + 0.2], [0.4, 0.4], Degenerate.ZERO_VARIANCE),
        ([1.0, math.nan], [1.0, 2.0], Degenerate.NOT_FINITE),
        ([1.0, 2.0], [1.0, math.inf], Degenerate.NOT_FINITE),
    ],
)
def test_degenerate_samples_end_in_a_named_problem(base: list[float], head: list[float], problem: Degenerate) -> None:
    assert welch(base, head, alpha=0.05) is problem


def test_one_constant_side_is_tested_without_a_warning() -> None:
    found = welch_of([5.0] * 5, [6.0, 6.1, 5.9, 6.0])
    assert found.df == pytest.approx(3.0)
    assert found.p < 0.001


# n per side, alpha two-sided, effect in sds (tables of the two-sample t-test)
MDE = [
    (5, 0.05, 2.02), (10, 0.05, 1.33), (20, 0.05, 0.91), (30, 0.05, 0.74),
    (3, 0.10, 2.48), (5, 0.10, 1.72), (8, 0.10, 1.31), (10, 0.10, 1.16), (20, 0.10, 0.80), (30, 0.10, 0.65),
    (5, 0.02, 2.43), (10, 0.02, 1.53), (5, 0.002, 3.55), (10, 0.002, 2.03),
]  # fmt: skip


@pytest.mark.parametrize(("n", "alpha", "effect"), MDE)
def test_the_detectable_effect_agrees_with_tables(n: int, alpha: float, effect: float) -> None:
    assert min_detectable_effect(Spread(1.0, n), Spread(1.0, n), alpha=alpha) == pytest.approx(effect, abs=0.0051)


@settings(deadline=None, max_examples=50)
@given(st.floats(1e-140, 1e140), st.floats(0.0, 10.0), st.integers(2, 50), st.integers(2, 50))
def test_the_detectable_effect_grows_with_the_spread_alone(scale: float, ratio: float, n: int, m: int) -> None:
    unit = min_detectable_effect(Spread(1.0, n), Spread(ratio, m), alpha=0.05)
    assert unit is not None
    scaled = min_detectable_effect(Spread(scale, n), Spread(ratio * scale, m), alpha=0.05)
    assert scaled == pytest.approx(scale * unit, rel=1e-9)


@pytest.mark.parametrize("alpha", [0.1, 0.01, 1e-4, 1e-8])
def test_a_tiny_alpha_with_two_runs_still_has_an_answer(alpha: float) -> None:
    found = min_detectable_effect(Spread(1.0, 2), Spread(0.0, 2), alpha=alpha)
    assert found is not None
    # with one df P(|Z| < x) = 0.8 at x = 1.2816, and t(1, 1 - alpha / 2) = cot(pi alpha / 2)
    assert found == pytest.approx(1.2816 / math.tan(math.pi * alpha / 2) / math.sqrt(2), rel=0.02)


@pytest.mark.parametrize("spreads", [(0.0, 5, 0.0, 5), (1.0, 1, 1.0, 5), (math.nan, 5, 1.0, 5)])
def test_without_spread_or_runs_no_effect_can_be_named(spreads: tuple[float, int, float, int]) -> None:
    assert min_detectable_effect(Spread(*spreads[:2]), Spread(*spreads[2:]), alpha=0.05) is None


def rejection_rate(shift: float, sd_head: float, n: int, m: int, trials: int = 4000) -> float:
    """Share of simulated comparisons with p < 0.05."""
    random = np.random.default_rng(20261120)
    base = random.normal(0.0, 1.0, (trials, n))
    head = random.normal(shift, sd_head, (trials, m))
    return float(np.mean(scipy.stats.ttest_ind(head, base, axis=1, equal_var=False).pvalue < 0.05))


@pytest.mark.parametrize(("sd_head", "n", "m"), [(1.0, 5, 5), (1.0, 10, 10), (2.0, 10, 5), (0.5, 20, 5)])
def test_false_alarms_stay_near_alpha(sd_head: float, n: int, m: int) -> None:
    assert rejection_rate(0.0, sd_head, n, m) == pytest.approx(0.05, abs=0.0125)


@pytest.mark.parametrize(("sd_between", "alarms"), [(0.0, 0.05), (0.005, 0.50), (0.01, 0.71)])
def test_counting_iterations_raises_the_false_alarms_that_the_documents_state(sd_between: float, alarms: float) -> None:
    """Two equal sides of one process each: 30 iterations with an sd of 1 % around the mean of that process."""
    random = np.random.default_rng(20261121)
    processes = random.normal(1.0, sd_between, (2, 20_000, 1))
    base, head = random.normal(processes, 0.01, (2, 20_000, 30))
    found = scipy.stats.ttest_ind(head, base, axis=1, equal_var=False).pvalue < 0.05
    assert float(np.mean(found)) == pytest.approx(alarms, abs=0.015)


@pytest.mark.parametrize(("sd_head", "n", "m"), [(1.0, 5, 5), (1.0, 10, 10), (2.0, 10, 6), (0.5, 20, 5)])
def test_the_detectable_effect_is_found_at_the_promised_power(sd_head: float, n: int, m: int) -> None:
    effect = min_detectable_effect(Spread(1.0, n), Spread(sd_head, m), alpha=0.05)
    assert effect is not None
    assert rejection_rate(effect, sd_head, n, m) == pytest.approx(0.80, abs=0.03)
