"""Values as flat tables for spreadsheets and notebooks. The only module that knows pandas, imported when needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from ecoci.model import Measurement, Report, RunMeasurement, ScenarioReport, WorkPhase

if TYPE_CHECKING:
    import pandas as pd

Cell = str | int | float | bool | None

TEXT, COUNT, NUMBER = "string", "Int64", "Float64"
"""Kinds of cells; any of them may be empty."""

_TEXT, _COUNT, _NUMBER, _FLAG = TEXT, COUNT, NUMBER, "boolean"

_JOB: dict[str, str] = {
    "job_id": _TEXT,
    "created_utc": _TEXT,
    "commit": _TEXT,
    "replay": _FLAG,
    "fingerprint": _TEXT,
    "board_uuids": _TEXT,
    "scenario": _TEXT,
    "gpu": _TEXT,
    "model": _TEXT,
    "quantization": _TEXT,
    "batch": _COUNT,
    "prompt_tokens": _COUNT,
    "new_tokens": _COUNT,
    "decode": _TEXT,
    "verdict": _TEXT,
    "run": _COUNT,
}
_WINDOW: dict[str, str] = {"window": _COUNT}
_NUMBERS: dict[str, str] = {
    "energy_j": _NUMBER,
    "net_energy_j": _NUMBER,
    "duration_s": _NUMBER,
    "output_tokens": _COUNT,
    "requests": _COUNT,
    "energy_per_token_j": _NUMBER,
    "net_energy_per_token_j": _NUMBER,
    "energy_per_request_j": _NUMBER,
    "tokens_per_j": _NUMBER,
    "tokens_per_s": _NUMBER,
    "request_ms": _NUMBER,
    "mean_power_w": _NUMBER,
    "min_power_w": _NUMBER,
    "max_power_w": _NUMBER,
    "gpu_utilization_pct": _NUMBER,
    "peak_memory_bytes": _COUNT,
    "temperature_c": _NUMBER,
    "sm_clock_mhz": _NUMBER,
    "counter_trace_gap": _NUMBER,
}
_RUN: dict[str, str] = {
    "throttled_s": _NUMBER,
    "idle_power_w": _NUMBER,
    "idle_without_context_w": _NUMBER,
    "idle_with_context_w": _NUMBER,
    "prefill_energy_per_token_j": _NUMBER,
    "time_to_first_token_s": _NUMBER,
    "decode_energy_per_token_j": _NUMBER,
    "dispatch_us": _NUMBER,
    "warm_up_generations": _COUNT,
    "flags": _TEXT,
}


def runs_table(report: Report) -> pd.DataFrame:
    """One row for each run of each scenario; `run` counts from 1. Empty cells are readings that are not there."""
    rows = (
        [*_job_cells(report, scenario, run), *_numbers(run.total), *_run_cells(run)]
        for scenario in report.scenarios
        for run in scenario.runs
    )
    return table_of({**_JOB, **_NUMBERS, **_RUN}, rows)


def windows_table(report: Report) -> pd.DataFrame:
    """One row for each window of each run; `run` and `window` count from 1."""
    rows = (
        [*_job_cells(report, scenario, run), number, *_numbers(window), _throttled_s(window)]
        for scenario in report.scenarios
        for run in scenario.runs
        for number, window in enumerate(run.windows, start=1)
    )
    return table_of({**_JOB, **_WINDOW, **_NUMBERS, "throttled_s": _NUMBER}, rows)


def table_of(columns: dict[str, str], rows: Iterable[list[Cell]]) -> pd.DataFrame:
    """A table of rows that are as long as `columns`, which maps names to kinds of cells."""
    import pandas as pd

    cells = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([row[place] for row in cells], dtype=kind)
            for place, (name, kind) in enumerate(columns.items())
        }
    )


def to_csv(frame: pd.DataFrame) -> str:
    """Render a table as CSV text with a header, numbers in full and line ends of one newline.

    A text that a spreadsheet would run as a formula gets an apostrophe before it: names may come from hostile files.
    """
    from pandas.api.types import is_numeric_dtype

    texts = {name: column for name, column in frame.items() if not is_numeric_dtype(column)}
    safe = frame.assign(**{str(name): column.map(_defused, na_action="ignore") for name, column in texts.items()})
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _defused(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _job_cells(report: Report, scenario: ScenarioReport, run: RunMeasurement) -> list[Cell]:
    origin, workload = report.provenance, scenario.scenario.workload
    return [
        origin.job_id,
        origin.created_utc,
        origin.commit,
        origin.replay is not None,
        scenario.fingerprint.name if scenario.fingerprint else None,
        " ".join(board.uuid for board in scenario.environment.boards) if scenario.environment else None,
        scenario.scenario.name,
        scenario.environment.board.product if scenario.environment else None,
        workload.model.name,
        workload.quantization.value,
        workload.batch,
        workload.prompt_tokens,
        workload.new_tokens,
        workload.decode.value,
        scenario.verdict.kind.value,
        run.index + 1,
    ]


def _numbers(measured: Measurement | None) -> list[Cell]:
    return [None if measured is None else _number(measured, name) for name in _NUMBERS]


def _number(measured: Measurement, name: str) -> int | float | None:
    try:
        return cast("int | float | None", getattr(measured, name))
    except ZeroDivisionError:
        # A report that was altered may hold no tokens or no time; its ratios are unknown then.
        return None


def _run_cells(run: RunMeasurement) -> list[Cell]:
    flags = " ".join(flag.code.value for flag in run.flags)
    return [
        _throttled_s(run.total),
        run.idle_power_w,
        run.idle.without_context_w,
        run.idle.with_context_w,
        *_phase_cells(run),
        run.dispatch_us,
        run.warm_up_generations,
        flags or None,
    ]


def _phase_cells(run: RunMeasurement) -> list[Cell]:
    parts = {part.phase: part for part in run.phases if part.tokens > 0}
    prefill, decode = parts.get(WorkPhase.PREFILL), parts.get(WorkPhase.DECODE)
    return [
        None if prefill is None else prefill.energy_per_token_j,
        None if prefill is None else prefill.repeat_s,
        None if decode is None else decode.energy_per_token_j,
    ]


def _throttled_s(measured: Measurement | None) -> float | None:
    return None if measured is None else sum((t.duration_s for t in measured.throttled), 0.0)
