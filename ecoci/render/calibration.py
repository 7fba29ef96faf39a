"""The rates of a calibration as a table."""

from __future__ import annotations

from ecoci.model import Rate, TrialRates
from ecoci.render import text
from ecoci.render.tables import Column, Table

_TITLES = ("found", "REGRESSED", "PASS", "undecided", "pairs", "time to verdict")


def rates_table(rates: tuple[TrialRates, ...], new_tokens: int) -> Table:
    """A row for each planted size: what was found, how often each verdict came, and the medians of pairs and time."""
    columns = (Column("planted"), *(Column(title, numeric=True) for title in _TITLES))
    return Table(columns, tuple(_row(one, new_tokens) for one in rates))


def _row(one: TrialRates, new_tokens: int) -> tuple[str, ...]:
    planted = f"{text.percent(one.extra_tokens / new_tokens)} ({one.extra_tokens} tok.)"
    return (
        planted if one.extra_tokens else "no change",
        text.percent(one.found),
        *(_share(rate) for rate in (one.regressed, one.passed, one.unsettled)),
        text.trimmed(one.pairs),
        text.duration(one.duration_s),
    )


def _share(rate: Rate) -> str:
    low, high = (text.fixed(100.0 * end, 0) for end in (rate.low, rate.high))
    return f"{rate.count}/{rate.of} ({low}…{high} %)"
