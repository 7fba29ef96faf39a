"""Baselines as tables: all of them, one of them, and how two of them differ. A job counts once, its runs do not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ecoci.model import (
    AnchorLine,
    Baseline,
    BaselineOverview,
    JobLine,
    JobsMean,
    LevelLine,
    Metric,
)
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
_ENERGY = _SHORT[Metric.ENERGY_PER_TOKEN_J]
_LISTED = ("jobs", "levels", "boards")
_WIDE = 120
_REASON = 200


def baselines_table(baselines: Iterable[BaselineOverview], style: Style) -> Table:
    """Scenario, fingerprint, depth, levels, boards, mean ± sd of the newest level's jobs, day of the newest run."""
    numbers = (Column(title, numeric=True) for title in (*_LISTED, _ENERGY))
    columns = (Column("scenario"), Column("fingerprint"), *numbers, Column("newest"))
    return Table(columns, tuple(_baseline_row(seen, style) for seen in baselines))


def _baseline_row(seen: BaselineOverview, style: Style) -> Row:
    newest = max((job.measured_utc for job in seen.jobs), default="")
    return (
        style.quote(seen.baseline.scenario.name),
        style.quote(seen.baseline.fingerprint.name, _WIDE),
        *(_counts(seen)[name] for name in _LISTED),
        _mean_sd(seen.of(Metric.ENERGY_PER_TOKEN_J)),
        style.quote(newest[:10]) if newest else MISSING,
    )


def _counts(seen: BaselineOverview) -> dict[str, str]:
    counts = {
        "jobs": len(seen.jobs),
        "runs": len(seen.baseline.observations),
        "levels": len(seen.levels),
        "boards": seen.board_count,
    }
    return {name: str(count) for name, count in counts.items()}


def _mean_sd(mean: JobsMean | None) -> str:
    """The geometric mean over jobs and the sd that the sd of their logs stands for; a dash when there is none."""
    if mean is None:
        return MISSING
    return text.mean_sd(mean.mean, None if mean.spread is None else mean.mean * mean.spread)


def _spread(spread: float | None) -> str:
    return text.share(spread) if spread is not None and math.isfinite(spread) else MISSING


def fingerprint_table(baseline: Baseline, style: Style) -> Table:
    """What a baseline is for: scenario digest, fingerprint and its fields."""
    fields = (("digest", baseline.digest), ("fingerprint", baseline.fingerprint.name), *baseline.fingerprint.fields)
    rows = tuple((style.quote(name), style.quote(value, _WIDE)) for name, value in fields)
    return Table((Column("field"), Column("value")), rows)


def levels_table(seen: BaselineOverview, style: Style) -> Table:
    """The levels, oldest first: their jobs, mean and spread, and who began each, when and why."""
    numbers = (Column(title, numeric=True) for title in ("level", "jobs", _ENERGY, "spread"))
    columns = (*numbers, Column("begun"), Column("by"), Column("reason"))
    return Table(columns, tuple(_level_row(line, style) for line in seen.levels))


def _level_row(line: LevelLine, style: Style) -> Row:
    spread = None if line.energy is None else line.energy.spread
    energy = MISSING if line.energy is None else text.significant(line.energy.mean, 4)
    numbers = (str(line.level + 1), str(line.jobs), energy, _spread(spread))
    if line.begun is None:
        return *numbers, MISSING, MISSING, MISSING
    begun = line.begun
    said = style.quote(begun.reset_utc[:10]), style.quote(begun.reset_by, 24), style.quote(begun.reason, _REASON)
    return *numbers, *said


def spread_line(seen: BaselineOverview) -> str:
    """How much jobs of one level differ, and what a head is compared with."""
    energy = seen.of(Metric.ENERGY_PER_TOKEN_J)
    spread = _spread(seen.spread)
    found = "unknown: no level has two jobs" if spread == MISSING else f"{spread} (sd of the logs of {_ENERGY})"
    number = 0 if energy is None else energy.jobs
    compared = f"the newest {text.counted(number, 'job')} of level {len(seen.levels)}" if number else "nothing yet"
    return f"spread between jobs of one level: {found}; a head is compared with: {compared}"


