"""From raw windows to the numbers of a run, its quality flags, and the summary over runs.

Pure: it judges how good a measurement is, never whether a change is good. A reading that is not there stays None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from ecoci import stats
from ecoci.energy import counter_trace_gap, mean_power_w, power_range_w, window_energy_j
from ecoci.model import (
    Fact,
    Measurement,
    MetricSummary,
    Reason,
    ReasonCode,
    RunMeasurement,
    RunRecord,
    ThrottleTime,
    Trace,
    Window,
)

THROUGHPUT_CV_LIMIT = 0.02
POWER_CV_LIMIT = 0.05
THROTTLE_SHARE_LIMIT = 0.001
GAP_LIMIT = 0.03
EDGE_SHARE_LIMIT = 0.0025
LEAST_WINDOW_S = 10.0
LEAST_WINDOW_TICKS = 100

_GIB = float(1 << 30)
_SHORTEST_S, _LONGEST_S = 1e-6, 1e9
"""Outside these a duration is damage: no synced work is done in a microsecond, none takes thirty years."""


def measure_window(window: Window, idle_power_w: float | None) -> Measurement:
    """The numbers of one window; net energy takes `idle_power_w` off for the window's duration."""
    trace, work = window.trace, window.work
    energy_j = window_energy_j(trace)
    low_w, high_w = power_range_w(trace) or (None, None)
    return Measurement(
        energy_j=energy_j,
        net_energy_j=_net(energy_j, idle_power_w, trace.duration_s),
        duration_s=trace.duration_s,
        generation_s=stats.mean(work.generation_s),
        output_tokens=work.output_tokens,
        requests=work.requests,
        mean_power_w=mean_power_w(trace),
        min_power_w=low_w,
        max_power_w=high_w,
        gpu_utilization_pct=_device_mean(trace, trace.device.gpu_utilization_pct),
        peak_memory_bytes=work.peak_memory_bytes,
        temperature_c=_device_mean(trace, trace.device.temperature_c),
        sm_clock_mhz=_device_mean(trace, trace.device.sm_clock_mhz),
        throttled=_by_cause(trace.throttle),
        counter_trace_gap=counter_trace_gap(trace),
    )


def measure_run(record: RunRecord) -> RunMeasurement:
    """One observation from one process: sums over its windows, so that per-token numbers are ratios of sums."""
    idle_power_w = _idle_power_w(record.idle.loaded)
    usable = tuple(window for window in record.windows if _holds_work(window))
    windows = tuple(measure_window(window, idle_power_w) for window in usable)
    return RunMeasurement(
        index=record.index,
        total=_total(windows, usable, idle_power_w) if windows else None,
        windows=windows,
        idle_power_w=idle_power_w,
        warm_up_generations=None if record.warm_up is None else len(record.warm_up.generation_s),
        flags=_once_each(chain(_failures(record, windows), _quality(record, usable, idle_power_w))),
    )


def quality_gates(windows: tuple[Window, ...]) -> tuple[Reason, ...]:
    """What is too unsteady between the windows of a run: throughput at a CV of 2 %, mean power at 5 %."""
    usable = [window for window in windows if _holds_work(window)]
    rates = [window.work.output_tokens / window.trace.duration_s for window in usable]
    watts = [power_w for power_w in (mean_power_w(window.trace) for window in usable) if power_w is not None]
    gates = (
        (ReasonCode.THROUGHPUT_UNSTEADY, stats.cv(rates), THROUGHPUT_CV_LIMIT),
        (ReasonCode.POWER_UNSTEADY, stats.cv(watts), POWER_CV_LIMIT),
    )
    return tuple(
        Reason(code, (("cv", cv), ("limit", limit))) for code, cv, limit in gates if cv is not None and cv >= limit
    )


def summarize(runs: Sequence[RunMeasurement]) -> tuple[MetricSummary, ...]:
    """Mean, sd and 95 % interval over runs of every number worth showing; the summary is None when no run has it."""
    totals = [run.total for run in runs if run.total is not None]
    shown = [_summary(name, unit, map(value, totals)) for name, unit, value in _METRICS]
    throttled = [_summary(name, "s", values) for name, values in _throttled(totals)]
    gap = _summary("power trace against counter", "%", (_scaled(m.counter_trace_gap, 100.0) for m in totals))
    return (*shown, *throttled, gap, _summary("idle power", "W", (run.idle_power_w for run in runs)))


