"""The main job in order: audit, measure, save, compare, decide, render, publish. It takes ports, never makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ecoci.compare import Head, compare, notes
from ecoci.errors import EcociError, EngineError, InterruptedRunError
from ecoci.identity import fingerprint_of, scenario_digest
from ecoci.measure import measure_run, summarize
from ecoci.model import (
    Artifact,
    Baseline,
    Environment,
    Finding,
    Fingerprint,
    JobResult,
    Provenance,
    Reason,
    ReasonCode,
    Report,
    RunJob,
    RunMeasurement,
    RunRecord,
    Scenario,
    ScenarioReport,
    ScenarioResult,
    Spec,
    Workload,
)
from ecoci.ports import Auditor, Launcher, Observer, Publisher, ResultStore
from ecoci.verdict import decide, overall


@dataclass(frozen=True, slots=True)
class Machine:
    """Where runs are made: the launcher, the card and the folder for synthetic weights."""

    launcher: Launcher
    board_uuid: str
    cache_dir: str
    observer: Observer


@dataclass(frozen=True, slots=True)
class Desk:
    """Where results go and what reads the repository."""

    auditor: Auditor
    store: ResultStore
    publisher: Publisher
    render: Callable[[Report], tuple[Artifact, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job ended with; `stopped` is the error that cut it short, None when it ran to its end."""

    report: Report
    stopped: EcociError | None


def run(spec: Spec, root: Path, provenance: Provenance, machine: Machine, desk: Desk) -> Outcome:
    """The whole job. An error that left nothing measured is raised, any other is kept beside the report."""
    findings = desk.auditor.audit(root)
    job, stopped = measure(spec, provenance, machine, desk.store)
    report = judge(job, findings, desk.store)
    desk.publisher.publish(desk.render(report))
    return Outcome(report, stopped)


def measure(
    spec: Spec, provenance: Provenance, machine: Machine, store: ResultStore
) -> tuple[JobResult, EcociError | None]:
    """Measure all scenarios and save after each run: what was measured is never lost.

    An `EngineError` ends its scenario, any other error the job. Raises it when not a single run was begun before.
    """
    job = JobResult(provenance, (), spec.tariff, complete=False)
    first_error: EcociError | None = None
    for scenario in spec.scenarios:
        job, error = _measure_scenario(scenario, job, machine, store)
        first_error = first_error or error
        if error is not None and not isinstance(error, EngineError):
            break
    if first_error is not None and not _any_window(job):
        raise first_error
    job = replace(job, complete=first_error is None)
    store.save_result(job)
    return job, first_error


def _any_window(job: JobResult) -> bool:
    return any(run.windows or run.superseded for result in job.results for run in result.runs)


def _measure_scenario(
    scenario: Scenario, job: JobResult, machine: Machine, store: ResultStore
) -> tuple[JobResult, EcociError | None]:
    done = ScenarioResult(scenario, ())
    for index in range(scenario.effort.runs):
        record, error = _launch(
            RunJob(scenario, index, scenario.effort.runs, machine.board_uuid, machine.cache_dir), machine
        )
        done = replace(done, runs=(*done.runs, record))
        store.save_result(replace(job, results=(*job.results, done)))
        if error is not None:
            return replace(job, results=(*job.results, done)), error
    return replace(job, results=(*job.results, done)), None


def _launch(job: RunJob, machine: Machine) -> tuple[RunRecord, EcociError | None]:
    try:
        record = machine.launcher.launch(job, machine.observer)
    except EcociError as error:
        facts = (("message", error.message), ("remedy", error.remedy))
        return _failed(job.run_index, Reason(ReasonCode.RUN_FAILED, facts)), error
    stop = record.failure
    if stop is not None and stop.code is ReasonCode.INTERRUPTED:
        return record, InterruptedRunError(int(stop.fact("signal") or 2))
    return record, None


def _failed(index: int, failure: Reason) -> RunRecord:
    return RunRecord(index, "", None, None, None, None, (), failure=failure)


def judge(job: JobResult, findings: tuple[Finding, ...], store: ResultStore) -> Report:
    """Compare every scenario with its stored baseline and decide. Everything here can be repeated from the files."""
    scenarios = tuple(_judge_scenario(result, store) for result in job.results)
    verdict = overall(scenario.verdict.kind for scenario in scenarios)
    return Report(job.provenance, scenarios, findings, job.tariff, verdict, job.complete)


def _judge_scenario(result: ScenarioResult, store: ResultStore) -> ScenarioReport:
    runs = tuple(measure_run(record) for record in result.runs)
    environment = _environment(result)
    head = Head(result.scenario, environment, runs)
    baseline, candidates = _find_baseline(result.scenario, environment, store)
    comparison = compare(head, baseline, candidates)
    if mixed := _mixed_fields(result):
        reason = Reason(ReasonCode.MIXED_ENVIRONMENT, (("fields", ", ".join(mixed)),))
        comparison = replace(comparison, problems=(reason, *comparison.problems))
    return ScenarioReport(
        scenario=result.scenario,
        digest=scenario_digest(result.scenario),
        fingerprint=_fingerprint(environment, result.scenario.workload),
        environment=environment,
        runs=runs,
        head=summarize(runs),
        comparison=comparison,
        verdict=decide(comparison, result.scenario.policy),
        flags=(*notes(head, baseline), *_flags(runs)),
    )


def _environment(result: ScenarioResult) -> Environment | None:
    return next((run.environment for run in result.runs if run.environment is not None), None)


def _mixed_fields(result: ScenarioResult) -> tuple[str, ...]:
    """The parts of the environment that changed between the runs, so that they cannot be pooled; empty when none."""
    seen = [run.environment for run in result.runs if run.environment is not None]
    parts = (
        ("board", len({environment.board for environment in seen})),
        ("engine", len({environment.engine for environment in seen})),
        ("host", len({environment.host for environment in seen})),
    )
    return tuple(name for name, count in parts if count > 1)


def _fingerprint(environment: Environment | None, workload: Workload) -> Fingerprint | None:
    return None if environment is None else fingerprint_of(environment, workload)


def _flags(runs: tuple[RunMeasurement, ...]) -> tuple[Reason, ...]:
    """Each run's flags with the run they came from."""
    return tuple(replace(flag, facts=(("run", run.index + 1), *flag.facts)) for run in runs for flag in run.flags)


def _find_baseline(
    scenario: Scenario, environment: Environment | None, store: ResultStore
) -> tuple[Baseline | None, tuple[Baseline, ...]]:
    """The baseline on this fingerprint, and those of the same scenario elsewhere.

    With `against` the other scenario's own settings decide what its fingerprint is on this machine.
    """
    name = scenario.against or scenario.name
    candidates = tuple(b for b in store.list_baselines() if b.scenario.name == name)
    if environment is None:
        return None, candidates
    here = (b for b in candidates if fingerprint_of(environment, _settings(scenario, b)) == b.fingerprint)
    return next(here, None), candidates


def _settings(scenario: Scenario, baseline: Baseline) -> Workload:
    return scenario.workload if scenario.against is None else baseline.scenario.workload
