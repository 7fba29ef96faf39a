"""When alternating pairs have said enough: group-sequential t intervals of the mean log ratio, alpha spent by plan.

The plan fixes after which pairs one looks and how much of alpha may be used up by then, so that looking early costs
no honesty: over all looks together, each end of the interval is wrong in at most alpha of all confirmations (Lan and
DeMets 1983). The interval of a look is Student's at that look's level; what the normal theory of the levels leaves
open for few pairs and odd noise is found by simulation: docs/gate.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ecoci import stats

FIRST_LOOK = 4
"""Pairs. A t interval of two is too wide to say anything, and pairs come in twos, one of each order."""
EXPONENT = 4.0
"""Of the spending function alpha · (pairs / most pairs)^4, in the family of Kim and DeMets (1987)."""
SMALL_SAMPLE = 0.83
"""Normal levels are too generous for t intervals of few pairs: by up to 19 % in the worst simulated noise."""

_LEAST_P, _MOST_P = 1e-9, 0.499
_NODES = 401
_FAR = 8.0


@dataclass(frozen=True, slots=True)
class Plan:
    """After which pairs to look, and at which one-sided level each look's interval stands.

    `spent` is how much of alpha the looks up to each may use together.
    """

    alpha: float
    looks: tuple[int, ...]
    levels: tuple[float, ...]
    spent: tuple[float, ...]

    @property
    def most_pairs(self) -> int:
        return self.looks[-1]


@dataclass(frozen=True, slots=True)
class Look:
    """The mean log ratio of the first `pairs` pairs and its interval, each end at `level` one-sided."""

    pairs: int
    mean: float
    sd: float
    low: float
    high: float
    level: float


def plan(alpha: float, most_pairs: int) -> Plan:
    """Looks after every second pair from the fourth to the last. Raises ValueError for what no plan can be made of."""
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, not {alpha:g}")
    if most_pairs < FIRST_LOOK or most_pairs % 2:
        raise ValueError(f"pairs must be an even number from {FIRST_LOOK} on, not {most_pairs}")
    looks = tuple(range(FIRST_LOOK, most_pairs + 1, 2))
    spent = tuple(alpha * (pairs / most_pairs) ** EXPONENT for pairs in looks)
    levels = _levels(tuple(pairs / most_pairs for pairs in looks), spent)
    return Plan(alpha, looks, tuple(SMALL_SAMPLE * level for level in levels), spent)


def look(planned: Plan, log_ratios: Sequence[float]) -> Look | None:
    """The last planned look that these pairs reach; None before the first, or when they do not vary or are no numbers.

    What came after that look is not used: an interval between two looks has no level.
    """
    reached = [place for place, pairs in enumerate(planned.looks) if pairs <= len(log_ratios)]
    if not reached or not all(map(math.isfinite, log_ratios)):
        return None
    pairs, level = planned.looks[reached[-1]], planned.levels[reached[-1]]
    used = log_ratios[:pairs]
    side = stats.moments(used)
    ends = None if stats.is_constant(used) else stats.mean_interval(side, level)
    return None if ends is None else Look(pairs, side.mean, side.sd, *ends, level)


def p_value(planned: Plan, log_ratios: Sequence[float], margin: float) -> float:
    """Smallest alpha at which a look so far would have put its lower end above `margin`; 1 when none below 0.5 does.

    The sequential p-value of Liu and Anderson (2008), for plans of the same looks: it stays valid whatever made the
    pairs end, so that Holm's procedure may use it.
    """

    def rejects(alpha: float) -> bool:
        other = plan(alpha, planned.most_pairs)
        seen = (look(other, log_ratios[:pairs]) for pairs in other.looks if pairs <= len(log_ratios))
        return any(one is not None and one.low > margin for one in seen)

    low, high = math.log(_LEAST_P), math.log(_MOST_P)
    if not rejects(_MOST_P):
        return 1.0
    for _ in range(24):
        middle = (low + high) / 2.0
        low, high = (low, middle) if rejects(math.exp(middle)) else (middle, high)
    return math.exp(high)


def pairs_needed(at: Look, margin: float, planned: Plan) -> int | None:
    """Fewest pairs in all that settle it, looked at once, if mean and spread stay. None above 1000."""
    distance = abs(at.mean - margin)
    if distance <= 0.0:
        return None
    level = SMALL_SAMPLE * planned.alpha

    def settles(pairs: int) -> bool:
        return stats.t_quantile(pairs - 1, 1.0 - level) * at.sd / math.sqrt(pairs) < distance

    enough = (pairs for pairs in range(at.pairs + 2, stats.MOST_RUNS + 1, 2) if settles(pairs))
    return next(enough, None)


@lru_cache(maxsize=256)
def _levels(times: tuple[float, ...], spent: tuple[float, ...]) -> tuple[float, ...]:
    """One-sided normal levels at which a Brownian path crosses for the first time as often as planned.

    Armitage, McPherson and Rowe's (1969) recursion: the density of the path that has not crossed yet is carried from
    look to look by Simpson's rule.
    """
    import numpy as np

    steps = [later - sooner for sooner, later in pairwise((0.0, *times))]
    shares = [later - sooner for sooner, later in pairwise((0.0, *spent))]
    nodes, mass, levels = np.zeros(1), np.ones(1), []
    for time, step, share in zip(times, steps, shares, strict=True):
        width = math.sqrt(step)
        border = _border(nodes, mass, width, share)
        levels.append(float(stats.normal_tail(border / math.sqrt(time))))
        fresh = np.linspace(min(-_FAR * math.sqrt(time), border - width), border, _NODES)
        density = np.exp(-(((fresh[:, None] - nodes[None, :]) / width) ** 2) / 2.0) / (width * math.sqrt(2.0 * math.pi))
        weights = np.full(_NODES, 2.0)
        weights[1::2], weights[0], weights[-1] = 4.0, 1.0, 1.0
        nodes, mass = fresh, (density @ mass) * weights * (fresh[1] - fresh[0]) / 3.0
    return tuple(levels)


def _border(nodes: Any, mass: Any, width: float, share: float) -> float:
    """Where the path must not go, so that it does in `share` of all cases at this look."""
    low, high = -_FAR, _FAR
    for _ in range(60):
        middle = (low + high) / 2.0
        crossed = float((mass * stats.normal_tail((middle - nodes) / width)).sum())
        low, high = (middle, high) if crossed > share else (low, middle)
    return high
