"""From a raw trace to joules: the counter says how much, the power trace what the rest around the work took of it.

Pure arithmetic on one trace. It knows nothing of workloads, runs or verdicts.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ecoci.model import CounterReading, PowerTrace, Trace

LONGEST_UNCOVERED_SHARE = 0.1
SHORTEST_UNCOVERED_S = 0.06
LONGEST_UNCOVERED_S = 1.0
SETTLE_SAMPLES = 2
"""An H200 falls from 650 W to rest within two samples of 20 ms after its work ended."""
COUNTER_RANGE_MJ = 1 << 64
"""NVML counts millijoules in an unsigned 64-bit number: a larger difference is a damaged file."""
MOST_POWER_W = 1e6
"""No board draws a megawatt: such a sample is a damaged file."""


@dataclass(frozen=True, slots=True)
class _Span:
    """What the counter advanced by, and between which moments."""

    start_s: float
    end_s: float
    energy_j: float


def integrate_power(power: PowerTrace, start_s: float, end_s: float) -> float | None:
    """Exact integral, in joules, of the piecewise linear power curve from `start_s` to `end_s`.

    The curve is held constant beyond its first and last sample and cut at interpolated borders. None, never 0, when the
    trace is empty or damaged (times that do not rise, values below zero or absurd, nothing but zeros), when the window
    is empty or runs backwards, and when one stretch without a sample, at an edge or in a gap, is longer than a tenth of
    the window (60 ms are always allowed) or than 1 s.
    """
    if not (_is_sound(power) and math.isfinite(start_s) and math.isfinite(end_s) and start_s < end_s):
        return None
    integral_j = _integral(power, start_s, end_s) if _covers(power, start_s, end_s) else 0.0
    return integral_j if _is_positive(integral_j) else None


def window_energy_j(trace: Trace) -> float | None:
    """Gross energy of the window in joules: the counter's whole ticks, less the rest between the ticks and the work.

    Between the tick edge before the start and the first one after the end the counter advanced by C. The work's part of
    it is C · (1 - ∫rest P dt / ∫ticks P dt): a gain error of the trace cancels. Samples are means over some time before
    their stamp, so that near a step they show the power of a moment ago. So the rest is integrated with no sample from
    within the work or `SETTLE_SAMPLES` after it. Without a trace that covers the ticks the power is taken as constant.
    Without a closing tick edge the reading straight after the end stands in, which is late by up to one tick. None,
    never 0, when a reading is missing or the counter stood still or went back.
    """
    span = _counter_span(trace.counter_start, trace.counter_edge or trace.counter_end)
    if span is None or not _is_positive(trace.duration_s):
        return None
    energy_j = span.energy_j * (1.0 - _rest_share(trace, span))
    return energy_j if _is_positive(energy_j) else None


def counter_trace_gap(trace: Trace) -> float | None:
    """(trace integral - counter) / counter over the same whole ticks, as a share; None where either is missing."""
    span = _counter_span(trace.counter_start, trace.counter_edge)
    if span is None or trace.power is None:
        return None
    integral_j = integrate_power(trace.power, span.start_s, span.end_s)
    return None if integral_j is None else integral_j / span.energy_j - 1.0


def mean_power_w(trace: Trace) -> float | None:
    """Mean board power of the window in watts: by the counter, or by the trace where there is no counter.

    By the counter it is energy over duration, so that energy per token is exactly mean power over throughput.
    """
    if not _is_positive(trace.duration_s):
        return None
    energy_j = window_energy_j(trace)
    if energy_j is None and trace.power is not None:
        energy_j = integrate_power(trace.power, trace.started_s, trace.ended_s)
    return None if energy_j is None else energy_j / trace.duration_s


def power_range_w(trace: Trace) -> tuple[float, float] | None:
    """Lowest and highest power sample inside the window, in watts; None when no sample lies in it."""
    if trace.power is None or not _is_sound(trace.power):
        return None
    times = trace.power.t_s
    inside = trace.power.power_w[bisect_left(times, trace.started_s) : bisect_right(times, trace.ended_s)]
    return (min(inside), max(inside)) if inside else None


def _counter_span(start: CounterReading | None, end: CounterReading | None) -> _Span | None:
    if start is None or end is None:
        return None
    advance_mj = end.energy_mj - start.energy_mj
    if not (0 < advance_mj < COUNTER_RANGE_MJ and _is_positive(end.t_s - start.t_s)):
        return None
    return _Span(start.t_s, end.t_s, advance_mj / 1000.0)


def _rest_share(trace: Trace, span: _Span) -> float:
    """The part of the span's energy that was used before and after the work: about a percent in a window of 10 s."""
    power = trace.power
    if power is not None and _is_sound(power):
        counted_j = _integral(power, span.start_s, span.end_s)
        if _covers(power, span.start_s, span.end_s) and _is_positive(counted_j):
            return _rest_j(trace, power, span) / counted_j
    return 1.0 - trace.duration_s / (span.end_s - span.start_s)


