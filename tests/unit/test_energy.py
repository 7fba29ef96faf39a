"""Energy of a window: exact where the curve is known, None where it is not."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoci.energy import counter_trace_gap, integrate_power, mean_power_w, power_range_w, window_energy_j
from ecoci.model import CounterReading, PowerSource, PowerTrace, Trace

STEP_S = 0.05


def curve(t_s: tuple[float, ...], power_w: tuple[float, ...]) -> PowerTrace:
    return PowerTrace(PowerSource.SYNTHETIC, t_s, power_w)


def regular(power_w: tuple[float, ...], start_s: float = 0.0) -> PowerTrace:
    return curve(tuple(start_s + STEP_S * i for i in range(len(power_w))), power_w)


def constant(watts: float, end_s: float = 20.0) -> PowerTrace:
    return regular((watts,) * (round(end_s / STEP_S) + 1))


def reading(t_s: float, joules: float) -> CounterReading:
    return CounterReading(t_s, round(1000.0 * joules), 0.0)


def window(power: PowerTrace | None, start: CounterReading | None, edge: CounterReading | None) -> Trace:
    """A window from 1.03 s to 11.05 s between ticks of 0.1 s."""
    return Trace("GPU-1", 1.03, 11.05, start, None, edge, 0.1, power)


watts = st.floats(0.1, 1000.0)
curves = st.lists(st.floats(0.0, 1000.0), min_size=41, max_size=81).map(lambda values: regular((*values, 1.0)))
shares = st.floats(0.0, 1.0)


def span(power: PowerTrace, low: float, high: float) -> tuple[float, float]:
    """A part of the trace of at least one second, so that its samples cover it."""
    length_s = power.t_s[-1]
    start_s = low * (length_s - 1.0)
    return start_s, start_s + 1.0 + high * (length_s - 1.0 - start_s)


@settings(deadline=None, max_examples=50)
@given(curves, shares, shares, shares)
def test_energy_is_additive_over_adjoining_windows(power: PowerTrace, low: float, high: float, cut: float) -> None:
    start_s, end_s = span(power, low, high)
    middle_s = start_s + cut * (end_s - start_s)
    parts = integrate_power(power, start_s, middle_s), integrate_power(power, middle_s, end_s)
    whole = integrate_power(power, start_s, end_s)
    if None not in (*parts, whole):
        assert whole == pytest.approx(math.fsum(part for part in parts if part is not None), rel=1e-12, abs=1e-9)


def test_the_additive_property_is_not_empty() -> None:
    power = regular(tuple(100.0 + 50.0 * math.sin(i) for i in range(81)))
    first, second = integrate_power(power, 0.33, 1.71), integrate_power(power, 1.71, 3.9)
    assert first is not None
    assert second is not None
    assert integrate_power(power, 0.33, 3.9) == pytest.approx(first + second, rel=1e-13)


@settings(deadline=None, max_examples=50)
@given(watts, st.floats(-0.05, 0.5), st.floats(19.0, 20.05))
def test_constant_power_is_exact_including_the_edges(level: float, start_s: float, end_s: float) -> None:
    assert integrate_power(constant(level), start_s, end_s) == pytest.approx(level * (end_s - start_s), rel=1e-12)


@settings(deadline=None, max_examples=50)
@given(curves, shares, shares, st.lists(shares, min_size=1, max_size=5))
def test_samples_inserted_on_the_line_change_nothing(
    power: PowerTrace, low: float, high: float, places: list[float]
) -> None:
    start_s, end_s = span(power, low, high)
    finer = power
    for place in places:
        t_s = place * power.t_s[-1]
        i = bisect(finer.t_s, t_s)
        if not 0 < i < len(finer.t_s) or finer.t_s[i - 1] == t_s:
            continue
        part = (t_s - finer.t_s[i - 1]) / (finer.t_s[i] - finer.t_s[i - 1])
        value = finer.power_w[i - 1] + part * (finer.power_w[i] - finer.power_w[i - 1])
        finer = curve((*finer.t_s[:i], t_s, *finer.t_s[i:]), (*finer.power_w[:i], value, *finer.power_w[i:]))
    plain = integrate_power(power, start_s, end_s)
    assert integrate_power(finer, start_s, end_s) == (None if plain is None else pytest.approx(plain, rel=1e-9))


@settings(deadline=None, max_examples=50)
@given(curves, shares, shares, st.floats(0.01, 100.0))
def test_energy_scales_with_power(power: PowerTrace, low: float, high: float, factor: float) -> None:
    start_s, end_s = span(power, low, high)
    scaled = integrate_power(replace(power, power_w=tuple(factor * p for p in power.power_w)), start_s, end_s)
    plain = integrate_power(power, start_s, end_s)
    assert (plain is None) == (scaled is None)
    assert scaled == (None if plain is None else pytest.approx(factor * plain, rel=1e-12, abs=1e-300))


def test_a_ramp_is_cut_at_interpolated_borders() -> None:
    ramp = regular(tuple(100.0 * STEP_S * i for i in range(41)))
    assert integrate_power(ramp, 0.517, 1.533) == pytest.approx(50.0 * (1.533**2 - 0.517**2), rel=1e-12)


def test_an_empty_window_and_a_trace_of_zeros_have_an_unknown_energy_rather_than_zero() -> None:
    assert integrate_power(constant(100.0), 5.0, 5.0) is None
    assert integrate_power(constant(0.0), 5.0, 15.0) is None


@pytest.mark.parametrize(
    ("power", "start_s", "end_s"),
    [
        pytest.param(curve((), ()), 0.0, 1.0, id="no samples"),
        pytest.param(curve((0.0, 1.0), (5.0,)), 0.0, 1.0, id="lengths differ"),
        pytest.param(curve((0.0, 0.0, 0.1), (5.0, 5.0, 5.0)), 0.0, 0.1, id="time stands still"),
        pytest.param(regular((5.0, math.nan, 5.0)), 0.0, 0.1, id="not a number"),
        pytest.param(regular((5.0, -1.0, 5.0)), 0.0, 0.1, id="negative power"),
        pytest.param(regular((5.0, 1e300, 5.0)), 0.0, 0.1, id="absurd power"),
        pytest.param(curve((0.0, math.inf), (5.0, 5.0)), 0.0, 0.1, id="infinite time"),
        pytest.param(constant(5.0), 3.0, 2.0, id="backwards"),
        pytest.param(constant(5.0), math.nan, 2.0, id="border not a number"),
        pytest.param(constant(5.0), 30.0, 31.0, id="beyond the trace"),
        pytest.param(constant(5.0), 15.0, 20.6, id="a tenth uncovered at the end"),
        pytest.param(constant(5.0), -0.6, 5.0, id="a tenth uncovered at the start"),
        pytest.param(constant(5.0), 0.0, 21.1, id="more than a second uncovered"),
        pytest.param(curve((0.0, 0.1, 0.4, 0.5), (5.0,) * 4), 0.0, 0.5, id="a gap"),
    ],
)
def test_an_integral_that_samples_do_not_carry_is_refused(power: PowerTrace, start_s: float, end_s: float) -> None:
    assert integrate_power(power, start_s, end_s) is None


def test_a_gap_of_more_than_a_second_is_refused_in_a_long_window() -> None:
    times = tuple(t / 10 for t in range(600) if not 300 < t < 312)
    assert integrate_power(curve(times, (5.0,) * len(times)), 0.0, 59.9) is None


@settings(deadline=None, max_examples=50)
@given(st.floats(1.0, 900.0), st.floats(0.0, 0.099), st.floats(0.001, 0.2))
def test_constant_power_gives_the_windows_own_energy_whatever_the_ticks(level: float, lead: float, tail: float) -> None:
    start_s, edge_s = 1.03 - lead, 11.05 + tail
    trace = window(constant(level), reading(start_s, 50.0), reading(edge_s, 50.0 + level * (edge_s - start_s)))
    assert window_energy_j(trace) == pytest.approx(level * 10.02, abs=0.002)


def late(true_w: Callable[[float], float], mean_s: float = STEP_S) -> PowerTrace:
    """Samples as cards give them: each is the mean over the time before its stamp, here by the middle of 50 slices."""

    def sample(t_s: float) -> float:
        return math.fsum(true_w(t_s - (i + 0.5) * mean_s / 50.0) for i in range(50)) / 50.0

    times = tuple(STEP_S * i for i in range(401))
    return curve(times, tuple(map(sample, times)))


@settings(deadline=None, max_examples=50)
@given(st.floats(0.0, 0.099), st.floats(0.0, 0.3), st.floats(20.0, 130.0), st.floats(130.0, 900.0))
def test_samples_that_trail_a_step_cost_no_energy_at_either_border(
    lead: float, tail: float, rest_w: float, work_w: float
) -> None:
    power = late(lambda t_s: work_w if 1.03 <= t_s <= 11.05 else rest_w)
    start_s, edge_s, worked_j = 1.03 - lead, 11.05 + tail, 10.02 * work_w
    trace = window(power, reading(start_s, 0.0), reading(edge_s, worked_j + rest_w * (lead + tail)))
    # the gain of the trace against the counter is known to a step at each edge, and acts on the rest alone
    assert window_energy_j(trace) == pytest.approx(worked_j, rel=1e-3)


def test_the_rest_before_and_after_the_work_is_taken_off_at_the_power_it_had() -> None:
    power = late(lambda t_s: 90.0 if t_s < 1.03 else 300.0 if t_s <= 11.05 else 100.0)
    counted_j = 0.03 * 90.0 + 10.02 * 300.0 + 0.15 * 100.0
    trace = window(power, reading(1.0, 0.0), reading(11.2, counted_j))
    assert window_energy_j(trace) == pytest.approx(3006.0, abs=0.02)


def test_work_of_the_rest_that_swings_is_followed_sample_by_sample() -> None:
    power = late(lambda t_s: 300.0 if 1.03 <= t_s <= 11.05 else 200.0 if 0.45 <= t_s < 0.75 else 100.0)
    counted_j = 10.02 * 300.0 + 0.3 * 200.0 + 0.73 * 100.0 + 0.15 * 100.0
    trace = window(power, reading(0.0, 0.0), reading(11.2, counted_j))
    assert window_energy_j(trace) == pytest.approx(3006.0, abs=0.5)


def test_a_gain_error_of_the_trace_cancels() -> None:
    trace = window(constant(130.0), reading(1.0, 0.0), reading(11.1, 1010.0))
    assert window_energy_j(trace) == pytest.approx(1002.0)


@pytest.mark.parametrize("power", [None, curve((), ()), curve((1.0, 2.0), (100.0, 900.0)), constant(0.0)])
def test_without_a_trace_that_covers_it_power_is_taken_as_constant(power: PowerTrace | None) -> None:
    assert window_energy_j(window(power, reading(1.0, 0.0), reading(11.1, 1010.0))) == pytest.approx(1002.0)


def test_without_a_closing_tick_the_reading_after_the_end_stands_in() -> None:
    trace = replace(window(None, reading(1.0, 0.0), None), counter_end=reading(11.05, 1005.0))
    assert window_energy_j(trace) == pytest.approx(1002.0)


@pytest.mark.parametrize(
    ("start", "edge"),
    [
        pytest.param(None, reading(11.1, 5.0), id="no start"),
        pytest.param(reading(1.0, 5.0), None, id="no end"),
        pytest.param(reading(1.0, 5.0), reading(11.1, 5.0), id="stood still"),
        pytest.param(reading(1.0, 5.0), reading(11.1, 4.0), id="went back"),
        pytest.param(reading(11.1, 0.0), reading(1.0, 5.0), id="times swapped"),
        pytest.param(CounterReading(1.0, 0, 0.0), CounterReading(11.1, 10**400, 0.0), id="beyond 64 bits"),
        pytest.param(CounterReading(math.nan, 0, 0.0), reading(11.1, 5.0), id="time not a number"),
    ],
)
def test_a_counter_that_says_nothing_gives_none_and_never_zero(
    start: CounterReading | None, edge: CounterReading | None
) -> None:
    trace = window(constant(100.0), start, edge)
    assert window_energy_j(trace) is None
    assert counter_trace_gap(trace) is None


def test_a_window_without_length_has_no_energy_and_no_power() -> None:
    trace = replace(window(constant(100.0), reading(1.0, 0.0), reading(11.1, 1010.0)), ended_s=1.03)
    assert window_energy_j(trace) is None
    assert mean_power_w(trace) is None


def test_the_gap_compares_the_integral_with_the_counter_over_whole_ticks() -> None:
    trace = window(constant(103.0), reading(1.0, 0.0), reading(11.1, 1010.0))
    assert counter_trace_gap(trace) == pytest.approx(0.03)
    assert counter_trace_gap(replace(trace, power=None)) is None
    assert counter_trace_gap(replace(trace, power=curve((1.0,), (100.0,)))) is None


def test_mean_power_is_by_the_counter_and_else_by_the_trace() -> None:
    trace = window(constant(130.0), reading(1.0, 0.0), reading(11.1, 1010.0))
    assert mean_power_w(trace) == pytest.approx(100.0)
    assert mean_power_w(replace(trace, counter_edge=None)) == pytest.approx(130.0)
    assert mean_power_w(replace(trace, counter_edge=None, power=None)) is None


def test_the_range_of_power_holds_only_samples_inside_the_window() -> None:
    samples = tuple(900.0 if t * STEP_S < 1.0 else 20.0 if t * STEP_S > 11.1 else 100.0 + t for t in range(401))
    trace = window(regular(samples), None, None)
    assert power_range_w(trace) == (121.0, 321.0)
    assert power_range_w(replace(trace, power=curve((0.5,), (100.0,)))) is None
    assert power_range_w(replace(trace, power=None)) is None
