"""From a measured job and the stored baselines to the report: measure, compare, decide. It reads and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ecoci.compare import Head, compare, notes
from ecoci.errors import DataError
from ecoci.identity import fingerprint_of, scenario_digest
from ecoci.measure import measure_run, summarize
from ecoci.model import (
    Baseline,
    Environment,
    Finding,
    Fingerprint,
    JobResult,
    Reason,
    ReasonCode,
    Report,
    RunMeasurement,
    RunRecord,
    Scenario,
    ScenarioReport,
    ScenarioResult,
    VerdictKind,
    Workload,
)
from ecoci.quality import with_clock_changes
from ecoci.verdict import decide, overall


def judge(job: JobResult, findings: tuple[Finding, ...], baselines: tuple[Baseline, ...]) -> Report:
    """Compare every scenario with its baseline and decide. Everything here can be repeated from the files.

    Observations of this very job are left out of the baselines: compared with itself, everything passes. A job that was
    cut short is never green: the scenarios it did not reach are unknown. Raises `DataError` for a
    result whose policy no scenario file could hold.
    """
    own = tuple(b for b in baselines if {o.job_id for o in b.observations} == {job.provenance.job_id})
    others = tuple(kept for b in baselines if (kept := _without_job(b, job.provenance.job_id)).observations)
    scenarios = tuple(_judge_scenario(result, others, own) for result in job.results)
    verdict = overall(scenario.verdict.kind for scenario in scenarios)
    if not job.complete and verdict in (VerdictKind.PASS, VerdictKind.IMPROVED):
        verdict = VerdictKind.NOT_MEASURABLE
    return Report(job.provenance, scenarios, findings, job.tariff, verdict, job.complete)


def _without_job(baseline: Baseline, job_id: str) -> Baseline:
    return replace(baseline, observations=tuple(o for o in baseline.observations if o.job_id != job_id))


def _judge_scenario(
    result: ScenarioResult, baselines: tuple[Baseline, ...], own: tuple[Baseline, ...]
) -> ScenarioReport:
    check_policy(result.scenario)
    runs = with_clock_changes(tuple(measure_run(record) for record in result.runs))
    environment = _environment(result)
    head = Head(result.scenario, environment, runs)
    baseline, candidates = _find_baseline(result.scenario, environment, baselines)
    comparison = compare(head, baseline, candidates)
    itself, _ = _find_baseline(result.scenario, environment, own)
    problems = (*_result_problems(result), *_naming_itself(comparison.problems, itself))
    comparison = replace(comparison, problems=problems)
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


def _naming_itself(problems: tuple[Reason, ...], itself: Baseline | None) -> Iterator[Reason]:
    """Where the only baseline is this very job's, its absence would puzzle who has just accepted it."""
    for reason in problems:
        if itself is None or reason.code is not ReasonCode.NO_BASELINE:
            yield reason
        else:
            yield replace(reason, facts=(*reason.facts, ("own_job", itself.observations[0].job_id)))


def check_policy(scenario: Scenario) -> None:
    """Raise DataError for a policy that no scenario file could hold.

    A result may come from elsewhere: with a wild alpha or tolerance any number would pass.
    """
    policy = scenario.policy
    if not (0.0 < policy.alpha < 0.5 and 0.0 < policy.tolerance < 1.0):
        raise DataError(
            f"{scenario.name}: alpha {policy.alpha:g} and tolerance {policy.tolerance:g} cannot decide anything",
            cause="the result was altered: a scenario file takes alpha from 0 to 0.5 and tolerance from 0 to 1 only",
            remedy="measure again with `ecoci run`",
        )


def _result_problems(result: ScenarioResult) -> Iterator[Reason]:
    """What forbids to pool the runs: other machines, or runs and windows that are absent or counted twice."""
    if mixed := _mixed_fields(result):
        yield Reason(ReasonCode.MIXED_ENVIRONMENT, (("fields", ", ".join(mixed)),))
    effort, runs = result.scenario.effort, result.runs
    if len({run.index for run in runs}) < len(runs):
        yield Reason(ReasonCode.RUN_FAILED, (("message", "the result holds a run twice"),))
    if len(runs) < effort.runs:
        yield Reason(ReasonCode.RUN_FAILED, (("message", f"only {len(runs)} of {effort.runs} runs were made"),))
    odd = [str(run.index + 1) for run in runs if run.failure is None and len(run.windows) != effort.windows]
    if odd:
        message = f"it does not hold the {effort.windows} windows of the scenario"
        yield Reason(ReasonCode.RUN_FAILED, (("run", ", ".join(odd)), ("message", message)))
    if elsewhere := _on_other_boards(result):
        message = "it does not hold one trace of each board of the scenario in every window"
        yield Reason(ReasonCode.RUN_FAILED, (("run", ", ".join(elsewhere)), ("message", message)))


def _on_other_boards(result: ScenarioResult) -> tuple[str, ...]:
    """Runs, by number, whose energy would be that of more or fewer boards than the model ran on."""
    devices = result.scenario.workload.devices
    return tuple(str(run.index + 1) for run in result.runs if not _has_every_board(run, devices))


def _has_every_board(run: RunRecord, devices: int) -> bool:
    if run.environment is None:
        return True
    wanted = tuple(board.uuid for board in run.environment.boards)
    found = {tuple(trace.board_uuid for trace in window.traces) for window in run.windows}
    return len(set(wanted)) == len(wanted) == devices and found <= {wanted}


def _environment(result: ScenarioResult) -> Environment | None:
    return next((run.environment for run in result.runs if run.environment is not None), None)


def _mixed_fields(result: ScenarioResult) -> tuple[str, ...]:
    """The parts of the environment that changed between the runs, so that they cannot be pooled; empty when none."""
    seen = [run.environment for run in result.runs if run.environment is not None]
    parts = (
        ("board", len({environment.boards for environment in seen})),
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
    scenario: Scenario, environment: Environment | None, baselines: tuple[Baseline, ...]
) -> tuple[Baseline | None, tuple[Baseline, ...]]:
    """The baseline on this fingerprint, and those of the same scenario elsewhere.

    With `against` the other scenario's own settings decide what its fingerprint is on this machine.
    """
    name = scenario.against or scenario.name
    candidates = tuple(b for b in baselines if b.scenario.name == name)
    if environment is None:
        return None, candidates
    here = (b for b in candidates if fingerprint_of(environment, _settings(scenario, b)) == b.fingerprint)
    return next(here, None), candidates


def _settings(scenario: Scenario, baseline: Baseline) -> Workload:
    return scenario.workload if scenario.against is None else baseline.scenario.workload