Number = float | None

_METRICS: tuple[tuple[str, str, Callable[[Measurement], Number]], ...] = (
    ("energy per output token", "J/token", lambda m: m.energy_per_token_j),
    ("energy per 1k output tokens", "J", lambda m: _scaled(m.energy_per_token_j, 1000.0)),
    ("energy per request", "J", lambda m: m.energy_per_request_j),
    ("net energy per output token", "J/token", lambda m: m.net_energy_per_token_j),
    ("output tokens per joule", "tok/J", lambda m: m.tokens_per_j),
    ("throughput", "tok/s", lambda m: m.tokens_per_s),
    ("time per request", "ms", lambda m: m.request_ms),
    ("mean power", "W", lambda m: m.mean_power_w),
    ("lowest power", "W", lambda m: m.min_power_w),
    ("highest power", "W", lambda m: m.max_power_w),
    ("GPU utilization", "%", lambda m: m.gpu_utilization_pct),
    ("peak memory", "GiB", lambda m: _scaled(m.peak_memory_bytes, 1.0 / _GIB)),
    ("temperature", "°C", lambda m: m.temperature_c),
    ("SM clock", "MHz", lambda m: m.sm_clock_mhz),
)


def _summary(name: str, unit: str, values: Iterable[Number]) -> MetricSummary:
    return MetricSummary(name, unit, stats.summary([value for value in values if value is not None]))


def _throttled(totals: Sequence[Measurement]) -> Iterator[tuple[str, list[float]]]:
    """The causes that held any run back; one line of zeros when the card answered and none did."""
    by_run = [{entry.cause: entry.duration_s for entry in total.throttled} for total in totals]
    causes = dict.fromkeys(chain.from_iterable(by_run))
    active = [cause for cause in causes if any(run.get(cause, 0.0) > 0.0 for run in by_run)]
    if not active:
        yield "throttled", [0.0 for run in by_run if run]
    for cause in active:
        yield f"throttled by {cause.replace('_', ' ')}", [run[cause] for run in by_run if cause in run]


def _scaled(value: Number, factor: float) -> Number:
    return None if value is None else value * factor


def _net(energy_j: Number, idle_power_w: Number, duration_s: float) -> Number:
    return None if energy_j is None or idle_power_w is None else energy_j - idle_power_w * duration_s


def _idle_power_w(traces: Sequence[Trace]) -> Number:
    """Idle watts of all boards together; None when one of them has no usable trace."""
    return _sum([mean_power_w(trace) for trace in traces]) if traces else None


def _holds_work(window: Window) -> bool:
    """Whether rates of this window mean anything: it took time and gave tokens."""
    work = window.work
    times = (window.trace.duration_s, *work.generation_s)
    took_time = bool(work.generation_s) and all(_SHORTEST_S < time_s < _LONGEST_S for time_s in times)
    return took_time and work.output_tokens > 0 and work.requests > 0


def _device_mean(trace: Trace, values: Sequence[Number]) -> Number:
    known = [
        value
        for t_s, value in zip(trace.device.t_s, values, strict=False)
        if value is not None and math.isfinite(value) and trace.started_s <= t_s <= trace.ended_s
    ]
    return stats.mean(known) if known else None


def _by_cause(throttle: Iterable[ThrottleTime]) -> tuple[ThrottleTime, ...]:
    seconds: dict[str, float] = {}
    for entry in throttle:
        seconds[entry.cause] = seconds.get(entry.cause, 0.0) + entry.duration_s
    return tuple(ThrottleTime(cause, duration_s) for cause, duration_s in seconds.items())


