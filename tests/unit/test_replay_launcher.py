"""Which recordings can be played, and what a replay says of its origin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecoci.errors import DataError
from ecoci.launchers.replay import ReplayLauncher
from ecoci.model import JobResult, Provenance, Replay, ScenarioResult
from tests.simulated import scenario

JOB = JobResult(Provenance("job-1", "2026-01-02T03:04:05Z", "0.1.0"), (ScenarioResult(scenario(), ()),))


def test_a_recording_without_a_scenario_is_refused() -> None:
    with pytest.raises(DataError, match=r"no scenario was recorded in a\.json"):
        ReplayLauncher((("a.json", replace(JOB, results=())),))


def test_a_scenario_recorded_twice_is_refused_instead_of_picked() -> None:
    with pytest.raises(DataError, match=r"'tiny' is recorded twice: in a\.json and in b\.json"):
        ReplayLauncher((("a.json", JOB), ("b.json", JOB)))


def test_the_result_of_a_replay_keeps_the_day_of_the_first_recording() -> None:
    first = Replay("2025-12-31T00:00:00Z", "NVIDIA H200", "first.json")
    played = replace(JOB, provenance=replace(JOB.provenance, replay=first))
    assert ReplayLauncher((("second.json", played),)).provenance() == first
