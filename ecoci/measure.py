"""From raw windows to the numbers of a run, and the summary over runs.

Pure: it knows nothing of baselines and verdicts. A reading that is not there stays None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from ecoci import boards, stats
from ecoci.model import (
    BoardShare,
    DomainEnergy,
    HostState,
    IdlePower,
    IdleTraces,
    Measurement,
    MetricSummary,
    PhaseMeasurement,
    RunMeasurement,
    RunRecord,
    Window,
    WorkPhase,
)
from ecoci.quality import holds_work, run_flags

Number = float | None

_GIB = float(1 << 30)


def measure_window(window: Window, idle_power_w: float | None) -> Measurement:
    """The numbers of one window, summed over its boards; net energy takes `idle_power_w` off for its duration."""
    traces, work = window.traces, window.work
    energy_j = boards.total_energy_j(traces)
    duration_s = window.trace.duration_s
    low_w, high_w = boards.total_range_w(traces) or (None, None)
    return Measurement(
        energy_j=energy_j,
        net_energy_j=_net(energy_j, idle_power_w, duration_s),
        duration_s=duration_s,
        generation_s=stats.mean(work.generation_s),
        output_tokens=work.output_tokens,
        requests=work.requests,
        mean_power_w=boards.total_power_w(traces),
        min_power_w=low_w,
        max_power_w=high_w,
        gpu_utilization_pct=boards.boards_mean(traces, lambda device: device.gpu_utilization_pct),
        peak_memory_bytes=work.peak_memory_bytes,
        temperature_c=boards.boards_mean(traces, lambda device: device.temperature_c),
        sm_clock_mhz=boards.boards_mean(traces, lambda device: device.sm_clock_mhz),
        throttled=boards.longest_throttled(traces),
        counter_trace_gap=boards.widest_gap(traces),
        boards=boards.shares(traces),
        host_energy=tuple(entry for entry in window.host_energy if 0.0 < entry.energy_j < math.inf),
    )


def measure_run(record: RunRecord) -> RunMeasurement:
    """One observation from one process: sums over its windows, so that per-token numbers are ratios of sums."""
    idle = _idle(record.idle)
    usable = tuple(window for window in record.windows if holds_work(window))
    windows = tuple(measure_window(window, idle.loaded_w) for window in usable)
    return RunMeasurement(
        index=record.index,
        total=_total(windows, usable, idle.loaded_w) if windows else None,
        windows=windows,
        idle_power_w=idle.loaded_w,
        warm_up_generations=None if record.warm_up is None else len(record.warm_up.generation_s),
        flags=run_flags(record, [window.energy_j for window in windows]),
        idle=idle,
        phases=_phases(record.phase_windows),
        dispatch_us=_dispatch_us(record.host),
    )


def _idle(idle: IdleTraces) -> IdlePower:
    states = (idle.without_context, idle.with_context, idle.loaded)
    return IdlePower(*(boards.total_power_w(traces) for traces in states))


def _phases(windows: Iterable[Window]) -> tuple[PhaseMeasurement, ...]:
    return tuple(_phase(window) for window in windows if holds_work(window) and _phase_tokens(window) > 0)


def _phase(window: Window) -> PhaseMeasurement:
    return PhaseMeasurement(
        phase=window.phase,
        energy_j=boards.total_energy_j(window.traces),
        duration_s=window.trace.duration_s,
        tokens=_phase_tokens(window),
        repeats=len(window.work.generation_s),
        repeat_s=stats.mean(window.work.generation_s),
        mean_power_w=boards.total_power_w(window.traces),
    )


def _phase_tokens(window: Window) -> int:
    """The tokens that a phase works on: a prefill reads the prompt, a decode writes the output."""
    return window.work.prompt_tokens if window.phase is WorkPhase.PREFILL else window.work.output_tokens


def _dispatch_us(host: HostState | None) -> Number:
    """The shorter of the host's readings, without what cannot be a time: a disturbance only makes one longer."""
    known = [] if host is None else [value for value in host.dispatch_us if math.isfinite(value) and value > 0.0]
    return min(known, default=None)


def summarize(runs: Sequence[RunMeasurement]) -> tuple[MetricSummary, ...]:
    """Mean, sd and 95 % interval over runs of every number worth showing; the summary is None when no run has it.

    What only some scenarios measure (phases, several boards, the host's own energy) has lines only where it was.
    """
    totals = [run.total for run in runs if run.total is not None]
    shown = [_summary(name, unit, map(value, totals)) for name, unit, value in _METRICS]
    throttled = [_summary(name, "s", values) for name, values in _throttled(totals)]
    gap = _summary("power trace against counter", "%", (_scaled(m.counter_trace_gap, 100.0) for m in totals))
    idle = _summary("idle power", "W", (run.idle_power_w for run in runs))
    extra = (*_idle_states(runs), *_phase_numbers(runs), *_host_numbers(runs, totals), *_board_numbers(totals))
    return (*shown, *throttled, gap, idle, *(found for found in extra if found.summary is not None))


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