def _rest_j(trace: Trace, power: PowerTrace, span: _Span) -> float:
    settled_s = trace.ended_s + SETTLE_SAMPLES * sample_spacing_s(power)
    before = _samples(power, 0, max(1, bisect_right(power.t_s, trace.started_s)))
    after = _samples(power, min(bisect_left(power.t_s, settled_s), len(power.t_s) - 1), None)
    return _integral(before, span.start_s, trace.started_s) + _integral(after, trace.ended_s, span.end_s)


def _samples(power: PowerTrace, first: int, last: int | None) -> PowerTrace:
    return replace(power, t_s=power.t_s[first:last], power_w=power.power_w[first:last])


def sample_spacing_s(power: PowerTrace) -> float:
    """Median time between two samples; 0 for less than two."""
    gaps = [later - earlier for earlier, later in pairwise(power.t_s)]
    return median(gaps) if gaps else 0.0


def _is_positive(value: float) -> bool:
    return math.isfinite(value) and value > 0.0


def _is_sound(power: PowerTrace) -> bool:
    """Whether the trace is what its type promises; files from elsewhere may not be."""
    times, watts = power.t_s, power.power_w
    return (
        0 < len(times) == len(watts)
        and all(map(math.isfinite, times))
        and all(0.0 <= value < MOST_POWER_W for value in watts)
        and all(earlier < later for earlier, later in pairwise(times))
    )


def _covers(power: PowerTrace, start_s: float, end_s: float) -> bool:
    """Whether no stretch without a sample is too long; both limits take rounding of equally spaced samples."""
    share_s = max(LONGEST_UNCOVERED_SHARE * (end_s - start_s), SHORTEST_UNCOVERED_S)
    limit_s = min(share_s, LONGEST_UNCOVERED_S) * (1.0 + 1e-9) + 1e-9
    times = power.t_s
    inner = times[bisect_right(times, start_s) : bisect_left(times, end_s)]
    stops = (start_s, *inner, end_s)
    return all(later - earlier <= limit_s for earlier, later in pairwise(stops))


def _integral(power: PowerTrace, start_s: float, end_s: float) -> float:
    times = power.t_s
    first, last = bisect_right(times, start_s), bisect_left(times, end_s)
    stops = (start_s, *times[first:last], end_s)
    watts = (power_at(power, start_s), *power.power_w[first:last], power_at(power, end_s))
    areas = ((t1 - t0) * (p0 + p1) / 2.0 for (t0, p0), (t1, p1) in pairwise(zip(stops, watts, strict=True)))
    return math.fsum(areas)


def power_at(power: PowerTrace, t_s: float) -> float:
    """Watts of the piecewise linear curve at `t_s`, held constant beyond its ends; the trace must hold a sample."""
    right = bisect_right(power.t_s, t_s)
    if right == 0 or right == len(power.t_s):
        return power.power_w[min(right, len(power.t_s) - 1)]
    t0, t1 = power.t_s[right - 1], power.t_s[right]
    p0, p1 = power.power_w[right - 1], power.power_w[right]
    return p0 + (p1 - p0) * (t_s - t0) / (t1 - t0)
