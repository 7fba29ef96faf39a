"""Turns the fields of older files into those of the next version, one version at a time. Works on plain JSON data.

What an older version had no word for gets the value that says what was so then, never a newer default. Data that is not
what it should be is left as it is: the strict decoding that follows says what is wrong with it, and where.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Fields = dict[str, Any]
Change = Callable[[Any], Any]


def result_1_to_2(fields: Fields) -> Fields:
    """Version 2 measures several boards, takes idle power in three states and can quiet the host."""
    changed: Fields = _changed(fields, results=_each(_result_2))
    return changed


def report_1_to_2(fields: Fields) -> Fields:
    """As for results: the report holds the scenario and the environment of each."""
    changed: Fields = _changed(fields, scenarios=_each(_scenario_report_2))
    return changed


def report_2_to_3(fields: Fields) -> Fields:
    """Version 3 can tell of alternating pairs; before, there were none."""

    def add_confirmation(scenario: Any) -> Any:
        return {**scenario, "confirmation": None} if isinstance(scenario, dict) else scenario

    changed: Fields = _changed(fields, scenarios=_each(add_confirmation))
    return changed


def report_3_to_4(fields: Fields) -> Fields:
    """Version 4 counts jobs where version 3 counted runs; what the screen was held against it did not say."""
    changed: Fields = _with_codes(fields, {"too_few_runs": "too_few_jobs"})
    return changed


def _with_codes(value: Any, renamed: dict[str, str]) -> Any:
    """The same data with other codes of reasons, however deep they stand."""
    if isinstance(value, list):
        return [_with_codes(item, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {name: _with_codes(item, renamed) for name, item in value.items()}
    code = fields.get("code")
    return {**fields, "code": renamed[code]} if isinstance(code, str) and code in renamed else fields


def baseline_1_to_2(fields: Fields) -> Fields:
    """Version 2 names all boards of an observation."""
    observations = _each(lambda entry: _renamed(entry, "board_uuid", "board_uuids", _alone))
    changed: Fields = _changed(fields, scenario=_scenario_2, observations=observations)
    return changed


def _result_2(result: Any) -> Any:
    return _changed(result, scenario=_scenario_2, runs=_each(_run_2))


def _scenario_report_2(report: Any) -> Any:
    return _changed(report, scenario=_scenario_2, environment=_environment_2)


def _scenario_2(scenario: Any) -> Any:
    def add_host(effort: Any) -> Any:
        return {**effort, "host": "as_is"} if isinstance(effort, dict) else effort

    return _changed(scenario, effort=add_host)


def _run_2(run: Any) -> Any:
    windows = _each(lambda window: _renamed(window, "trace", "traces", _alone))
    return _changed(run, environment=_environment_2, idle=_idle_2, windows=windows, superseded=windows)


def _environment_2(environment: Any) -> Any:
    return _renamed(environment, "board", "boards", _alone)


def _idle_2(trace: Any) -> Fields:
    return {"loaded": [] if trace is None else [trace]}


def _alone(value: Any) -> list[Any]:
    return [value]


def _changed(fields: Any, **changes: Change) -> Any:
    """The fields with some values changed, where they are there."""
    if not isinstance(fields, dict):
        return fields
    return {name: changes[name](value) if name in changes else value for name, value in fields.items()}


def _each(change: Change) -> Change:
    return lambda values: [change(value) for value in values] if isinstance(values, list) else values


def _renamed(fields: Any, old: str, new: str, change: Change) -> Any:
    """The fields with one of them under another name and changed, in the same place."""
    if not isinstance(fields, dict) or old not in fields:
        return fields
    return {new if name == old else name: change(value) if name == old else value for name, value in fields.items()}
