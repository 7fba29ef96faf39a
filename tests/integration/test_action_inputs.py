"""What the inputs of the action change: each is seen to be obeyed, not only read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ecoci import pipeline
from ecoci.action import Done, Task, read_task
from ecoci.action_deliver import deliver
from ecoci.action_measure import asked_of, measuring_interpreter
from ecoci.codec import dumps
from ecoci.desks import artifacts
from ecoci.errors import InterruptedRunError
from ecoci.launchers.inline import InlineLauncher
from ecoci.measuring import Measuring
from ecoci.meters.synthetic import BOARD
from ecoci.model import ActionInputs, Answer, Provenance, Replay, RunJob, RunRecord, Spec, StatusState
from ecoci.ports import Launcher, Observer, Say
from ecoci.store import FolderPublisher, FolderStore, load_result
from tests.action.log import Log
from tests.action_sites import NO_CACHE, Site
from tests.archives import packed
from tests.audits import many
from tests.recorded import BAD, RECORDED
from tests.simulated import Heard, NoFindings, World, scenario

MADE = Provenance("job", "2026-01-02T00:00:00+00:00", "0.1.0", commit="b" * 40)


def task(site: Site, **inputs: str) -> Task:
    return read_task(site.env(**inputs))


# --- where the answer is told


def told(site: Site) -> dict[str, bool]:
    """Where something was told."""
    return {
        "comment": bool(site.bodies()),
        "status": bool(site.statuses.given),
        "annotations": bool("".join(site.commands)),
        "summary": (site.folder / "summary.md").exists(),
    }


@pytest.mark.parametrize("place", ["comment", "status", "annotations", "summary"])
def test_what_is_not_wanted_is_left_out_and_all_else_is_told(site: Site, place: str) -> None:
    assert site.run(mode="audit", **{place: "false"}) == 1
    assert told(site) == {**dict.fromkeys(told(site), True), place: False}


def test_what_is_not_wanted_is_left_out_of_an_error_too(site: Site) -> None:
    site.base = "e" * 40
    with pytest.raises(Exception, match="is not in the checkout"):
        site.run(mode="audit", comment="false", status="false", summary="false")
    assert not any(told(site).values())


def test_who_measures_in_public_on_a_runner_that_stays_is_warned(site: Site) -> None:
    site.run(mode="measure", replay=str(RECORDED.parent))
    (warning,) = site.commands
    assert warning.startswith("::warning title=ecoci::Codertocat/Hello-World is public, and this runner stays")
    site.commands.clear()
    site.run(mode="measure", replay=str(RECORDED.parent), ephemeral_runner="true")
    assert site.commands == []


def test_with_a_warning_besides_no_more_annotations_are_written_than_github_shows(site: Site) -> None:
    audit = Answer("", site.head, "https://github.test/run", audit=many(60))
    done = Done(audit, 1, None, {}, warning="this runner stays")
    deliver(task(site, mode="audit"), done, None, site.said.append, site.commands.append)
    log = Log()
    for line in "".join(site.commands).splitlines():
        log.add(line)
    kinds = [one.kind for one in log.annotations]
    assert (log.dropped, kinds.count("error"), kinds.count("warning"), kinds.count("notice")) == (0, 10, 10, 10)
    assert log.annotations[0].message == "this runner stays"
    assert log.annotations[-1].message == "and 10 critical, 11 warning and 11 info more; the log has all"


# --- mode audit


@pytest.mark.parametrize(
    ("code", "fail_on", "exit_code"),
    [(BAD, "never", 0), (BAD, "critical", 1), (NO_CACHE, "critical", 0), (NO_CACHE, "warning", 1)],
)
def test_from_which_finding_on_the_audit_fails_is_what_the_input_says(
    site: Site, code: str, fail_on: str, exit_code: int
) -> None:
    site.head = site.repository.commit(serve_py=code)
    assert site.run(mode="audit", fail_on=fail_on) == exit_code
    assert int(site.outputs()["findings"]) >= 1


def test_the_audit_thinks_of_the_card_that_the_input_names(site: Site) -> None:
    site.run(mode="audit", comment="false", gpu="H100-80GB")
    assert "H100" in (site.repository.folder / "ecoci-out/audit.json").read_text(encoding="utf-8")


def test_a_base_that_the_input_names_is_the_one_that_is_compared_with(site: Site) -> None:
    assert site.run(mode="audit", base=site.head) == 0
    assert site.outputs()["findings"] == "0"


def test_findings_are_written_where_the_input_says(site: Site) -> None:
    site.run(mode="audit", sarif="found/here.sarif")
    assert (site.repository.folder / "found/here.sarif").exists()
    assert site.outputs()["sarif-path"] == "found/here.sarif"
    assert not (site.repository.folder / "ecoci-out/ecoci.sarif").exists()


def test_files_lie_in_the_folder_that_the_input_names(site: Site) -> None:
    site.run(mode="audit", out="elsewhere")
    assert site.outputs()["report-path"] == "elsewhere/audit.json"
    assert not (site.repository.folder / "ecoci-out").exists()


def test_in_a_merge_queue_only_what_the_change_adds_is_told(site: Site) -> None:
    site.event = "merge_group"
    site.base, site.head = site.head, site.repository.commit(other_py="print(1)\n")
    assert site.run(mode="audit") == 0
    assert [(one.sha, one.state) for one in site.statuses.given] == [(site.head, StatusState.SUCCESS)]


# --- mode report


def test_archives_that_were_downloaded_before_are_read_from_their_folder(site: Site) -> None:
    site.on_base()
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": "{"})}
    folder = site.folder / "downloaded" / "ecoci-gpu-1"
    folder.mkdir(parents=True)
    (folder / "pairs.json").write_text(dumps(site.pairs()), encoding="utf-8")
    assert site.run(mode="report", artifact=str(folder.parent)) == 1
    assert "**❌ REGRESSED**" in site.bodies()[0]


def test_a_pull_request_that_was_closed_meanwhile_is_not_answered(site: Site) -> None:
    site.on_base()
    site.is_open = False
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(site.pairs())})}
    assert site.run(mode="report") == 1
    assert (site.bodies(), site.statuses.given) == ([], [])


def test_a_fork_that_was_not_measured_fails_where_its_audit_does(site: Site) -> None:
    assert site.run(mode="audit", comment="false", status="false") == 1
    audit = (site.repository.folder / "ecoci-out/audit.json").read_text(encoding="utf-8")
    site.on_base()
    site.event = "workflow_run_of_fork"
    site.archives = {"ecoci-audit-1": packed({"audit.json": audit})}
    assert site.run(mode="report") == 1
    assert site.states() == [StatusState.FAILURE]
    assert "Audit: 1 finding" in site.bodies()[0]


@pytest.mark.parametrize(("inputs", "is_used"), [({}, False), ({"replay": "a trial"}, True)])
def test_a_replay_is_judged_in_a_trial_alone(site: Site, inputs: dict[str, str], is_used: bool) -> None:
    pairs = site.pairs()
    recorded = Replay("2026-01-01T00:00:00+00:00", "a card", "pairs.json")
    site.on_base()
    replayed = replace(pairs, provenance=replace(pairs.provenance, replay=recorded))
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(replayed)})}
    assert site.run(mode="report", **inputs) == (1 if is_used else 3)
    assert ("It is a replay of a recording" in site.bodies()[0]) is not is_used


# --- modes measure and nightly


def test_measuring_is_told_every_input_that_concerns_it(site: Site) -> None:
    site.event, here = "schedule", site.repository.folder
    given = task(
        site,
        mode="measure",
        spec="ci/energy.yml",
        baselines="accepted",
        out="results",
        base="v1.0",
        scenario="one, two",
        measure_python="/opt/torch/bin/python",
        budget="12.5",
        pairs="8",
        wait_idle="30",
        replay="recorded",
    )
    assert asked_of(given) == Measuring(
        spec_file=here / "ci/energy.yml",
        out=here / "results",
        replay=here / "recorded",
        only=("one", "two"),
        wait_idle_s=30.0,
        baselines=here / "accepted",
        base="v1.0",
        pairs=8,
        budget_min=12.5,
        python="/opt/torch/bin/python",
    )


def test_a_pull_request_is_measured_against_its_base_and_a_night_against_nothing(site: Site) -> None:
    assert asked_of(task(site, mode="measure")).base == site.base
    site.event = "schedule"
    assert asked_of(task(site, mode="nightly")).base is None


@pytest.mark.parametrize(
    ("inputs", "has_torch", "python"),
    [
        (ActionInputs(), False, "python3"),
        (ActionInputs(), True, None),
        (ActionInputs(replay="recorded"), False, None),
        (ActionInputs(measure_python="python3.12"), True, "python3.12"),
    ],
)
def test_where_nobody_names_an_interpreter_that_of_the_job_measures_unless_ecoci_has_torch(
    inputs: ActionInputs, has_torch: bool, python: str | None
) -> None:
    assert measuring_interpreter(inputs, has_torch=has_torch) == python


class Cancelled:
    """Launches as on the simulated GPU, until the job is cancelled in its second run."""

    def __init__(self, inner: Launcher) -> None:
        self._inner = inner

    def launch(self, job: RunJob, observer: Observer) -> RunRecord:
        if job.run_index == 1:
            raise InterruptedRunError(2)
        return self._inner.launch(job, observer)


@dataclass(frozen=True, slots=True)
class Simulated:
    """Measures on a simulated GPU, with all files of a job."""

    world: World
    is_cancelled: bool = False

    def __call__(self, asked: Measuring, _say: Say) -> pipeline.Outcome:
        inline = InlineLauncher(self.world.tools)
        launcher = Cancelled(inline) if self.is_cancelled else inline
        machine = pipeline.Machine(launcher, (BOARD.uuid,), "", Heard())
        store = FolderStore(asked.out, asked.baselines)
        desk = pipeline.Desk(NoFindings(), store, FolderPublisher(asked.out), artifacts)
        made = replace(MADE, job_id=f"job-{self.world.seed}")
        return pipeline.run(pipeline.Order(Spec((scenario(),)), Path.cwd(), made), machine, desk)


def test_a_night_accepts_what_it_measured_and_has_done_its_work_whatever_the_verdict(site: Site) -> None:
    site.event = "schedule"
    for number in (1, 2):
        site.measuring = Simulated(World(seed=number))
        assert site.run(mode="nightly") == 0
    assert site.outputs()["verdict"] == "INCONCLUSIVE"
    assert site.summary.startswith("✅ **Accepted** into `baselines`: `tiny`.")
    (baseline,) = FolderStore(site.folder, site.repository.folder / "baselines").list_baselines()
    assert {one.job_id for one in baseline.observations} == {"job-1", "job-2"}


@pytest.mark.parametrize("mode", ["measure", "nightly"])
def test_a_job_that_was_cancelled_tells_what_it_has_and_ends_as_the_signal_did(site: Site, mode: str) -> None:
    site.event = "schedule"
    site.measuring = Simulated(World(), is_cancelled=True)
    with pytest.raises(InterruptedRunError) as caught:
        site.run(mode=mode)
    assert caught.value.signal_number == 2
    job = load_result(site.repository.folder / "ecoci-out" / "result.json")
    assert not job.complete
    assert [len(run.windows) for run in job.results[0].runs] == [2, 0]
    assert "cut short" in site.summary
    assert "Accepted" not in site.summary
    assert (site.repository.folder / site.outputs()["report-path"]).is_file()
    assert not (site.repository.folder / "baselines").exists()
