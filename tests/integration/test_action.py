"""The whole action on real repositories and payloads of GitHub, with GitHub itself in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from ecoci.action_run import run_action
from ecoci.codec import dumps, loads
from ecoci.errors import EcociError, ForbiddenError, InputError, LostAnswerError, PublishError
from ecoci.github.memory import MemoryComments, MemoryStatuses
from ecoci.model import CommitStatus, IssueComment, StatusState
from tests.action_sites import Site
from tests.archives import packed
from tests.recorded import GOOD, RECORDED, SPEC


class RefusedComments(MemoryComments):
    def __init__(self, error: PublishError) -> None:
        super().__init__()
        self._error = error

    def create(self, number: int, body: str) -> IssueComment:
        raise self._error


class RefusedStatuses(MemoryStatuses):
    def __init__(self, error: PublishError) -> None:
        super().__init__()
        self._error = error

    def set(self, status: CommitStatus) -> None:
        raise self._error


# --- audit


def test_the_first_run_on_a_pull_request_comments_sets_the_status_and_fails(site: Site) -> None:
    assert site.run(mode="audit") == 1
    (body,) = site.bodies()
    assert body.startswith("<!-- ecoci:v1 key= -->\n❌ **Audit: 1 finding (1 critical).**")
    (status,) = site.statuses.given
    assert (status.sha, status.state, status.context) == (site.head, StatusState.FAILURE, "ecoci")
    assert status.description == "audit fails: 1 finding (1 critical)"
    assert status.target_url is not None
    assert site.outputs()["critical-findings"] == "1"
    assert site.outputs()["comment-id"] == "101"
    assert site.commands[0].startswith("::error file=serve.py,line=7")
    assert "Audit: 1 finding" in site.summary
    sarif = json.loads((site.repository.folder / site.outputs()["sarif-path"]).read_text(encoding="utf-8"))
    assert sarif["runs"][0]["results"][0]["ruleId"] == "ECO101"


def test_a_second_run_leaves_the_comment_alone_and_a_mended_change_updates_it(site: Site) -> None:
    site.run(mode="audit")
    site.run(mode="audit")
    assert "comment: unchanged" in site.said
    site.head = site.repository.commit(serve_py=GOOD + "\n")
    assert site.run(mode="audit") == 0
    assert "comment: updated" in site.said
    (body,) = site.bodies()
    assert "Audit: 0 findings" in body
    assert site.states()[-1] is StatusState.SUCCESS


@pytest.mark.parametrize("what", ["comment", "status", "comment and status"])
@pytest.mark.parametrize("refusal", [ForbiddenError, PublishError, LostAnswerError])
@pytest.mark.parametrize("mode", ["audit", "report"])
def test_what_cannot_be_posted_changes_neither_verdict_nor_summary_nor_what_else_is_posted(
    site: Site, mode: str, refusal: type[PublishError], what: str
) -> None:
    error = refusal("GitHub said no")
    site.comments = RefusedComments(error) if "comment" in what else site.comments
    site.statuses = RefusedStatuses(error) if "status" in what else site.statuses
    if mode == "report":
        site.on_base()
        site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(site.pairs())})}
    assert site.run(mode=mode) == 1
    assert ("Audit: 1 finding" if mode == "audit" else "REGRESSED") in site.summary
    told = [line for line in site.said if "GitHub said no" in line]
    assert len(told) == len(what.split(" and "))
    assert all("the verdict stands" in line for line in told)
    assert bool(site.bodies()) == ("comment" not in what)
    assert site.states() == ([] if "status" in what else [StatusState.FAILURE])


def test_several_suites_have_comments_and_statuses_of_their_own(site: Site) -> None:
    site.run(mode="audit")
    site.run(mode="audit", suite="nightly")
    assert len(site.bodies()) == 2
    assert [one.context for one in site.statuses.given] == ["ecoci", "ecoci / nightly"]


def test_a_policy_that_the_change_brings_does_not_let_it_pass(site: Site) -> None:
    site.head = site.repository.commit(ecoci_yml=f"{SPEC}\naudit: {{fail_on: never}}\n")
    assert site.run(mode="audit") == 1
    assert "this change has another policy of the audit, which was not used" in site.summary.replace("\\", "")


def test_old_findings_are_not_told_again_on_a_pull_request_unless_that_is_asked_for(site: Site) -> None:
    site.base = site.head
    site.head = site.repository.commit(other_py="print(1)\n")
    assert site.run(mode="audit") == 0
    assert site.run(mode="audit", changed_only="false") == 1


def test_a_checkout_without_the_base_is_refused_with_the_line_that_mends_it(site: Site) -> None:
    site.base = "e" * 40
    with pytest.raises(InputError, match="is not in the checkout") as caught:
        site.run(mode="audit")
    assert "fetch-depth: 2" in caught.value.remedy
    assert "fetch\\-depth\\: 2" in site.summary
    assert "could not finish" in site.bodies()[0]
    assert site.states() == [StatusState.ERROR]


def test_a_link_in_the_checkout_does_not_lead_the_output_away(site: Site) -> None:
    elsewhere = site.folder / "elsewhere"
    elsewhere.mkdir()
    (site.repository.folder / "ecoci-out").symlink_to(elsewhere)
    with pytest.raises(InputError, match="leads out of the checkout"):
        site.run(mode="audit")
    assert list(elsewhere.iterdir()) == []


def test_a_summary_that_cannot_be_written_keeps_the_verdict(site: Site) -> None:
    (site.folder / "summary.md").mkdir()
    assert site.run(mode="audit") == 1
    assert any(line.startswith("GITHUB_STEP_SUMMARY cannot be written") for line in site.said)


# --- measure


def test_a_fork_is_not_measured_on_a_runner_that_stays(site: Site) -> None:
    site.event = "pull_request_of_fork"
    with pytest.raises(InputError, match="from a fork"):
        site.run(mode="measure")
    assert "could not finish" in site.summary
    assert not (site.repository.folder / "ecoci-out").exists()


@pytest.mark.parametrize("event", ["issue_comment", "workflow_run_of_fork"])
def test_no_code_runs_under_events_that_strangers_start(site: Site, event: str) -> None:
    site.event = event
    with pytest.raises(InputError, match="nothing is measured under the event"):
        site.run(mode="measure", ephemeral_runner="true")


def test_a_measuring_job_ends_in_files_outputs_and_a_summary_and_asks_nothing_of_github(site: Site) -> None:
    site.run(mode="measure", replay=str(RECORDED.parent), ephemeral_runner="true", token="t" * 40)
    found = site.outputs()
    assert found["verdict"] == "REGRESSED"
    assert float(found["delta-percent"]) > 300
    assert float(found["energy-per-token-joules"]) > 1
    assert (site.repository.folder / found["report-path"]).exists()
    assert "REGRESSED" in site.summary
    assert site.bodies() == []
    assert site.statuses.given == []


def test_a_replay_of_a_night_is_not_accepted_and_ends_as_its_report_does(site: Site) -> None:
    site.event = "schedule"
    assert site.run(mode="nightly", replay=str(RECORDED.parent)) == 1
    assert not (site.repository.folder / "baselines").exists()
    assert "REGRESSED" in site.summary


# --- report


def test_a_report_judges_the_records_again_and_answers_on_the_head(site: Site) -> None:
    site.on_base()
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(site.pairs())})}
    assert site.run(mode="report") == 1
    (body,) = site.bodies()
    assert "**❌ REGRESSED**" in body.split("\n")[1]
    (status,) = site.statuses.given
    assert (status.sha, status.state) == (site.head, StatusState.FAILURE)
    assert status.description.startswith("REGRESSED (1 of 2 scenarios): tinyllama-int8-default")


def test_a_report_of_a_finished_run_finds_the_pull_request_by_its_head(site: Site) -> None:
    site.on_base()
    site.event = "workflow_run_of_fork"
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(site.pairs())})}
    assert site.run(mode="report", ephemeral_runner="true") == 1
    assert len(site.bodies()) == 1


def test_measurements_by_the_workflow_of_a_fork_are_not_believed(site: Site) -> None:
    site.on_base()
    site.event = "workflow_run_of_fork"
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(site.pairs())})}
    assert site.run(mode="report") == 0
    assert site.states() == [StatusState.PENDING]
    (body,) = site.bodies()
    assert "NOT MEASURED" in body
    assert "could have written any number" in body


def test_records_of_another_commit_are_named_and_never_green(site: Site) -> None:
    site.on_base()
    pairs = site.pairs()
    stale = replace(pairs, provenance=replace(pairs.provenance, commit="d" * 40))
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(stale)})}
    assert site.run(mode="report") == 3
    (body,) = site.bodies()
    assert "handed over and not used" in body
    assert "NOT_MEASURABLE" in body.split("\n")[1]


def test_a_head_that_moved_on_is_not_answered(site: Site) -> None:
    site.on_base()
    site.moved = True
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(site.pairs())})}
    assert site.run(mode="report") == 1
    assert site.bodies() == []
    assert site.statuses.given == []


def test_a_fork_that_was_not_measured_is_pending_and_says_why(site: Site) -> None:
    site.on_base()
    site.event = "workflow_run_of_fork"
    site.archives = {"ecoci-audit-1": packed({"notes.txt": "nothing"})}
    assert site.run(mode="report") == 0
    (body,) = site.bodies()
    assert "NOT MEASURED" in body
    assert "pull\\-request\\/N" in body
    assert site.states() == [StatusState.PENDING]
    site.run(mode="report", fork_status="failure")
    assert site.statuses.given[-1].state is StatusState.FAILURE


def test_a_run_without_archives_cannot_be_judged(site: Site) -> None:
    site.on_base()
    with pytest.raises(PublishError, match="has uploaded no archive"):
        site.run(mode="report")
    assert "could not finish" in site.summary


def bomb(_site: Site) -> bytes:
    return packed({"pairs.json": "[" * 50_000_000})


def foreign(site: Site) -> bytes:
    return packed({"../../pairs.json": dumps(site.pairs()), "report.json": "{}", "comment.md": "@everyone"})


def not_finite(site: Site) -> bytes:
    text = dumps(site.pairs())
    return packed({"pairs.json": re.sub(r'"power_w": ?[\d.]+', '"power_w": NaN', text, count=1)})


@pytest.mark.parametrize("make", [bomb, foreign, not_finite])
def test_hostile_archives_change_no_verdict_to_green_and_write_nothing(
    site: Site, make: Callable[[Site], bytes]
) -> None:
    site.on_base()
    site.archives = {"ecoci-gpu-1": make(site)}
    before = {path for path in site.folder.rglob("*") if ".git" not in path.parts}
    assert site.run(mode="report") == 3
    made = {path for path in site.folder.rglob("*") if ".git" not in path.parts} - before
    out = site.repository.folder / "ecoci-out"
    own = {site.folder / "event.json", site.folder / "summary.md", site.folder / "outputs"}
    assert {path for path in made if path != out and not path.is_relative_to(out)} <= own
    assert site.states() == [StatusState.FAILURE]
    assert "@everyone" not in site.bodies()[0]


def test_a_report_needs_a_token(site: Site) -> None:
    site.connect = lambda _task, _say: None  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(InputError, match="mode report has no token"):
        site.run(mode="report")


def test_the_files_of_a_report_can_be_read_again(site: Site) -> None:
    site.on_base()
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(site.pairs())})}
    site.run(mode="report")
    from ecoci.model import Report

    text = (site.repository.folder / site.outputs()["report-path"]).read_text(encoding="utf-8")
    assert loads(text, Report, source="report.json").verdict.value == site.outputs()["verdict"] == "REGRESSED"


def test_outside_of_a_job_the_command_says_what_it_is_for() -> None:
    with pytest.raises(EcociError, match="no job of GitHub Actions"):
        run_action({}, print, print)
