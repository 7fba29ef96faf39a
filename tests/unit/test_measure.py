"""From windows to a run: ratios of sums, unknown stays unknown, and every doubt becomes a flag."""

from __future__ import annotations

import math
from dataclasses import astuple, replace

import pytest
from hypothesis import given, settings

from ecoci.measure import measure_run, measure_window, summarize
from ecoci.model import (
    CounterReading,
    DeviceSamples,
    DomainEnergy,
    ForeignProcess,
    HostState,
    IdleTraces,
    Missing,
    PowerSource,
    PowerTrace,
    Reason,
    ReasonCode,
    RunMeasurement,
    RunRecord,
    ThrottleTime,
    Trace,
    WarmUp,
    Window,
    Work,
    WorkPhase,
)
from ecoci.quality import quality_gates
from tests.strategies import anything, run_records

GIB = 1 << 30
STEADY = WarmUp((5.0, 1.0, 1.0), steady=True, budget_s=180.0)


def trace(power_w: float = 200.0, duration_s: float = 12.0, start_s: float = 100.0) -> Trace:
    """A window of steady power on whole ticks."""
    end_s = start_s + duration_s
    times = tuple(start_s + 0.05 * i for i in range(round(duration_s / 0.05) + 1))
    counted = CounterReading(end_s, round(1000.0 * power_w * duration_s), 0.0)
    return Trace(
        board_uuid="GPU-1",
        started_s=start_s,
        ended_s=end_s,
        counter_start=CounterReading(start_s, 0, 0.0),
        counter_end=counted,
        counter_edge=counted,
        tick_s=0.1,
        power=PowerTrace(PowerSource.SYNTHETIC, times, (power_w,) * len(times)),
        device=DeviceSamples((start_s, end_s), (40.0, 42.0), (1980.0, 1970.0), (3201.0, 3201.0), (97.0, None)),
        throttle=(ThrottleTime("sw_power_cap", 0.0),),
    )


def window(power_w: float = 200.0, duration_s: float = 12.0, tokens: int = 768) -> Window:
    """Whole generations of one second each, give or take."""
    work = Work((1.0,) * 12, requests=12, prompt_tokens=768, output_tokens=tokens, peak_memory_bytes=2 * GIB)
    return Window((trace(power_w, duration_s),), work)


def record(*windows: Window, **changes: object) -> RunRecord:
    idle = IdleTraces(loaded=(trace(77.0, 5.0),))
    made = RunRecord(3, "2026-01-02T03:04:05Z", None, 1.0, STEADY, windows or (window(), window()), idle=idle)
    return replace(made, **changes)  # type: ignore[arg-type]


def flags(made: RunRecord) -> dict[ReasonCode, Reason]:
    return {flag.code: flag for flag in measure_run(made).flags}


def changed(**changes: object) -> Window:
    """A window whose trace differs."""
    made = window()
    return replace(made, traces=(replace(made.trace, **changes),))  # type: ignore[arg-type]


def test_a_window_holds_gross_and_net_energy_and_what_the_card_did() -> None:
    found = measure_window(window(), idle_power_w=77.0)
    assert found.energy_j == pytest.approx(2400.0)
    assert found.net_energy_j == pytest.approx(2400.0 - 77.0 * 12.0)
    assert (found.mean_power_w, found.min_power_w, found.max_power_w) == pytest.approx((200.0, 200.0, 200.0))
    assert (found.temperature_c, found.sm_clock_mhz, found.gpu_utilization_pct) == (41.0, 1975.0, 97.0)
    assert found.counter_trace_gap == pytest.approx(0.0, abs=1e-9)
    assert (found.tokens_per_s, found.request_ms) == (64.0, 1000.0)


def test_without_idle_power_net_energy_is_unknown_and_gross_is_not() -> None:
    found = measure_window(window(), idle_power_w=None)
    assert found.net_energy_j is None
    assert found.energy_j == pytest.approx(2400.0)


def test_device_readings_outside_the_window_or_without_a_number_do_not_count() -> None:
    samples = DeviceSamples((99.0, 101.0, 102.0), (90.0, 40.0, math.nan), (1.0, None, None), (), ())
    found = measure_window(changed(device=samples), None)
    assert (found.temperature_c, found.sm_clock_mhz, found.gpu_utilization_pct) == (40.0, None, None)


