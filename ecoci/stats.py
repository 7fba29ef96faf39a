"""Statistics of run-level values: summaries, Welch's test and what it can detect.

The only importer of scipy, inside functions, because loading it costs time. It knows numbers only: neither
metrics nor policies. Degenerate input ends in a named answer, never in NaN. Formulas and sources: docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ecoci.model import Summary

CONFIDENCE = 0.95
POWER = 0.8
OUTLIER_SD = 3.0
MOST_RUNS = 1000
"""Where counting needed runs stops: beyond it the answer is that more runs will not help."""

_RELATIVE_ROUNDING = 1e-12
_LARGE_T = 100.0
_LARGEST = 1e150


class Degenerate(StrEnum):
    """Why a test cannot be made."""

    TOO_FEW = "too_few"
    ZERO_VARIANCE = "zero_variance"
    NOT_FINITE = "not_finite"


@dataclass(frozen=True, slots=True)
class Spread:
    """Sample sd of `n` values."""

    sd: float
    n: int


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and sample sd of `n` values, where the values themselves may be unknown."""

    mean: float
    sd: float
    n: int


@dataclass(frozen=True, slots=True)
class WelchResult:
    """Welch's test of head against base: `diff` is mean(head) - mean(base) with its two-sided 1 - alpha interval.

    `p` is two-sided. `cohens_d` is the difference over the pooled sd, `hedges_g` the same corrected for small samples.
    """

    t: float
    df: float
    p: float
    diff: float
    ci_low: float
    ci_high: float
    cohens_d: float
    hedges_g: float


@dataclass(frozen=True, slots=True)
class PairedResult:
    """Mean of paired differences with its two-sided interval and p."""

    mean: float
    ci_low: float
    ci_high: float
    p: float


def summary(values: Sequence[float]) -> Summary | None:
    """Mean, sample sd and 95 % t interval of the mean; None for no values or one that is not finite."""
    if not values or not _all_finite(values):
        return None
    low, high = mean_interval(moments(values)) or (None, None)
    return Summary(n=len(values), mean=mean(values), sd=sd(values), ci_low=low, ci_high=high)


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean of at least one value."""
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)


def sd(values: Sequence[float]) -> float | None:
    """Sample standard deviation (n - 1 in the denominator); None below two values. Equal values give exactly 0."""
    if len(values) < 2:
        return None
    if min(values) == max(values):
        return 0.0
    average = mean(values)
    try:
        return math.sqrt(math.fsum((value - average) ** 2 for value in values) / (len(values) - 1))
    except OverflowError:
        return math.hypot(*(value - average for value in values)) / math.sqrt(len(values) - 1)


def cv(values: Sequence[float]) -> float | None:
    """Coefficient of variation sd / |mean| as a share; None below two values, at a zero mean, or when not finite."""
    spread = sd(values) if _all_finite(values) else None
    if spread is None or mean(values) == 0.0:
        return None
    return spread / abs(mean(values))


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Least-squares slope of y over x for (x, y) points; None where the x do not differ."""
    if not points:
        return None
    mean_x = mean([x for x, _ in points])
    mean_y = mean([y for _, y in points])
    spread = math.fsum((x - mean_x) ** 2 for x, _ in points)
    if not (math.isfinite(spread) and spread > 0.0):
        return None
    return math.fsum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def is_constant(values: Sequence[float]) -> bool:
    """Whether the values, at least one, differ by rounding at most."""
    scale = max(abs(value) for value in values)
    return max(values) - min(values) <= _RELATIVE_ROUNDING * scale


def outliers(values: Sequence[float], limit_sd: float = OUTLIER_SD) -> tuple[int, ...]:
    """Places of the values more than `limit_sd` sample sds from the mean, the outliers themselves counted in both.

    Below 11 values none can be found: a value lies at most (n - 1)/√n sds from the mean.
    """
    spread = sd(values) if _all_finite(values) else None
    if not spread:
        return ()
    average = mean(values)
    return tuple(i for i, value in enumerate(values) if abs(value - average) > limit_sd * spread)


