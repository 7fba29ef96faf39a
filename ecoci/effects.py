"""One entry against another: Welch's test, effect sizes and intervals, from raw values or from mean, sd and n.

Both ways use the same formulas, so the same data give the same answer. What lacks an sd or an n gets no test and says
why. Formulas and sources: docs/stats.md.
"""

from __future__ import annotations

import math

from ecoci import stats
from ecoci.model.study import Effect, Entry, Figure

ALPHA = 1.0 - stats.CONFIDENCE

_DEGENERATE = {
    stats.Degenerate.TOO_FEW: "n is below 2 on a side: one value has no spread",
    stats.Degenerate.ZERO_VARIANCE: "the sd is 0 on both sides: real readings vary, copied or rounded ones do not",
    stats.Degenerate.NOT_FINITE: "the figures are too large to reckon with",
}


def relative_change(base: Entry, head: Entry) -> float | None:
    """mean(head) / mean(base) - 1, None where a mean is not above zero."""
    if min(base.figure.mean, head.figure.mean) <= 0.0:
        return None
    change = head.figure.mean / base.figure.mean - 1.0
    return change if math.isfinite(change) else None


def effect(base: Entry, head: Entry) -> Effect | str:
    """The test of two entries in one unit, or why there is none."""
    for side, entry in (("base", base), ("head", head)):
        obstacle = entry.obstacle or _missing(entry.figure)
        if obstacle:
            return f"{side}: {obstacle}"
    sides = _moments(base.figure), _moments(head.figure)
    result = stats.welch_of_moments(*sides, alpha=ALPHA)
    if isinstance(result, stats.Degenerate):
        return _DEGENERATE[result]
    log_ratio = stats.log_ratio_interval(*sides, alpha=ALPHA)
    if log_ratio is None or max(log_ratio) > _MOST_LOG:
        return "the relative change has no interval"
    return Effect(
        diff=result.diff,
        diff_low=result.ci_low,
        diff_high=result.ci_high,
        change_low=math.expm1(log_ratio[0]),
        change_high=math.expm1(log_ratio[1]),
        t=result.t,
        df=result.df,
        p=result.p,
        cohens_d=result.cohens_d,
        hedges_g=result.hedges_g,
    )


def mean_interval(figure: Figure) -> tuple[float, float] | None:
    """95 % t interval of the mean; None where sd or n is unknown or n is below 2."""
    return None if _missing(figure) else stats.mean_interval(_moments(figure))


def geometric_mean(ratios: tuple[float, ...]) -> tuple[float, float | None, float | None]:
    """Geometric mean of ratios above zero with its 95 % t interval on the logs, over the ratios as they stand."""
    logs = [math.log(ratio) for ratio in ratios]
    found = stats.summary(logs)
    middle = stats.mean(logs) if found is None else found.mean
    low, high = (None, None) if found is None else (found.ci_low, found.ci_high)
    if low is None or high is None or max(abs(low), abs(high)) > _MOST_LOG:
        return math.exp(middle), None, None
    return math.exp(middle), math.exp(low), math.exp(high)


_MOST_LOG = 50.0
"""An interval up to a factor of 10²¹ says nothing, and its ends would overflow in places."""


def _missing(figure: Figure) -> str:
    if figure.values:
        return ""
    lacking = [name for name, value in (("sd", figure.sd), ("n", figure.n)) if value is None]
    return f"no {' and no '.join(lacking)} published" if lacking else ""


def _moments(figure: Figure) -> stats.Moments:
    if figure.values:
        return stats.moments(figure.values)
    return stats.Moments(figure.mean, figure.sd or 0.0, figure.n or 0)