def anchors_table(seen: BaselineOverview, style: Style) -> Table:
    """The releases that were named, and how far the newest level is from each."""
    numbers = (Column(title, numeric=True) for title in ("jobs", _ENERGY, "since then"))
    columns = (Column("anchor"), *numbers, Column("set"), Column("by"))
    return Table(columns, tuple(_anchor_row(line, style) for line in seen.anchors))


def _anchor_row(line: AnchorLine, style: Style) -> Row:
    return (
        style.quote(line.name),
        str(line.jobs),
        MISSING if line.energy is None else text.significant(line.energy.mean, 4),
        text.percent(line.change),
        style.quote(line.set_utc[:10]),
        style.quote(line.set_by, 24),
    )


def boards_table(seen: BaselineOverview, style: Style) -> Table:
    """The mean on each set of boards in the newest level; no rows where there is only one."""
    numbers = (Column(title, numeric=True) for title in ("jobs", _ENERGY, "spread"))
    several = seen.boards if len(seen.boards) > 1 else ()
    rows = (
        (
            style.quote(", ".join(line.uuids), _WIDE),
            str(line.energy.jobs),
            text.significant(line.energy.mean, 4),
            _spread(line.energy.spread),
        )
        for line in several
    )
    return Table((Column("boards of the newest level"), *numbers), tuple(rows))


def jobs_table(seen: BaselineOverview, style: Style) -> Table:
    """Every accepted job: its level, when, which commit, by whom, and the geometric means of its runs."""
    named = (Column("measured"), Column("commit"), Column("by"), Column("job"), Column("runs", numeric=True))
    columns = (Column("level", numeric=True), *named, *(Column(title, numeric=True) for title in _SHORT.values()))
    return Table(columns, tuple(_job_row(job, style) for job in seen.jobs))


def _job_row(job: JobLine, style: Style) -> Row:
    return (
        str(job.level + 1),
        style.quote(job.measured_utc[:10]),
        MISSING if job.commit is None else style.quote(job.commit[:8]),
        style.quote(job.accepted_by, 24),
        style.quote(job.job_id, 24),
        str(job.runs),
        *(text.significant(job.metric(metric), 4) for metric in _SHORT),
    )


def baseline_diff_table(first: BaselineOverview, second: BaselineOverview, style: Style) -> Table:
    """The fields in which two baselines differ, then the mean of each metric with its relative change."""
    sides = (Column("field"), Column("first"), Column("second"), Column("change", numeric=True))
    return Table(sides, (*_field_rows(first, second, style), *_metric_rows(first, second)))


def _field_rows(first: BaselineOverview, second: BaselineOverview, style: Style) -> Iterable[Row]:
    before, after = _fields(first), _fields(second)
    for name in dict.fromkeys((*before, *after)):
        values = before.get(name), after.get(name)
        if values[0] != values[1]:
            shown = (MISSING if value is None else style.quote(value) for value in values)
            yield style.quote(name), *shown, ""


def _fields(seen: BaselineOverview) -> dict[str, str]:
    baseline, workload = seen.baseline, seen.baseline.scenario.workload
    return {
        "scenario": baseline.scenario.name,
        "digest": baseline.digest[:12],
        "model": f"{workload.model.source}:{workload.model.name}",
        "quantization": workload.quantization,
        "decode": workload.decode,
        "batch": str(workload.batch),
        "tokens": f"{workload.prompt_tokens} in, {workload.new_tokens} out",
        **dict(baseline.fingerprint.fields),
        **_counts(seen),
        "spread between jobs": _spread(seen.spread),
    }


def _metric_rows(first: BaselineOverview, second: BaselineOverview) -> Iterable[Row]:
    """Of the newest level of each, which is what a head would be compared with."""
    for metric, (name, unit) in METRICS.items():
        before, after = first.of(metric), second.of(metric)
        change = None if before is None or after is None or not before.mean else after.mean / before.mean - 1.0
        yield f"{name} ({unit})", _mean_sd(before), _mean_sd(after), text.percent(change)
