from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ecoci import upgrades
from ecoci.codec import loads
from ecoci.identity import scenario_digest
from ecoci.model import Baseline, HostMode, IdleTraces, JobResult

TRACE = {
    "board_uuid": "GPU-1",
    "started_s": 0.0,
    "ended_s": 10.0,
    "counter_start": None,
    "counter_end": None,
    "counter_edge": None,
    "tick_s": 0.1,
    "power": None,
}
WORK = {"generation_s": [10.0], "requests": 1, "prompt_tokens": 64, "output_tokens": 64}
SCENARIO = {"name": "tiny", "workload": {"model": {"source": "synthetic", "name": "tiny"}}, "effort": {"runs": 1}}
ENVIRONMENT = {
    "board": {"product": "NVIDIA H200", "uuid": "GPU-1", "driver": "580.1"},
    "engine": {"name": "transformers", "device": "cuda", "libraries": []},
    "host": {"cpu": "a CPU", "logical_cores": 1, "system": "Linux", "python": "3.11"},
}
RUN = {
    "index": 0,
    "started_utc": "2026-01-02T03:04:05Z",
    "environment": ENVIRONMENT,
    "load_s": 1.0,
    "warm_up": None,
    "idle": TRACE,
    "windows": [{"trace": TRACE, "work": WORK}],
    "superseded": [{"trace": TRACE, "work": WORK}],
}
PROVENANCE = {"job_id": "job", "created_utc": "2026-01-02T03:04:05Z", "ecoci_version": "0.1.0"}
RESULT = {"schema": "ecoci/result", "version": 1, "provenance": PROVENANCE}


def result(**changes: Any) -> JobResult:
    run = {**RUN, **changes}
    data = {**RESULT, "results": [{"scenario": SCENARIO, "runs": [run]}]}
    return loads(json.dumps(data), JobResult, source="old.json")


def test_a_result_of_version_1_has_one_board_and_one_trace_a_window() -> None:
    (run,) = result().results[0].runs
    assert run.environment is not None
    assert [board.uuid for board in run.environment.boards] == ["GPU-1"]
    assert [len(window.traces) for window in (*run.windows, *run.superseded)] == [1, 1]


def test_idle_power_of_version_1_was_taken_with_the_model_loaded() -> None:
    assert [trace.board_uuid for trace in result().results[0].runs[0].idle.loaded] == ["GPU-1"]
    assert result(idle=None).results[0].runs[0].idle == IdleTraces()


def test_a_run_of_version_1_that_named_no_card_still_names_none() -> None:
    assert result(environment=None).results[0].runs[0].environment is None


def test_nobody_quieted_the_host_of_version_1() -> None:
    assert result().results[0].scenario.effort.host is HostMode.AS_IS


def test_a_digest_of_version_1_is_still_the_digest_of_its_scenario() -> None:
    observation = {
        "job_id": "j",
        "run_index": 0,
        "commit": None,
        "measured_utc": "",
        "accepted_utc": "",
        "accepted_by": "a",
        "board_uuid": "GPU-1",
        "metrics": [],
    }
    data = {
        "schema": "ecoci/baseline",
        "version": 1,
        "fingerprint": {"name": "gpu", "fields": []},
        "scenario": SCENARIO,
        "digest": "4c4f3e4d70174e3c",
        "observations": [observation],
    }
    found = loads(json.dumps(data), Baseline, source="old.json")
    assert scenario_digest(found.scenario) == found.digest
    assert found.observations[0].board_uuids == ("GPU-1",)


@pytest.mark.parametrize("file", sorted(Path("benchmarks/results").glob("h200-2026-11-21/*/gpu*.json.gz")), ids=str)
def test_recordings_of_version_1_can_still_be_read(file: Path) -> None:
    found = loads(gzip.decompress(file.read_bytes()), JobResult, source=str(file))
    assert all(len(window.traces) == 1 for one in found.results for run in one.runs for window in run.windows)


@pytest.mark.parametrize("step", [upgrades.result_1_to_2, upgrades.report_1_to_2, upgrades.baseline_1_to_2])
@pytest.mark.parametrize(
    "broken",
    [{}, {"results": 3}, {"results": [3]}, {"results": [{"runs": [None]}]}, {"scenarios": [[]]}, {"observations": {}}],
)
def test_what_is_broken_is_left_for_the_strict_decoding(step: Any, broken: dict[str, Any]) -> None:
    assert step(broken) == broken
