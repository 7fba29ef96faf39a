"""What pairs can find and in which time, in words and tables."""

from __future__ import annotations

from ecoci.model import Demand, Noise, Reach
from ecoci.render import text
from ecoci.render.tables import Column, Table
from ecoci.render.text import MISSING

_HELPS = 0.5
"""Below this share of the variance, longer windows are not worth their time."""


def noise_line(noise: Noise) -> str:
    """How noisy the stored runs are."""
    spread = f"{text.share(noise.run_sd)} ({text.share(noise.low)} … {text.share(noise.high)})"
    return (
        f"{text.clean(noise.scenario)}: runs differ with an sd of {spread}, from {text.counted(noise.runs, 'run')}; "
        f"a pair then has {text.share(noise.pair_sd)}. Tolerance {text.share(noise.policy.tolerance)}, alpha "
        f"{noise.policy.alpha:g}."
    )


def advice_line(noise: Noise) -> str:
    """What of the noise the scenario could lower; only what the stored windows show."""
    share, halved = noise.window_share, noise.sd_with(2.0)
    if share is None or halved is None:
        return "Each run has one window only, so it is not known whether longer ones would help; store runs with two."
    told = f"{text.share(share)} of the variance between runs is the scatter of their windows"
    if share < _HELPS:
        other = "a machine that does nothing else" if noise.quiet else "`host: quiet`"
        return f"{told}: longer windows help little. What helps is more pairs, or {other}."
    return f"{told}: twice the `windows` would lower the sd to about {text.share(halved)}."


def reach_table(rows: tuple[Reach, ...]) -> Table:
    """The smallest change that is found, for more and more pairs."""
    columns = (
        Column("pairs", numeric=True),
        Column("found in 90 % of cases", numeric=True),
        Column("time", numeric=True),
    )
    return Table(columns, tuple((str(row.pairs), text.percent(row.change), _time(row.duration_s)) for row in rows))


def demand_table(rows: tuple[Demand, ...]) -> Table:
    """How many pairs it takes to find a change of so much above the tolerance."""
    columns = (Column("above the tolerance", numeric=True), Column("pairs", numeric=True), Column("time", numeric=True))
    return Table(columns, tuple(_demand(row) for row in rows))


def _demand(row: Demand) -> tuple[str, ...]:
    pairs = "over 1000" if row.pairs is None else str(row.pairs)
    return text.percent(row.above_tolerance, 0), pairs, _time(row.duration_s)


def _time(duration_s: float | None) -> str:
    return MISSING if duration_s is None else text.duration(duration_s)