def welch(base: Sequence[float], head: Sequence[float], *, alpha: float) -> WelchResult | Degenerate:
    """Welch's unequal-variance t-test of two independent samples (Welch 1947, Satterthwaite 1946).

    The distribution is scipy.special's; the tests hold the result against scipy.stats.ttest_ind, whose import would
    cost every comparison a second.
    """
    problem = _degenerate(base, head)
    return _welch(moments(base), moments(head), alpha) if problem is None else problem


def welch_of_moments(base: Moments, head: Moments, *, alpha: float) -> WelchResult | Degenerate:
    """The same test where only mean, sd and n are known; on the same data it gives the same answer as `welch`."""
    if not _all_finite((base.mean, base.sd, head.mean, head.sd)):
        return Degenerate.NOT_FINITE
    if min(base.n, head.n) < 2:
        return Degenerate.TOO_FEW
    if all(side.sd <= _RELATIVE_ROUNDING * abs(side.mean) for side in (base, head)):
        return Degenerate.ZERO_VARIANCE
    return _welch(base, head, alpha)


def moments(values: Sequence[float]) -> Moments:
    """Mean, sample sd and n of at least one value; the sd of one value is 0."""
    return Moments(mean(values), sd(values) or 0.0, len(values))


def mean_interval(side: Moments, level: float = (1.0 - CONFIDENCE) / 2.0) -> tuple[float, float] | None:
    """T interval of a mean whose ends each stand at `level`, by default the 95 % one; None below two values."""
    if side.n < 2:
        return None
    half = t_quantile(side.n - 1, 1.0 - level) * side.sd / math.sqrt(side.n)
    return side.mean - half, side.mean + half


def log_ratio_interval(base: Moments, head: Moments, *, alpha: float) -> tuple[float, float] | None:
    """Two-sided 1 - alpha interval of ln(mean(head) / mean(base)), by the delta method.

    sd / mean stands for the sd of the logs, with Welch-Satterthwaite degrees of freedom. None without spread, below two
    values, or for a mean that is not above zero.
    """
    sides = base, head
    if min(side.mean for side in sides) <= 0.0 or min(side.n for side in sides) < 2:
        return None
    spreads = tuple(Spread(side.sd / side.mean, side.n) for side in sides)
    if max(spread.sd for spread in spreads) <= 0.0 or not _all_finite([spread.sd for spread in spreads]):
        return None
    error, df = _standard_error(*spreads)
    half, middle = t_quantile(df, 1.0 - alpha / 2.0) * error, math.log(head.mean) - math.log(base.mean)
    return middle - half, middle + half


def _welch(base: Moments, head: Moments, alpha: float) -> WelchResult | Degenerate:

    error, df = _standard_error(Spread(base.sd, base.n), Spread(head.sd, head.n))
    diff = head.mean - base.mean
    t, half = diff / error, t_quantile(df, 1.0 - alpha / 2.0) * error
    cohens_d = _cohens_d(base, head)
    result = WelchResult(
        t=t,
        df=df,
        p=t_two_sided(t, df),
        diff=diff,
        ci_low=diff - half,
        ci_high=diff + half,
        cohens_d=cohens_d,
        hedges_g=_small_sample_correction(base.n + head.n - 2) * cohens_d,
    )
    numbers = (result.t, result.df, result.p, result.ci_low, result.ci_high, result.cohens_d, result.hedges_g)
    return result if _all_finite(numbers) else Degenerate.NOT_FINITE


def paired(differences: Sequence[float], *, alpha: float) -> PairedResult | None:
    """Student's t interval, two-sided 1 - alpha, and p of a mean of differences; None below two or without spread."""
    side = moments(differences) if differences and _all_finite(differences) else None
    ends = None if side is None or is_constant(differences) else mean_interval(side, alpha / 2.0)
    if side is None or ends is None:
        return None
    from scipy import special

    t = abs(side.mean) / side.sd * math.sqrt(side.n)
    return PairedResult(side.mean, *ends, 2.0 * float(special.stdtr(side.n - 1, -t)))


def sd_interval(spread: float, n: int) -> tuple[float, float]:
    """95 % chi-square interval of the sd of normal values, from a sample sd of `n` of them."""
    from scipy import special

    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = (math.sqrt((n - 1) / float(special.chdtri(n - 1, share))) for share in (tail, 1.0 - tail))
    return spread * low, spread * high


