"""Whether another host may have made the difference: decode that waits for the host is as fast as the host.

Pure. Two machines with one product of GPU and one name of processor were seen to differ by 37 % in the throughput of a
1.1B model, with the GPU busy 38 % of the time. What such a difference explains is taken off a change before it counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

from ecoci import stats
from ecoci.model import Baseline, HostPace, RunMeasurement

BUSY_LIMIT_PCT = 90.0
"""With the GPU at work for more of the time than this, the host is not what sets the pace."""
PACE_TOLERANCE = 0.05
"""The shorter readings of 30 processes on one host had an sd of 2 %; the medians of several differ by less."""


def host_pace(runs: Sequence[RunMeasurement], baseline: Baseline) -> HostPace | None:
    """How much of a change the hosts alone may account for; None when they are alike, unknown, or the GPU is the limit.

    A host that needs r times as long to send an operation makes work that waits for it up to r times as long, and its
    energy up to r times as much (less where power falls meanwhile): `most_change` is r - 1.
    """
    base_us = _usual(entry.dispatch_us for entry in baseline.observations)
    head_us = _usual(run.dispatch_us for run in runs)
    if base_us is None or head_us is None:
        return None
    ratio = head_us / base_us
    busy_pct = _busy_pct(runs, baseline)
    alike = abs(math.log(ratio)) <= math.log1p(PACE_TOLERANCE)
    if alike or (busy_pct is not None and busy_pct >= BUSY_LIMIT_PCT):
        return None
    return HostPace(base_us, head_us, busy_pct, most_change=ratio - 1.0)


def without_host(low: float, high: float, pace: HostPace | None) -> tuple[float, float]:
    """The interval of a relative change, widened by what the hosts may account for: only towards the smaller change."""
    if pace is None:
        return low, high
    factor = 1.0 + pace.most_change
    if pace.most_change > 0.0:
        return (1.0 + low) / factor - 1.0, high
    return low, (1.0 + high) / factor - 1.0


def _busy_pct(runs: Sequence[RunMeasurement], baseline: Baseline) -> float | None:
    """The lower of both sides' GPU utilisation: a side that waits is enough."""
    head = _mean(None if run.total is None else run.total.gpu_utilization_pct for run in runs)
    base = _mean(entry.gpu_utilization_pct for entry in baseline.observations)
    return min((value for value in (base, head) if value is not None), default=None)


def _usual(values: Iterable[float | None]) -> float | None:
    """The median: one process that something held up does not make a host slow."""
    known = _readings(values)
    return median(known) if known else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = _readings(values)
    return stats.mean(known) if known else None


def _readings(values: Iterable[float | None]) -> list[float]:
    """Those that are numbers a reading can have."""
    return [value for value in values if value is not None and math.isfinite(value) and value > 0.0]
