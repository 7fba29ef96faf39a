"""From a stored baseline to what people see of it. A job counts once, as in the comparison; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ecoci import stats
from ecoci.model import (
    Anchor,
    AnchorLine,
    Baseline,
    BaselineOverview,
    BoardsLine,
    JobLine,
    JobsMean,
    LevelLine,
    Metric,
    MetricValue,
    Observation,
)
from ecoci.series import JobValue, mean_log, newest_level, series

_ENERGY = Metric.ENERGY_PER_TOKEN_J


def overview(baseline: Baseline) -> BaselineOverview:
    """Sum up one baseline."""
    values = series(baseline, _ENERGY)
    newest = newest_level(values, baseline)
    levels = [[job for job in values if job.level == level] for level in range(len(baseline.resets) + 1)]
    lines = _job_lines(baseline)
    return BaselineOverview(
        baseline=baseline,
        jobs=lines,
        levels=tuple(_level_line(baseline, lines, level, jobs) for level, jobs in enumerate(levels)),
        anchors=tuple(_anchor_line(anchor, values, newest) for anchor in baseline.anchors),
        boards=tuple(_boards_lines(newest)),
        board_count=len({uuid for entry in baseline.observations for uuid in entry.board_uuids}),
        newest=tuple(_newest_means(baseline)),
        spread=_spread_within(levels),
    )


def _job_lines(baseline: Baseline) -> tuple[JobLine, ...]:
    found: dict[str, list[Observation]] = {}
    levels: dict[str, int] = {}
    for place, entry in enumerate(baseline.observations):
        found.setdefault(entry.job_id, []).append(entry)
        levels.setdefault(entry.job_id, sum(reset.at <= place for reset in baseline.resets))
    return tuple(_job_line(entries, levels[job_id]) for job_id, entries in found.items())


def _job_line(entries: Sequence[Observation], level: int) -> JobLine:
    first = entries[0]
    logs = ((metric, mean_log([entry.metric(metric.value) for entry in entries])) for metric in Metric)
    return JobLine(
        job_id=first.job_id,
        level=level,
        commit=first.commit,
        measured_utc=max(entry.measured_utc for entry in entries),
        accepted_by=first.accepted_by,
        runs=len(entries),
        metrics=tuple(MetricValue(metric.value, _exp(log)) for metric, log in logs if log is not None),
    )


def _level_line(baseline: Baseline, lines: Iterable[JobLine], level: int, jobs: Sequence[JobValue]) -> LevelLine:
    begun = baseline.resets[level - 1] if level else None
    return LevelLine(level, begun, sum(line.level == level for line in lines), _mean(_ENERGY, jobs))


def _anchor_line(anchor: Anchor, values: Iterable[JobValue], newest: Sequence[JobValue]) -> AnchorLine:
    then = _mean(_ENERGY, [job for job in values if job.job_id in anchor.job_ids])
    now = _mean(_ENERGY, newest)
    # A mean of the smallest numbers there are rounds to 0.
    change = None if then is None or now is None or not then.mean else now.mean / then.mean - 1.0
    return AnchorLine(anchor.name, anchor.set_utc, anchor.set_by, len(anchor.job_ids), then, change)


def _boards_lines(newest: Sequence[JobValue]) -> Iterable[BoardsLine]:
    for uuids in sorted({job.boards for job in newest}):
        energy = _mean(_ENERGY, [job for job in newest if job.boards == uuids])
        if energy is not None:
            yield BoardsLine(uuids, energy)


def _newest_means(baseline: Baseline) -> Iterable[JobsMean]:
    for metric in Metric:
        found = _mean(metric, newest_level(series(baseline, metric), baseline))
        if found is not None:
            yield found


def _mean(metric: Metric, jobs: Sequence[JobValue]) -> JobsMean | None:
    logs = [job.log_value for job in jobs]
    return JobsMean(metric.value, len(logs), _exp(stats.mean(logs)), stats.sd(logs)) if logs else None


def _spread_within(levels: Iterable[Sequence[JobValue]]) -> float | None:
    """The levels' own variances, weighted by their degrees of freedom."""
    logs = [[job.log_value for job in jobs] for jobs in levels]
    parts = [(len(own) - 1, spread) for own in logs if (spread := stats.sd(own)) is not None]
    freedom = sum(count for count, _ in parts)
    return math.sqrt(sum(count * spread**2 for count, spread in parts) / freedom) if freedom else None


def _exp(log: float) -> float:
    """Of the largest float's own log, rounded, the exponential would be too large."""
    try:
        return math.exp(log)
    except OverflowError:
        return math.inf