def _idle_states(runs: Sequence[RunMeasurement]) -> Iterator[MetricSummary]:
    yield _summary("idle power without a context", "W", (run.idle.without_context_w for run in runs))
    yield _summary("idle power with a context", "W", (run.idle.with_context_w for run in runs))


def _phase_numbers(runs: Sequence[RunMeasurement]) -> Iterator[MetricSummary]:
    """Both phases by the token that each works on; a prefill ends with the first token."""
    prefill, decode = (
        [part for run in runs for part in run.phases if part.phase is phase]
        for phase in (WorkPhase.PREFILL, WorkPhase.DECODE)
    )
    yield _summary("prefill energy per prompt token", "J/token", (part.energy_per_token_j for part in prefill))
    yield _summary("time to first token", "ms", (1000.0 * part.repeat_s for part in prefill))
    yield _summary("prefill mean power", "W", (part.mean_power_w for part in prefill))
    yield _summary("decode energy per output token", "J/token", (part.energy_per_token_j for part in decode))
    yield _summary("decode mean power", "W", (part.mean_power_w for part in decode))


def _host_numbers(runs: Sequence[RunMeasurement], totals: Sequence[Measurement]) -> Iterator[MetricSummary]:
    yield _summary("time to send an operation", "µs", (run.dispatch_us for run in runs))
    for domain in dict.fromkeys(entry.domain for total in totals for entry in total.host_energy):
        values = (e.energy_j / total.output_tokens for total in totals for e in total.host_energy if e.domain == domain)
        yield _summary(f"host energy per output token, {domain}", "J/token", values)


def _board_numbers(totals: Sequence[Measurement]) -> Iterator[MetricSummary]:
    """The shares of the boards, where there are several."""
    for uuid in dict.fromkeys(share.uuid for total in totals if len(total.boards) > 1 for share in total.boards):
        values = (_scaled(s.energy_j, 1.0 / t.output_tokens) for t in totals for s in t.boards if s.uuid == uuid)
        yield _summary(f"energy per output token, board {uuid[:12]}", "J/token", values)


def _scaled(value: Number, factor: float) -> Number:
    return None if value is None else value * factor


def _net(energy_j: Number, idle_power_w: Number, duration_s: float) -> Number:
    return None if energy_j is None or idle_power_w is None else energy_j - idle_power_w * duration_s


def _total(parts: Sequence[Measurement], windows: Sequence[Window], idle_power_w: Number) -> Measurement:
    energy_j = boards.total(part.energy_j for part in parts)
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
        throttled=boards.by_cause(chain.from_iterable(part.throttled for part in parts)),
        counter_trace_gap=_weighted([part.counter_trace_gap for part in parts], by_energy),
        boards=_shares(parts, duration_s),
        host_energy=_host_energy(parts),
    )


def _shares(parts: Sequence[Measurement], duration_s: float) -> tuple[BoardShare, ...]:
    """Each board over all windows; none where the windows are about different boards."""
    by_window = [part.boards for part in parts]
    if len({tuple(share.uuid for share in shares) for shares in by_window}) > 1:
        return ()
    return tuple(_share(shares, duration_s) for shares in zip(*by_window, strict=True))


def _share(shares: Sequence[BoardShare], duration_s: float) -> BoardShare:
    energy_j = boards.total(share.energy_j for share in shares)
    return BoardShare(shares[0].uuid, energy_j, None if energy_j is None else energy_j / duration_s)


def _host_energy(parts: Sequence[Measurement]) -> tuple[DomainEnergy, ...]:
    """Sums of the domains that every window has: with one window missing, a sum would be of other work."""
    joules: dict[str, list[float]] = {}
    for part in parts:
        for entry in part.host_energy:
            joules.setdefault(entry.domain, []).append(entry.energy_j)
    whole = {domain: values for domain, values in joules.items() if len(values) == len(parts)}
    return tuple(DomainEnergy(domain, math.fsum(values)) for domain, values in whole.items())


def _known(values: Iterable[Number]) -> list[float]:
    return [value for value in values if value is not None]


def _weighted(values: Sequence[Number], weights: Sequence[float]) -> Number:
    """Weighted mean over the parts that have the value."""
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    total = math.fsum(weight for _, weight in pairs)
    return math.fsum(value * (weight / total) for value, weight in pairs) if total > 0.0 else None
