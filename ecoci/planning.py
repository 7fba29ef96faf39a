"""From the noise of stored runs to what pairs can find, and in which time. Pure.

The noise of a pair is that of two runs; what within a run makes it up says whether longer windows would help.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from ecoci import sequential, stats
from ecoci.compare import metric_value
from ecoci.measure import measure_run
from ecoci.model import (
    Demand,
    HostMode,
    JobResult,
    Metric,
    Noise,
    PairsResult,
    Reach,
    RunMeasurement,
    RunRecord,
    Scenario,
)

POWER = 0.9
LEAST_RUNS = 3
PAIRS = (4, 8, 12, 18, 24, 36, 60)


def noises(measured: JobResult | PairsResult) -> tuple[Noise, ...]:
    """One for each scenario with at least three usable runs that differ; of pairs, the runs of base."""
    if isinstance(measured, PairsResult):
        sides = ((one.base, [pair.base for pair in one.pairs]) for one in measured.results)
    else:
        sides = ((one.scenario, list(one.runs)) for one in measured.results)
    found = (_noise(scenario, records) for scenario, records in sides)
    return tuple(one for one in found if one is not None)


def reach(noise: Noise) -> tuple[Reach, ...]:
    """What more and more pairs find: the last look's level and the noncentral t distribution."""
    return tuple(Reach(pairs, math.expm1(_found(noise, pairs)), _duration(noise, pairs)) for pairs in PAIRS)


def demands(noise: Noise, changes: Iterable[float] = (0.01, 0.02, 0.03)) -> tuple[Demand, ...]:
    """How many pairs it takes to find each change beyond the tolerance."""
    return tuple(_demand(noise, change) for change in changes)


def _noise(scenario: Scenario, records: Sequence[RunRecord]) -> Noise | None:
    runs = [run for run in map(measure_run, records) if metric_value(run, Metric.ENERGY_PER_TOKEN_J) is not None]
    logs = _logs(metric_value(run, Metric.ENERGY_PER_TOKEN_J) for run in runs)
    spread = stats.sd(logs)
    if len(logs) < LEAST_RUNS or not spread or stats.is_constant(logs):
        return None
    low, high = stats.sd_interval(spread, len(logs))
    windows = max(len(run.windows) for run in runs)
    return Noise(
        scenario=scenario.name,
        policy=scenario.policy,
        runs=len(logs),
        run_sd=spread,
        low=low,
        high=high,
        window_sd=_window_sd(runs),
        windows=windows,
        run_s=_run_s(records),
        quiet=scenario.effort.host is HostMode.QUIET,
    )


def _logs(values: Iterable[float | None]) -> list[float]:
    return [math.log(value) for value in values if value is not None and 0.0 < value < math.inf]


def _window_sd(runs: Sequence[RunMeasurement]) -> float | None:
    """Pooled within the runs, of the logs of the windows' energy per token."""
    within = [_logs(window.energy_per_token_j for window in run.windows) for run in runs]
    squares = math.fsum((stats.sd(logs) or 0.0) ** 2 * (len(logs) - 1) for logs in within if logs)
    df = sum(len(logs) - 1 for logs in within if logs)
    return math.sqrt(squares / df) if df else None


def _run_s(records: Sequence[RunRecord]) -> float | None:
    """From the first start to the last, over the runs between them; base and head take turns in pairs."""
    try:
        starts = sorted((one.index, datetime.fromisoformat(one.started_utc).timestamp()) for one in records)
    except ValueError:
        return None
    (first, begun_s), (last, ended_s) = starts[0], starts[-1]
    return (ended_s - begun_s) / (last - first) if last > first and ended_s > begun_s else None


def _found(noise: Noise, pairs: int) -> float:
    level = sequential.plan(noise.policy.alpha, pairs).levels[-1]
    shift = stats.detectable_shift(pairs - 1, level, POWER)
    return math.log1p(noise.policy.tolerance) + shift * noise.pair_sd / math.sqrt(pairs)


def _demand(noise: Noise, change: float) -> Demand:
    wanted = math.log1p(noise.policy.tolerance + change)
    level = sequential.SMALL_SAMPLE * noise.policy.alpha
    for pairs in range(sequential.FIRST_LOOK, stats.MOST_RUNS + 1, 2):
        shift = stats.detectable_shift(pairs - 1, level, POWER) * noise.pair_sd / math.sqrt(pairs)
        if math.log1p(noise.policy.tolerance) + shift <= wanted:
            return Demand(change, pairs, _duration(noise, pairs))
    return Demand(change, None, None)


def _duration(noise: Noise, pairs: int) -> float | None:
    return None if noise.run_s is None else 2.0 * pairs * noise.run_s
