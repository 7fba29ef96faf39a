"""Turns the fields of older files into those of the next version, one version at a time. Works on plain JSON data.

What an older version had no word for gets the value that says what was so then, never a newer default.
"""

from __future__ import annotations

from typing import Any

Fields = dict[str, Any]


def result_1_to_2(fields: Fields) -> Fields:
    """Version 2 measures several boards, takes idle power in three states and can quiet the host."""
    results = [_result_2(result) for result in fields["results"]]
    return {**fields, "results": results}


def report_1_to_2(fields: Fields) -> Fields:
    """As for results: the report holds the scenario and the environment of each."""
    return {**fields, "scenarios": [_scenario_report_2(scenario) for scenario in fields["scenarios"]]}


def baseline_1_to_2(fields: Fields) -> Fields:
    """Version 2 names all boards of an observation."""
    observations = [
        _renamed(entry, "board_uuid", "board_uuids", lambda uuid: [uuid]) for entry in fields["observations"]
    ]
    return {**fields, "scenario": _scenario_2(fields["scenario"]), "observations": observations}


def _result_2(result: Fields) -> Fields:
    return {**result, "scenario": _scenario_2(result["scenario"]), "runs": [_run_2(run) for run in result["runs"]]}


def _scenario_2(scenario: Fields) -> Fields:
    return {**scenario, "effort": {**scenario["effort"], "host": "as_is"}}


def _run_2(run: Fields) -> Fields:
    idle = run.get("idle")
    return {
        **run,
        "environment": _environment_2(run["environment"]),
        "idle": {"loaded": [] if idle is None else [idle]},
        "windows": [_window_2(window) for window in run["windows"]],
        "superseded": [_window_2(window) for window in run.get("superseded", [])],
    }


def _environment_2(environment: Fields | None) -> Fields | None:
    return None if environment is None else _renamed(environment, "board", "boards", lambda board: [board])


def _window_2(window: Fields) -> Fields:
    return _renamed(window, "trace", "traces", lambda trace: [trace])


def _scenario_report_2(report: Fields) -> Fields:
    environment = _environment_2(report["environment"])
    return {**report, "scenario": _scenario_2(report["scenario"]), "environment": environment}


def _renamed(fields: Fields, old: str, new: str, convert: Any) -> Fields:
    """The fields with one under another name, its value converted, in the same place."""
    return {new if name == old else name: convert(value) if name == old else value for name, value in fields.items()}
