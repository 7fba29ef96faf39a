"""What is doubtful about a run: failures, contamination from outside, unsteady windows, sensors that disagree.

Pure: it turns raw records into flags with numbers. Which flags refuse a run is the policy's business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from statistics import median, median_low

from ecoci import stats
from ecoci.boards import by_cause, device_mean, device_readings, total_power_w
from ecoci.energy import counter_trace_gap, mean_power_w
from ecoci.model import (
    Fact,
    Reason,
    ReasonCode,
    RunMeasurement,
    RunRecord,
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
BUSY_LIMIT_PCT = 5.0
"""A card without our context has nothing to do; a rounded or late reading of the driver is below this."""
IDLE_SHARE_LIMIT = 0.1
IDLE_LIMIT_W = 5.0
"""Idle power of one board wanders by less than a tenth and 5 W with its temperature."""
CLOCK_SHARE_LIMIT = 0.02
"""Under its power limit an H200 was seen to move its mean clock by 1 % between windows, elsewhere by nothing."""
DRIFT_LIMIT_C = 3.0
"""The sensor gives whole degrees, so one or two of them say little."""

UNASKED = "host_energy"
"""Most machines do not show it, and nobody's number is worse for it: the result says why, the report does not."""

_SHORTEST_S, _LONGEST_S = 1e-6, 1e9
_ROUNDING_S = 1e-6
"""Outside these a duration is damage: no synced work is done in a microsecond, none takes thirty years."""

Number = float | None


def holds_work(window: Window) -> bool:
    """Whether rates of this window mean anything: it took time and gave tokens."""
    work = window.work
    times = (window.trace.duration_s, *work.generation_s)
    took_time = bool(work.generation_s) and all(_SHORTEST_S < time_s < _LONGEST_S for time_s in times)
    return took_time and work.output_tokens > 0 and work.requests > 0


def quality_gates(windows: tuple[Window, ...]) -> tuple[Reason, ...]:
    """What is too unsteady between the windows of a run: throughput at a CV of 2 %, mean power at 5 %."""
    usable = [window for window in windows if holds_work(window)]
    rates = [window.work.output_tokens / window.trace.duration_s for window in usable]
    watts = [power_w for power_w in (total_power_w(window.traces) for window in usable) if power_w is not None]
    gates = (
        (ReasonCode.THROUGHPUT_UNSTEADY, stats.cv(rates), THROUGHPUT_CV_LIMIT),
        (ReasonCode.POWER_UNSTEADY, stats.cv(watts), POWER_CV_LIMIT),
    )
    return tuple(
        Reason(code, (("cv", cv), ("limit", limit))) for code, cv, limit in gates if cv is not None and cv >= limit
    )


def run_flags(record: RunRecord, total_energies_j: Sequence[Number]) -> tuple[Reason, ...]:
    """Everything doubtful about one run, each doubt once, failures first.

    `total_energies_j` holds the gross energy of each window with work, None where a board gave none.
    """
    return _once_each(chain(_failures(record, total_energies_j), _contamination(record), _quality(record)))


def with_clock_changes(runs: Sequence[RunMeasurement]) -> tuple[RunMeasurement, ...]:
    """The runs of one job, with a flag on each whose mean SM clock is not that of the others.

    Other clocks are another operating point: such a run is no repeat of the rest. The median stands for the job.
    """
    clocks = [run.total.sm_clock_mhz for run in runs if run.total is not None and run.total.sm_clock_mhz is not None]
    usual_mhz = median(clocks) if len(clocks) > 1 else None
    return tuple(_with_clock_change(run, usual_mhz) for run in runs)


def _with_clock_change(run: RunMeasurement, usual_mhz: Number) -> RunMeasurement:
    here_mhz = None if run.total is None else run.total.sm_clock_mhz
    if usual_mhz is None or here_mhz is None or not _clocks_differ(here_mhz, usual_mhz):
        return run
    facts = (("between", "runs"), ("clock_mhz", here_mhz), ("usual_mhz", usual_mhz), ("limit", CLOCK_SHARE_LIMIT))
    return replace(run, flags=(*run.flags, Reason(ReasonCode.CLOCKS_CHANGED, facts)))


def _clocks_differ(one_mhz: float, other_mhz: float) -> bool:
    return abs(one_mhz - other_mhz) > CLOCK_SHARE_LIMIT * max(one_mhz, other_mhz)


