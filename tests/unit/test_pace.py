from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.model import Baseline, Fingerprint, Measurement, Observation, RunMeasurement
from ecoci.pace import host_pace, without_host
from tests.simulated import scenario

TOTAL = Measurement(1.0, None, 1.0, 1.0, 1, 1, None, None, None, 40.0, None, None, None, (), None)
RUN = RunMeasurement(0, TOTAL, (TOTAL,), None, 5, (), dispatch_us=10.0)
OBSERVATION = Observation("job", 0, None, "", "", "ann", ("GPU-1",), (), dispatch_us=10.0, gpu_utilization_pct=40.0)


def base(*dispatch_us: float | None, busy_pct: float | None = 40.0) -> Baseline:
    entries = (replace(OBSERVATION, dispatch_us=value, gpu_utilization_pct=busy_pct) for value in dispatch_us)
    return Baseline(Fingerprint("gpu", ()), scenario(), "0" * 16, tuple(entries))


def runs(*dispatch_us: float | None, busy_pct: float | None = 40.0) -> tuple[RunMeasurement, ...]:
    total = replace(TOTAL, gpu_utilization_pct=busy_pct)
    return tuple(replace(RUN, dispatch_us=value, total=total) for value in dispatch_us)


def test_a_slower_host_may_account_for_more_energy_and_a_faster_one_for_less() -> None:
    slower, faster = host_pace(runs(13.0), base(10.0)), host_pace(runs(7.0), base(10.0))
    assert slower is not None
    assert faster is not None
    assert (slower.most_change, faster.most_change) == pytest.approx((0.3, -0.3))
    assert (slower.base_us, slower.head_us, slower.busy_pct) == (10.0, 13.0, 40.0)


def test_the_medians_over_runs_and_observations_are_compared() -> None:
    pace = host_pace(runs(12.0, 13.0, 99.0), base(9.0, 11.0))
    assert pace is not None
    assert (pace.base_us, pace.head_us) == (10.0, 13.0)


@pytest.mark.parametrize("head_us", [9.6, 10.0, 10.4])
def test_hosts_that_are_alike_explain_nothing(head_us: float) -> None:
    assert host_pace(runs(head_us), base(10.0)) is None


def test_a_gpu_that_never_waits_makes_the_host_irrelevant() -> None:
    assert host_pace(runs(20.0, busy_pct=97.0), base(10.0, busy_pct=98.0)) is None


def test_one_side_that_waits_for_its_host_is_enough() -> None:
    assert host_pace(runs(20.0, busy_pct=97.0), base(10.0, busy_pct=50.0)) is not None


@pytest.mark.parametrize("unknown", [None, math.nan, 0.0, -1.0])
def test_an_unknown_host_explains_nothing(unknown: float | None) -> None:
    assert host_pace(runs(unknown), base(10.0)) is None
    assert host_pace(runs(10.0), base(unknown)) is None
    assert host_pace((), base(10.0)) is None


def test_an_unknown_utilisation_counts_as_waiting() -> None:
    assert host_pace(runs(20.0, busy_pct=None), base(10.0, busy_pct=None)) is not None


def test_an_interval_without_a_difference_of_hosts_stays_as_it_is() -> None:
    assert without_host(-0.1, 0.2, None) == (-0.1, 0.2)


@given(st.floats(-0.9, 3.0), st.floats(0.0, 1.0), st.floats(0.5, 3.0))
def test_taking_off_the_host_only_widens_the_interval_and_only_towards_less_change(
    low: float, width: float, ratio: float
) -> None:
    pace = host_pace(runs(10.0 * ratio), base(10.0))
    new_low, new_high = without_host(low, low + width, pace)
    assert new_low <= low
    assert new_high >= low + width
    assert (new_low, new_high) != (low, low + width) or pace is None
    assert new_low == low or new_high == low + width


@given(st.floats(1.1, 3.0))
def test_a_change_that_is_the_hosts_alone_leaves_none(ratio: float) -> None:
    slower, faster = host_pace(runs(10.0 * ratio), base(10.0)), host_pace(runs(10.0), base(10.0 * ratio))
    assert without_host(ratio - 1.0, ratio - 1.0, slower)[0] == pytest.approx(0.0, abs=1e-9)
    assert without_host(1.0 / ratio - 1.0, 1.0 / ratio - 1.0, faster)[1] == pytest.approx(0.0, abs=1e-9)


def test_one_process_that_was_held_up_does_not_make_a_host_slow() -> None:
    assert host_pace(runs(10.0, 10.1, 16.0), base(10.0, 10.2, 9.9)) is None