def test_energy_per_token_is_a_ratio_of_sums_and_not_a_mean_of_ratios() -> None:
    total = measure_run(record(window(100.0, 12.0, 100), window(300.0, 24.0, 900))).total
    assert total is not None
    assert total.energy_per_token_j == pytest.approx((1200.0 + 7200.0) / 1000.0)
    assert total.tokens_per_s == pytest.approx(1000.0 / 36.0)
    assert total.mean_power_w == pytest.approx(8400.0 / 36.0)
    assert total.energy_per_token_j == pytest.approx((total.mean_power_w or 0.0) / total.tokens_per_s, rel=1e-12)


def test_a_run_takes_extremes_sums_and_means_weighted_by_time() -> None:
    cold = replace(window(100.0, 12.0), work=replace(window().work, peak_memory_bytes=None))
    total = measure_run(record(cold, window(300.0, 36.0))).total
    assert total is not None
    assert (total.min_power_w, total.max_power_w, total.peak_memory_bytes) == (100.0, 300.0, 2 * GIB)
    assert (total.requests, total.duration_s) == (24, 48.0)
    assert total.net_energy_j == pytest.approx(1200.0 + 10800.0 - 77.0 * 48.0)


def test_a_clean_run_has_no_flags() -> None:
    found = measure_run(record())
    assert found.flags == ()
    assert (found.index, found.warm_up_generations, len(found.windows)) == (3, 3, 2)
    assert found.idle_power_w == pytest.approx(77.0)


def test_one_window_without_energy_makes_the_runs_energy_unknown() -> None:
    found = measure_run(record(window(), changed(counter_edge=None, counter_end=None)))
    assert found.total is not None
    assert found.total.energy_j is None
    assert [flag.code for flag in found.flags] == [ReasonCode.NO_ENERGY]


def test_a_counter_that_stands_still_is_no_energy_with_the_meters_reason() -> None:
    still = CounterReading(112.0, 0, 0.0)
    said = (Missing("energy_counter", "not supported"),)
    found = flags(record(changed(counter_edge=still, counter_end=still, missing=said)))
    assert found[ReasonCode.NO_ENERGY].fact("reason") == "not supported"


def test_a_run_without_windows_says_why() -> None:
    failure = Reason(ReasonCode.RUN_FAILED, (("message", "out of memory"),))
    assert measure_run(record(windows=(), failure=failure, idle=IdleTraces(), warm_up=None)).flags == (failure,)
    silent = measure_run(record(windows=()))
    assert silent.total is None
    assert [flag.code for flag in silent.flags] == [ReasonCode.NO_ENERGY]


@pytest.mark.parametrize(
    "empty",
    [
        pytest.param(window(tokens=0), id="no tokens"),
        pytest.param(changed(ended_s=100.0), id="no time"),
        pytest.param(changed(ended_s=math.nan), id="time not a number"),
        pytest.param(replace(window(), work=replace(window().work, generation_s=())), id="no generation"),
    ],
)
def test_a_window_without_work_fails_its_run_and_stays_out_of_its_sums(empty: Window) -> None:
    found = measure_run(record(window(), empty))
    assert found.total is not None
    assert found.total.duration_s == 12.0
    assert ReasonCode.RUN_FAILED in {flag.code for flag in found.flags}


def test_a_failure_is_kept_as_given_and_said_once() -> None:
    failure = Reason(ReasonCode.NOT_STEADY, (("generations", 40), ("budget_s", 180.0)))
    found = measure_run(record(failure=failure, warm_up=replace(STEADY, steady=False)))
    assert found.flags == (failure,)


@pytest.mark.parametrize("warm_up", [None, WarmUp((1.0, 2.0), steady=False, budget_s=3.0)])
def test_a_warm_up_that_is_unsteady_or_unknown_is_flagged(warm_up: WarmUp | None) -> None:
    assert ReasonCode.NOT_STEADY in flags(record(warm_up=warm_up))