def _once_each(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Without repeats: of one code and one subject (a cause, a field, a board) the first stands."""
    first: dict[tuple[object, ...], Reason] = {}
    for reason in reasons:
        first.setdefault((reason.code, *map(reason.fact, ("cause", "field", "board"))), reason)
    return tuple(first.values())


# --- what keeps a run from being an observation


def _failures(record: RunRecord, energies_j: Sequence[Number]) -> Iterator[Reason]:
    if record.failure is not None:
        yield record.failure
    yield from _odd_windows(record, len(energies_j))
    if record.windows:
        yield from _unsteady_start(record)
    without = sum(energy_j is None for energy_j in energies_j)
    if without or not (energies_j or record.failure):
        facts = (*_energy_reason(record), ("windows", without), ("of", len(energies_j)))
        yield Reason(ReasonCode.NO_ENERGY, facts)


def _odd_windows(record: RunRecord, usable: int) -> Iterator[Reason]:
    """Windows without work, and windows that are not all about the same boards."""
    empty = len(record.windows) - usable
    if empty:
        message = f"{empty} of {len(record.windows)} windows hold no output tokens or no time"
        yield Reason(ReasonCode.RUN_FAILED, (("message", message),))
    boards = {tuple(trace.board_uuid for trace in window.traces) for window in record.windows}
    if len(boards) > 1:
        yield Reason(ReasonCode.RUN_FAILED, (("message", "its windows were measured on different boards"),))


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
    missing = chain.from_iterable(trace.missing for window in record.windows for trace in window.traces)
    said = next((entry.reason for entry in missing if "counter" in entry.field or "energy" in entry.field), None)
    if said is None and record.windows:
        said = "the energy counter is missing, stood still or went back"
    return () if said is None else (("reason", said),)


# --- what came from outside


def contamination_before(bare: Sequence[Trace]) -> Iterator[Reason]:
    """Who or what is at work on the boards while this process has opened nothing on them."""
    yield from _foreign(bare)
    yield from _busy_before(bare)


def _contamination(record: RunRecord) -> Iterator[Reason]:
    yield from _foreign((*_all_traces(record.windows), *record.idle.without_context))
    yield from _busy_before(record.idle.without_context)
    yield from _above_idle(record)


def _foreign(traces: Iterable[Trace]) -> Iterator[Reason]:
    found = {p.pid: p.memory_bytes for trace in traces for p in (*trace.foreign_before, *trace.foreign_after)}
    if found:
        known = [memory for memory in found.values() if memory is not None]
        memory: tuple[Fact, ...] = (("memory_bytes", sum(known)),) if known else ()
        pids = ", ".join(str(pid) for pid in sorted(found))
        yield Reason(ReasonCode.FOREIGN_PROCESS, (("pids", pids), ("count", len(found)), *memory))


def _busy_before(bare: Sequence[Trace]) -> Iterator[Reason]:
    """A GPU at work while this process had no context on it: whoever it was, their work may go on.

    The lower median of the readings counts, because the first may still show the process that was measured before.
    """
    for trace in bare:
        readings = device_readings(trace, trace.device.gpu_utilization_pct)
        busy_pct = median_low(readings) if readings else None
        if busy_pct is not None and busy_pct > BUSY_LIMIT_PCT:
            facts: tuple[Fact, ...] = (("utilization_pct", busy_pct), ("limit_pct", BUSY_LIMIT_PCT))
            yield Reason(ReasonCode.BUSY_BEFORE, (*facts, *_board(trace, bare)))


def _above_idle(record: RunRecord) -> Iterator[Reason]:
    """More power than this board was ever seen to draw at rest: heat of earlier work, or work that is hidden.

    Only before the first run of a job: later ones begin in the heat of the run before, which is no news.
    """
    if record.index > 0:
        return
    lowest_w = {test.board_uuid: test.idle_power_w for test in record.sensors}
    bare = record.idle.without_context
    for trace in bare:
        power_w, idle_w = mean_power_w(trace), lowest_w.get(trace.board_uuid)
        if power_w is not None and idle_w is not None and is_above_idle(power_w, idle_w):
            facts: tuple[Fact, ...] = (("power_w", power_w), ("idle_w", idle_w))
            yield Reason(ReasonCode.POWER_ABOVE_IDLE, (*facts, *_board(trace, bare)))


def is_above_idle(power_w: float, idle_w: float) -> bool:
    """Whether this is more than the power at rest can wander by."""
    return math.isfinite(idle_w) and power_w > (1.0 + IDLE_SHARE_LIMIT) * idle_w + IDLE_LIMIT_W


def _board(trace: Trace, beside: Sequence[Trace]) -> tuple[Fact, ...]:
    """The board's name, where there are several."""
    several = len({other.board_uuid for other in beside}) > 1
    return (("board", trace.board_uuid),) if several else ()


# --- what is said beside the numbers


def _quality(record: RunRecord) -> Iterator[Reason]:
    usable = tuple(window for window in record.windows if holds_work(window))
    yield from quality_gates(usable)
    if record.superseded:
        yield Reason(ReasonCode.REMEASURED, (("windows", len(record.superseded)),))
    yield from _outliers([value for window in usable for value in window.work.generation_s])
    boards = _by_board(usable)
    for uuid, traces in boards.items():
        for flag in _board_flags(traces):
            yield replace(flag, facts=(*flag.facts, ("board", uuid))) if len(boards) > 1 else flag
    yield from _short([window.trace for window in usable])
    yield from _not_quiet(record)
    yield from _missing(record)


def _by_board(windows: Iterable[Window]) -> Mapping[str, list[Trace]]:
    boards: dict[str, list[Trace]] = {}
    for trace in _all_traces(windows):
        boards.setdefault(trace.board_uuid, []).append(trace)
    return boards


def _all_traces(windows: Iterable[Window]) -> Iterator[Trace]:
    return chain.from_iterable(window.traces for window in windows)


def _board_flags(traces: Sequence[Trace]) -> Iterator[Reason]:
    """The flags of one board's windows."""
    checks: tuple[Callable[[Sequence[Trace]], Iterator[Reason]], ...]
    checks = (_throttling, _clocks, _drift, _gap, _uncertain_edges)
    return chain.from_iterable(check(traces) for check in checks)


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
        for entry in by_cause(trace.throttle):
            worst[entry.cause] = max(worst.get(entry.cause, 0.0), entry.duration_s / trace.duration_s)
    for entry in by_cause(chain.from_iterable(trace.throttle for trace in traces)):
        if worst[entry.cause] > THROTTLE_SHARE_LIMIT:
            facts = (("cause", entry.cause), ("duration_s", entry.duration_s), ("share", worst[entry.cause]))
            yield Reason(ReasonCode.THROTTLED, facts)


def _clocks(traces: Sequence[Trace]) -> Iterator[Reason]:
    """Mean SM clocks of the windows that lie further apart than any window of steady work would."""
    clocks = [clock for trace in traces if (clock := device_mean(trace, trace.device.sm_clock_mhz)) is not None]
    if clocks and _clocks_differ(min(clocks), max(clocks)):
        span = (("lowest_mhz", min(clocks)), ("highest_mhz", max(clocks)))
        yield Reason(ReasonCode.CLOCKS_CHANGED, (("between", "windows"), *span, ("limit", CLOCK_SHARE_LIMIT)))


def _drift(traces: Sequence[Trace]) -> Iterator[Reason]:
    """The trend of the temperature from the first window to the last: leakage, so power, follows it."""
    points = [point for trace in traces for point in _temperatures(trace)]
    slope = stats.slope(points)
    if slope is None:
        return
    times = [t_s for t_s, _ in points]
    drift_c = slope * (max(times) - min(times))
    if math.isfinite(drift_c) and abs(drift_c) > DRIFT_LIMIT_C:
        facts: tuple[Fact, ...] = (("slope_c_per_min", 60.0 * slope), ("drift_c", drift_c), ("limit_c", DRIFT_LIMIT_C))
        yield Reason(ReasonCode.TEMPERATURE_SLOPE, facts)


def _temperatures(trace: Trace) -> Iterator[tuple[float, float]]:
    for t_s, temperature_c in zip(trace.device.t_s, trace.device.temperature_c, strict=False):
        known = temperature_c is not None and math.isfinite(temperature_c) and math.isfinite(t_s)
        if known and temperature_c is not None and trace.started_s <= t_s <= trace.ended_s:
            yield t_s, temperature_c


def _gap(traces: Sequence[Trace]) -> Iterator[Reason]:
    """The widest gap of the windows that are long enough to judge it."""
    gaps = [gap for trace in traces if not _is_short(trace) and (gap := counter_trace_gap(trace)) is not None]
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
    return trace.duration_s < LEAST_WINDOW_S - _ROUNDING_S and not _has_many_ticks(trace)


def _has_many_ticks(trace: Trace) -> bool:
    tick_s = trace.tick_s
    return tick_s is not None and tick_s > 0.0 and trace.duration_s / tick_s >= LEAST_WINDOW_TICKS


def _missing(record: RunRecord) -> Iterator[Reason]:
    for trace in _all_traces(record.windows):
        for entry in trace.missing:
            yield _reading_missing(entry.field, entry.reason)
        if trace.counter_edge is None and trace.counter_end is not None:
            yield _reading_missing("counter_edge", "no tick of the energy counter was seen after the window")
    if record.windows and total_power_w(record.idle.loaded) is None:
        yield _reading_missing("idle_power", "no usable idle trace: net energy is unknown")
    sensors = chain.from_iterable(test.missing for test in record.sensors)
    asked_for = (entry for entry in record.missing if not entry.field.startswith(UNASKED))
    for entry in (*sensors, *asked_for):
        yield _reading_missing(entry.field, entry.reason)


def _not_quiet(record: RunRecord) -> Iterator[Reason]:
    """What the scenario asked for to quiet the host, and could not be had."""
    for entry in () if record.host is None else record.host.missing:
        field = entry.field.removeprefix("host.")
        yield Reason(ReasonCode.HOST_NOT_QUIET, (("field", field), ("reason", entry.reason)))


def _reading_missing(field: str, reason: str) -> Reason:
    return Reason(ReasonCode.READING_MISSING, (("field", field), ("reason", reason)))
