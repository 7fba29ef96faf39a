from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ecoci.baselines import Acceptance, accept, from_result
from ecoci.codec import decode
from ecoci.errors import InputError
from ecoci.identity import fingerprint_of, scenario_digest
from ecoci.levels import begin_level, set_anchor
from ecoci.model import (
    Baseline,
    Board,
    CounterReading,
    EngineFacts,
    Environment,
    Fingerprint,
    ForeignProcess,
    Host,
    JobResult,
    Measurement,
    Reason,
    ReasonCode,
    Replay,
    RunMeasurement,
    RunRecord,
    Scenario,
    ScenarioResult,
    Trace,
    WarmUp,
    Window,
    Work,
)
from tests.accepted import PROVENANCE
from tests.strategies import job_results

ENVIRONMENT = Environment(
    (Board("NVIDIA H200", "GPU-1", "570.86.15"),), EngineFacts("hf", "cuda", ()), Host("a CPU", 16, "Linux", "3.11.9")
)
SCENARIO = decode(
    {
        "name": "decode-fp16",
        "workload": {"model": {"source": "synthetic", "name": "tiny"}},
        "effort": {"runs": 2, "windows": 1},
    },
    Scenario,
)
WINDOW = Window((Trace("GPU-1", 0.0, 10.0, None, None, None, None, None),), Work((1.0,) * 10, 10, 640, 640))
RECORD = RunRecord(0, "2026-01-02T03:04:05Z", ENVIRONMENT, 1.0, WarmUp((1.0,), steady=True, budget_s=180.0), (WINDOW,))
FINGERPRINT = Fingerprint("nvidia-h200-1a2b", (("gpu", "NVIDIA H200"), ("torch", "2.8.0")))
ACCEPTANCE = Acceptance(PROVENANCE, "2026-01-03T00:00:00Z", "ada", FINGERPRINT, "0123456789abcdef")
RESULT = ScenarioResult(SCENARIO, (RECORD, replace(RECORD, index=1, started_utc="2026-01-02T03:09:00Z")))


def make_total(energy_j: float | None = 640.0, net_energy_j: float | None = 320.0) -> Measurement:
    powers = (64.0, 60.0, 70.0)
    return Measurement(energy_j, net_energy_j, 10.0, 1.0, 640, 10, *powers, None, None, None, None, (), None)


def make_run(index: int, *flags: ReasonCode, total: Measurement | None = None) -> RunMeasurement:
    return RunMeasurement(index, total or make_total(), (make_total(),), 30.0, 3, tuple(Reason(f) for f in flags))


MEASURED = (make_run(0), make_run(1))


def accepted(**changes: Any) -> Baseline:
    """Accept the good result, with some of the arguments changed."""
    given: dict[str, Any] = {"result": RESULT, "measured": MEASURED, "acceptance": ACCEPTANCE, "existing": None}
    return accept(**(given | changes))


