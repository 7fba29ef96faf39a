"""A stored baseline summed up for people: its jobs, levels, releases and boards. Never stored."""

from __future__ import annotations

from dataclasses import dataclass

from ecoci.model.baseline import Baseline, MetricValue, Reset


@dataclass(frozen=True, slots=True)
class JobsMean:
    """Of one metric over jobs, each counted once: the geometric mean, and the sd of the logs, None for one job."""

    metric: str
    jobs: int
    mean: float
    spread: float | None


@dataclass(frozen=True, slots=True)
class JobLine:
    """One accepted job. `metrics` are geometric means over its runs, without those that a run lacks."""

    job_id: str
    level: int
    commit: str | None
    measured_utc: str
    accepted_by: str
    runs: int
    metrics: tuple[MetricValue, ...]

    def metric(self, name: str) -> float | None:
        return next((m.value for m in self.metrics if m.name == name), None)


@dataclass(frozen=True, slots=True)
class LevelLine:
    """One level, counted from 0; `begun` is None for the first, `energy` where no job has one."""

    level: int
    begun: Reset | None
    jobs: int
    energy: JobsMean | None


@dataclass(frozen=True, slots=True)
class AnchorLine:
    """A release; `change` is that of the newest level against it, None where either has no energy."""

    name: str
    set_utc: str
    set_by: str
    jobs: int
    energy: JobsMean | None
    change: float | None


@dataclass(frozen=True, slots=True)
class BoardsLine:
    """The jobs of the newest level that ran on one set of boards."""

    uuids: tuple[str, ...]
    energy: JobsMean


@dataclass(frozen=True, slots=True)
class BaselineOverview:
    """`newest` holds, for each metric that is known, the jobs that a head is compared with.

    `spread` is the sd of the logs of energy per token between the jobs of one level, over all levels; None where no
    level has two jobs. `boards` has a line for each set of boards in the newest level, `board_count` counts all.
    """

    baseline: Baseline
    jobs: tuple[JobLine, ...]
    levels: tuple[LevelLine, ...]
    anchors: tuple[AnchorLine, ...]
    boards: tuple[BoardsLine, ...]
    board_count: int
    newest: tuple[JobsMean, ...]
    spread: float | None

    def of(self, metric: str) -> JobsMean | None:
        return next((one for one in self.newest if one.metric == metric), None)