def _total(parts: Sequence[Measurement], windows: Sequence[Window], idle_power_w: Number) -> Measurement:
    energy_j = _sum([part.energy_j for part in parts])
    duration_s = math.fsum(part.duration_s for part in parts)
    by_time = [part.duration_s for part in parts]
    by_energy = [part.energy_j or 0.0 for part in parts]
    return Measurement(
        energy_j=energy_j,
        net_energy_j=_net(energy_j, idle_power_w, duration_s),
        duration_s=duration_s,
        generation_s=stats.mean([value for window in windows for value in window.work.generation_s]),
        output_tokens=sum(part.output_tokens for part in parts),
        requests=sum(part.requests for part in parts),
        mean_power_w=_weighted([part.mean_power_w for part in parts], by_time),
        min_power_w=min(_known(part.min_power_w for part in parts), default=None),
        max_power_w=max(_known(part.max_power_w for part in parts), default=None),
        gpu_utilization_pct=_weighted([part.gpu_utilization_pct for part in parts], by_time),
        peak_memory_bytes=max((p.peak_memory_bytes for p in parts if p.peak_memory_bytes is not None), default=None),
        temperature_c=_weighted([part.temperature_c for part in parts], by_time),
        sm_clock_mhz=_weighted([part.sm_clock_mhz for part in parts], by_time),
        throttled=_by_cause(chain.from_iterable(part.throttled for part in parts)),
        counter_trace_gap=_weighted([part.counter_trace_gap for part in parts], by_energy),
    )


def _known(values: Iterable[Number]) -> list[float]:
    return [value for value in values if value is not None]


def _sum(values: Sequence[Number]) -> Number:
    """The sum, or None when one part is unknown: a sum over the rest would be a number about something else."""
    known = _known(values)
    return math.fsum(known) if len(known) == len(values) else None


def _weighted(values: Sequence[Number], weights: Sequence[float]) -> Number:
    """Weighted mean over the parts that have the value."""
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    total = math.fsum(weight for _, weight in pairs)
    return math.fsum(value * (weight / total) for value, weight in pairs) if total > 0.0 else None


