"""Contamination becomes a flag with its numbers, and a quiet card becomes none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecoci.measure import measure_run
from ecoci.model import (
    DeviceSamples,
    ForeignProcess,
    HostState,
    IdleTraces,
    Missing,
    PowerSource,
    ReasonCode,
    RunMeasurement,
    RunRecord,
    SensorTest,
    Trace,
)
from ecoci.quality import with_clock_changes
from tests.unit.test_measure import flags, record, trace, window

TEST = SensorTest("GPU-1", "2026-01-02T03:04:05Z", 0.1, 0.001, 0.0005, PowerSource.INSTANT, 77.0, 700.0)


def bare(power_w: float = 77.0, busy: tuple[float | None, ...] = (0.0, 0.0, 0.0)) -> Trace:
    """Idle power before anything was opened on the card; `busy` is its utilisation once a second."""
    made = trace(power_w, 3.0)
    return replace(made, device=DeviceSamples((100.5, 101.5, 102.5), (), (), (), busy))


def before(*traces: Trace) -> RunRecord:
    return record(idle=IdleTraces(traces, (), (trace(110.0, 3.0),)))


def at(clock_mhz: float, temperatures: tuple[float, ...] = (40.0,) * 12) -> RunRecord:
    """Windows one after the other with a reading a second."""
    windows = []
    for number in range(2):
        start_s = 100.0 + 20.0 * number
        times = tuple(start_s + 0.5 + i for i in range(12))
        half = temperatures[6 * number : 6 * number + 6]
        device = DeviceSamples(times, tuple(t for t in half for _ in range(2)), (clock_mhz,) * 12, (), ())
        windows.append(replace(window(), traces=(replace(trace(start_s=start_s), device=device),)))
    return record(*windows)


@pytest.mark.parametrize(
    ("busy", "flagged"),
    [
        ((0.0, 0.0, 5.0), False),
        ((5.0, 5.0, 5.0), False),
        ((6.0, 6.0, 6.0), True),
        ((90.0, 0.0, 0.0), False),
        ((90.0, None, 0.0), False),
        ((90.0, 0.0, 40.0), True),
        ((None,) * 3, False),
    ],
)
def test_a_card_at_work_before_the_start_is_flagged_and_the_end_of_earlier_work_is_not(
    busy: tuple[float | None, ...], flagged: bool
) -> None:
    assert (ReasonCode.BUSY_BEFORE in flags(before(bare(busy=busy)))) is flagged


def test_the_busy_flag_says_by_how_much_and_which_board_of_several() -> None:
    neighbour = replace(bare(busy=(40.0, 50.0, 60.0)), board_uuid="GPU-2")
    flag = flags(before(bare(), neighbour))[ReasonCode.BUSY_BEFORE]
    assert (flag.fact("utilization_pct"), flag.fact("limit_pct"), flag.fact("board")) == (50.0, 5.0, "GPU-2")


def test_a_process_that_was_there_before_the_start_and_then_left_is_told() -> None:
    found = flags(before(replace(bare(), foreign_before=(ForeignProcess(7, None),))))
    assert found[ReasonCode.FOREIGN_PROCESS].fact("pids") == "7"


@pytest.mark.parametrize(("power_w", "flagged"), [(89.0, False), (90.5, True), (70.0, False)])
def test_power_above_the_least_ever_seen_at_rest_is_flagged(power_w: float, flagged: bool) -> None:
    made = replace(before(bare(power_w)), index=0, sensors=(replace(TEST, idle_power_w=77.0),))
    assert (ReasonCode.POWER_ABOVE_IDLE in flags(made)) is flagged


def test_the_heat_of_the_run_before_is_no_news_to_the_next() -> None:
    later = replace(before(bare(140.0)), index=1, sensors=(replace(TEST, idle_power_w=77.0),))
    assert flags(later) == {}


def test_without_a_known_idle_power_none_can_be_exceeded() -> None:
    assert flags(replace(before(bare(300.0)), index=0, sensors=(TEST,))) == {}


@pytest.mark.parametrize(("second_mhz", "flagged"), [(1941.0, False), (1940.0, True)])
def test_clocks_that_differ_by_two_percent_between_windows_are_flagged(second_mhz: float, flagged: bool) -> None:
    first, second = at(1980.0).windows[0], at(second_mhz).windows[1]
    found = flags(record(first, second))
    assert (ReasonCode.CLOCKS_CHANGED in found) is flagged
    if flagged:
        facts = dict(found[ReasonCode.CLOCKS_CHANGED].facts)
        assert (facts["lowest_mhz"], facts["highest_mhz"], facts["between"]) == (second_mhz, 1980.0, "windows")


def measured(clock_mhz: float) -> RunMeasurement:
    return measure_run(at(clock_mhz))


def test_a_run_at_other_clocks_than_the_rest_is_flagged_alone() -> None:
    found = with_clock_changes(tuple(map(measured, (1980.0, 1980.0, 1900.0))))
    assert [flag.code for run in found for flag in run.flags] == [ReasonCode.CLOCKS_CHANGED]
    facts = dict(found[2].flags[0].facts)
    assert (facts["clock_mhz"], facts["usual_mhz"], facts["between"]) == (1900.0, 1980.0, "runs")


def test_one_run_and_runs_without_clocks_have_nothing_to_differ_from() -> None:
    silent = measure_run(record(replace(window(), traces=(replace(trace(), device=DeviceSamples()),))))
    assert with_clock_changes((measured(1980.0), silent)) == (measured(1980.0), silent)
    assert with_clock_changes(()) == ()


@pytest.mark.parametrize(
    ("temperatures", "flagged"),
    [
        ((40.0,) * 12, False),
        ((40.0, 41.0, 40.0, 41.0, 40.0, 41.0) * 2, False),
        ((40.0, 40.0, 41.0, 41.0, 41.0, 41.0, 42.0, 42.0, 42.0, 42.0, 42.0, 42.0), False),
        ((40.0, 41.0, 42.0, 43.0, 44.0, 45.0, 46.0, 47.0, 48.0, 49.0, 50.0, 51.0), True),
        ((51.0, 50.0, 49.0, 48.0, 47.0, 46.0, 45.0, 44.0, 43.0, 42.0, 41.0, 40.0), True),
    ],
)
def test_a_temperature_that_moves_by_three_degrees_from_first_to_last_window_is_flagged(
    temperatures: tuple[float, ...], flagged: bool
) -> None:
    assert (ReasonCode.TEMPERATURE_SLOPE in flags(at(1980.0, temperatures))) is flagged


def test_the_temperature_flag_tells_slope_and_drift() -> None:
    facts = dict(flags(at(1980.0, tuple(40.0 + i for i in range(12))))[ReasonCode.TEMPERATURE_SLOPE].facts)
    assert facts["slope_c_per_min"] == pytest.approx(60.0 * float(facts["drift_c"]) / 31.0)
    assert float(facts["drift_c"]) == pytest.approx(11.0, abs=1.5)


def test_what_sensors_host_and_run_could_not_do_is_said_once_each() -> None:
    made = replace(
        record(),
        sensors=(replace(TEST, missing=(Missing("sample_buffer", "not supported"),)),),
        host=HostState(missing=(Missing("host.affinity", "not permitted"),)),
        missing=(Missing("phase.decode", "no cache to repeat"), Missing("phase.decode", "no cache to repeat")),
    )
    assert [f.fact("field") for f in measure_run(made).flags if f.code is ReasonCode.HOST_NOT_QUIET] == ["affinity"]
    assert [f.fact("field") for f in measure_run(made).flags if f.code is ReasonCode.READING_MISSING] == [
        "sample_buffer",
        "phase.decode",
    ]


def test_a_machine_that_does_not_show_its_own_energy_is_not_flagged_for_it() -> None:
    absent = (Missing("host_energy", "no powercap counters"), Missing("host_energy.dram-0", "stood still"))
    assert measure_run(replace(record(), missing=absent)).flags == ()
