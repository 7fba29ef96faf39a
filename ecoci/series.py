"""A baseline as a series of jobs: one value a job, in levels that accepted changes divide. Pure.

What runs of one job share (temperature, host, neighbours) is in all of them, so their number is no sample size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ecoci import stats
from ecoci.model import Baseline, Metric, Observation

WINDOW_JOBS = 30
"""So many of the newest jobs of a level are what a head is compared with; more say hardly more (docs/statistics.md)."""


@dataclass(frozen=True, slots=True)
class JobValue:
    """What one job contributes: the mean of the logs of its runs' values, and what it was measured on and when."""

    job_id: str
    level: int
    log_value: float
    runs: int
    boards: tuple[str, ...]
    commit: str | None
    measured_utc: str


def series(baseline: Baseline, metric: Metric) -> tuple[JobValue, ...]:
    """The jobs in the order in which they were accepted; a job with a run whose value is missing or no number is out.

    The newest level has the highest number, counted from 0.
    """
    found = (_job(baseline, entries, metric) for entries in _by_job(baseline.observations))
    return tuple(job for job in found if job is not None)


def newest_level(jobs: Sequence[JobValue], baseline: Baseline) -> tuple[JobValue, ...]:
    """The jobs that a head is compared with: the newest of the newest level. Empty right after a reset."""
    level = len(baseline.resets)
    return tuple(job for job in jobs if job.level == level)[-WINDOW_JOBS:]


def keep(baseline: Baseline, wanted: Callable[[Observation], bool]) -> Baseline:
    """The baseline with some observations only; its levels begin where they began."""
    kept = [wanted(entry) for entry in baseline.observations]
    observations = tuple(entry for entry, stays in zip(baseline.observations, kept, strict=True) if stays)
    resets = tuple(replace(reset, at=sum(kept[: reset.at])) for reset in baseline.resets)
    return replace(baseline, observations=observations, resets=resets)


def job_ids(observations: Iterable[Observation]) -> tuple[str, ...]:
    """Each job once, in order."""
    return tuple(dict.fromkeys(entry.job_id for entry in observations))


def _by_job(observations: Sequence[Observation]) -> Iterable[tuple[int, list[Observation]]]:
    """The observations of each job with the place of its first one."""
    found: dict[str, tuple[int, list[Observation]]] = {}
    for place, entry in enumerate(observations):
        found.setdefault(entry.job_id, (place, []))[1].append(entry)
    return found.values()


def _job(baseline: Baseline, placed: tuple[int, list[Observation]], metric: Metric) -> JobValue | None:
    place, entries = placed
    values = [entry.metric(metric.value) for entry in entries]
    log_value = mean_log(values)
    if log_value is None:
        return None
    return JobValue(
        job_id=entries[0].job_id,
        level=sum(reset.at <= place for reset in baseline.resets),
        log_value=log_value,
        runs=len(entries),
        boards=tuple(sorted({uuid for entry in entries for uuid in entry.board_uuids})),
        commit=entries[0].commit,
        measured_utc=max(entry.measured_utc for entry in entries),
    )


def mean_log(values: Sequence[float | None]) -> float | None:
    """The mean of the logs; None when there is none, or one of them is missing, not above zero or not finite."""
    logs = [math.log(value) for value in values if value is not None and 0.0 < value < math.inf]
    return stats.mean(logs) if logs and len(logs) == len(values) else None
