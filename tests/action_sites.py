"""A repository on GitHub with one pull request, and jobs of the action in it, with GitHub in memory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from ecoci.action import GitHub, Task
from ecoci.action_measure import Measure
from ecoci.action_run import run_action
from ecoci.github.memory import MemoryArtifacts, MemoryComments, MemoryPullRequests, MemoryStatuses
from ecoci.model import PairsResult, PullRequest, StatusState, TriggeringRun
from ecoci.ports import Say
from tests import payloads, recorded
from tests.github.fake import REPOSITORY
from tests.recorded import BAD, GOOD, SPEC
from tests.repositories import Repository, new_repository

NUMBER = 2
NO_CACHE = """\
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained("mistralai/Mistral-7B-v0.1", device_map="cuda")
def answer(inputs):
    return model.generate(**inputs, use_cache=False, max_new_tokens=200)
"""
"""A warning, which fails no check where nothing is said."""


@dataclass
class Site:
    """A repository on GitHub and a job in it; `run` does what the action does there."""

    repository: Repository
    folder: Path
    event: str = "pull_request"
    comments: MemoryComments = field(default_factory=MemoryComments)
    statuses: MemoryStatuses = field(default_factory=MemoryStatuses)
    archives: dict[str, bytes] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    head: str = ""
    base: str = ""
    moved: bool = False
    is_open: bool = True
    measuring: Measure | None = None
    """What measures in the place of processes."""
    attempt: int = 1
    runs: tuple[TriggeringRun, ...] = ()
    self_hosted: bool = True
    merge: str = ""
    online: str = ""
    """Address of a GitHub behind a socket, which is then asked in place of the one in memory."""
    variables: dict[str, str] = field(default_factory=dict)

    def payload(self) -> Path:
        told = payloads.payload(self.event)
        if "pull_request" in told:
            told["pull_request"]["head"]["sha"] = self.head
            told["pull_request"]["base"]["sha"] = self.base
        if "workflow_run" in told:
            told["workflow_run"].update(head_sha=self.head, run_attempt=self.attempt)
        if "merge_group" in told:
            told["merge_group"].update(head_sha=self.head, base_sha=self.base)
        file = self.folder / "event.json"
        text = json.dumps(told)
        file.write_text(text.replace(told["repository"]["full_name"], REPOSITORY) if self.online else text, "utf-8")
        return file

    def run(self, **inputs: str) -> int:
        connect = None if self.online else self.connect
        return run_action(self.env(**inputs), self.said.append, self.commands.append, connect, self.measuring)

    def env(self, **inputs: str) -> dict[str, str]:
        """The variables of the job."""
        return payloads.variables(
            self.event,
            GITHUB_EVENT_PATH=str(self.payload()),
            GITHUB_WORKSPACE=str(self.repository.folder),
            GITHUB_SHA=self.merge or self.repository.git("rev-parse", "HEAD"),
            GITHUB_RUN_ATTEMPT=str(self.attempt),
            RUNNER_ENVIRONMENT="self-hosted" if self.self_hosted else "github-hosted",
            GITHUB_STEP_SUMMARY=str(self.folder / "summary.md"),
            GITHUB_OUTPUT=str(self.folder / "outputs"),
            **({"GITHUB_API_URL": self.online, "GITHUB_REPOSITORY": REPOSITORY} if self.online else {}),
            **self.variables,
            **{f"ECOCI_INPUT_{name.upper()}": value for name, value in inputs.items()},
        )

    def connect(self, task: Task, _say: Say) -> GitHub:
        source = task.event.pull_request or task.event.run
        repository = task.event.repository if source is None else source.head_repository
        pull = PullRequest(NUMBER, "f" * 40 if self.moved else self.head, repository, self.base, "main", self.is_open)
        by_head = replace(pull, head_sha=self.head)
        pulls = _Moving(pull, by_head)
        run_id = task.inputs.run_id or (task.event.run or task.job).run_id
        return GitHub(self.comments, self.statuses, pulls, MemoryArtifacts({run_id: self.archives}, self.runs))

    def pairs(self) -> PairsResult:
        """The recorded pairs as if they were of this pull request."""
        return recorded.recorded_pairs(self.base, self.head)

    def on_base(self) -> None:
        """What a report job has checked out."""
        self.repository.git("checkout", "--quiet", "main")

    def states(self) -> list[StatusState]:
        """Of all statuses that were set, in order."""
        return [one.state for one in self.statuses.given]

    @property
    def summary(self) -> str:
        return (self.folder / "summary.md").read_text(encoding="utf-8")

    def outputs(self) -> dict[str, str]:
        text = (self.folder / "outputs").read_text(encoding="utf-8")
        return {found[1]: found[3] for found in re.finditer(r"^([\w-]+)<<(\S+)\n(.*)\n\2$", text, re.MULTILINE)}

    def bodies(self) -> list[str]:
        return [one.body for one in self.comments.written.get(NUMBER, ())]


class _Moving(MemoryPullRequests):
    """Found by its old head, although it may have a newer one by now."""

    def __init__(self, now: PullRequest, then: PullRequest) -> None:
        super().__init__(now)
        self._then = then

    def with_head(self, sha: str, repository: str | None) -> PullRequest | None:
        return self._then if sha == self._then.head_sha else None


def make_site(folder: Path, spec: str = SPEC) -> Site:
    """A pull request that loads a model in 8 bit."""
    repository = new_repository(folder / "work space")
    base = repository.commit(serve_py=GOOD, ecoci_yml=spec)
    repository.git("checkout", "--quiet", "-b", "feature")
    head = repository.commit(serve_py=BAD)
    return Site(repository, folder, base=base, head=head)
