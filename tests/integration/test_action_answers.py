"""What the action says is of the commit that it looked at, and nothing is green that was not looked at."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ecoci.action import GitHub, Task
from ecoci.actions.sticky import marker
from ecoci.codec import dumps
from ecoci.errors import InputError, InterruptedRunError, PublishError, StorageError
from ecoci.github.memory import MemoryComments
from ecoci.model import CommitStatus, IssueComment, PairsResult, StatusState, TriggeringRun
from ecoci.ports import Say
from tests.action.starts import programs
from tests.action_sites import NO_CACHE, NUMBER, Site, make_site
from tests.archives import packed
from tests.github.fake import TOKEN, FakeGitHub, Holder
from tests.github.fake_server import running
from tests.recorded import BAD, GOOD, SPEC

UNCHANGED = re.sub(r"\n  # The change under test.*?(?=\n  # Nothing changed)", "", SPEC, flags=re.DOTALL)
"""The quickstart with nothing but its unchanged scenario."""
FORK = "mallory/octo-repo"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The action goes to the checkout, and the tests come back."""
    monkeypatch.chdir(tmp_path)
    return make_site(tmp_path, UNCHANGED)


def passing(site: Site) -> PairsResult:
    """Pairs of a change that changes nothing."""
    pairs = site.pairs()
    return replace(pairs, results=tuple(one for one in pairs.results if one.head.name == "tinyllama-fp16"))


def clean_audit(site: Site) -> str:
    """The audit of a head that has nothing to find."""
    site.head = site.repository.commit(serve_py=GOOD + "\n")
    assert site.run(mode="audit", comment="false", status="false") == 0
    return (site.repository.folder / "ecoci-out/audit.json").read_text(encoding="utf-8")


def with_merge(site: Site) -> str:
    """GitHub's merge of the head into a base that moved on, which is what is checked out then."""
    site.repository.git("checkout", "--quiet", "main")
    newer = site.repository.commit(notes_md="the base moved on")
    site.repository.git("checkout", "--quiet", "--detach")
    site.repository.git("merge", "--quiet", "--no-ff", "-m", "merge", site.head)
    site.merge = site.repository.git("rev-parse", "HEAD")
    return newer


# --- the checkout


def test_a_merge_that_github_made_is_judged_by_its_first_parent_and_answered_on_the_head(site: Site) -> None:
    newer = with_merge(site)
    assert site.run(mode="audit") == 1
    (status,) = site.statuses.given
    assert (status.sha, status.state) == (site.head, StatusState.FAILURE)
    (body,) = site.bodies()
    assert newer[:12] in body


def test_what_the_base_gained_meanwhile_is_no_finding_of_the_change(site: Site) -> None:
    site.head = site.repository.commit(serve_py=GOOD + "\n")
    site.repository.git("checkout", "--quiet", "main")
    site.repository.commit(other_py=BAD)
    site.repository.git("checkout", "--quiet", "--detach")
    site.repository.git("merge", "--quiet", "--no-ff", "-m", "merge", site.head)
    site.merge = site.repository.git("rev-parse", "HEAD")
    assert site.run(mode="audit") == 0


@pytest.mark.parametrize("event", ["pull_request", "merge_group", "push_vetted"])
@pytest.mark.parametrize("mode", ["audit", "measure"])
def test_another_commit_than_the_change_is_neither_audited_nor_measured_in_its_place(
    site: Site, event: str, mode: str
) -> None:
    site.event, site.merge = event, site.head
    site.on_base()
    with pytest.raises(InputError, match=f"the checkout is of commit {site.base[:12]}"):
        site.run(mode=mode, ephemeral_runner="true", base=site.base)
    assert StatusState.SUCCESS not in site.states()


def test_where_nothing_is_checked_out_there_is_no_audit_of_nothing(site: Site) -> None:
    (site.repository.folder / ".git").rename(site.folder / "elsewhere")
    site.event, site.merge = "schedule", site.head
    with pytest.raises(InputError, match="is not in a git repository") as caught:
        site.run(mode="audit")
    assert "let actions/checkout come before" in caught.value.remedy


