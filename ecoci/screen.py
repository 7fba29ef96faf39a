"""What one more job of an unchanged program would show, from a series of jobs: its prediction interval. Pure.

A job is one value. Jobs of several boards differ by what boards and what jobs add, so both spreads are estimated apart.
Formulas and sources: docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ecoci import stats
from ecoci.series import JobValue

LEAST_JOBS = 8
"""Below, the spread is known too badly: the interval is shown and decides nothing."""
ADVISED_JOBS = 20
WELCH_JOBS = 3
"""So many separate jobs on either side make Welch's test, which needs no equal spread, the better one."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The logs of what so many jobs on some board would show. `se` is that of their mean around `mean`, in logs.

    `jobs` are behind the mean, `spread_jobs` behind the spread: `job_sd` between jobs of a board and `board_sd`
    between boards, in logs, None where all is of one board.
    """

    mean: float
    se: float
    df: float
    jobs: int
    spread_jobs: int
    job_sd: float
    boards: int = 1
    board_sd: float | None = None


def expected(jobs: Sequence[JobValue], level: Sequence[JobValue], head: Sequence[JobValue]) -> Expected | None:
    """What the head's jobs should show if nothing had changed; None where the series has no spread to tell.

    `level` are those of `jobs` that the mean is taken from. With enough jobs of the head's own boards only these count.
    """
    boards = {one.boards for one in head}
    own = [job for job in jobs if job.boards in boards]
    own_level = [job for job in level if job.boards in boards]
    if len(boards) == 1 and own_level and len(own) >= LEAST_JOBS:
        jobs, level = own, own_level
    if not level or not head:
        return None
    residuals = _residuals(jobs)
    if len({job.boards for job in (*jobs, *head)}) > 1:
        return _of_several_boards(residuals, level, len(head))
    return _of_one_board(residuals, level, len(head))


@dataclass(frozen=True, slots=True)
class _Residuals:
    """Each job's log minus the mean of its level, and how many levels gave a mean."""

    by_board: Mapping[tuple[str, ...], list[float]]
    levels: int

    @property
    def count(self) -> int:
        return sum(map(len, self.by_board.values()))


def _residuals(jobs: Sequence[JobValue]) -> _Residuals:
    levels = _means(jobs, lambda job: job.level)
    found: dict[tuple[str, ...], list[float]] = {}
    for job in jobs:
        found.setdefault(job.boards, []).append(job.log_value - levels[job.level])
    return _Residuals(found, len(levels))


def _means(jobs: Iterable[JobValue], key: Callable[[JobValue], int]) -> dict[int, float]:
    groups: dict[int, list[float]] = {}
    for job in jobs:
        groups.setdefault(key(job), []).append(job.log_value)
    return {name: stats.mean(values) for name, values in groups.items()}


def _of_one_board(residuals: _Residuals, level: Sequence[JobValue], heads: int) -> Expected | None:
    df = residuals.count - residuals.levels
    if df < 1:
        return None
    values = [value for board in residuals.by_board.values() for value in board]
    spread = math.sqrt(math.fsum(value * value for value in values) / df)
    se = spread * math.sqrt(1.0 / heads + 1.0 / len(level))
    return Expected(stats.mean([job.log_value for job in level]), se, df, len(level), len(values), spread)


def _of_several_boards(residuals: _Residuals, level: Sequence[JobValue], heads: int) -> Expected | None:
    """One-way random effects from unweighted means (Thomas and Hultquist 1978).

    The head may be of a board that nobody has seen, so the whole spread between boards counts, and their number less
    one is the degrees of freedom: with two boards nearly nothing is known of it. With equal boards that is too wide.
    """
    boards = list(residuals.by_board.values())
    if len(boards) < 2:
        return _of_one_board(residuals, level, heads)
    between = (stats.sd([stats.mean(values) for values in boards]) or 0.0) ** 2
    df_within = residuals.count - len(boards) - (residuals.levels - 1)
    within = _squares_within(boards) / df_within if df_within > 0 else 0.0
    usual = _harmonic_mean(map(len, boards))
    of_level = _by_board(level)
    share = 1.0 / (len(of_level) * _harmonic_mean(map(len, of_level)))
    weight = 1.0 + 1.0 / len(of_level)
    variance = weight * between + max(0.0, 1.0 / heads + share - weight / usual) * within
    return Expected(
        mean=stats.mean([stats.mean(values) for values in of_level]),
        se=math.sqrt(max(variance, within * (1.0 / heads + share))),
        df=float(len(boards) - 1),
        jobs=len(level),
        spread_jobs=residuals.count,
        job_sd=math.sqrt(within),
        boards=len(boards),
        board_sd=math.sqrt(max(0.0, between - within / usual)),
    )


def _by_board(jobs: Sequence[JobValue]) -> list[list[float]]:
    found: dict[tuple[str, ...], list[float]] = {}
    for job in jobs:
        found.setdefault(job.boards, []).append(job.log_value)
    return list(found.values())


def _squares_within(boards: Sequence[Sequence[float]]) -> float:
    return math.fsum((value - stats.mean(values)) ** 2 for values in boards for value in values)


def _harmonic_mean(counts: Iterable[int]) -> float:
    known = list(counts)
    return len(known) / math.fsum(1.0 / count for count in known)