def refusal(**changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        accepted(**changes)
    assert caught.value.cause
    assert caught.value.remedy
    return caught.value.message


# accepting


def test_each_run_becomes_one_observation_with_its_origin() -> None:
    first, second = accepted().observations
    assert (first.job_id, first.run_index, first.measured_utc) == ("job-1", 0, "2026-01-02T03:04:05Z")
    assert (first.accepted_by, first.accepted_utc, first.board_uuids) == ("ada", "2026-01-03T00:00:00Z", ("GPU-1",))
    assert (first.commit, first.accounting) == ("ab" * 20, "gross")
    assert (second.run_index, second.measured_utc) == (1, "2026-01-02T03:09:00Z")


def test_an_observation_holds_the_compared_metrics() -> None:
    metrics = {m.name: m.value for m in accepted().observations[0].metrics}
    assert metrics == {
        "energy_per_token_j": 1.0,
        "net_energy_per_token_j": 0.5,
        "tokens_per_s": 64.0,
        "mean_power_w": 64.0,
    }


def weighing(digest: str | None) -> ScenarioResult:
    engine = replace(ENVIRONMENT.engine, weights_digest=digest)
    runs = tuple(replace(run, environment=replace(ENVIRONMENT, engine=engine)) for run in RESULT.runs)
    return replace(RESULT, runs=runs)


@pytest.mark.parametrize("digest", ["ab" * 32, None])
def test_an_observation_tells_which_weights_ran(digest: str | None) -> None:
    assert {one.weights_digest for one in accepted(result=weighing(digest)).observations} == {digest}


def test_an_unknown_net_energy_is_left_out_and_not_0() -> None:
    runs = tuple(make_run(i, total=make_total(net_energy_j=None)) for i in (0, 1))
    assert accepted(measured=runs).observations[0].metric("net_energy_per_token_j") is None


def test_the_first_acceptance_begins_a_baseline() -> None:
    made = accepted()
    assert (made.fingerprint, made.scenario, made.digest) == (FINGERPRINT, SCENARIO, "0123456789abcdef")


def test_a_second_job_is_added_behind_the_first() -> None:
    later = replace(ACCEPTANCE, provenance=replace(PROVENANCE, job_id="job-2"))
    both = accepted(existing=accepted(), acceptance=later)
    assert [(o.job_id, o.run_index) for o in both.observations] == [
        ("job-1", 0),
        ("job-1", 1),
        ("job-2", 0),
        ("job-2", 1),
    ]


def test_local_changes_leave_the_commit_unknown() -> None:
    dirty = replace(ACCEPTANCE, provenance=replace(PROVENANCE, dirty=True))
    assert accepted(acceptance=dirty).observations[0].commit is None


def test_a_flag_that_only_informs_does_not_hinder() -> None:
    runs = (make_run(0, ReasonCode.THROTTLED, ReasonCode.REMEASURED), make_run(1, ReasonCode.OUTLIERS))
    assert len(accepted(measured=runs).observations) == 2


def test_accepting_keeps_the_marks_and_observations_that_were_there() -> None:
    marked = begin_level(
        set_anchor(accepted(), "v1", "bob", "2026-02-01T00:00:00Z"), "x", "bob", "2026-02-01T00:00:00Z"
    )
    later = replace(ACCEPTANCE, provenance=replace(PROVENANCE, job_id="job-2"))
    after = accepted(existing=marked, acceptance=later)
    assert (after.resets, after.anchors) == (marked.resets, marked.anchors)
    assert after.observations[: len(marked.observations)] == marked.observations


def test_a_reset_does_not_let_other_weights_in() -> None:
    fresh = accepted(result=weighing("ab" * 32))
    later = replace(ACCEPTANCE, provenance=replace(PROVENANCE, job_id="job-2"))
    levelled = begin_level(fresh, "a new model", "bob", "2026-02-01T00:00:00Z")
    with pytest.raises(InputError, match="ran with other weights than its baseline") as caught:
        accepted(existing=levelled, result=weighing("cd" * 32), acceptance=later)
    assert "ecoci baseline remove nvidia-h200-1a2b/decode-fp16" in caught.value.remedy


# refusing


def test_a_replay_can_never_be_accepted() -> None:
    replay = Replay("2026-01-01T00:00:00Z", "NVIDIA H200", "recording.json.gz")
    replayed = replace(ACCEPTANCE, provenance=replace(PROVENANCE, replay=replay))
    assert refusal(acceptance=replayed) == "decode-fp16: a replay can never be accepted"


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (ReasonCode.FOREIGN_PROCESS, "another process was on the GPU"),
        (ReasonCode.NO_ENERGY, "it has no energy reading"),
        (ReasonCode.NOT_STEADY, "it did not become steady"),
        (ReasonCode.NOT_FINITE, "not finite"),
    ],
)
def test_one_flagged_run_keeps_the_whole_job_out(flag: ReasonCode, said: str) -> None:
    message = refusal(measured=(make_run(0), make_run(1, ReasonCode.THROTTLED, flag)))
    assert message.startswith("decode-fp16, run 2 cannot be accepted: ")
    assert said in message


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (ReasonCode.RUN_FAILED, "it failed"),
        (ReasonCode.INTERRUPTED, "it was interrupted"),
        (ReasonCode.NOT_STEADY, "steady"),
        (ReasonCode.SHORT_WINDOW, "it is incomplete (short_window)"),
    ],
)
def test_a_failed_run_keeps_the_whole_job_out(code: ReasonCode, said: str) -> None:
    runs = (RESULT.runs[0], replace(RESULT.runs[1], failure=Reason(code)))
    assert said in refusal(result=replace(RESULT, runs=runs))


