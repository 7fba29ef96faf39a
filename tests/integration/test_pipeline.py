"""The whole job with simulated GPUs and real files: one test per verdict and per failure family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ecoci import baselines, pipeline
from ecoci.checkouts.history import GivenHistory, NoHistory
from ecoci.codec import dumps
from ecoci.confirm import measure_pairs, paired_as
from ecoci.errors import DataError, DeviceError, EcociError, EngineError, InputError, InterruptedRunError
from ecoci.gate import NoPairs, without_pairs
from ecoci.identity import fingerprint_of, scenario_digest
from ecoci.judge import judge
from ecoci.launchers.inline import InlineLauncher
from ecoci.measure import measure_run
from ecoci.meters.synthetic import BOARD
from ecoci.model import (
    Artifact,
    Audited,
    Baseline,
    BoardMatch,
    Effort,
    ForeignProcess,
    Gate,
    JobResult,
    PairPlan,
    PairsResult,
    Policy,
    Provenance,
    Quantization,
    ReasonCode,
    Replay,
    Report,
    RunJob,
    RunRecord,
    Scenario,
    ScenarioResult,
    ScreenTest,
    Severity,
    Spec,
    Tariff,
    VerdictKind,
)
from ecoci.ports import Launcher, Observer
from ecoci.render.headline import headline
from ecoci.render.markdown import render_comment
from ecoci.screen import LEAST_JOBS
from ecoci.store import FolderPublisher, FolderStore, load_report, load_result
from ecoci.verdict import exit_code
from tests.paired import BASE, HEAD, bench_of
from tests.reports import finding
from tests.simulated import Heard, NoFindings, World, scenario

PROVENANCE = Provenance("job-head", "2026-01-02T00:00:00+00:00", "0.1.0", commit="b" * 40)


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

    def accept_jobs(self, count: int, of: Scenario, spread: float = 0.01) -> None:
        """As many jobs as make a baseline that can say something, each a little off."""
        self.store.save_baseline(jobs_of(count, of, spread))

    def run(self, world: World, *scenarios: Scenario) -> Report:
        outcome = pipeline.run(order(self.folder, *scenarios), machine(world), self.desk())
        assert outcome.stopped is None
        return outcome.report


@cache
def jobs_of(count: int, of: Scenario, spread: float) -> Baseline:
    with TemporaryDirectory() as folder:
        made = Repository(Path(folder))
        for number in range(count):
            made.accept(World(200.0 * (1.0 + 0.2 * spread * (number % 3)), spread=spread, seed=100 + number), of)
        (found,) = made.store.list_baselines()
        return found


def order(folder: Path, *scenarios: Scenario) -> pipeline.Order:
    return pipeline.Order(Spec(scenarios), folder, PROVENANCE)


def render(report: Report) -> tuple[Artifact, ...]:
    return Artifact("report.json", dumps(report)), Artifact("comment.md", render_comment(report))


def machine(world: World, launcher: Launcher | None = None) -> pipeline.Machine:
    return pipeline.Machine(launcher or InlineLauncher(world.tools), (BOARD.uuid,), "", Heard())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path)
    made.accept_jobs(LEAST_JOBS, scenario())
    return made


@pytest.mark.parametrize(
    ("factor", "expected", "code"),
    [
        (1.00, VerdictKind.PASS, 0),
        (1.30, VerdictKind.INCONCLUSIVE, 0),
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


def test_a_slower_head_at_the_same_power_is_suspicious_and_fails_nothing(repository: Repository) -> None:
    report = repository.run(World(generation_s=1.4, seed=2), scenario())
    assert reason_codes(report) == {ReasonCode.SUSPICIOUS}
    assert exit_code(report) == 0


def test_the_files_say_what_the_report_says(repository: Repository) -> None:
    report = repository.run(World(power_w=300.0, seed=2), scenario())
    out = repository.folder / "ecoci-out"
    assert load_report(out / "report.json") == report
    assert load_result(out / "result.json").complete
    assert "INCONCLUSIVE" in (out / "comment.md").read_text(encoding="utf-8")


def test_every_number_of_a_report_can_be_recomputed_from_the_stored_result(repository: Repository) -> None:
    report = repository.run(World(power_w=260.0, seed=2), scenario())
    stored = load_result(repository.folder / "ecoci-out" / "result.json")
    screened = judge(stored, (), repository.store.list_baselines())
    assert without_pairs(screened, NoPairs.NO_BASE) == report


def test_without_a_baseline_the_verdict_is_not_measurable_and_fails(tmp_path: Path) -> None:
    report = Repository(tmp_path).run(World(), scenario())
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert reason_codes(report) == {ReasonCode.NO_BASELINE}
    assert exit_code(report) == 3


def test_a_job_is_not_compared_with_its_own_accepted_runs(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.accept(World(seed=1), scenario())
    itself = load_result(repository.folder / "ecoci-out" / "result.json")
    report = judge(itself, (), repository.store.list_baselines())
    (reason,) = report.scenarios[0].comparison.problems
    assert (reason.code, reason.fact("own_job")) == (ReasonCode.NO_BASELINE, itself.provenance.job_id)


def test_a_baseline_of_another_card_is_never_used_and_the_fields_that_differ_are_listed(repository: Repository) -> None:
    other = replace(BOARD, product="Other GPU", memory_bytes=24 << 30)
    report = repository.run(World(boards=(other,), seed=2), scenario())
    comparison = report.scenarios[0].comparison
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert reason_codes(report) == {ReasonCode.FINGERPRINT_DIFFERS}
    assert {d.field for d in comparison.fingerprint_differences} == {"gpu", "memory_gib"}
    assert comparison.primary is None


def test_a_baseline_of_one_board_decides_nothing_of_a_head_on_another_and_says_so(repository: Repository) -> None:
    twin = replace(BOARD, uuid="GPU-11111111-0000-0000-0000-000000000000")
    report = repository.run(World(boards=(twin,), seed=2), scenario())
    assert reason_codes(report) == {ReasonCode.TOO_FEW_JOBS}
    assert report.verdict is VerdictKind.INCONCLUSIVE
    assert ReasonCode.OTHER_BOARD in {flag.code for flag in report.scenarios[0].flags}


def test_another_board_is_refused_when_the_policy_matches_boards(repository: Repository) -> None:
    strict = replace(scenario(), policy=Policy(match=BoardMatch.BOARD))
    twin = replace(BOARD, uuid="GPU-11111111-0000-0000-0000-000000000000")
    report = repository.run(World(boards=(twin,), seed=2), strict)
    assert ReasonCode.BOARD_DIFFERS in reason_codes(report)
    assert report.verdict is VerdictKind.NOT_MEASURABLE


def test_changed_settings_are_not_compared_with_the_old_baseline(repository: Repository) -> None:
    quantized = replace(scenario(), workload=replace(scenario().workload, new_tokens=128))
    report = repository.run(World(seed=2), quantized)
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert reason_codes(report) == {ReasonCode.DIGEST_DIFFERS}


def test_a_scenario_may_be_compared_against_another_when_only_the_quantization_differs(repository: Repository) -> None:
    workload = replace(scenario().workload, quantization=Quantization.INT8_DEFAULT)
    head = replace(scenario("tiny-int8"), workload=workload, against="tiny")
    report = repository.run(World(power_w=500.0, seed=2), head)
    assert reason_codes(report) == {ReasonCode.SUSPICIOUS}
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


def test_a_baseline_of_fewer_than_eight_jobs_decides_nothing_however_many_runs_they_had(tmp_path: Path) -> None:
    made = Repository(tmp_path)
    made.accept_jobs(LEAST_JOBS - 1, scenario())
    report = made.run(World(seed=2), scenario())
    assert report.verdict is VerdictKind.INCONCLUSIVE
    assert reason_codes(report) == {ReasonCode.TOO_FEW_JOBS}
    assert exit_code(report) == 0


def test_one_run_is_a_job_like_any_other(tmp_path: Path) -> None:
    made, single = Repository(tmp_path), replace(scenario(), effort=replace(scenario().effort, runs=1))
    made.accept_jobs(LEAST_JOBS, single)
    assert made.run(World(seed=2), single).verdict is VerdictKind.PASS


def test_jobs_without_any_spread_are_not_believed(tmp_path: Path) -> None:
    made = Repository(tmp_path)
    made.accept_jobs(LEAST_JOBS, scenario(), spread=0.0)
    report = made.run(World(spread=0.0, seed=2), scenario())
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert ReasonCode.ZERO_VARIANCE in reason_codes(report)


def test_the_worst_scenario_decides_the_job(repository: Repository) -> None:
    repository.accept_jobs(LEAST_JOBS, scenario("other"))
    good, bad = scenario(), replace(scenario("other"), policy=Policy(tolerance=0.0001))
    report = repository.run(World(power_w=230.0, seed=2), replace(good, policy=Policy(tolerance=0.4)), bad)
    assert [s.verdict.kind for s in report.scenarios] == [VerdictKind.PASS, VerdictKind.INCONCLUSIVE]
    assert report.verdict is VerdictKind.INCONCLUSIVE


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
        pipeline.run(order(tmp_path, scenario()), failing, made.desk())


def test_a_gpu_lost_in_the_third_run_keeps_the_first_two(repository: Repository) -> None:
    lost = machine(World(), Failing(DeviceError("the GPU is lost"), at=2))
    outcome = pipeline.run(order(repository.folder, scenario()), lost, repository.desk())
    stored = load_result(repository.folder / "ecoci-out" / "result.json")
    assert isinstance(outcome.stopped, DeviceError)
    assert [len(run.windows) for run in stored.results[0].runs] == [2, 2, 0]
    assert not stored.complete
    assert outcome.report.verdict is VerdictKind.NOT_MEASURABLE


def test_a_model_that_fails_does_not_stop_the_next_scenario(repository: Repository) -> None:
    failing = machine(World(), Failing(EngineError("out of memory"), at=4))
    three = replace(scenario("short"), effort=replace(scenario().effort, runs=3))
    outcome = pipeline.run(order(repository.folder, scenario(), three), failing, repository.desk())
    assert isinstance(outcome.stopped, EngineError)
    assert [len(s.runs) for s in outcome.report.scenarios] == [5, 3]


def test_an_interrupt_leaves_a_readable_partial_result(repository: Repository) -> None:
    stopped = machine(World(), Failing(InterruptedRunError(2), at=1))
    outcome = pipeline.run(order(repository.folder, scenario()), stopped, repository.desk())
    stored = load_result(repository.folder / "ecoci-out" / "result.json")
    assert isinstance(outcome.stopped, InterruptedRunError)
    assert isinstance(stored, JobResult)
    assert len(stored.results[0].runs[0].windows) == 2


class InterruptedStore(FolderStore):
    """Hears Ctrl-C while it writes for the `at`-th time."""

    saves, at = 0, 3

    def save_result(self, result: JobResult) -> Path:
        self.saves += 1
        if self.saves == self.at:
            raise InterruptedRunError(2)
        return super().save_result(result)


@pytest.mark.parametrize(("at", "runs"), [(1, 1), (3, 3), (6, 5)])
def test_an_interrupt_while_saving_loses_no_run(tmp_path: Path, at: int, runs: int) -> None:
    store = InterruptedStore(tmp_path / "ecoci-out", tmp_path / "baselines")
    store.at = at
    job, error = pipeline.measure(Spec((scenario(),)), PROVENANCE, machine(World()), store)
    assert isinstance(error, InterruptedRunError)
    assert len(load_result(tmp_path / "ecoci-out" / "result.json").results[0].runs) == runs
    assert len(job.results[0].runs) == runs


def test_a_damaged_baseline_is_found_before_anything_is_measured(repository: Repository) -> None:
    damaged = repository.folder / "baselines" / "elsewhere"
    damaged.mkdir()
    (damaged / "tiny.json").write_text("")
    never = machine(World(), Failing(AssertionError("a run was made"), at=0))
    with pytest.raises(DataError, match="is empty"):
        pipeline.run(order(repository.folder, scenario()), never, repository.desk())


def altered(repository: Repository, change: Callable[[ScenarioResult], ScenarioResult]) -> Report:
    """Judge a stored result after somebody changed it."""
    repository.run(World(seed=2), scenario())
    job = load_result(repository.folder / "ecoci-out" / "result.json")
    return judge(replace(job, results=(change(job.results[0]),)), (), repository.store.list_baselines())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: replace(r, runs=r.runs[:4]), "only 4 of 5 runs were made"),
        (lambda r: replace(r, runs=r.runs * 2), "the result holds a run twice"),
        (
            lambda r: replace(r, runs=(replace(r.runs[0], windows=r.runs[0].windows[:1]), *r.runs[1:])),
            "it does not hold the 2 windows of the scenario",
        ),
        (
            lambda r: replace(r, runs=(replace(r.runs[0], windows=r.runs[0].windows * 2), *r.runs[1:])),
            "it does not hold the 2 windows of the scenario",
        ),
    ],
)
def test_a_result_with_picked_or_repeated_runs_is_not_measurable(
    repository: Repository, change: Callable[[ScenarioResult], ScenarioResult], said: str
) -> None:
    report = altered(repository, change)
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert report.scenarios[0].verdict.reasons[0].fact("message") == said


@pytest.mark.parametrize(
    "policy", [Policy(alpha=2.0), Policy(alpha=0.99), Policy(tolerance=1e9), Policy(tolerance=-0.5)]
)
def test_a_policy_that_no_scenario_file_could_hold_is_refused(repository: Repository, policy: Policy) -> None:
    with pytest.raises(DataError, match="cannot decide anything"):
        altered(repository, lambda r: replace(r, scenario=replace(r.scenario, policy=policy)))


def test_a_job_that_was_cut_short_is_never_green(repository: Repository) -> None:
    repository.run(World(seed=2), scenario())
    job = replace(load_result(repository.folder / "ecoci-out" / "result.json"), complete=False)
    report = judge(job, (), repository.store.list_baselines())
    assert [s.verdict.kind for s in report.scenarios] == [VerdictKind.PASS]
    assert report.verdict is VerdictKind.NOT_MEASURABLE
    assert headline(report) == "NOT_MEASURABLE: the job was cut short before its end. Do: run it again."


@pytest.mark.parametrize(
    ("field", "effort"), [("windows", Effort(windows=1)), ("window_s", Effort(windows=2, window_s=12.0))]
)
def test_other_windows_are_refused_even_with_against(repository: Repository, field: str, effort: Effort) -> None:
    head = replace(scenario("tiny-long"), effort=effort, against="tiny")
    report = repository.run(World(seed=2), head)
    assert reason_codes(report) == {ReasonCode.TASK_DIFFERS}
    assert report.scenarios[0].verdict.reasons[0].fact("fields") == field


def test_findings_of_the_audit_reach_the_report(repository: Repository) -> None:
    found = finding("ECO999", Severity.WARNING, ("app.py", 3), "a message", "a remedy")

    class Finds:
        def audit(self, root: Path) -> Audited:
            return Audited((found,), fails=True)

    desk = replace(repository.desk(), auditor=Finds())
    outcome = pipeline.run(order(repository.folder, scenario()), machine(World(seed=2)), desk)
    assert outcome.report.findings == (found,)
    assert exit_code(outcome.report) == 1


def reason_codes(report: Report) -> set[ReasonCode]:
    """Why these verdicts; `missing_pairs` tells of the pairs that nobody made."""
    return {reason.code for s in report.scenarios for reason in s.verdict.reasons} - {ReasonCode.NO_PAIRS}


@dataclass
class SidesInPairs:
    """A confirmer of simulated sides; it remembers what it was asked for. Scenarios that are `new` have no base."""

    base: World
    head: World
    scenarios: tuple[Scenario, ...]
    folder: Path
    new: tuple[str, ...] = ()
    error: EcociError | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def confirm(self, scenarios: tuple[str, ...]) -> tuple[PairsResult, EcociError | None]:
        self.asked.append(scenarios)
        if self.error is not None:
            raise self.error
        chosen = [one for one in self.scenarios if one.name in scenarios and one.name not in self.new]
        plan = PairsResult(
            PROVENANCE, BASE, HEAD, 1, tuple(paired_as(PairPlan(), one, one) for one in chosen), Tariff()
        )
        return measure_pairs(plan, 1e9, bench_of(self.base, self.head, self.folder))


def gated(repository: Repository, head: World, *scenarios: Scenario, **options: object) -> tuple[Report, SidesInPairs]:
    sides = SidesInPairs(World(seed=31), head, scenarios, repository.folder, **options)  # type: ignore[arg-type]
    outcome = pipeline.run(order(repository.folder, *scenarios), machine(head), repository.desk(), sides)
    assert load_report(repository.folder / "ecoci-out" / "report.json") == outcome.report
    return outcome.report, sides


def test_a_head_that_passes_the_screen_is_not_measured_in_pairs(repository: Repository) -> None:
    report, sides = gated(repository, World(seed=2), scenario())
    assert (report.verdict, sides.asked) == (VerdictKind.PASS, [])
    assert report.scenarios[0].confirmation is None


def test_a_suspicious_head_is_measured_in_pairs_and_fails_only_there(repository: Repository) -> None:
    report, sides = gated(repository, World(power_w=260.0, seed=2), scenario())
    assert sides.asked == [("tiny",)]
    assert (report.verdict, exit_code(report)) == (VerdictKind.REGRESSED, 1)
    (found,) = report.scenarios
    assert found.confirmation is not None
    assert found.screened is not None
    assert [reason.code for reason in found.screened.verdict.reasons] == [ReasonCode.SUSPICIOUS]
    assert "Before the pairs, against the stored baseline" in render_comment(report)


def test_a_stale_baseline_does_not_fail_a_head_that_is_as_good_as_its_base(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.accept_jobs(LEAST_JOBS, scenario())
    sides = SidesInPairs(World(260.0, seed=31), World(260.0, seed=32), (scenario(),), tmp_path)
    outcome = pipeline.run(order(tmp_path, scenario()), machine(World(260.0, seed=2)), repository.desk(), sides)
    assert (outcome.report.verdict, exit_code(outcome.report)) == (VerdictKind.PASS, 0)


@pytest.mark.parametrize("jobs", [0, 1, LEAST_JOBS - 1])
def test_with_a_thin_baseline_or_none_pairs_are_made_at_once(tmp_path: Path, jobs: int) -> None:
    repository = Repository(tmp_path)
    if jobs:
        repository.accept_jobs(jobs, scenario())
    report, sides = gated(repository, World(power_w=260.0, seed=2), scenario())
    assert sides.asked == [("tiny",)]
    assert report.verdict is VerdictKind.REGRESSED
    assert report.scenarios[0].screened is None
    assert not (tmp_path / "ecoci-out" / "result.json").exists()


@pytest.mark.parametrize(("gate", "asked"), [(Gate.CONFIRM, [("tiny",)]), (Gate.SCREEN, [])])
def test_the_policy_says_whether_pairs_are_always_or_never_made(
    repository: Repository, gate: Gate, asked: list[tuple[str, ...]]
) -> None:
    of = replace(scenario(), policy=replace(scenario().policy, gate=gate))
    report, sides = gated(repository, World(power_w=260.0, seed=2), of)
    assert sides.asked == asked
    assert report.verdict is (VerdictKind.REGRESSED if asked else VerdictKind.INCONCLUSIVE)


def missing_pairs(report: Report) -> list[str | float | int | None]:
    """Why each scenario has no pairs, None for one that has them or asks for none."""
    codes = [{reason.code: reason for reason in one.verdict.reasons} for one in report.scenarios]
    return [found[ReasonCode.NO_PAIRS].fact("why") if ReasonCode.NO_PAIRS in found else None for found in codes]


@pytest.mark.parametrize(
    ("gate", "power_w", "kind", "why"),
    [
        (Gate.CONFIRM, 200.0, VerdictKind.INCONCLUSIVE, NoPairs.NO_BASE),
        (Gate.CONFIRM, 140.0, VerdictKind.INCONCLUSIVE, NoPairs.NO_BASE),
        (Gate.CONFIRM, 260.0, VerdictKind.INCONCLUSIVE, NoPairs.NO_BASE),
        (Gate.AUTO, 200.0, VerdictKind.PASS, None),
        (Gate.AUTO, 140.0, VerdictKind.IMPROVED, None),
        (Gate.AUTO, 260.0, VerdictKind.INCONCLUSIVE, NoPairs.NO_BASE),
        (Gate.SCREEN, 200.0, VerdictKind.PASS, None),
        (Gate.SCREEN, 260.0, VerdictKind.INCONCLUSIVE, None),
    ],
)
def test_without_a_base_a_report_says_which_scenarios_miss_their_pairs(
    repository: Repository, gate: Gate, power_w: float, kind: VerdictKind, why: NoPairs | None
) -> None:
    of = replace(scenario(), policy=replace(scenario().policy, gate=gate))
    report = repository.run(World(power_w, seed=2), of)
    assert (report.verdict, missing_pairs(report)) == (kind, [why])


def test_a_replay_without_recorded_pairs_is_not_asked_for_them_unless_nothing_else_may_decide(
    repository: Repository,
) -> None:
    made = replace(PROVENANCE, replay=Replay("2026-01-01T00:00:00+00:00", "Synthetic GPU", "recordings"))
    found = []
    for gate in (Gate.AUTO, Gate.CONFIRM):
        of = replace(scenario(), policy=replace(scenario().policy, gate=gate))
        spec = pipeline.Order(Spec((of,)), repository.folder, made)
        report = pipeline.run(spec, machine(World(260.0, seed=2)), repository.desk()).report
        found += missing_pairs(report)
    assert found == [None, NoPairs.STORED]


@pytest.mark.parametrize(("gate", "power_w"), [(Gate.AUTO, 260.0), (Gate.CONFIRM, 260.0), (Gate.CONFIRM, 200.0)])
def test_a_scenario_that_is_not_in_the_base_says_so_and_is_not_green(
    repository: Repository, gate: Gate, power_w: float
) -> None:
    new = replace(scenario("new"), against="tiny", policy=replace(scenario().policy, gate=gate))
    report, _ = gated(repository, World(power_w, seed=2), scenario(), new, new=("new",))
    assert report.scenarios[1].verdict.kind is VerdictKind.INCONCLUSIVE
    assert missing_pairs(report) == [None, NoPairs.NOT_IN_BASE]


def test_what_a_confirmation_did_not_reach_is_not_said_to_miss_in_the_base(repository: Repository) -> None:
    lost = InputError("there is no commit main")
    sides = SidesInPairs(World(), World(), (), repository.folder, error=lost)
    suspicious = machine(World(power_w=260.0, seed=2))
    report = pipeline.run(order(repository.folder, scenario()), suspicious, repository.desk(), sides).report
    assert missing_pairs(report) == [NoPairs.STOPPED]


def test_a_scenario_that_the_base_does_not_have_is_measured_all_the_same(repository: Repository) -> None:
    report, sides = gated(repository, World(seed=2), scenario(), scenario("new"), new=("new",))
    assert sides.asked == [("new",)]
    assert [one.scenario.name for one in report.scenarios] == ["tiny", "new"]
    assert ReasonCode.NO_BASELINE in reason_codes(report)
    assert report.scenarios[1].runs


class FailingIn:
    """Launches like the simulated one, but raises in each run of one scenario, at once or after some."""

    def __init__(self, name: str, error: EcociError, world: World, at: int = 0) -> None:
        self._inner, self._name, self._error, self._at = InlineLauncher(world.tools), name, error, at

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:
        if job.scenario.name == self._name and job.run_index >= self._at:
            raise self._error
        return self._inner.launch(job, observer)


def broken(
    repository: Repository, fault: EcociError, *scenarios: Scenario, at: int = 0, **options: object
) -> tuple[pipeline.Outcome, SidesInPairs]:
    """The scenario "broken" fails when it is screened; all others cost 30 % more in pairs."""
    head = World(power_w=260.0, seed=2)
    sides = SidesInPairs(World(seed=31), head, scenarios, repository.folder, **options)  # type: ignore[arg-type]
    launcher = FailingIn("broken", fault, head, at)
    outcome = pipeline.run(order(repository.folder, *scenarios), machine(head, launcher), repository.desk(), sides)
    assert load_report(repository.folder / "ecoci-out" / "report.json") == outcome.report
    return outcome, sides


@pytest.mark.parametrize("at", [0, 3])
@pytest.mark.parametrize("error", [EngineError("out of memory"), DeviceError("2 devices can be seen")])
def test_a_scenario_that_fails_in_the_screen_does_not_keep_the_others_from_pairs(
    repository: Repository, error: EcociError, at: int
) -> None:
    repository.accept_jobs(LEAST_JOBS, scenario("broken"))
    outcome, sides = broken(repository, error, scenario("broken"), scenario(), scenario("thin"), at=at)
    assert sides.asked == [("tiny", "thin")]
    assert outcome.stopped is error
    first, second, third = outcome.report.scenarios
    assert first.verdict.kind is VerdictKind.NOT_MEASURABLE
    assert str(error) in {reason.fact("message") for reason in first.verdict.reasons}
    assert [one.verdict.kind for one in (second, third)] == [VerdictKind.REGRESSED] * 2
    assert (outcome.report.verdict, outcome.report.complete) == (VerdictKind.REGRESSED, False)


def test_where_all_that_was_screened_failed_pairs_still_decide_the_rest(tmp_path: Path) -> None:
    repository, error = Repository(tmp_path), EngineError("out of memory")
    repository.accept_jobs(LEAST_JOBS, scenario("broken"))
    outcome, _ = broken(repository, error, scenario("broken"), scenario())
    found = [one.verdict.kind for one in outcome.report.scenarios]
    assert (outcome.stopped, found) == (error, [VerdictKind.NOT_MEASURABLE, VerdictKind.REGRESSED])


def test_a_new_scenario_is_measured_although_another_failed_in_the_screen(repository: Repository) -> None:
    repository.accept_jobs(LEAST_JOBS, scenario("broken"))
    error = EngineError("out of memory")
    outcome, _ = broken(repository, error, scenario("broken"), scenario("new"), new=("new",))
    assert [len(one.runs) for one in outcome.report.scenarios] == [1, 5]
    stored = load_result(repository.folder / "ecoci-out" / "result.json")
    assert ([one.scenario.name for one in stored.results], stored.complete) == (["broken", "new"], False)


def test_after_an_interrupt_in_the_screen_nothing_more_is_measured(repository: Repository) -> None:
    stop = InterruptedRunError(2)
    repository.accept_jobs(LEAST_JOBS, scenario("broken"))
    outcome, sides = broken(repository, stop, scenario(), scenario("broken"), scenario("thin"))
    assert (outcome.stopped, sides.asked) == (stop, [])
    assert [one.scenario.name for one in outcome.report.scenarios] == ["tiny", "broken"]


def test_an_interrupt_decides_the_exit_code_also_after_a_scenario_that_failed(repository: Repository) -> None:
    repository.accept_jobs(LEAST_JOBS, scenario("broken"))
    stop = InterruptedRunError(15)
    outcome, _ = broken(repository, EngineError("out of memory"), scenario("broken"), scenario(), error=stop)
    assert outcome.stopped is stop
    assert [one.scenario.name for one in outcome.report.scenarios] == ["broken", "tiny"]


def test_scenarios_whose_pairs_all_failed_are_in_the_report_with_the_error(repository: Repository) -> None:
    lost = EngineError("the model is gone")
    sides = SidesInPairs(World(), World(), (), repository.folder, error=lost)
    both = order(repository.folder, scenario(), scenario("thin"))
    outcome = pipeline.run(both, machine(World(seed=2)), repository.desk(), sides)
    passed, failed = outcome.report.scenarios
    assert (passed.verdict.kind, failed.verdict.kind) == (VerdictKind.PASS, VerdictKind.NOT_MEASURABLE)
    assert "the model is gone" in {reason.fact("message") for reason in failed.verdict.reasons}
    assert (outcome.stopped, outcome.report.complete) == (lost, False)


def test_a_new_scenario_that_fails_does_not_take_back_what_pairs_have_decided(tmp_path: Path) -> None:
    both = scenario(), scenario("new")
    sides = SidesInPairs(World(seed=31), World(power_w=260.0, seed=2), both, tmp_path, new=("new",))
    failing = machine(World(), Failing(EngineError("out of memory"), at=0))
    outcome = pipeline.run(order(tmp_path, *both), failing, Repository(tmp_path).desk(), sides)
    assert isinstance(outcome.stopped, EngineError)
    assert load_report(tmp_path / "ecoci-out" / "report.json") == outcome.report
    assert (outcome.report.verdict, outcome.report.complete) == (VerdictKind.REGRESSED, False)


def test_a_run_that_must_not_be_used_is_no_reason_for_pairs(repository: Repository) -> None:
    report, sides = gated(repository, World(foreign=(ForeignProcess(4242, None),), seed=2), scenario())
    assert (report.verdict, sides.asked) == (VerdictKind.NOT_MEASURABLE, [])


def test_pairs_that_cannot_be_made_leave_what_was_screened_and_are_never_green(repository: Repository) -> None:
    lost = InputError("there is no commit main")
    sides = SidesInPairs(World(), World(), (scenario(), scenario("other")), repository.folder, error=lost)
    repository.accept_jobs(LEAST_JOBS, scenario("other"))
    chosen = order(repository.folder, scenario(), replace(scenario("other"), policy=Policy(tolerance=1e-6)))
    outcome = pipeline.run(chosen, machine(World(seed=2)), repository.desk(), sides)
    assert outcome.stopped is lost
    assert [one.verdict.kind for one in outcome.report.scenarios] == [VerdictKind.PASS, VerdictKind.INCONCLUSIVE]
    assert not outcome.report.complete
    assert exit_code(outcome.report) == 3


def test_pairs_that_cannot_be_made_are_an_error_where_nothing_else_was_measured(tmp_path: Path) -> None:
    lost = InputError("there is no commit main")
    sides = SidesInPairs(World(), World(), (scenario(),), tmp_path, error=lost)
    with pytest.raises(InputError, match="no commit main"):
        pipeline.run(order(tmp_path, scenario()), machine(World()), Repository(tmp_path).desk(), sides)


def test_several_jobs_of_one_head_are_several_values(repository: Repository) -> None:
    jobs = [measured(repository, f"head-{seed}", World(seed=seed)) for seed in (11, 12, 13)]
    report = judge(jobs[0], (), repository.store.list_baselines(), tuple(jobs[1:]))
    (found,) = report.scenarios
    assert found.comparison.screen is not None
    assert (found.comparison.screen.test, found.comparison.screen.head_jobs) == (ScreenTest.WELCH, 3)
    assert [run.index for run in found.runs] == list(range(15))
    assert report.verdict is VerdictKind.PASS


def measured(
    repository: Repository, job_id: str, world: World, commit: str = "b" * 40, of: Scenario | None = None
) -> JobResult:
    made = replace(PROVENANCE, job_id=job_id, commit=commit)
    job, error = pipeline.measure(Spec((of or scenario(),)), made, machine(world), repository.store)
    assert error is None
    return job


def test_of_several_jobs_the_one_that_is_given_twice_is_named(repository: Repository) -> None:
    first, second, third = (measured(repository, name, World()) for name in ("one", "two", "three"))
    with pytest.raises(InputError, match="job two is given twice"):
        judge(first, (), (), (second, third, second))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"policy": Policy(tolerance=0.9, gate=Gate.SCREEN)}, "gate, tolerance"),
        ({"against": "other"}, "against"),
        ({"policy": Policy(tolerance=0.9), "against": "other"}, "against, tolerance"),
    ],
)
def test_jobs_that_would_be_judged_by_other_rules_are_not_pooled(
    repository: Repository, changed: dict[str, Any], words: str
) -> None:
    one, other = measured(repository, "one", World()), measured(repository, "two", World(seed=2))
    (result,) = other.results
    looser = replace(other, results=(replace(result, scenario=replace(result.scenario, **changed)),))
    with pytest.raises(InputError, match=f"job two would judge 'tiny' by other rules than job one: {words}") as refused:
        judge(one, (), (), (looser,))
    assert "one scenario file" in refused.value.remedy


def test_jobs_of_other_numbers_of_runs_are_pooled_as_each_is_one_value(repository: Repository) -> None:
    one = measured(repository, "one", World())
    few = scenario()
    few = replace(few, effort=replace(few.effort, runs=2))
    other = measured(repository, "two", World(seed=2), of=few)
    (found,) = judge(one, (), repository.store.list_baselines(), (other,)).scenarios
    assert found.comparison.screen is not None
    assert (len(found.runs), found.comparison.screen.head_jobs) == (7, 2)


@pytest.mark.parametrize(
    ("job_id", "commit", "message"),
    [("one", "b" * 40, "job one is given twice"), ("two", "c" * 40, "the results are of b+ and c+")],
)
def test_jobs_of_several_heads_are_not_pooled(repository: Repository, job_id: str, commit: str, message: str) -> None:
    one, other = measured(repository, "one", World()), measured(repository, job_id, World(), commit)
    with pytest.raises(InputError, match=message):
        judge(one, (), (), (other,))


def test_a_baseline_that_crept_up_is_said_beside_the_verdict(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    for number in range(20):
        repository.accept(World(200.0 * 1.01**number, seed=100 + number), scenario())
    report = repository.run(World(200.0 * 1.01**20, seed=2), scenario())
    flags = {flag.code for flag in report.scenarios[0].flags}
    assert ReasonCode.SLOW_CREEP in flags
    assert "many small steps" in render_comment(report)


class TestCommitsThatTheHeadDoesNotContain:
    def history(self, *newer: str) -> GivenHistory:
        return GivenHistory(frozenset(newer))

    def test_they_are_no_base_and_are_counted(self, repository: Repository) -> None:
        newer = repository.folder / "newer"
        (stored,) = repository.store.list_baselines()
        later = tuple(
            replace(entry, job_id=f"later-{entry.job_id}", commit="d" * 40) for entry in stored.observations[:10]
        )
        repository.store.save_baseline(replace(stored, observations=(*stored.observations, *later)))
        desk = replace(repository.desk(), history=self.history("d" * 40))
        report = pipeline.run(order(newer, scenario()), machine(World(seed=2)), desk).report
        screen = report.scenarios[0].comparison.screen
        assert screen is not None
        assert (screen.jobs, screen.newer_jobs) == (LEAST_JOBS, 2)
        assert "2 newer jobs were left out" in render_comment(report)

    def test_where_nothing_else_is_left_the_report_says_so(self, repository: Repository) -> None:
        desk = replace(repository.desk(), history=self.history("a" * 40))
        report = pipeline.run(order(repository.folder, scenario()), machine(World(seed=2)), desk).report
        assert report.verdict is VerdictKind.NOT_MEASURABLE
        (reason,) = report.scenarios[0].comparison.problems
        assert (reason.code, reason.fact("newer_jobs")) == (ReasonCode.NO_BASELINE, LEAST_JOBS)

    def test_where_no_git_can_tell_them_none_is_left_out_and_the_report_says_so(self, repository: Repository) -> None:
        desk = replace(repository.desk(), history=NoHistory())
        report = pipeline.run(order(repository.folder, scenario()), machine(World(seed=2)), desk).report
        (found,) = report.scenarios
        assert found.comparison.screen is not None
        assert (found.comparison.screen.jobs, found.verdict.kind) == (LEAST_JOBS, VerdictKind.PASS)
        (flag,) = (flag for flag in found.flags if flag.code is ReasonCode.HISTORY_UNKNOWN)
        assert dict(flag.facts) == {"jobs": LEAST_JOBS, "commit": report.provenance.commit}
        assert "git does not know commit" in render_comment(report)

    def test_without_a_commit_of_the_head_that_is_said_too(self, repository: Repository) -> None:
        nameless = order(repository.folder, scenario())
        nameless = replace(nameless, provenance=replace(nameless.provenance, commit=None))
        desk = replace(repository.desk(), history=self.history())
        (found,) = pipeline.run(nameless, machine(World(seed=2)), desk).report.scenarios
        (flag,) = (flag for flag in found.flags if flag.code is ReasonCode.HISTORY_UNKNOWN)
        assert dict(flag.facts) == {"jobs": LEAST_JOBS}

    @pytest.mark.parametrize("commit", ["a" * 40, None])
    def test_nothing_is_said_where_git_answers_or_no_job_names_a_commit(
        self, repository: Repository, commit: str | None
    ) -> None:
        (stored,) = repository.store.list_baselines()
        named = tuple(replace(entry, commit=commit) for entry in stored.observations)
        repository.store.save_baseline(replace(stored, observations=named))
        desk = replace(repository.desk(), history=NoHistory() if commit is None else self.history())
        (found,) = pipeline.run(order(repository.folder, scenario()), machine(World(seed=2)), desk).report.scenarios
        assert ReasonCode.HISTORY_UNKNOWN not in {flag.code for flag in found.flags}

    def test_nothing_is_said_where_the_user_says_what_the_base_is(self, repository: Repository) -> None:
        (found,) = repository.run(World(seed=2), scenario()).scenarios
        assert ReasonCode.HISTORY_UNKNOWN not in {flag.code for flag in found.flags}