def test_a_repository_without_a_commit_is_no_checkout(site: Site) -> None:
    site.repository.git("checkout", "--quiet", "--orphan", "empty")
    site.event, site.merge = "schedule", site.head
    with pytest.raises(InputError, match="nothing is checked out here"):
        site.run(mode="audit")


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch", "issue_comment"])
def test_a_checkout_that_the_event_says_nothing_of_gets_no_status_for_its_own_policy_judges_it(
    site: Site, event: str
) -> None:
    site.event, site.merge = event, site.base
    site.head = site.repository.commit(ecoci_yml=f"{UNCHANGED}\naudit: {{fail_on: never}}\n")
    assert site.run(mode="audit") == 0
    assert site.states() == []
    assert "no status was set on it" in site.commands[0]


def test_a_branch_that_is_audited_on_a_schedule_has_the_status_of_its_newest_commit(site: Site) -> None:
    site.event = "schedule"
    site.run(mode="audit")
    assert [one.sha for one in site.statuses.given] == [site.head]


def test_a_merge_that_github_did_not_make_for_this_job_does_not_stand_for_the_change(site: Site) -> None:
    with_merge(site)
    site.merge = "d" * 40
    with pytest.raises(InputError, match="the checkout is of commit"):
        site.run(mode="audit")
    assert site.states() == [StatusState.ERROR]


def test_an_explicit_base_that_is_not_there_is_not_replaced_by_another_one(site: Site) -> None:
    with pytest.raises(InputError, match=r"the base of this change \(orign/main\) is not in the checkout"):
        site.run(mode="audit", base="orign/main")


def test_a_change_that_deletes_the_named_scenario_file_keeps_the_policy_of_the_base(site: Site) -> None:
    site.repository.git("checkout", "--quiet", "main")
    strict = f"{UNCHANGED}\naudit: {{fail_on: warning}}\n"
    site.base = site.repository.commit(ci__energy_yml=strict)
    site.repository.git("checkout", "--quiet", "-b", "quiet")
    site.repository.git("rm", "--quiet", "ci/energy.yml")
    site.head = site.repository.commit(chat_py=NO_CACHE)
    assert site.run(mode="audit") == 0
    assert site.run(mode="audit", spec="ci/energy.yml") == 1


def test_a_named_scenario_file_that_neither_side_has_is_an_error(site: Site) -> None:
    with pytest.raises(StorageError, match="there is no scenario file"):
        site.run(mode="audit", spec="ci/energy.yml")
    assert site.states() == [StatusState.ERROR]


@pytest.mark.parametrize("folder", [".", "", "bin"])
def test_a_git_that_lies_in_the_checkout_is_never_run(site: Site, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    place, mark = site.repository.folder, site.folder / "hijacked"
    site.merge = site.head
    programs(place / folder, git=f"touch '{mark}'")
    path = str(place / folder) if folder == "bin" else folder
    monkeypatch.setenv("PATH", os.pathsep.join((path, os.environ["PATH"])))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(place))
    assert site.run(mode="audit") == 1
    assert not mark.exists()


# --- forks


def test_a_fork_that_was_to_be_measured_and_was_not_is_never_green(site: Site) -> None:
    site.event = "pull_request_of_fork"
    site.head = site.repository.commit(serve_py=GOOD + "\n")
    assert site.run(mode="auto") == 0
    assert site.states() == [StatusState.PENDING]
    assert "is not measured on a runner that stays" in site.summary


def test_a_fork_that_is_audited_on_purpose_has_the_status_of_its_audit(site: Site) -> None:
    site.event, site.self_hosted = "pull_request_of_fork", False
    site.head = site.repository.commit(serve_py=GOOD + "\n")
    assert site.run(mode="auto") == 0
    assert site.states() == [StatusState.SUCCESS]


@pytest.mark.parametrize("judged", [StatusState.SUCCESS, StatusState.FAILURE])
def test_opening_a_fork_anew_does_not_undo_the_answer_to_its_vetted_commit(site: Site, judged: StatusState) -> None:
    site.on_base()
    site.event = "workflow_run_of_fork"
    site.archives = {"ecoci-audit-1": packed({"notes.txt": "nothing"})}
    site.run(mode="report")
    (pending,) = site.statuses.given
    site.statuses.set(replace(pending, state=judged, description="of its measurement"))
    site.comments.update(101, "the answer to the vetted commit")
    site.run(mode="report")
    assert site.states() == [StatusState.PENDING, judged]
    assert site.bodies() == ["the answer to the vetted commit"]


