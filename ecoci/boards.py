"""From the traces of one window on its boards to one number each: sums of energy and power, means of the rest.

Pure. A sum with an unknown part is unknown: a sum over the other boards would be a number about something else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from ecoci import stats
from ecoci.energy import counter_trace_gap, mean_power_w, power_at, power_range_w, window_energy_j
from ecoci.model import BoardShare, DeviceSamples, ThrottleTime, Trace

Number = float | None
Readings = Callable[[DeviceSamples], Sequence[Number]]


def total_energy_j(traces: Sequence[Trace]) -> Number:
    """Gross joules of all boards together."""
    return total(window_energy_j(trace) for trace in traces)


def total_power_w(traces: Sequence[Trace]) -> Number:
    """Mean watts of all boards together."""
    return total(mean_power_w(trace) for trace in traces)


def total_range_w(traces: Sequence[Trace]) -> tuple[float, float] | None:
    """Lowest and highest power of all boards together, in watts, at the moments at which any was sampled.

    None where a board has no usable sample inside its window.
    """
    curves = [trace.power for trace in traces if trace.power is not None and power_range_w(trace) is not None]
    if not curves or len(curves) < len(traces):
        return None
    moments = {
        t_s for t, curve in zip(traces, curves, strict=True) for t_s in curve.t_s if t.started_s <= t_s <= t.ended_s
    }
    sums = [math.fsum(power_at(curve, t_s) for curve in curves) for t_s in moments]
    return (min(sums), max(sums)) if sums else None


def shares(traces: Sequence[Trace]) -> tuple[BoardShare, ...]:
    """What each board contributed, in their order."""
    return tuple(BoardShare(trace.board_uuid, window_energy_j(trace), mean_power_w(trace)) for trace in traces)


def widest_gap(traces: Sequence[Trace]) -> Number:
    """Trace integral against counter of the board where they are furthest apart, as a share."""
    gaps = (counter_trace_gap(trace) for trace in traces)
    return max((gap for gap in gaps if gap is not None), key=abs, default=None)


def boards_mean(traces: Sequence[Trace], readings: Readings) -> Number:
    """Mean over the boards of a slow reading's mean inside the window."""
    means = [device_mean(trace, readings(trace.device)) for trace in traces]
    known = [value for value in means if value is not None]
    return stats.mean(known) if known else None


def device_mean(trace: Trace, values: Sequence[Number]) -> Number:
    """Mean of one board's slow readings inside the window; None where the card gave none."""
    known = device_readings(trace, values)
    return stats.mean(known) if known else None


def device_readings(trace: Trace, values: Sequence[Number]) -> list[float]:
    """One board's slow readings inside the window, without those that the card did not give."""
    return [
        value
        for t_s, value in zip(trace.device.t_s, values, strict=False)
        if value is not None and math.isfinite(value) and trace.started_s <= t_s <= trace.ended_s
    ]


def longest_throttled(traces: Sequence[Trace]) -> tuple[ThrottleTime, ...]:
    """For each cause the seconds of the board that it held back longest."""
    longest: dict[str, float] = {}
    for trace in traces:
        for entry in by_cause(trace.throttle):
            longest[entry.cause] = max(longest.get(entry.cause, entry.duration_s), entry.duration_s)
    return tuple(ThrottleTime(cause, duration_s) for cause, duration_s in longest.items())


def by_cause(throttle: Iterable[ThrottleTime]) -> tuple[ThrottleTime, ...]:
    """Throttled seconds, summed for each cause, in the order in which the causes come."""
    seconds: dict[str, float] = {}
    for entry in throttle:
        seconds[entry.cause] = seconds.get(entry.cause, 0.0) + entry.duration_s
    return tuple(ThrottleTime(cause, duration_s) for cause, duration_s in seconds.items())


def total(values: Iterable[Number]) -> Number:
    """The sum, or None when there is nothing to add or one part is unknown."""
    parts = list(values)
    known = [value for value in parts if value is not None]
    return math.fsum(known) if parts and len(known) == len(parts) else None