def _once_each(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Without repeats: of one code and one subject (a cause or a field) the first stands."""
    first: dict[tuple[ReasonCode, object], Reason] = {}
    for reason in reasons:
        first.setdefault((reason.code, reason.fact("cause") or reason.fact("field")), reason)
    return tuple(first.values())


def _failures(record: RunRecord, windows: Sequence[Measurement]) -> Iterator[Reason]:
    """What keeps a run from being an observation."""
    if record.failure is not None:
        yield record.failure
    empty = len(record.windows) - len(windows)
    if empty:
        message = f"{empty} of {len(record.windows)} windows hold no output tokens or no time"
        yield Reason(ReasonCode.RUN_FAILED, (("message", message),))
    if record.windows:
        yield from _unsteady_start(record)
    without = sum(window.energy_j is None for window in windows)
    if without or not (windows or record.failure):
        yield Reason(ReasonCode.NO_ENERGY, (*_energy_reason(record), ("windows", without), ("of", len(windows))))
    yield from _foreign(record)


def _unsteady_start(record: RunRecord) -> Iterator[Reason]:
    """A run whose warm-up is unknown is treated as one that did not settle."""
    warm_up = record.warm_up
    if warm_up is None:
        yield Reason(ReasonCode.NOT_STEADY, (("generations", 0),))
    elif not warm_up.steady:
        facts: tuple[Fact, ...] = (("generations", len(warm_up.generation_s)), ("budget_s", warm_up.budget_s))
        yield Reason(ReasonCode.NOT_STEADY, facts)


def _energy_reason(record: RunRecord) -> tuple[Fact, ...]:
    """What the meter said about its energy reading, else what can be seen."""
    missing = chain.from_iterable(window.trace.missing for window in record.windows)
    said = next((entry.reason for entry in missing if "counter" in entry.field or "energy" in entry.field), None)
    if said is None and record.windows:
        said = "the energy counter is missing, stood still or went back"
    return () if said is None else (("reason", said),)


def _foreign(record: RunRecord) -> Iterator[Reason]:
    traces = [window.trace for window in record.windows]
    found = {p.pid: p.memory_bytes for trace in traces for p in (*trace.foreign_before, *trace.foreign_after)}
    if found:
        known = [memory for memory in found.values() if memory is not None]
        memory: tuple[Fact, ...] = (("memory_bytes", sum(known)),) if known else ()
        pids = ", ".join(str(pid) for pid in sorted(found))
        yield Reason(ReasonCode.FOREIGN_PROCESS, (("pids", pids), ("count", len(found)), *memory))


def _quality(record: RunRecord, usable: tuple[Window, ...], idle_power_w: Number) -> Iterator[Reason]:
    """What is said beside the numbers of a run without refusing them."""
    yield from quality_gates(usable)
    if record.superseded:
        yield Reason(ReasonCode.REMEASURED, (("windows", len(record.superseded)),))
    traces = [window.trace for window in usable]
    yield from _outliers([value for window in usable for value in window.work.generation_s])
    yield from _throttling(traces)
    yield from _gap(traces)
    yield from _short(traces)
    yield from _uncertain_edges(traces)
    yield from _missing(record, idle_power_w)


def _outliers(generation_s: Sequence[float]) -> Iterator[Reason]:
    found = [generation_s[place] for place in stats.outliers(generation_s)]
    if found:
        facts = (("count", len(found)), ("of", len(generation_s)), ("metric", "generation time"))
        times = (("largest_s", max(found)), ("mean_s", stats.mean(generation_s)))
        yield Reason(ReasonCode.OUTLIERS, (*facts, *times))


def _throttling(traces: Sequence[Trace]) -> Iterator[Reason]:
    """One flag a cause that held back any window for long enough; the share is that of the worst window."""
    worst: dict[str, float] = {}
    for trace in traces:
        for entry in _by_cause(trace.throttle):
            worst[entry.cause] = max(worst.get(entry.cause, 0.0), entry.duration_s / trace.duration_s)
    for entry in _by_cause(chain.from_iterable(trace.throttle for trace in traces)):
        if worst[entry.cause] > THROTTLE_SHARE_LIMIT:
            facts = (("cause", entry.cause), ("duration_s", entry.duration_s), ("share", worst[entry.cause]))
            yield Reason(ReasonCode.THROTTLED, facts)


def _gap(traces: Sequence[Trace]) -> Iterator[Reason]:
    """The widest gap of the windows that are long enough to judge it."""
    gaps = _known(counter_trace_gap(trace) for trace in traces if not _is_short(trace))
    widest = max(gaps, key=abs, default=0.0)
    if abs(widest) > GAP_LIMIT:
        yield Reason(ReasonCode.COUNTER_TRACE_GAP, (("gap", widest), ("limit", GAP_LIMIT)))


def _short(traces: Sequence[Trace]) -> Iterator[Reason]:
    short = [trace for trace in traces if _is_short(trace)]
    if short:
        shortest_s = min(trace.duration_s for trace in short)
        facts = (("duration_s", shortest_s), ("least_s", LEAST_WINDOW_S), ("windows", len(short)))
        yield Reason(ReasonCode.SHORT_WINDOW, facts)


def _uncertain_edges(traces: Sequence[Trace]) -> Iterator[Reason]:
    """By how much the moments of both tick edges may be off, in the window where that weighs most.

    At steady power the energy may be off by the same share.
    """
    pairs = [(_edge_uncertainty_s(trace), trace.duration_s) for trace in traces]
    uncertainty_s, duration_s = max(pairs, key=lambda pair: pair[0] / pair[1], default=(0.0, 1.0))
    share = uncertainty_s / duration_s
    if share > EDGE_SHARE_LIMIT:
        facts = (("uncertainty_s", uncertainty_s), ("share", share), ("limit", EDGE_SHARE_LIMIT))
        yield Reason(ReasonCode.EDGE_UNCERTAIN, facts)


def _edge_uncertainty_s(trace: Trace) -> float:
    edges = (trace.counter_start, trace.counter_edge or trace.counter_end)
    return sum(edge.uncertainty_s for edge in edges if edge is not None)


def _is_short(trace: Trace) -> bool:
    """Such a window is flagged; every other one is long enough for the cross-check."""
    return trace.duration_s < LEAST_WINDOW_S and not _has_many_ticks(trace)


def _has_many_ticks(trace: Trace) -> bool:
    tick_s = trace.tick_s
    return tick_s is not None and tick_s > 0.0 and trace.duration_s / tick_s >= LEAST_WINDOW_TICKS


def _missing(record: RunRecord, idle_power_w: Number) -> Iterator[Reason]:
    for window in record.windows:
        for entry in window.trace.missing:
            yield _reading_missing(entry.field, entry.reason)
        if window.trace.counter_edge is None and window.trace.counter_end is not None:
            yield _reading_missing("counter_edge", "no tick of the energy counter was seen after the window")
    if record.windows and idle_power_w is None:
        yield _reading_missing("idle_power", "no usable idle trace: net energy is unknown")


def _reading_missing(field: str, reason: str) -> Reason:
    return Reason(ReasonCode.READING_MISSING, (("field", field), ("reason", reason)))