def detectable_shift(df: float, level: float, power: float) -> float:
    """By how many standard errors a mean must be off for a one-sided t test at `level` to say so with this power."""
    return _noncentrality(df, t_quantile(df, 1.0 - level), power)


def binomial_interval(count: int, of: int) -> tuple[float, float]:
    """95 % interval of a share by Clopper and Pearson (1934), which never promises too much."""
    from scipy import special

    tail = (1.0 - CONFIDENCE) / 2.0
    low = float(special.betaincinv(count, of - count + 1, tail)) if count > 0 else 0.0
    high = float(special.betaincinv(count + 1, of - count, 1.0 - tail)) if count < of else 1.0
    return low, high


def min_detectable_effect(base: Spread, head: Spread, *, alpha: float, power: float = POWER) -> float | None:
    """Smallest true difference of means that Welch's two-sided test at `alpha` finds with probability `power`.

    Solves P(T > t_crit) = power for the noncentrality of T, a noncentral t with the Welch-Satterthwaite df, and
    multiplies by the standard error. Rejections on the wrong side are not counted. None for n < 2 or no spread at all.
    """
    if min(base.n, head.n) < 2 or not _all_finite((base.sd, head.sd)) or max(base.sd, head.sd) <= 0.0:
        return None
    error, df = _standard_error(base, head)
    return error * _noncentrality(df, t_quantile(df, 1.0 - alpha / 2.0), power)


def _degenerate(base: Sequence[float], head: Sequence[float]) -> Degenerate | None:
    if not (_all_finite(base) and _all_finite(head)):
        return Degenerate.NOT_FINITE
    if min(len(base), len(head)) < 2:
        return Degenerate.TOO_FEW
    if is_constant(base) and is_constant(head):
        return Degenerate.ZERO_VARIANCE
    return None


def _all_finite(values: Sequence[float]) -> bool:
    """Whether the values can be reckoned with: numbers whose squares are finite too."""
    return all(abs(value) < _LARGEST for value in values)


def _standard_error(base: Spread, head: Spread) -> tuple[float, float]:
    """Standard error of the difference of means and the Welch-Satterthwaite degrees of freedom.

    The sds are divided by the larger one first, so that their fourth powers neither vanish nor overflow.
    """
    scale = max(base.sd, head.sd)
    of_base, of_head = (base.sd / scale) ** 2 / base.n, (head.sd / scale) ** 2 / head.n
    df = (of_base + of_head) ** 2 / (of_base**2 / (base.n - 1) + of_head**2 / (head.n - 1))
    return scale * math.sqrt(of_base + of_head), df


def _cohens_d(base: Moments, head: Moments) -> float:
    """Difference of means over the pooled sd (Cohen 1988); NaN without any spread."""
    squares = (base.n - 1) * base.sd**2 + (head.n - 1) * head.sd**2
    pooled = math.sqrt(squares / (base.n + head.n - 2))
    return (head.mean - base.mean) / pooled if pooled > 0.0 else math.nan


def _small_sample_correction(df: int) -> float:
    """The factor from Cohen's d to Hedges' g, exact, by gamma functions (Hedges 1981)."""
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)


def t_quantile(df: float, probability: float) -> float:
    """Quantile of Student's t distribution."""
    from scipy import special

    return float(special.stdtrit(df, probability))


def t_two_sided(t: float, df: float) -> float:
    """P(|T| > |t|) of Student's t distribution."""
    from scipy import special

    return 2.0 * float(special.stdtr(df, -abs(t)))


def normal_tail(z: Any) -> Any:
    """P(Z > z) of the standard normal distribution, for a number or an array of them."""
    from scipy import special

    return special.ndtr(-z)


def _noncentrality(df: float, critical: float, power: float) -> float:
    """Noncentrality d with P(T_df(d) > critical) = power, by bisection.

    For a very large critical value the normal part of T is negligible and d = critical · √(χ²_df quantile / df); the
    exact function would not come back there.
    """
    from scipy import special

    limit = critical * math.sqrt(2.0 * float(special.gammaincinv(df / 2.0, power)) / df)
    if critical > _LARGE_T:
        return limit
    low, high = 0.0, limit + 10.0
    for _ in range(60):
        middle = (low + high) / 2.0
        found = 1.0 - float(special.nctdtr(df, middle, critical))
        low, high = (middle, high) if found < power else (low, middle)
    return high