def test_processes_before_and_after_are_named_once_each() -> None:
    both = (ForeignProcess(7, 1024), ForeignProcess(42, None))
    found = flags(record(changed(foreign_before=both[:1]), changed(foreign_after=both)))[ReasonCode.FOREIGN_PROCESS]
    assert (found.fact("pids"), found.fact("count"), found.fact("memory_bytes")) == ("7, 42", 2, 1024)


@pytest.mark.parametrize(("tokens", "flagged"), [((768, 789), False), ((768, 792), True)])
def test_throughput_is_unsteady_from_a_cv_of_two_percent(tokens: tuple[int, int], flagged: bool) -> None:
    gates = quality_gates(tuple(window(tokens=count) for count in tokens))
    assert [gate.code for gate in gates] == ([ReasonCode.THROUGHPUT_UNSTEADY] if flagged else [])


@pytest.mark.parametrize(("watts", "flagged"), [((200.0, 214.0), False), ((200.0, 215.0), True)])
def test_power_is_unsteady_from_a_cv_of_five_percent(watts: tuple[float, float], flagged: bool) -> None:
    gates = quality_gates(tuple(window(power_w) for power_w in watts))
    assert [gate.code for gate in gates] == ([ReasonCode.POWER_UNSTEADY] if flagged else [])


def test_a_gate_says_the_cv_and_its_limit() -> None:
    (gate,) = quality_gates((window(180.0), window(220.0)))
    assert gate.fact("cv") == pytest.approx(math.sqrt(2.0) * 20.0 / 200.0)
    assert gate.fact("limit") == 0.05


@pytest.mark.parametrize("windows", [(), (window(),), (window(), window(tokens=0))])
def test_gates_need_two_windows_with_work(windows: tuple[Window, ...]) -> None:
    assert quality_gates(windows) == ()


def test_windows_that_were_measured_again_are_counted() -> None:
    assert flags(record(superseded=(window(),) * 3))[ReasonCode.REMEASURED].fact("windows") == 3


def test_outlying_generations_are_shown_and_kept() -> None:
    odd = replace(window(), work=replace(window().work, generation_s=(*(1.0, 1.01) * 15, 4.0)))
    found = measure_run(record(odd))
    (flag,) = (flag for flag in found.flags if flag.code is ReasonCode.OUTLIERS)
    assert (flag.fact("count"), flag.fact("of"), flag.fact("largest_s")) == (1, 31, 4.0)
    assert found.total is not None
    assert found.total.generation_s == pytest.approx((15 * 2.01 + 4.0) / 31)


@pytest.mark.parametrize(("held_s", "flagged"), [(0.012, False), (0.013, True)])
def test_throttling_is_flagged_above_a_thousandth_of_a_window(held_s: float, flagged: bool) -> None:
    throttled = changed(throttle=(ThrottleTime("sw_thermal", held_s), ThrottleTime("sw_power_cap", 0.0)))
    assert (ReasonCode.THROTTLED in flags(record(throttled, window()))) is flagged


def test_each_cause_of_throttling_has_its_own_flag_with_the_worst_windows_share() -> None:
    causes = (ThrottleTime("sw_thermal", 1.2), ThrottleTime("sw_power_cap", 6.0))
    found = measure_run(record(changed(throttle=causes), changed(throttle=causes[1:]), window()))
    facts = [dict(flag.facts) for flag in found.flags if flag.code is ReasonCode.THROTTLED]
    assert facts == [
        {"cause": "sw_thermal", "duration_s": 1.2, "share": pytest.approx(0.1)},
        {"cause": "sw_power_cap", "duration_s": 12.0, "share": pytest.approx(0.5)},
    ]


@pytest.mark.parametrize(("trace_w", "flagged"), [(205.9, False), (206.1, True), (193.0, True)])
def test_a_trace_three_percent_off_the_counter_is_flagged(trace_w: float, flagged: bool) -> None:
    assert (ReasonCode.COUNTER_TRACE_GAP in flags(record(window(), changed(power=trace(trace_w).power)))) is flagged


@pytest.mark.parametrize(("tick_s", "flag"), [(0.1, ReasonCode.SHORT_WINDOW), (0.09, ReasonCode.COUNTER_TRACE_GAP)])
def test_a_gap_is_judged_from_ten_seconds_or_a_hundred_ticks_on_and_shorter_windows_are_flagged(
    tick_s: float, flag: ReasonCode
) -> None:
    off = replace(window(), traces=(replace(trace(200.0, 9.0), power=trace(300.0, 9.0).power, tick_s=tick_s),))
    assert set(flags(record(off))) == {flag}


