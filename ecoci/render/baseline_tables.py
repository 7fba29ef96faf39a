"""Baselines as tables: all of them, one of them, and how two of them differ."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ecoci.model import Baseline, Metric, Observation
from ecoci.render import text
from ecoci.render.content import METRICS
from ecoci.render.tables import Column, Row, Table
from ecoci.render.text import MISSING, Style

_SHORT: Mapping[Metric, str] = MappingProxyType(
    {
        Metric.ENERGY_PER_TOKEN_J: "J/token",
        Metric.NET_ENERGY_PER_TOKEN_J: "net J/token",
        Metric.TOKENS_PER_S: "tok/s",
        Metric.MEAN_POWER_W: "mean W",
    }
)


def baselines_table(baselines: Iterable[Baseline], style: Style) -> Table:
    """Scenario, fingerprint, depth, mean ± sd of gross energy per token, day of the newest run."""
    numbers = (Column("runs", numeric=True), Column("J/token", numeric=True))
    columns = (Column("scenario"), Column("fingerprint"), *numbers, Column("newest"))
    return Table(columns, tuple(_baseline_row(baseline, style) for baseline in baselines))


def _baseline_row(baseline: Baseline, style: Style) -> Row:
    newest = max((one.measured_utc for one in baseline.observations), default="")
    return (
        style.quote(baseline.scenario.name),
        style.quote(baseline.fingerprint.name, 120),
        str(len(baseline.observations)),
        spread_of(baseline, Metric.ENERGY_PER_TOKEN_J),
        style.quote(newest[:10]) if newest else MISSING,
    )


def spread_of(baseline: Baseline, metric: Metric) -> str:
    """Mean ± sd of one metric over a baseline's observations; a dash when none has it."""
    values = _values(baseline, metric)
    if not values:
        return MISSING
    return text.mean_sd(statistics.mean(values), _sd(values))


def _sd(values: list[float]) -> float | None:
    """The sample sd; infinite, and so not shown, where it is too large for a float."""
    try:
        return statistics.stdev(values) if len(values) > 1 else None
    except OverflowError:
        return math.inf


def _values(baseline: Baseline, metric: Metric) -> list[float]:
    read = (observation.metric(metric) for observation in baseline.observations)
    return [value for value in read if value is not None and math.isfinite(value)]


def fingerprint_table(baseline: Baseline, style: Style) -> Table:
    """What a baseline is for: scenario digest, fingerprint and its fields."""
    fields = (("digest", baseline.digest), ("fingerprint", baseline.fingerprint.name), *baseline.fingerprint.fields)
    rows = tuple((style.quote(name), style.quote(value, 120)) for name, value in fields)
    return Table((Column("field"), Column("value")), rows)


def observations_table(baseline: Baseline, style: Style) -> Table:
    """Every accepted run: when, which commit, by whom, and its numbers."""
    named = (Column("measured"), Column("commit"), Column("by"), Column("job"), Column("run", numeric=True))
    columns = (*named, *(Column(title, numeric=True) for title in _SHORT.values()))
    return Table(columns, tuple(_observation_row(one, style) for one in baseline.observations))


def _observation_row(one: Observation, style: Style) -> Row:
    return (
        style.quote(one.measured_utc[:10]),
        MISSING if one.commit is None else style.quote(one.commit[:8]),
        style.quote(one.accepted_by, 24),
        style.quote(one.job_id, 24),
        str(one.run_index + 1),
        *(text.significant(one.metric(metric), 4) for metric in _SHORT),
    )


def baseline_diff_table(first: Baseline, second: Baseline, style: Style) -> Table:
    """The fields in which two baselines differ, then the mean of each metric with its relative change."""
    sides = (Column("field"), Column("first"), Column("second"), Column("change", numeric=True))
    return Table(sides, (*_field_rows(first, second, style), *_metric_rows(first, second)))


def _field_rows(first: Baseline, second: Baseline, style: Style) -> Iterable[Row]:
    before, after = _fields(first), _fields(second)
    for name in dict.fromkeys((*before, *after)):
        values = before.get(name), after.get(name)
        if values[0] != values[1]:
            shown = (MISSING if value is None else style.quote(value) for value in values)
            yield style.quote(name), *shown, ""


def _fields(baseline: Baseline) -> dict[str, str]:
    workload = baseline.scenario.workload
    return {
        "scenario": baseline.scenario.name,
        "digest": baseline.digest[:12],
        "model": f"{workload.model.source}:{workload.model.name}",
        "quantization": workload.quantization,
        "decode": workload.decode,
        "batch": str(workload.batch),
        "tokens": f"{workload.prompt_tokens} in, {workload.new_tokens} out",
        **dict(baseline.fingerprint.fields),
    }


def _metric_rows(first: Baseline, second: Baseline) -> Iterable[Row]:
    for metric, (name, unit) in METRICS.items():
        before, after = _values(first, metric), _values(second, metric)
        change = _relative(statistics.mean(before), statistics.mean(after)) if before and after else None
        yield f"{name} ({unit})", spread_of(first, metric), spread_of(second, metric), text.percent(change)


def _relative(before: float, after: float) -> float | None:
    return after / before - 1.0 if before else None
