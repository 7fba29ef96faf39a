"""Effects: raw values and mean ± sd give one answer, sides and units do not matter, the unknown gets no test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoci import stats
from ecoci.effects import effect, geometric_mean, mean_interval, relative_change
from ecoci.model.study import Effect, Entry, Figure
from tests.entries import entry, raw

samples = st.lists(st.floats(50.0, 150.0), min_size=2, max_size=12).filter(lambda v: max(v) - min(v) > 0.01)


def effect_of(base: Entry, head: Entry) -> Effect:
    found = effect(base, head)
    assert isinstance(found, Effect), found
    return found


def numbers(found: Effect) -> list[float]:
    return [getattr(found, field.name) for field in fields(found)]


def summarized(values: Sequence[float]) -> Entry:
    """What a document would publish of these values."""
    return entry(mean=stats.mean(values), sd=stats.sd(values), n=len(values))


@given(samples, samples)
def test_raw_values_and_their_mean_sd_and_n_give_the_same_answer(base: list[float], head: list[float]) -> None:
    from_raw = effect_of(raw(base), raw(head))
    assert numbers(from_raw) == pytest.approx(numbers(effect_of(summarized(base), summarized(head))), rel=1e-12)


@given(samples, samples)
@settings(deadline=None)
def test_t_p_and_df_agree_with_scipy_from_values_and_from_moments(base: list[float], head: list[float]) -> None:
    found = effect_of(raw(base), raw(head))
    by_values = scipy.stats.ttest_ind(head, base, equal_var=False)
    sides = [(one.mean, one.sd, one.n) for one in (stats.moments(head), stats.moments(base))]
    by_moments = scipy.stats.ttest_ind_from_stats(*sides[0], *sides[1], equal_var=False)
    assert found.t == pytest.approx(by_values.statistic, rel=1e-6, abs=1e-9)
    assert (found.t, found.p) == pytest.approx((by_moments.statistic, by_moments.pvalue), rel=1e-6, abs=1e-9)
    assert found.df == pytest.approx(by_values.df, rel=1e-6)
    interval = by_values.confidence_interval(0.95)
    assert (found.diff_low, found.diff_high) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-6)


@given(samples, samples)
def test_swapped_sides_turn_signs_and_leave_p(base: list[float], head: list[float]) -> None:
    there, back = effect_of(raw(base), raw(head)), effect_of(raw(head), raw(base))
    assert (back.t, back.diff, back.cohens_d, back.hedges_g) == pytest.approx(
        (-there.t, -there.diff, -there.cohens_d, -there.hedges_g)
    )
    assert back.p == pytest.approx(there.p)
    assert 1.0 + back.change_low == pytest.approx(1.0 / (1.0 + there.change_high))


@given(samples, samples, st.floats(0.001, 1000.0))
def test_another_unit_changes_the_difference_alone(base: list[float], head: list[float], factor: float) -> None:
    before = effect_of(raw(base), raw(head))
    after = effect_of(raw([factor * v for v in base]), raw([factor * v for v in head]))
    assert after.diff == pytest.approx(factor * before.diff, rel=1e-6, abs=1e-9 * factor)
    kept = ("t", "df", "p", "cohens_d", "hedges_g", "change_low", "change_high")
    assert [getattr(after, name) for name in kept] == pytest.approx(
        [getattr(before, name) for name in kept], rel=1e-6, abs=1e-9
    )


@given(samples, samples)
def test_the_change_lies_in_its_interval_and_hedges_g_is_smaller_than_cohens_d(
    base: list[float], head: list[float]
) -> None:
    found, change = effect_of(raw(base), raw(head)), relative_change(raw(base), raw(head))
    assert change is not None
    assert found.change_low - 1e-12 <= change <= found.change_high + 1e-12
    assert abs(found.hedges_g) <= abs(found.cohens_d)


def test_a_published_row_is_recomputed_by_hand() -> None:
    found = effect_of(entry(mean=1659.0, sd=18.0), entry(mean=2098.0, sd=32.0))
    assert found.t == pytest.approx(439.0 / math.sqrt(18.0**2 / 10 + 32.0**2 / 10))
    assert found.cohens_d == pytest.approx(439.0 / math.sqrt((18.0**2 + 32.0**2) / 2))
    # the exact correction at 18 degrees of freedom, from tables of gamma functions
    assert found.hedges_g == pytest.approx(0.957650 * found.cohens_d, abs=1e-4)


def test_the_interval_of_the_change_covers_the_true_ratio_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(600):
        found = effect_of(raw(list(rng.normal(100.0, 3.0, 5))), raw(list(rng.normal(120.0, 6.0, 8))))
        covered += found.change_low <= 0.2 <= found.change_high
    assert 0.92 <= covered / 600 <= 0.98


@pytest.mark.parametrize(
    ("base", "why"),
    [
        (entry(sd=None), "base: no sd published"),
        (entry(n=None), "base: no n published"),
        (entry(sd=None, n=None), "base: no sd and no n published"),
        (entry(n=1), "n is below 2"),
        (raw([100.0]), "n is below 2"),
        (entry(obstacle="its runs failed"), "base: its runs failed"),
    ],
)
def test_what_lacks_a_spread_or_a_count_gets_no_test_and_says_why(base: Entry, why: str) -> None:
    found = effect(base, entry(mean=120.0))
    assert isinstance(found, str)
    assert why in found


def test_no_spread_on_both_sides_is_no_certainty() -> None:
    assert "sd is 0 on both sides" in str(effect(entry(sd=0.0), entry(mean=120.0, sd=0.0)))
    assert "sd is 0 on both sides" in str(effect(raw([1.0, 1.0]), raw([2.0, 2.0])))


def test_no_spread_on_one_side_still_leaves_a_test() -> None:
    assert effect_of(entry(sd=0.0), entry(mean=120.0)).df == pytest.approx(9.0)


def test_numbers_too_large_to_square_are_no_test() -> None:
    assert "too large" in str(effect(entry(mean=1e200, sd=1e199), entry()))


def test_a_mean_that_is_not_above_zero_has_no_change() -> None:
    assert relative_change(entry(mean=-1.0), entry()) is None
    assert relative_change(entry(), replace(entry(), figure=Figure(0.0, 1.0, 3))) is None


def test_the_interval_of_a_mean_needs_two_values_and_a_spread() -> None:
    low, high = mean_interval(entry().figure) or (0.0, 0.0)
    # t(9, 0.975) = 2.262157 from printed tables
    assert (low, high) == pytest.approx(
        (100.0 - 2.262157 * 2.0 / math.sqrt(10), 100.0 + 2.262157 * 2.0 / math.sqrt(10))
    )
    assert mean_interval(entry(n=1).figure) is None
    assert mean_interval(entry(sd=None).figure) is None


@given(st.lists(st.floats(0.1, 10.0), min_size=2, max_size=9))
def test_a_geometric_mean_of_inverses_is_the_inverse(ratios: list[float]) -> None:
    middle, low, high = geometric_mean(tuple(ratios))
    inverse, inverse_low, inverse_high = geometric_mean(tuple(1.0 / ratio for ratio in ratios))
    assert inverse == pytest.approx(1.0 / middle)
    if low is not None and high is not None and inverse_low is not None and inverse_high is not None:
        assert low <= middle <= high
        assert (inverse_low, inverse_high) == pytest.approx((1.0 / high, 1.0 / low))


def test_one_ratio_has_no_interval() -> None:
    middle, low, high = geometric_mean((1.3,))
    assert middle == pytest.approx(1.3)
    assert (low, high) == (None, None)