@pytest.mark.parametrize(
    ("duration_s", "tick_s", "flagged"), [(9.0, 0.1, True), (9.0, 0.05, False), (10.0, 0.5, False), (9.0, None, True)]
)
def test_a_window_is_short_below_ten_seconds_and_a_hundred_ticks(
    duration_s: float, tick_s: float | None, flagged: bool
) -> None:
    made = replace(window(), traces=(replace(trace(200.0, duration_s), tick_s=tick_s),))
    assert (ReasonCode.SHORT_WINDOW in flags(record(made))) is flagged


def uncertain(start_s: float, edge_s: float) -> Window:
    made = trace()
    assert made.counter_start is not None
    assert made.counter_edge is not None
    start = replace(made.counter_start, uncertainty_s=start_s)
    return changed(counter_start=start, counter_edge=replace(made.counter_edge, uncertainty_s=edge_s))


@pytest.mark.parametrize(("edge_s", "flagged"), [(0.009, False), (0.011, True)])
def test_edges_that_are_known_to_a_quarter_of_a_percent_only_are_flagged(edge_s: float, flagged: bool) -> None:
    assert (ReasonCode.EDGE_UNCERTAIN in flags(record(window(), uncertain(0.02, edge_s)))) is flagged


def test_the_flag_of_uncertain_edges_tells_the_worst_window() -> None:
    flag = flags(record(uncertain(0.05, 0.01), uncertain(0.02, 0.1)))[ReasonCode.EDGE_UNCERTAIN]
    assert dict(flag.facts) == {"uncertainty_s": pytest.approx(0.12), "share": pytest.approx(0.01), "limit": 0.0025}


def test_without_a_closing_edge_the_reading_after_the_window_has_the_uncertainty() -> None:
    late = CounterReading(112.0, 2_400_000, 0.1)
    assert ReasonCode.EDGE_UNCERTAIN in flags(record(changed(counter_edge=None, counter_end=late)))


def test_each_missing_reading_is_said_once_with_its_reason() -> None:
    hidden = (Missing("vbios", "not supported"), Missing("temperature", "no permission"))
    found = measure_run(record(changed(missing=hidden), changed(missing=hidden))).flags
    assert [(flag.fact("field"), flag.fact("reason")) for flag in found] == [
        ("vbios", "not supported"),
        ("temperature", "no permission"),
    ]


def test_a_missing_closing_tick_and_a_missing_idle_trace_are_missing_readings() -> None:
    found = measure_run(record(changed(counter_edge=None), idle=IdleTraces()))
    assert [flag.fact("field") for flag in found.flags] == ["counter_edge", "idle_power"]
    assert found.total is not None
    assert found.total.energy_j == pytest.approx(2400.0)


def two_boards(first_w: float = 200.0, second_w: float = 300.0) -> Window:
    """One window on two boards; the second's counter ticks at other moments."""
    other = replace(trace(second_w), board_uuid="GPU-2")
    early = CounterReading(99.97, 0, 0.0)
    late = CounterReading(112.05, round(1000.0 * second_w * 12.08), 0.0)
    return replace(window(first_w), traces=(trace(first_w), replace(other, counter_start=early, counter_edge=late)))


def test_energy_and_power_of_several_boards_are_sums_with_each_boards_share() -> None:
    found = measure_window(two_boards(), idle_power_w=160.0)
    assert found.energy_j == pytest.approx(6000.0)
    assert found.net_energy_j == pytest.approx(6000.0 - 160.0 * 12.0)
    assert (found.mean_power_w, found.min_power_w, found.max_power_w) == pytest.approx((500.0, 500.0, 500.0))
    assert [share.uuid for share in found.boards] == ["GPU-1", "GPU-2"]
    assert [share.energy_j for share in found.boards] == pytest.approx([2400.0, 3600.0])
    assert [share.mean_power_w for share in found.boards] == pytest.approx([200.0, 300.0])
    assert (found.temperature_c, found.sm_clock_mhz) == (41.0, 1975.0)
    assert found.energy_per_token_j == pytest.approx(6000.0 / 768)


