"""From a pull request to its comment and status: action.yml under bash, ecoci itself, GitHub as it describes itself.

Every request passes a checker with GitHub's published description. Only the measuring is a replay.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ecoci.actions.sticky import marker
from ecoci.codec import dumps
from tests.action.harness import ActionRun, Call, run_action
from tests.action.nodes import Engine, official_payload
from tests.action.planted import plant
from tests.action.runner import Event, Runner, make_action, read_only
from tests.archives import packed
from tests.github.fake import BOT, NUMBER, READING, REPOSITORY, TOKEN, FakeGitHub, Holder
from tests.github.prism import Contract, fake_behind_checker
from tests.recorded import BAD, GOOD, RECORDED, SPEC, recorded_pairs
from tests.repositories import Repository, new_repository

pytestmark = pytest.mark.node

RUN_ID = 1589141559
FORK = "stranger/models"
COMMENTS = f"/issues/{NUMBER}/comments"
READ_TOKEN = "ghs_" + "Read" * 8


@pytest.fixture(scope="module")
def behind() -> Iterator[tuple[FakeGitHub, Contract]]:
    with fake_behind_checker("api.github.com") as both:
        yield both


@dataclass
class Story:
    """A repository on GitHub with one pull request, and a runner that does its jobs."""

    engine: Engine
    runner: Runner
    action: Path
    github: FakeGitHub
    contract: Contract
    repository: Repository
    base: str
    head: str
    token: str = TOKEN

    def payload(self, name: str, *, fork: bool = False) -> dict[str, Any]:
        if name == "schedule":
            return {"schedule": "17 3 * * *", "repository": {"full_name": REPOSITORY, "private": True}}
        told = official_payload(name, {"pull_request": "synchronize", "merge_group": "checks_requested"}.get(name, ""))
        told["repository"]["full_name"] = REPOSITORY
        told["repository"]["private"] = True
        source = FORK if fork else REPOSITORY
        if "pull_request" in told:
            told["number"] = told["pull_request"]["number"] = NUMBER
            for end, sha, repository in (("head", self.head, source), ("base", self.base, REPOSITORY)):
                told["pull_request"][end]["sha"] = sha
                told["pull_request"][end]["repo"]["full_name"] = repository
            told["pull_request"]["base"]["ref"] = "main"
        if "workflow_run" in told:
            told["workflow_run"].update(id=RUN_ID, head_sha=self.head, event="pull_request", run_attempt=1)
            told["workflow_run"]["head_repository"]["full_name"] = source
        if "merge_group" in told:
            told["merge_group"].update(head_sha=self.head, base_sha=self.base)
        return told

    def run(self, name: str = "pull_request", *, fork: bool = False, **inputs: str) -> ActionRun:
        ref = {"pull_request": f"refs/pull/{NUMBER}/merge"}.get(name, "refs/heads/main")
        sha = self.repository.git("rev-parse", "HEAD")
        variables = {"GITHUB_API_URL": self.github.url}
        event = Event(name, self.payload(name, fork=fork), ref, sha, self.token, variables)
        given = {key.replace("_", "-"): value for key, value in inputs.items()}
        given.setdefault("ecoci-path", sys.prefix)
        return run_action(self.engine, Call(self.action, self.runner, event, given))

    def lead_into_the_checkout(self) -> None:
        """As a workflow does that adds folders of the checkout to PATH."""
        path = os.pathsep.join((".", str(self.runner.workspace), os.environ["PATH"]))
        self.runner = replace(self.runner, variables={"PATH": path})

    def measured(self) -> bytes:
        """The archive that the measuring job of this pull request uploads."""
        return packed({"pairs.json": dumps(recorded_pairs(self.base, self.head))})

    def states(self) -> list[tuple[str, str]]:
        return [(one["sha"], one["state"]) for one in self.github.statuses]

    def check(self, run: ActionRun) -> None:
        """What holds after every job: nothing against the description, and no token in what people can read."""
        assert self.contract.violations() == []
        written = [*run.log.raw, run.summary, *run.outputs.values(), *self.github.bodies().values()]
        assert not [text for text in written if self.token in text]


@pytest.fixture(scope="module")
def action(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the action, to which no job writes."""
    folder = make_action(Runner(tmp_path_factory.mktemp("action") / "a runner with spaces, and é"), stand_in=False)
    with read_only(folder):
        yield folder


@pytest.fixture
def story(tmp_path: Path, engine: Engine, action: Path, behind: tuple[FakeGitHub, Contract]) -> Story:
    github, contract = behind
    github.forget()
    github.url = contract.url
    contract.violations()
    runner = Runner(tmp_path / "a runner with spaces, and é")
    repository = new_repository(runner.folder / "_work/repo/repo")
    base = repository.commit(serve_py=GOOD, ecoci_yml=SPEC)
    repository.git("checkout", "--quiet", "-b", "quantize")
    head = repository.commit(serve_py=BAD)
    github.commits |= {base, head}
    github.add_pull(NUMBER, head_sha=head, base_sha=base)
    return Story(engine, runner, action, github, contract, repository, base, head)


