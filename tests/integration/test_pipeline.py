"""The whole job with simulated GPUs and real files: one test per verdict and per failure family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ecoci import baselines, pipeline
from ecoci.codec import dumps
from ecoci.errors import DeviceError, EngineError, InterruptedRunError
from ecoci.identity import fingerprint_of, scenario_digest
from ecoci.launchers.inline import InlineLauncher
from ecoci.measure import measure_run
from ecoci.meters.synthetic import BOARD
from ecoci.model import (
    Artifact,
    BoardMatch,
    Finding,
    ForeignProcess,
    JobResult,
    Policy,
    Provenance,
    Quantization,
    ReasonCode,
    Report,
    RunJob,
    RunRecord,
    Scenario,
    Severity,
    Spec,
    VerdictKind,
)
from ecoci.ports import Launcher, Observer
from ecoci.render.markdown import render_comment
from ecoci.store import FolderPublisher, FolderStore, load_report, load_result
from ecoci.verdict import exit_code
from tests.simulated import Heard, World, scenario

PROVENANCE = Provenance("job-head", "2026-01-02T00:00:00+00:00", "0.1.0", commit="b" * 40)


class NoFindings:
    def audit(self, root: Path) -> tuple[Finding, ...]:
        return ()


@dataclass
class Repository:
    """A folder with baselines, and the simulated machine it is measured on."""

    folder: Path

    @property
    def store(self) -> FolderStore:
        return FolderStore(self.folder / "ecoci-out", self.folder / "baselines")

    def desk(self) -> pipeline.Desk:
        publisher = FolderPublisher(self.folder / "ecoci-out")
        return pipeline.Desk(NoFindings(), self.store, publisher, render)

    def accept(self, world: World, of: Scenario) -> None:
        """Measure `of` in `world` and accept it, as a job on the main branch would."""
        made = replace(PROVENANCE, job_id=f"job-base-{world.seed}", commit="a" * 40)
        job, error = pipeline.measure(Spec((of,)), made, machine(world), self.store)
        assert error is None
        result = job.results[0]
        environment = result.runs[0].environment
        assert environment is not None
        fingerprint = fingerprint_of(environment, of.workload)
        acceptance = baselines.Acceptance(
            provenance=made,
            accepted_utc="2026-01-01T00:00:00+00:00",
            accepted_by="ci",
            fingerprint=fingerprint,
            digest=scenario_digest(of),
        )
        runs = tuple(measure_run(run) for run in result.runs)
        existing = self.store.load_baseline(fingerprint, of.name)
        self.store.save_baseline(baselines.accept(result, runs, acceptance, existing))

    def run(self, world: World, *scenarios: Scenario) -> Report:
        outcome = pipeline.run(Spec(scenarios), self.folder, PROVENANCE, machine(world), self.desk())
        assert outcome.stopped is None
        return outcome.report


def render(report: Report) -> tuple[Artifact, ...]:
    return Artifact("report.json", dumps(report)), Artifact("comment.md", render_comment(report))


def machine(world: World, launcher: Launcher | None = None) -> pipeline.Machine:
    return pipeline.Machine(launcher or InlineLauncher(world.tools), BOARD.uuid, "", Heard())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path)
    made.accept(World(seed=1), scenario())
    return made


@pytest.mark.parametrize(
    ("factor", "expected", "code"),
    [
        (1.00, VerdictKind.PASS, 0),
        (1.30, VerdictKind.REGRESSED, 1),
        (0.70, VerdictKind.IMPROVED, 0),
        (1.05, VerdictKind.INCONCLUSIVE, 0),
    ],
)
def test_a_change_of_power_gets_its_verdict_and_exit_code(
    repository: Repository, factor: float, expected: VerdictKind, code: int
) -> None:
    report = repository.run(World(power_w=200.0 * factor, seed=2), scenario())
    assert report.verdict is expected
    assert exit_code(report) == code


def test_a_slower_head_at_the_same_power_regresses(repository: Repository) -> None:
    report = repository.run(World(generation_s=1.4, seed=2), scenario())
    assert report.verdict is VerdictKind.REGRESSED


def test_the_files_say_what_the_report_says(repository: Repository) -> None:
    report = repository.run(World(power_w=300.0, seed=2), scenario())
    out = repository.folder / "ecoci-out"
    assert load_report(out / "report.json") == report
    assert load_result(out / "result.json").complete
    assert "REGRESSED" in (out / "comment.md").read_text(encoding="utf-8")


def test_every_number_of_a_report_can_be_recomputed_from_the_stored_result(repository: Repository) -> None:
    report = repository.run(World(power_w=260.0, seed=2), scenario())
    stored = load_result(repository.folder / "ecoci-out" / "result.json")
    assert pipeline.judge(stored, (), repository.store) == report


def test_without_a_baseline_the_verdict_is_not_measurable_and_fails(tmp_path: Path) -> None:
    report = Repository(tmp_path).run(World(), scenario())
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert reason_codes(report) == {ReasonCode.NO_BASELINE}
    assert exit_code(report) == 3


def test_a_baseline_of_another_card_is_never_used_and_the_fields_that_differ_are_listed(repository: Repository) -> None:
    other = replace(BOARD, product="Other GPU", memory_bytes=24 << 30)
    report = repository.run(World(board=other, seed=2), scenario())
    comparison = report.scenarios[0].comparison
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert reason_codes(report) == {ReasonCode.FINGERPRINT_DIFFERS}
    assert {d.field for d in comparison.fingerprint_differences} == {"gpu", "memory_gib"}
    assert comparison.primary is None


def test_another_board_of_the_same_product_is_compared_and_said(repository: Repository) -> None:
    twin = replace(BOARD, uuid="GPU-11111111-0000-0000-0000-000000000000")
    report = repository.run(World(board=twin, seed=2), scenario())
    assert report.verdict is VerdictKind.PASS
    assert ReasonCode.OTHER_BOARD in {flag.code for flag in report.scenarios[0].flags}


def test_another_board_is_refused_when_the_policy_matches_boards(repository: Repository) -> None:
    strict = replace(scenario(), policy=Policy(match=BoardMatch.BOARD))
    twin = replace(BOARD, uuid="GPU-11111111-0000-0000-0000-000000000000")
    report = repository.run(World(board=twin, seed=2), strict)
    assert reason_codes(report) == {ReasonCode.BOARD_DIFFERS}


def test_changed_settings_are_not_compared_with_the_old_baseline(repository: Repository) -> None:
    quantized = replace(scenario(), workload=replace(scenario().workload, new_tokens=128))
    report = repository.run(World(seed=2), quantized)
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert reason_codes(report) == {ReasonCode.DIGEST_DIFFERS}


def test_a_scenario_may_be_compared_against_another_when_only_the_quantization_differs(repository: Repository) -> None:
    workload = replace(scenario().workload, quantization=Quantization.INT8_DEFAULT)
    head = replace(scenario("tiny-int8"), workload=workload, against="tiny")
    report = repository.run(World(power_w=500.0, seed=2), head)
    assert report.verdict is VerdictKind.REGRESSED
    assert [d.field for d in report.scenarios[0].comparison.workload_changes] == ["quantization"]


def test_another_task_is_refused_even_with_against(repository: Repository) -> None:
    head = replace(scenario("tiny-b8"), workload=replace(scenario().workload, batch=8), against="tiny")
    report = repository.run(World(seed=2), head)
    assert reason_codes(report) == {ReasonCode.TASK_DIFFERS}


def test_a_neighbour_on_the_card_is_not_measurable_and_never_green(repository: Repository) -> None:
    report = repository.run(World(foreign=(ForeignProcess(4242, None),), seed=2), scenario())
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert ReasonCode.FOREIGN_PROCESS in reason_codes(report)
    assert exit_code(report) == 3


def test_one_run_is_too_few_to_decide(repository: Repository) -> None:
    single = replace(scenario(), effort=replace(scenario().effort, runs=1))
    report = repository.run(World(seed=2), single)
    assert report.verdict is VerdictKind.INCONCLUSIVE
    assert ReasonCode.TOO_FEW_RUNS in reason_codes(report)


def test_runs_without_any_spread_are_not_believed(tmp_path: Path) -> None:
    made = Repository(tmp_path)
    made.accept(World(spread=0.0), scenario())
    report = made.run(World(spread=0.0, seed=2), scenario())
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert ReasonCode.ZERO_VARIANCE in reason_codes(report)


def test_the_worst_scenario_decides_the_job(repository: Repository) -> None:
    repository.accept(World(seed=1), scenario("other"))
    good, bad = scenario(), replace(scenario("other"), policy=Policy(tolerance=0.0001))
    report = repository.run(World(power_w=230.0, seed=2), replace(good, policy=Policy(tolerance=0.4)), bad)
    assert [s.verdict.kind for s in report.scenarios] == [VerdictKind.PASS, VerdictKind.REGRESSED]
    assert report.verdict is VerdictKind.REGRESSED


class Failing:
    """Launches like the simulated one until run `at` of any scenario, then raises."""

    def __init__(self, error: Exception, at: int) -> None:
        self._inner = InlineLauncher(World(seed=2).tools)
        self._error, self._at = error, at

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:
        if job.run_index == self._at:
            raise self._error
        return self._inner.launch(job, observer)


def test_an_error_before_anything_was_measured_is_raised(tmp_path: Path) -> None:
    made = Repository(tmp_path)
    failing = machine(World(), Failing(DeviceError("no driver"), at=0))
    with pytest.raises(DeviceError, match="no driver"):
        pipeline.run(Spec((scenario(),)), tmp_path, PROVENANCE, failing, made.desk())


def test_a_gpu_lost_in_the_third_run_keeps_the_first_two(repository: Repository) -> None:
    lost = machine(World(), Failing(DeviceError("the GPU is lost"), at=2))
    outcome = pipeline.run(Spec((scenario(),)), repository.folder, PROVENANCE, lost, repository.desk())
    stored = load_result(repository.folder / "ecoci-out" / "result.json")
    assert isinstance(outcome.stopped, DeviceError)
    assert [len(run.windows) for run in stored.results[0].runs] == [2, 2, 0]
    assert not stored.complete
    assert outcome.report.verdict is VerdictKind.NOT_MEASURABLE


def test_a_model_that_fails_does_not_stop_the_next_scenario(repository: Repository) -> None:
    failing = machine(World(), Failing(EngineError("out of memory"), at=4))
    three = replace(scenario("short"), effort=replace(scenario().effort, runs=3))
    outcome = pipeline.run(Spec((scenario(), three)), repository.folder, PROVENANCE, failing, repository.desk())
    assert isinstance(outcome.stopped, EngineError)
    assert [len(s.runs) for s in outcome.report.scenarios] == [5, 3]


def test_an_interrupt_leaves_a_readable_partial_result(repository: Repository) -> None:
    stopped = machine(World(), Failing(InterruptedRunError(2), at=1))
    outcome = pipeline.run(Spec((scenario(),)), repository.folder, PROVENANCE, stopped, repository.desk())
    stored = load_result(repository.folder / "ecoci-out" / "result.json")
    assert isinstance(outcome.stopped, InterruptedRunError)
    assert isinstance(stored, JobResult)
    assert len(stored.results[0].runs[0].windows) == 2


def test_findings_of_the_audit_reach_the_report(repository: Repository) -> None:
    finding = Finding("ECO999", Severity.WARNING, "app.py", 3, "a message", "a remedy")

    class Finds:
        def audit(self, root: Path) -> tuple[Finding, ...]:
            return (finding,)

    desk = replace(repository.desk(), auditor=Finds())
    outcome = pipeline.run(Spec((scenario(),)), repository.folder, PROVENANCE, machine(World(seed=2)), desk)
    assert outcome.report.findings == (finding,)


def reason_codes(report: Report) -> set[ReasonCode]:
    return {reason.code for s in report.scenarios for reason in s.verdict.reasons}