def test_one_board_without_a_reading_makes_the_sum_unknown_and_keeps_the_others_share() -> None:
    dead = two_boards()
    silent = replace(dead.traces[1], counter_edge=None, counter_end=None)
    found = measure_window(replace(dead, traces=(dead.traces[0], silent)), None)
    assert found.energy_j is None
    assert [share.energy_j for share in found.boards] == [pytest.approx(2400.0), None]


def test_a_run_sums_the_shares_over_its_windows() -> None:
    total = measure_run(record(two_boards(), two_boards(220.0, 280.0))).total
    assert total is not None
    assert [share.energy_j for share in total.boards] == [pytest.approx(5040.0), pytest.approx(6960.0)]
    assert math.fsum(share.energy_j or 0.0 for share in total.boards) == pytest.approx(total.energy_j)


def test_windows_on_different_boards_fail_their_run() -> None:
    found = measure_run(record(window(), two_boards()))
    assert ReasonCode.RUN_FAILED in {flag.code for flag in found.flags}
    assert found.total is not None
    assert found.total.boards == ()


def test_a_flag_of_one_board_among_several_names_it() -> None:
    hot = two_boards()
    throttled = replace(hot.traces[1], throttle=(ThrottleTime("hw_thermal", 3.0),))
    flag = flags(record(replace(hot, traces=(hot.traces[0], throttled))))[ReasonCode.THROTTLED]
    assert flag.fact("board") == "GPU-2"
    assert flag.fact("share") == pytest.approx(0.25)


def test_throttled_time_of_several_boards_is_that_of_the_one_held_back_longest() -> None:
    both = two_boards()
    held = tuple(
        replace(t, throttle=(ThrottleTime("sw_power_cap", s),)) for t, s in zip(both.traces, (2.0, 5.0), strict=True)
    )
    assert measure_window(replace(both, traces=held), None).throttled == (ThrottleTime("sw_power_cap", 5.0),)


def test_idle_power_is_kept_in_its_three_states() -> None:
    states = IdleTraces((trace(75.0, 3.0),), (trace(110.0, 3.0),), (trace(112.0, 3.0),))
    found = measure_run(record(idle=states))
    assert astuple(found.idle) == pytest.approx((75.0, 110.0, 112.0))
    assert found.idle_power_w == found.idle.loaded_w


def phase(kind: WorkPhase, power_w: float, prompt_tokens: int, output_tokens: int) -> Window:
    work = Work((0.5,) * 24, 24, prompt_tokens, output_tokens)
    return Window((trace(power_w),), work, kind)


def test_phases_count_their_own_tokens_and_stay_out_of_the_gated_number() -> None:
    windows = (phase(WorkPhase.PREFILL, 400.0, 1536, 24), phase(WorkPhase.DECODE, 150.0, 0, 1512))
    found = measure_run(record(phase_windows=windows))
    prefill, decode = found.phases
    assert (prefill.tokens, prefill.repeats, prefill.repeat_s) == (1536, 24, 0.5)
    assert prefill.energy_per_token_j == pytest.approx(4800.0 / 1536)
    assert decode.energy_per_token_j == pytest.approx(1800.0 / 1512)
    assert found.total == measure_run(record()).total


def test_a_phase_without_a_counter_has_no_energy() -> None:
    made = phase(WorkPhase.DECODE, 150.0, 0, 1512)
    silent = replace(made, traces=(replace(made.trace, counter_end=None, counter_edge=None),))
    (found,) = measure_run(record(phase_windows=(silent,))).phases
    assert (found.energy_j, found.energy_per_token_j) == (None, None)


def test_the_hosts_energy_is_summed_where_every_window_has_it() -> None:
    dram, package = DomainEnergy("dram-0", 30.0), DomainEnergy("package-0", 500.0)
    total = measure_run(
        record(replace(window(), host_energy=(package, dram)), replace(window(), host_energy=(package,)))
    ).total
    assert total is not None
    assert total.host_energy == (DomainEnergy("package-0", 1000.0),)
    assert total.energy_j == pytest.approx(4800.0)