def test_a_pull_request_gets_one_comment_and_its_status_and_both_follow_the_change(story: Story) -> None:
    mark = plant(story.runner)
    story.lead_into_the_checkout()
    first = story.run(mode="audit")
    story.check(first)
    assert first.code == 1, first.log.text
    (body,) = story.github.bodies().values()
    assert body.startswith(f"{marker('')}\n❌ **Audit: 1 finding")
    assert story.states() == [(story.head, "failure")]
    assert not mark.exists()
    assert first.outputs["critical-findings"] == "1"
    assert first.outputs["comment-id"].isdigit()
    assert "Audit: 1 finding" in first.summary
    (comment,) = story.github.comments
    posted = dict(comment)
    story.github.calls.clear()
    second = story.run(mode="audit")
    story.check(second)
    assert "comment: unchanged" in second.log.text
    assert [call.method for call in story.github.calls] == ["GET", "POST"], "nothing but the look and the status"
    assert story.github.comments == [posted]
    story.head = story.repository.commit(serve_py=GOOD + "\n")
    story.github.commits.add(story.head)
    story.github.add_pull(NUMBER, head_sha=story.head, base_sha=story.base)
    story.github.calls.clear()
    mended = story.run(mode="audit")
    story.check(mended)
    assert [call.method for call in story.github.calls] == ["GET", "PATCH", "POST"]
    assert mended.code == 0
    (body,) = story.github.bodies().values()
    assert "Audit: 0 findings" in body
    assert story.states()[-1] == (story.head, "success")


def test_three_hundred_comments_cost_six_requests(story: Story) -> None:
    for number in range(299):
        story.github.add_comment(f"comment {number}")
    story.github.add_comment(marker("") + "\nforged", login="mallory")
    run = story.run(mode="audit")
    story.check(run)
    assert run.code == 1
    assert story.github.asked() == [
        *(f"GET {COMMENTS}" for _ in range(3)),
        f"POST {COMMENTS}",
        f"GET {COMMENTS}",
        f"POST /statuses/{story.head}",
    ]
    assert story.github.comments[-1]["user"]["login"] == BOT
    assert story.github.comments[-2]["body"].endswith("forged"), "it is not ours to change"


def test_a_fork_with_a_token_that_only_reads_gets_the_same_verdict_in_its_summary(story: Story) -> None:
    story.token = READ_TOKEN
    story.github.holders[READ_TOKEN] = Holder(rights=READING)
    run = story.run(mode="audit", fork=True)
    story.check(run)
    assert run.code == 1
    assert "Audit: 1 finding" in run.summary
    assert "the comment was not posted" in run.log.text
    assert story.github.comments == []


def test_measuring_hands_over_files_and_the_report_judges_them_again(story: Story) -> None:
    mark = plant(story.runner)
    story.lead_into_the_checkout()
    measured = story.run(mode="measure", replay=str(RECORDED.parent))
    story.check(measured)
    assert measured.code == 1, measured.log.text
    assert measured.outputs["verdict"] == "REGRESSED"
    assert not mark.exists()
    assert story.github.asked() == []
    story.repository.git("checkout", "--quiet", "main")
    number = story.github.add_archive(RUN_ID, "ecoci-gpu-1", story.measured())
    report = story.run(mode="report")
    story.check(report)
    assert report.code == 1, report.log.text
    (body,) = story.github.bodies().values()
    assert "**❌ REGRESSED**" in body.splitlines()[1]
    assert story.states() == [(story.head, "failure")]
    assert float(report.outputs["delta-percent"]) > 300
    assert story.github.asked() == [
        f"GET /actions/runs/{RUN_ID}/artifacts",
        f"GET /actions/artifacts/{number}/zip",
        f"GET /pulls/{NUMBER}",
        f"GET {COMMENTS}",
        f"POST {COMMENTS}",
        f"GET {COMMENTS}",
        f"POST /statuses/{story.head}",
    ]


def test_the_report_of_a_fork_finds_its_pull_request_and_says_what_was_not_measured(story: Story) -> None:
    story.repository.git("checkout", "--quiet", "main")
    story.github.add_pull(NUMBER, head_sha=story.head, head_repository=FORK, base_sha=story.base)
    story.github.add_archive(RUN_ID, "ecoci-audit-1", packed({"notes.txt": "nothing was measured"}))
    run = story.run("workflow_run", fork=True, mode="report")
    story.check(run)
    assert run.code == 0, run.log.text
    (body,) = story.github.bodies().values()
    assert "NOT MEASURED" in body
    assert [one["number"] for one in story.github.comments] == [NUMBER]
    assert story.states() == [(story.head, "pending")]


def test_a_hostile_archive_is_named_writes_nothing_and_stays_red(story: Story) -> None:
    story.repository.git("checkout", "--quiet", "main")
    raw = dumps(recorded_pairs(story.base, story.head))
    ugly = {
        "../../../escaped.json": raw,
        "pairs.json": re.sub(r'"tokens": ?\d+', '"tokens": 1e308', raw, count=1),
        "result.json": '{"name": "' + "@everyone <script>::error::" * 400_000 + '"}',
        "comment.md": "# all is well @everyone",
    }
    story.github.add_archive(RUN_ID, "ecoci-gpu-1", packed(ugly))
    story.github.add_archive(RUN_ID, "ecoci-gpu-2", packed({"pairs.json": "[" * 30_000_000}))
    run = story.run(mode="report")
    story.check(run)
    assert run.code == 3, run.log.text
    assert story.states() == [(story.head, "failure")]
    (body,) = story.github.bodies().values()
    assert "handed over and not used" in body
    assert not [word for word in ("@everyone", "<script>", "all is well") if word in body + run.summary]
    assert not list(story.runner.folder.rglob("escaped.json"))


def test_a_merge_queue_gets_its_status_on_the_merged_commit(story: Story) -> None:
    run = story.run("merge_group", mode="audit")
    story.check(run)
    assert run.code == 1, run.log.text
    assert story.states() == [(story.head, "failure")]
    assert story.github.comments == []


def test_a_github_that_fails_changes_nothing_of_the_verdict(story: Story) -> None:
    story.token = "ghs_" + "Wrong" * 6
    run = story.run(mode="audit")
    story.check(run)
    assert run.code == 1
    assert "the verdict stands" in run.log.text
    assert "Audit: 1 finding" in run.summary