@pytest.mark.parametrize("lack", [{"windows": ()}, {"environment": None}])
def test_a_run_without_windows_or_environment_is_refused(lack: dict[str, Any]) -> None:
    runs = (replace(RESULT.runs[0], **lack), RESULT.runs[1])
    assert "run 1 cannot be accepted: it is incomplete" in refusal(result=replace(RESULT, runs=runs))


@pytest.mark.parametrize("energy_j", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_a_run_without_a_positive_energy_is_refused(energy_j: float | None) -> None:
    runs = (make_run(0, total=make_total(energy_j)), make_run(1))
    assert "it has no energy reading" in refusal(measured=runs)


def test_a_run_without_numbers_is_refused() -> None:
    runs = (replace(make_run(0), total=None), make_run(1))
    assert "it has no energy reading" in refusal(measured=runs)


@pytest.mark.parametrize("made", [0, 1])
def test_a_job_with_fewer_runs_than_asked_is_refused(made: int) -> None:
    short = replace(RESULT, runs=RESULT.runs[:made])
    assert refusal(result=short, measured=MEASURED[:made]) == f"decode-fp16: only {made} of 2 runs were made"


def test_a_job_with_a_run_twice_is_refused() -> None:
    doubled = replace(RESULT, runs=(RESULT.runs[0], RESULT.runs[0]))
    assert refusal(result=doubled, measured=(MEASURED[0],) * 2) == "decode-fp16: the result holds a run twice"


def test_a_run_with_fewer_windows_than_asked_is_refused() -> None:
    asked = replace(SCENARIO, effort=replace(SCENARIO.effort, windows=2))
    message = refusal(result=replace(RESULT, scenario=asked))
    assert message == "decode-fp16, run 1 cannot be accepted: it has 1 of the 2 windows of the scenario"


def test_a_result_of_the_processor_is_refused() -> None:
    cpu = replace(ENVIRONMENT, engine=replace(ENVIRONMENT.engine, device="cpu"))
    runs = tuple(replace(r, environment=cpu) for r in RESULT.runs)
    assert "it was made on 'cpu', not on a GPU" in refusal(result=replace(RESULT, runs=runs))


def test_runs_of_two_boards_in_one_job_are_refused() -> None:
    other = replace(ENVIRONMENT, boards=(replace(ENVIRONMENT.board, uuid="GPU-2"),))
    runs = (RESULT.runs[0], replace(RESULT.runs[1], environment=other))
    assert "made in different environments" in refusal(result=replace(RESULT, runs=runs))


def test_the_same_job_is_not_accepted_twice() -> None:
    assert refusal(existing=accepted()) == "decode-fp16: job job-1 was accepted already"


def test_a_changed_scenario_is_not_added_to_the_old_baseline() -> None:
    later = replace(ACCEPTANCE, provenance=replace(PROVENANCE, job_id="job-2"), digest="fedcba9876543210")
    with pytest.raises(InputError, match="its digest is fedcba9876543210, not 0123456789abcdef") as caught:
        accepted(existing=accepted(), acceptance=later)
    assert "ecoci baseline remove nvidia-h200-1a2b/decode-fp16" in caught.value.remedy


@pytest.mark.parametrize(
    "changed",
    [
        replace(FINGERPRINT, name="nvidia-l4-9z9z"),
        replace(FINGERPRINT, fields=(("gpu", "NVIDIA L4"),)),
    ],
)
def test_a_result_of_another_machine_is_not_added(changed: Fingerprint) -> None:
    assert "cannot be added to the baseline" in refusal(existing=replace(accepted(), fingerprint=changed))


@pytest.mark.parametrize(("old", "new"), [("a" * 64, "a" * 64), (None, "a" * 64), ("a" * 64, None)])
def test_equal_or_unknown_weights_are_added(old: str | None, new: str | None) -> None:
    later = replace(ACCEPTANCE, provenance=replace(PROVENANCE, job_id="job-2"))
    both = accepted(result=weighing(new), existing=accepted(result=weighing(old)), acceptance=later)
    assert [one.weights_digest for one in both.observations] == [old, old, new, new]


def test_runs_with_other_weights_are_not_added() -> None:
    later = replace(ACCEPTANCE, provenance=replace(PROVENANCE, job_id="job-2"))
    message = refusal(result=weighing("b" * 64), existing=accepted(result=weighing("a" * 64)), acceptance=later)
    assert message == "decode-fp16 ran with other weights than its baseline: bbbbbbbbbbbb, not aaaaaaaaaaaa"


def test_numbers_of_another_run_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="run 0 was given the numbers of run 1"):
        accepted(measured=MEASURED[::-1])