@pytest.mark.parametrize(
    ("readings", "shortest"), [((4.9, 6.8), 4.9), ((math.nan, 5.0, 0.0), 5.0), ((-1.0, math.inf), None), ((), None)]
)
def test_the_hosts_pace_is_its_shortest_reading(readings: tuple[float, ...], shortest: float | None) -> None:
    assert measure_run(record(host=HostState(dispatch_us=readings))).dispatch_us == shortest
    assert measure_run(record(host=None)).dispatch_us is None


@settings(deadline=None, max_examples=25)
@given(run_records())
def test_total_energy_is_the_sum_of_the_windows(made: RunRecord) -> None:
    found = measure_run(made)
    assert found.total is not None
    assert found.total.energy_j == pytest.approx(math.fsum(w.energy_j or math.nan for w in found.windows))
    assert found.total.output_tokens == sum(w.work.output_tokens for w in made.windows)


@settings(deadline=None, max_examples=50)
@given(anything(RunRecord))
def test_no_record_however_odd_crashes_or_gives_an_energy_that_is_not_positive(made: RunRecord) -> None:
    found = measure_run(made)
    measurements = [part for part in (*found.windows, found.total) if part is not None]
    energies = [
        *(part.energy_j for part in measurements),
        *(share.energy_j for part in measurements for share in part.boards),
        *(entry.energy_j for part in measurements for entry in part.host_energy),
        *(part.energy_j for part in found.phases),
    ]
    assert all(energy is None or (math.isfinite(energy) and energy > 0.0) for energy in energies)


def runs(*watts: float) -> tuple[RunMeasurement, ...]:
    return tuple(measure_run(record(window(power_w), window(power_w), index=i)) for i, power_w in enumerate(watts))


def test_the_summary_is_over_runs_and_not_over_windows() -> None:
    found = {metric.name: metric for metric in summarize(runs(200.0, 210.0, 220.0))}
    energy = found["energy per output token"].summary
    assert energy is not None
    assert energy.n == 3
    assert energy.mean == pytest.approx(210.0 / 64.0)
    assert energy.sd == pytest.approx(10.0 / 64.0)
    # t(2, 0.975) = 4.302653 from printed tables
    assert energy.ci_high == pytest.approx(energy.mean + 4.302653 * (10.0 / 64.0) / math.sqrt(3), rel=1e-6)


def test_the_summary_holds_every_number_with_its_unit() -> None:
    found = {(metric.name, metric.unit): metric.summary for metric in summarize(runs(200.0, 210.0))}
    means = {name: round(summary.mean, 4) for (name, _), summary in found.items() if summary is not None}
    assert means == {
        "energy per output token": 3.2031,
        "energy per 1k output tokens": 3203.125,
        "energy per request": 205.0,
        "net energy per output token": 2.0,
        "output tokens per joule": 0.3124,
        "throughput": 64.0,
        "time per request": 1000.0,
        "mean power": 205.0,
        "lowest power": 205.0,
        "highest power": 205.0,
        "GPU utilization": 97.0,
        "peak memory": 2.0,
        "temperature": 41.0,
        "SM clock": 1975.0,
        "throttled": 0.0,
        "power trace against counter": 0.0,
        "idle power": 77.0,
    }
    assert ("peak memory", "GiB") in found


def test_throttled_seconds_are_listed_by_cause() -> None:
    held = changed(throttle=(ThrottleTime("sw_power_cap", 3.0), ThrottleTime("hw_thermal", 0.0)))
    found = {m.name: m.summary for m in summarize((measure_run(record(held)), measure_run(record(window()))))}
    cap = found["throttled by sw power cap"]
    assert cap is not None
    assert (cap.n, cap.mean) == (2, 1.5)
    assert "throttled by hw thermal" not in found


def test_what_no_run_has_is_none_and_never_zero() -> None:
    bare = changed(device=DeviceSamples(), counter_edge=None, counter_end=None, power=None, throttle=())
    found = {metric.name: metric.summary for metric in summarize((measure_run(record(bare, idle=IdleTraces())),))}
    known = {name for name, summary in found.items() if summary is not None}
    assert known == {"throughput", "time per request", "peak memory"}


def test_no_runs_give_a_summary_without_numbers() -> None:
    assert all(metric.summary is None for metric in summarize(()))
