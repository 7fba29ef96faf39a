"""Looking early costs no honesty: the levels of the looks, the interval at a look, the p-value for Holm."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from benchmarks import gate
from ecoci import sequential
from ecoci.sequential import SMALL_SAMPLE, look, p_value, pairs_needed, plan

alphas = st.sampled_from([0.001, 0.01, 0.025, 0.05, 0.1])
even_pairs = st.integers(2, 20).map(lambda half: 2 * half)
ratios = st.lists(st.floats(-0.2, 0.2), min_size=4, max_size=24)


def noise(count: int, mean: float = 0.0, sd: float = 0.01, seed: int = 1) -> list[float]:
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [chance.gauss(mean, sd) for _ in range(count)]


@settings(deadline=None, max_examples=30)
@given(alphas, even_pairs)
def test_looks_are_at_even_pairs_levels_rise_and_no_more_than_alpha_is_spent(alpha: float, most_pairs: int) -> None:
    found = plan(alpha, most_pairs)
    assert found.looks == tuple(range(4, most_pairs + 1, 2))
    assert found.most_pairs == most_pairs
    assert found.spent[-1] == pytest.approx(alpha)
    assert all(sooner < later for sooner, later in pairwise((0.0, *found.levels)))
    assert found.levels[-1] < alpha


def test_a_plan_of_one_look_stands_at_alpha_times_what_small_samples_leave_of_it() -> None:
    assert plan(0.05, 4).levels == pytest.approx((SMALL_SAMPLE * 0.05,))


def test_levels_of_equal_looks_with_all_alpha_at_the_end_are_those_of_a_single_test() -> None:
    levels = sequential._levels((0.5, 1.0), (1e-12, 0.05))
    assert levels[1] == pytest.approx(0.05, rel=1e-6)


def test_two_looks_agree_with_a_bivariate_normal() -> None:
    times, spent = (0.4, 1.0), (0.01, 0.05)
    first, second = (float(scipy_stats.norm.isf(level)) for level in sequential._levels(times, spent))
    correlation = math.sqrt(times[0] / times[1])
    both = scipy_stats.multivariate_normal([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]])
    assert float(scipy_stats.norm.sf(first)) == pytest.approx(0.01, rel=1e-6)
    assert 1.0 - float(both.cdf([first, second])) == pytest.approx(0.05, abs=2e-5)


@pytest.mark.parametrize(("alpha", "most_pairs"), [(0.05, 12), (0.01, 18), (0.025, 24)])
def test_paths_of_normal_noise_cross_in_alpha_of_all_cases(alpha: float, most_pairs: int) -> None:
    found = plan(alpha, most_pairs)
    steps = np.random.default_rng(7).standard_normal((200_000, most_pairs)).cumsum(axis=1)
    z = np.stack([steps[:, pairs - 1] / math.sqrt(pairs) for pairs in found.looks], axis=1)
    limits = scipy_stats.norm.isf(np.array(found.levels) / SMALL_SAMPLE)
    share = float((z > limits).any(axis=1).mean())
    assert share == pytest.approx(alpha, abs=4.0 * math.sqrt(alpha / 200_000))


@pytest.mark.parametrize(("alpha", "most_pairs"), [(0.0, 12), (0.5, 12), (math.nan, 12), (0.05, 2), (0.05, 7)])
def test_what_no_plan_can_be_made_of_is_refused(alpha: float, most_pairs: int) -> None:
    with pytest.raises(ValueError, match="must"):
        plan(alpha, most_pairs)


def test_before_the_first_look_nothing_is_said() -> None:
    assert look(plan(0.05, 12), noise(3)) is None


def test_pairs_after_the_last_look_they_reach_are_not_used() -> None:
    values = noise(5)
    assert look(plan(0.05, 12), values) == look(plan(0.05, 12), values[:4])


@pytest.mark.parametrize("values", [[0.01] * 6, [0.01, math.nan, 0.0, 0.02], [0.0, math.inf, 0.1, 0.2], []])
def test_pairs_that_do_not_vary_or_are_no_numbers_say_nothing(values: list[float]) -> None:
    assert look(plan(0.05, 12), values) is None


def test_the_interval_is_students_at_the_level_of_the_look() -> None:
    values, planned = noise(8), plan(0.05, 12)
    found = look(planned, values)
    assert found is not None
    expected = scipy_stats.ttest_1samp(values, 0.0).confidence_interval(1.0 - 2.0 * planned.levels[2])
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.pairs, found.level) == (8, planned.levels[2])
    assert found.mean == pytest.approx(math.fsum(values) / 8)


@settings(deadline=None, max_examples=40)
@given(ratios)
def test_swapping_base_and_head_mirrors_the_interval(values: list[float]) -> None:
    there, back = look(plan(0.05, 24), values), look(plan(0.05, 24), [-value for value in values])
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


@settings(deadline=None, max_examples=15)
@given(st.integers(4, 12), st.floats(-0.01, 0.03), st.integers(0, 1000), alphas)
def test_the_p_value_is_below_alpha_exactly_when_a_look_at_alpha_rejects(
    count: int, mean: float, seed: int, alpha: float
) -> None:
    values, planned = noise(count, mean, seed=seed), plan(alpha, 12)
    seen = (look(planned, values[:pairs]) for pairs in planned.looks if pairs <= count)
    rejected = any(one is not None and one.low > 0.005 for one in seen)
    p = p_value(plan(0.05, 12), values, 0.005)
    assert rejected == (p <= alpha) or p == pytest.approx(alpha, rel=1e-4)


def test_without_evidence_the_p_value_is_one() -> None:
    assert p_value(plan(0.05, 12), noise(12, mean=-0.05), 0.0) == 1.0


def test_a_clear_change_has_a_tiny_p_value_at_the_first_look() -> None:
    assert p_value(plan(0.05, 12), noise(4, mean=1.46), math.log(1.05)) < 1e-4


def test_the_pairs_that_would_settle_it_do_when_mean_and_spread_stay() -> None:
    planned = plan(0.05, 12)
    found = look(planned, noise(12, mean=0.024, seed=3))
    assert found is not None
    needed = pairs_needed(found, math.log(1.02), planned)
    assert needed is not None
    assert needed > 12
    half = scipy_stats.t.isf(SMALL_SAMPLE * 0.05, needed - 1) * found.sd / math.sqrt(needed)
    assert half < abs(found.mean - math.log(1.02))
    assert pairs_needed(found, found.mean, planned) is None
    assert pairs_needed(found, found.mean + 1e-9, planned) is None


def test_the_simulation_decides_as_the_package_does() -> None:
    drawn = gate.draw(gate.WORLDS[2], np.random.default_rng(4), 200)
    values, planned, margin = gate.log_ratios(drawn, 0.025), plan(0.05, 12), math.log1p(gate.TOLERANCE)
    found = gate.confirm(planned, values, gate.TOLERANCE)
    for trial in range(200):
        looks = [look(planned, values[trial, :pairs].tolist()) for pairs in planned.looks]
        settled = next((one for one in looks if one is not None and not one.low <= margin <= one.high), None)
        assert bool(found.regressed[trial]) == (settled is not None and settled.low > margin)
        assert bool(found.passed[trial]) == (settled is not None and settled.high < margin)
        assert found.pairs[trial] == (12 if settled is None else settled.pairs)


@pytest.mark.parametrize("world", gate.WORLDS, ids=lambda world: world.name)
def test_in_every_simulated_world_the_confirmation_keeps_its_alpha_at_the_tolerance(world: gate.World) -> None:
    drawn = gate.draw(world, np.random.default_rng(11), 20_000)
    for alpha, most_pairs in gate.PLANS:
        planned = plan(alpha, most_pairs)
        at_edge = gate.confirm(planned, gate.log_ratios(drawn, gate.TOLERANCE), gate.TOLERANCE)
        # three standard errors of 20,000 trials
        slack = 3.0 * math.sqrt(alpha * (1.0 - alpha) / 20_000)
        assert float(at_edge.regressed.mean()) <= alpha + slack
        assert float(at_edge.passed.mean()) <= alpha + slack


@pytest.mark.parametrize(("alpha", "most_pairs"), gate.PLANS)
def test_three_per_cent_are_found_in_nine_of_ten_cases_with_a_noise_of_one_per_cent(
    alpha: float, most_pairs: int
) -> None:
    drawn = gate.draw(gate.WORLDS[0], np.random.default_rng(12), 20_000)
    found = gate.confirm(plan(alpha, most_pairs), gate.log_ratios(drawn, gate.EFFECT), gate.TOLERANCE)
    assert float(found.regressed.mean()) >= 0.90


def test_the_tables_of_the_simulation_have_a_row_for_each_world_and_a_column_for_each_rule() -> None:
    text = gate.report(trials=50, seed=1)
    tables_of_screen = len(gate.DEPTHS) * len(gate.SCREEN_TOLERANCES)
    assert all(text.count(f"| {world.name} |") == 4 + tables_of_screen for world in gate.WORLDS)
    assert all(name in text for name in gate.RULES)
