"""The main job in order: audit, measure, save, compare, decide, render, publish. It takes ports, never makes them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ecoci.ancestry import measured_before, measured_commits
from ecoci.errors import DeviceError, EcociError, InterruptedRunError
from ecoci.gate import NoPairs, merged, to_confirm, to_screen, without_pairs
from ecoci.judge import judge
from ecoci.model import (
    Artifact,
    Baseline,
    JobResult,
    Provenance,
    Reason,
    ReasonCode,
    Report,
    RunJob,
    RunRecord,
    Scenario,
    ScenarioResult,
    Spec,
)
from ecoci.pairing import judge_pairs
from ecoci.ports import Auditor, Confirmer, History, Launcher, Observer, Publisher, ResultStore


@dataclass(frozen=True, slots=True)
class Machine:
    """Where runs are made: the launcher, the visible cards and the folder for synthetic weights.

    `extra_tokens` plants a change: so many more than counted are generated in each request. `brief` leaves out of runs
    what only informs.
    """

    launcher: Launcher
    board_uuids: tuple[str, ...]
    cache_dir: str
    observer: Observer
    wait_idle_s: float = 0.0
    extra_tokens: int = 0
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """Where results go and what reads the repository."""

    auditor: Auditor
    store: ResultStore
    publisher: Publisher
    render: Callable[[Report], tuple[Artifact, ...]]
    history: History | None = None

    def newer_than(self, commit: str | None, baselines: tuple[Baseline, ...]) -> frozenset[str] | None:
        """Commits of the baselines that the commit does not contain; None where nobody can tell.

        Without a history nobody has to: the user says what the base is.
        """
        if self.history is None:
            return frozenset()
        return None if commit is None else self.history.newer(measured_commits(baselines), commit)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job ended with; `stopped` is the error that cut it short, None when it ran to its end."""

    report: Report
    stopped: EcociError | None


@dataclass(frozen=True, slots=True)
class Order:
    """What a job is to do: the scenarios, the repository they belong to, and where the job came from."""

    spec: Spec
    root: Path
    provenance: Provenance

    @property
    def is_replay(self) -> bool:
        return self.provenance.replay is not None

    @property
    def not_paired(self) -> NoPairs:
        """Why the answer of a confirmer lacks a scenario."""
        return NoPairs.NOT_RECORDED if self.is_replay else NoPairs.NOT_IN_BASE


def run(order: Order, machine: Machine, desk: Desk, confirmer: Confirmer | None = None) -> Outcome:
    """The whole job: audit, hold the head against its baselines, let pairs decide what these leave open, publish.

    Without a confirmer everything is screened. A scenario that fails does not keep the others from being judged and
    paired. An error that left nothing measured is raised, any other is kept beside the report.
    """
    audited = desk.auditor.audit(order.root)
    findings = audited.findings
    # read first: a damaged baseline shows before minutes of measuring, not after
    baselines = desk.store.list_baselines()
    newer = desk.newer_than(order.provenance.commit, baselines)
    chosen = order.spec.scenarios if confirmer is None else to_screen(order.spec, measured_before(baselines, newer))
    begun = JobResult(order.provenance, (), order.spec.tariff)
    job, stopped = _measured(chosen, begun, machine, desk.store)
    report = judge(job, findings, baselines, newer=newer)
    if confirmer is None:
        report = without_pairs(report, NoPairs.STORED if order.is_replay else NoPairs.NO_BASE)
    elif ends_job(stopped):
        report = without_pairs(report, NoPairs.STOPPED)
    else:
        report, error = _confirmed(order, report, confirmer)
        stopped = graver(stopped, error)
    missing = () if ends_job(stopped) else _missing(order.spec, report)
    if missing:
        job, error = _measured(missing, job, machine, desk.store)
        late = without_pairs(judge(job, findings, baselines, newer=newer), order.not_paired)
        report, stopped = _together(order.spec, report, late), graver(stopped, error)
    if stopped is not None and not _any_number(job, report):
        raise stopped
    report = replace(report, audit_fails=audited.fails, suppressed=audited.suppressed, audited_by=audited.policy_from)
    report = replace(report, unread=audited.unread)
    desk.publisher.publish(desk.render(report))
    return Outcome(report, stopped)


def ends_job(error: EcociError | None) -> bool:
    """Whether nothing more is measured; any other error ends only its scenario."""
    return isinstance(error, InterruptedRunError)


def graver(first: EcociError | None, second: EcociError | None) -> EcociError | None:
    """The error that a job ends with: the one that ended all of it, else the first."""
    return second if first is None or (ends_job(second) and not ends_job(first)) else first


def _any_number(job: JobResult, report: Report) -> bool:
    return _any_window(job) or any(one.confirmation is not None for one in report.scenarios)


def _confirmed(order: Order, screened: Report, confirmer: Confirmer) -> tuple[Report, EcociError | None]:
    """The report with what pairs decided. An error of a confirmation does not take back what was screened."""
    doubtful = to_confirm(order.spec, screened)
    if not doubtful:
        return screened, None
    try:
        result, stopped = confirmer.confirm(doubtful)
    except EcociError as error:
        return _unpaired(order.spec, without_pairs(screened, NoPairs.STOPPED), error), error
    return without_pairs(merged(order.spec, screened, judge_pairs(result)), order.not_paired), stopped