# a measured result as base


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(job_results())
def test_a_measured_result_becomes_baselines_of_its_runs(job: JobResult) -> None:
    drawn = job.results[0]
    environment = drawn.runs[0].environment
    assert environment is not None
    result = replace(drawn, runs=tuple(replace(run, environment=environment) for run in drawn.runs))
    (made,) = from_result(replace(job, results=(result,)))
    assert made.fingerprint == fingerprint_of(environment, result.scenario.workload)
    assert made.digest == scenario_digest(result.scenario)
    assert [o.run_index for o in made.observations] == list(range(len(result.runs)))


def base_job() -> JobResult:
    """A job of one scenario with two whole runs."""
    trace = replace(
        WINDOW.trace, counter_start=CounterReading(0.0, 0, 0.0), counter_edge=CounterReading(10.0, 640_000, 0.0)
    )
    runs = tuple(replace(run, windows=(replace(WINDOW, traces=(trace,)),)) for run in RESULT.runs)
    return JobResult(PROVENANCE, (replace(RESULT, runs=runs),))


def with_second_run(**changes: Any) -> JobResult:
    job = base_job()
    first, second = job.results[0].runs
    return replace(job, results=(replace(job.results[0], runs=(first, replace(second, **changes))),))


def base_refusal(job: JobResult) -> str:
    with pytest.raises(InputError) as caught:
        from_result(job)
    assert caught.value.cause
    assert caught.value.remedy
    return caught.value.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"failure": Reason(ReasonCode.RUN_FAILED)}, "it failed"),
        ({"windows": ()}, "it has no energy reading"),
        ({"windows": (WINDOW,)}, "it has no energy reading"),
        ({"warm_up": None}, "it did not become steady within the warm-up budget"),
    ],
)
def test_one_bad_run_keeps_a_job_from_being_a_base(changes: dict[str, Any], said: str) -> None:
    assert len(from_result(base_job())[0].observations) == 2
    assert base_refusal(with_second_run(**changes)) == f"decode-fp16, run 2 cannot be a base: {said}"


def test_a_base_with_a_run_beside_another_process_is_refused() -> None:
    window = base_job().results[0].runs[0].windows[0]
    crowded = replace(window, traces=(replace(window.trace, foreign_after=(ForeignProcess(77, None),)),))
    assert "run 2 cannot be a base: another process was on the GPU" in base_refusal(with_second_run(windows=(crowded,)))


def test_a_base_of_two_machines_or_with_a_run_missing_is_refused() -> None:
    elsewhere = replace(ENVIRONMENT, boards=(replace(ENVIRONMENT.board, uuid="GPU-2"),))
    assert "made in different environments" in base_refusal(with_second_run(environment=elsewhere))
    job = base_job()
    short = replace(job, results=(replace(job.results[0], runs=job.results[0].runs[:1]),))
    assert base_refusal(short) == "decode-fp16: only 1 of 2 runs were made"


@pytest.mark.parametrize("results", [(), (ScenarioResult(SCENARIO, ()),)])
def test_a_job_without_any_run_cannot_be_a_base(results: tuple[ScenarioResult, ...]) -> None:
    assert base_refusal(JobResult(PROVENANCE, results)) == "job job-1 holds no run that can be a base"


def test_a_replay_and_a_run_on_the_processor_may_be_compared() -> None:
    replay = Replay("2026-01-01T00:00:00Z", "NVIDIA H200", "recording.json.gz")
    cpu = replace(ENVIRONMENT, engine=replace(ENVIRONMENT.engine, device="cpu"))
    job = base_job()
    runs = tuple(replace(run, environment=cpu) for run in job.results[0].runs)
    replayed = replace(job, provenance=replace(PROVENANCE, replay=replay), results=(replace(RESULT, runs=runs),))
    assert len(from_result(replayed)[0].observations) == 2
