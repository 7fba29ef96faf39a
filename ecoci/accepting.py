"""Takes what a job measured into the stored baselines."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecoci.model import Baseline, Environment, JobResult, ScenarioResult
    from ecoci.ports import Say
    from ecoci.store import FolderStore


def accept_result(result: Path, baselines: Path, say: Say, by: str | None = None, only: tuple[str, ...] = ()) -> None:
    """Accept a stored job into the baselines of a folder, whole or not at all; `say` is told of each scenario."""
    from ecoci.render.text import counted
    from ecoci.store import FolderStore, load_result

    job, store = load_result(result), FolderStore(result.parent, baselines)
    # All are checked before the first is kept: a job is accepted whole or not at all.
    accepted = [_accepted(job, measured, store, by or actor()) for measured in _chosen(job, only)]
    for kept in accepted:
        path = store.save_baseline(kept)
        runs = sum(one.job_id == job.provenance.job_id for one in kept.observations)
        say(f"accepted {counted(runs, 'run')} of {kept.scenario.name} into {path}")


def _chosen(job: JobResult, only: tuple[str, ...]) -> tuple[ScenarioResult, ...]:
    from ecoci.errors import InputError

    names = tuple(measured.scenario.name for measured in job.results)
    unknown = sorted(set(only) - set(names))
    if unknown or not names:
        raise InputError(
            f"the result holds no scenario {unknown[0]!r}" if unknown else "the result holds no scenario at all",
            cause=f"it holds: {', '.join(names) or 'nothing'}",
            remedy="give --scenario one of these names, or measure that scenario first",
        )
    return tuple(measured for measured in job.results if not only or measured.scenario.name in only)


def _accepted(job: JobResult, measured: ScenarioResult, store: FolderStore, by: str) -> Baseline:
    from ecoci import baselines as core
    from ecoci.identity import fingerprint_of, scenario_digest
    from ecoci.measure import measure_run
    from ecoci.wiring import now_utc

    fingerprint = fingerprint_of(_environment(measured), measured.scenario.workload)
    acceptance = core.Acceptance(
        provenance=job.provenance,
        accepted_utc=now_utc(),
        accepted_by=by,
        fingerprint=fingerprint,
        digest=scenario_digest(measured.scenario),
    )
    runs = tuple(measure_run(record) for record in measured.runs)
    return core.accept(measured, runs, acceptance, store.load_baseline(fingerprint, measured.scenario.name))


def _environment(measured: ScenarioResult) -> Environment:
    from ecoci.errors import InputError

    known = next((run.environment for run in measured.runs if run.environment is not None), None)
    if known is None:
        raise InputError(
            f"no run of {measured.scenario.name} was made, so there is nothing to accept",
            cause="every run failed before the model was loaded",
            remedy="see the failures with `ecoci report`, measure again, then accept",
        )
    return known


def actor() -> str:
    """Who accepts where nobody is named: the actor of the CI job, else the user."""
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()