def _unpaired(spec: Spec, screened: Report, error: EcociError) -> Report:
    """What was screened, and beside it why the others could not be paired."""
    lost = () if ends_job(error) else _missing(spec, screened)
    failed = tuple(ScenarioResult(one, (_failed(0, error),)) for one in lost)
    job = JobResult(screened.provenance, failed, screened.tariff, complete=False)
    return _together(spec, screened, judge(job, screened.findings, ()))


def _missing(spec: Spec, report: Report) -> tuple[Scenario, ...]:
    """Scenarios that were neither screened nor had a base for pairs: they are new, and measured once nevertheless."""
    known = {scenario.scenario.name for scenario in report.scenarios}
    return tuple(one for one in spec.scenarios if one.name not in known)


def _together(spec: Spec, before: Report, late: Report) -> Report:
    known = {scenario.scenario.name for scenario in before.scenarios}
    added = replace(late, scenarios=tuple(one for one in late.scenarios if one.scenario.name not in known))
    return merged(spec, added, before)


def measure(
    spec: Spec, provenance: Provenance, machine: Machine, store: ResultStore
) -> tuple[JobResult, EcociError | None]:
    """Measure all scenarios and save after each run: what was measured is never lost.

    An interrupt ends the job, any other error its scenario. Raises it when not a single run was begun before.
    """
    job, stopped = _measured(spec.scenarios, JobResult(provenance, (), spec.tariff), machine, store)
    if stopped is not None and not _any_window(job):
        raise stopped
    return job, stopped


def _measured(
    scenarios: tuple[Scenario, ...], begun: JobResult, machine: Machine, store: ResultStore
) -> tuple[JobResult, EcociError | None]:
    """The job that was begun, gone on with, and the error that it ended with. Nothing is saved of no scenario."""
    job, stopped = replace(begun, complete=False), None
    for scenario in scenarios:
        job, error = _measure_scenario(scenario, job, machine, store)
        stopped = graver(stopped, error)
        if ends_job(stopped):
            break
    job = replace(job, complete=begun.complete and stopped is None)
    return job, stopped or (_save(job, store) if scenarios else None)


def _save(job: JobResult, store: ResultStore) -> InterruptedRunError | None:
    return save_surely(lambda: store.save_result(job))


def save_surely(save: Callable[[], object]) -> InterruptedRunError | None:
    """Save a result. An interrupt meanwhile is handed back, once the file is written after all."""
    try:
        save()
    except InterruptedRunError as stop:
        save()
        return stop
    return None


def _any_window(job: JobResult) -> bool:
    return any(run.windows or run.superseded for result in job.results for run in result.runs)


def _measure_scenario(
    scenario: Scenario, job: JobResult, machine: Machine, store: ResultStore
) -> tuple[JobResult, EcociError | None]:
    done = ScenarioResult(scenario, ())
    for index in range(scenario.effort.runs):
        record, error = launch(scenario, index, machine)
        done = replace(done, runs=(*done.runs, record))
        stop = _save(replace(job, results=(*job.results, done)), store)
        error = stop or error
        if error is not None:
            return replace(job, results=(*job.results, done)), error
    return replace(job, results=(*job.results, done)), None


def launch(scenario: Scenario, index: int, machine: Machine) -> tuple[RunRecord, EcociError | None]:
    """One run, and the error that it ended with; the record then holds what was measured before, and why it ended."""
    try:
        boards = _boards(scenario, machine)
        job = RunJob(
            scenario=scenario,
            run_index=index,
            runs_total=scenario.effort.runs,
            board_uuids=boards,
            cache_dir=machine.cache_dir,
            wait_idle_s=machine.wait_idle_s,
            extra_tokens=machine.extra_tokens,
            brief=machine.brief,
        )
        record = machine.launcher.launch(job, machine.observer)
    except EcociError as error:
        return _failed(index, error), error
    stop = record.failure
    if stop is not None and stop.code is ReasonCode.INTERRUPTED:
        number = signal.SIGTERM if stop.fact("signal") == signal.SIGTERM else signal.SIGINT
        return record, InterruptedRunError(number.value)
    return record, None


def _boards(scenario: Scenario, machine: Machine) -> tuple[str, ...]:
    """The first visible cards, as many as the scenario names. A replay has none."""
    wanted, visible = scenario.workload.devices, machine.board_uuids
    if visible and len(visible) < wanted:
        raise DeviceError(
            f"scenario {scenario.name!r} names {wanted} devices, and {len(visible)} can be seen",
            cause="the machine has fewer GPUs, or CUDA_VISIBLE_DEVICES hides some of them",
            remedy="run on a machine with enough GPUs, show them in CUDA_VISIBLE_DEVICES, or lower devices",
        )
    return visible[:wanted]


def _failed(index: int, error: EcociError) -> RunRecord:
    facts = (("message", error.message), ("remedy", error.remedy))
    return RunRecord(index, "", None, None, None, (), failure=Reason(ReasonCode.RUN_FAILED, facts))