def test_an_error_does_not_undo_the_answer_to_a_vetted_commit_of_a_fork(site: Site) -> None:
    site.on_base()
    site.event = "workflow_run_of_fork"
    site.statuses.set(CommitStatus(site.head, StatusState.SUCCESS, "ecoci", "PASS: measured"))
    with pytest.raises(PublishError, match="has uploaded no archive"):
        site.run(mode="report")
    assert site.states() == [StatusState.SUCCESS]


def test_what_only_the_audit_of_a_fork_said_is_said_anew(site: Site) -> None:
    site.on_base()
    site.event = "workflow_run_of_fork"
    site.archives = {"ecoci-audit-1": packed({"notes.txt": "nothing"})}
    for kind in ("failure", "pending"):
        site.run(mode="report", fork_status=kind)
    assert site.states() == [StatusState.FAILURE, StatusState.PENDING]


def test_a_run_that_github_does_not_know_is_told_to_no_commit(site: Site) -> None:
    site.on_base()
    site.event = "workflow_dispatch"
    with pytest.raises(PublishError, match="there is no workflow run 777"):
        site.run(mode="report", run_id="777")
    assert site.states() == []


def test_an_error_about_another_run_is_told_to_its_head(site: Site) -> None:
    site.on_base()
    site.event = "workflow_dispatch"
    site.runs = (TriggeringRun(777, 1, site.head, "octo-org/octo-repo"),)
    with pytest.raises(PublishError, match="has uploaded no archive"):
        site.run(mode="report", run_id="777")
    assert [(one.sha, one.state) for one in site.statuses.given] == [(site.head, StatusState.ERROR)]


def test_a_throw_away_runner_that_handed_nothing_over_has_not_measured(site: Site) -> None:
    site.on_base()
    site.event = "workflow_run_of_fork"
    site.archives = {"ecoci-gpu-1": packed({"notes.txt": "nothing"})}
    assert site.run(mode="report", ephemeral_runner="true") == 3
    assert "runner that stays" not in site.summary


def test_archives_of_another_run_are_of_whom_github_says(site: Site) -> None:
    audit = clean_audit(site)
    site.on_base()
    site.event = "workflow_dispatch"
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(passing(site)), "audit.json": audit})}
    site.runs = (TriggeringRun(777, 1, site.head, FORK),)
    assert site.run(mode="report", run_id="777") == 0
    assert site.states() == [StatusState.PENDING]
    assert "could have written any number" in site.bodies()[0]
    site.runs = (TriggeringRun(777, 1, site.head, "octo-org/octo-repo"),)
    assert site.run(mode="report", run_id="777") == 0
    assert (site.statuses.given[-1].sha, site.states()[-1]) == (site.head, StatusState.SUCCESS)


# --- what a report needs


def test_a_report_without_an_audit_is_not_green_and_says_so(site: Site) -> None:
    site.on_base()
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(passing(site))})}
    assert site.run(mode="report") == 3
    (status,) = site.statuses.given
    assert status.state is StatusState.FAILURE
    assert status.description == (
        "NOT_MEASURABLE: something that was wanted is missing, or was handed over and not used"
    )
    assert "nobody looked at the code" in site.bodies()[0]
    assert "cut short" not in site.bodies()[0]


def test_a_report_that_wants_no_audit_is_green_without_one(site: Site) -> None:
    site.on_base()
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(passing(site))})}
    assert site.run(mode="report", require_audit="false") == 0
    assert site.states() == [StatusState.SUCCESS]


@pytest.mark.parametrize("name", ["v1:int8.py", "odd\\name.py", "new\nline.py", "d/" * 100 + "x" * 240 + ".py"])
def test_no_name_of_a_file_hides_its_finding_from_the_report(site: Site, name: str) -> None:
    site.repository.write(name, BAD)
    site.head = site.repository.commit(serve_py=GOOD + "\n")
    assert site.run(mode="audit", comment="false", status="false") == 1
    audit = (site.repository.folder / "ecoci-out/audit.json").read_text(encoding="utf-8")
    site.on_base()
    site.archives = {
        "ecoci-gpu-1": packed({"pairs.json": dumps(passing(site))}),
        "ecoci-a-1": packed({"audit.json": audit}),
    }
    assert site.run(mode="report") == 1
    (status,) = site.statuses.given
    assert (status.state, status.description.partition("; ")[2]) == (StatusState.FAILURE, "the audit fails")


def test_an_audit_of_another_commit_is_none(site: Site) -> None:
    audit = clean_audit(site)
    site.head = site.repository.commit(serve_py=BAD)
    site.on_base()
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(passing(site)), "audit.json": audit})}
    assert site.run(mode="report") == 3


