"""The runs of base and head beside each other: log ratios of pairs, and what runs of one arm differ by. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ecoci import stats
from ecoci.compare import metric_value
from ecoci.measure import measure_run
from ecoci.model import Arm, Metric, Pair, RunMeasurement, SameArmNoise, ScenarioPairs
from ecoci.quality import with_clock_changes
from ecoci.screening import relative_change


@dataclass(frozen=True, slots=True)
class Arms:
    """The measured runs of both arms, in the order of the pairs."""

    base: tuple[RunMeasurement, ...]
    head: tuple[RunMeasurement, ...]


def measured(pairs: Sequence[Pair]) -> Arms:
    base = with_clock_changes(tuple(measure_run(pair.base) for pair in pairs))
    return Arms(base, with_clock_changes(tuple(measure_run(pair.head) for pair in pairs)))


def log_ratios(arms: Arms, metric: Metric) -> tuple[float, ...]:
    """ln(head / base) of each pair; NaN where one of both has no usable value, so that no pair is left out unseen."""
    both = ((metric_value(base, metric), metric_value(head, metric)) for base, head in side_by_side(arms))
    return tuple(math.nan if None in pair else _log_ratio(pair) for pair in both)


def side_by_side(arms: Arms) -> Iterator[tuple[RunMeasurement, RunMeasurement]]:
    return zip(arms.base, arms.head, strict=True)


def _log_ratio(pair: tuple[float | None, float | None]) -> float:
    base, head = pair
    usable = base is not None and head is not None and 0.0 < base < math.inf and 0.0 < head < math.inf
    return math.log(head / base) if usable and base is not None and head is not None else math.nan


def same_arm_noise(pairs: ScenarioPairs, arms: Arms) -> SameArmNoise | None:
    """Alternating pairs end with the arm that the next begins with: those two runs are an A/A comparison."""
    ratios = log_ratios(Arms(*_columns(_neighbours(arms))), Metric.ENERGY_PER_TOKEN_J)
    spread = stats.sd(ratios) if all(map(math.isfinite, ratios)) else None
    if not spread:
        return None
    half = stats.t_quantile(len(ratios) - 1, 1.0 - pairs.base.policy.alpha / 2.0) * spread
    return SameArmNoise(len(ratios), spread, relative_change(half / math.sqrt(len(pairs.pairs))))


def _neighbours(arms: Arms) -> Iterator[tuple[RunMeasurement, RunMeasurement]]:
    """Runs of one arm with no other run between them, be it one of a pair that was set aside."""
    made = sorted(((run.index, arm, run) for arm, runs in _by_arm(arms) for run in runs), key=lambda one: one[0])
    for (before, one, first), (after, other, second) in pairwise(made):
        if one is other and after == before + 1:
            yield first, second


def _by_arm(arms: Arms) -> tuple[tuple[Arm, tuple[RunMeasurement, ...]], ...]:
    return (Arm.BASE, arms.base), (Arm.HEAD, arms.head)


def _columns(
    rows: Iterable[tuple[RunMeasurement, RunMeasurement]],
) -> tuple[tuple[RunMeasurement, ...], tuple[RunMeasurement, ...]]:
    found = tuple(rows)
    return tuple(first for first, _ in found), tuple(second for _, second in found)