def test_a_kind_of_runner_that_never_came_is_not_green(site: Site) -> None:
    audit = clean_audit(site)
    site.on_base()
    site.archives = {"ecoci-gpu-1": packed({"pairs.json": dumps(passing(site)), "audit.json": audit})}
    assert site.run(mode="report", runners="gpu-a100,gpu-h100") == 3
    assert "NOT_MEASURABLE" in site.bodies()[0].split("\n")[1]
    assert site.run(mode="report", runners="gpu-a100") == 0


def test_a_run_that_is_run_again_is_judged_by_its_newest_archives(site: Site) -> None:
    audit = clean_audit(site)
    site.on_base()
    broken, whole = packed({"pairs.json": "{"}), packed({"pairs.json": dumps(passing(site))})
    site.archives = {"ecoci-audit-1": packed({"audit.json": audit}), "ecoci-gpu-1": broken}
    assert site.run(mode="report") == 3
    site.attempt, site.archives = 2, {**site.archives, "ecoci-gpu-2": whole}
    assert site.run(mode="report") == 0
    assert site.states() == [StatusState.FAILURE, StatusState.SUCCESS]


# --- what goes wrong


def test_an_error_replaces_the_green_that_an_earlier_run_left(site: Site) -> None:
    site.head = site.repository.commit(serve_py=GOOD + "\n")
    site.run(mode="audit")
    site.base = "e" * 40
    with pytest.raises(InputError):
        site.run(mode="audit")
    assert site.states() == [StatusState.SUCCESS, StatusState.ERROR]
    assert "audit could not finish" in site.statuses.given[-1].description
    assert "could not finish" in site.bodies()[0]


def test_an_error_that_is_of_an_older_head_leaves_the_comment_alone(site: Site) -> None:
    site.moved, site.base = True, "e" * 40
    with pytest.raises(InputError):
        site.run(mode="audit")
    assert site.bodies() == []


def test_a_wrong_input_is_said_in_the_summary_too(site: Site) -> None:
    with pytest.raises(InputError):
        site.run(mode="adit")
    assert "could not finish" in site.summary


def test_a_token_that_is_none_is_said_in_the_summary_and_nothing_is_posted(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_task: Task, _say: Say) -> GitHub:
        raise InputError("the token for GitHub is empty")

    monkeypatch.setattr(site, "connect", refuse)
    with pytest.raises(InputError):
        site.run(mode="audit")
    assert "The token for GitHub is empty" in site.summary
    assert site.states() == []


def test_a_cancel_while_github_lets_us_wait_loses_neither_summary_nor_outputs(site: Site) -> None:
    class Slow(MemoryComments):
        def create(self, number: int, body: str) -> IssueComment:
            raise InterruptedRunError(15)

    site.comments = Slow()
    with pytest.raises(InterruptedRunError):
        site.run(mode="audit")
    assert "Audit: 1 finding" in site.summary
    assert site.outputs()["critical-findings"] == "1"


def test_what_was_not_posted_is_said_below_the_answer_in_the_summary(site: Site) -> None:
    class Failing(MemoryComments):
        def create(self, number: int, body: str) -> IssueComment:
            raise PublishError("GitHub answered 502 for ten minutes")

    site.comments = Failing()
    assert site.run(mode="audit") == 1
    assert "> The comment is not on the pull request: GitHub answered 502 for ten minutes" in site.summary


@pytest.mark.parametrize(("of_job", "asked"), [("true", 0), ("false", 1), ("", 1)])
def test_a_comment_is_found_again_whatever_token_wrote_it(site: Site, of_job: str, asked: int) -> None:
    """Over a real connection, with a comment that somebody else began like ours."""
    fake = FakeGitHub()
    fake.holders = {TOKEN: Holder() if of_job == "true" else Holder("energy-app[bot]")}
    fake.commits.add(site.head)
    fake.add_pull(NUMBER, head_sha=site.head)
    fake.add_comment(f"{marker('')}\nforged", "mallory", number=NUMBER)
    site.variables = {"ECOCI_TOKEN_IS_OF_JOB": of_job}
    with running(fake) as site.online:
        for _ in range(2):
            fake.calls.clear()
            assert site.run(mode="audit", token=TOKEN) == 1
    assert len(fake.comments) == 2
    assert fake.asked().count("POST /graphql") == asked
