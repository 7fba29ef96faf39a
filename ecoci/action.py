"""One job of the action: what it was told, what it is about, and what its mode ended with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ecoci.actions.event import parse_event, parse_job
from ecoci.actions.inputs import parse_inputs
from ecoci.actions.modes import choose_mode
from ecoci.actions.sticky import IsOwn, by_workflow
from ecoci.errors import EcociError, InputError
from ecoci.model import ActionInputs, ActionsJob, Answer, Event, Mode
from ecoci.ports import Comments, PullRequests, RunArtifacts, Statuses
from ecoci.store_checkout import place_in
from ecoci.store_files import read_text

PAYLOAD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class GitHub:
    """What a job may ask of GitHub. `is_own` tells which comments were written with the token of this job."""

    comments: Comments
    statuses: Statuses
    pulls: PullRequests
    artifacts: RunArtifacts
    is_own: IsOwn = by_workflow


@dataclass(frozen=True, slots=True)
class Task:
    """One job of the action. `workspace` is the checkout; `env` the variables of the job."""

    inputs: ActionInputs
    event: Event
    job: ActionsJob
    mode: Mode
    workspace: Path
    env: Mapping[str, str]

    @property
    def out(self) -> Path:
        return self.place("out", self.inputs.out)

    def place(self, name: str, path: str) -> Path:
        """What an input names, to be read or written. Raises InputError where a link leads out of the checkout."""
        return place_in(self.workspace, self.workspace / path, f"the input {name}")

    @property
    def run_url(self) -> str:
        return self.job.url_of_run(self.event.repository)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is answered: the commit whose status it is, and the pull request, None where there is none."""

    sha: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a mode ended with. `subject` None means that there is nothing to tell it to any more."""

    answer: Answer
    exit_code: int
    subject: Subject | None
    files: Mapping[str, Path]
    """Files that were written, by the output that names them."""
    warning: str | None = None
    stopped: EcociError | None = None
    """What cut the work short; it is told after the verdict and decides the exit code."""
    accepted: tuple[str, ...] = ()
    """Scenarios that the baselines have one job more of."""


def read_task(env: Mapping[str, str]) -> Task:
    """The job as its variables say. Raises `InputError`, `DataError`, and `StorageError` where the payload is gone."""
    inputs = parse_inputs(env)
    payload = env.get("GITHUB_EVENT_PATH", "")
    if not payload:
        raise InputError(
            "this is no job of GitHub Actions: GITHUB_EVENT_PATH is not set",
            cause="`ecoci action` is what the action runs, and reads what started the job",
            remedy="use the commands by themselves elsewhere: `ecoci audit`, `ecoci run`",
        )
    event = parse_event(env, read_text(Path(payload), limit_bytes=PAYLOAD_BYTES))
    job = parse_job(env)
    workspace = Path(env.get("GITHUB_WORKSPACE") or Path.cwd())
    return Task(inputs, event, job, choose_mode(inputs, event, job), workspace, env)


def subject_of(event: Event) -> Subject:
    """The head of the pull request where there is one, that of a finished run, else the commit that the job is of."""
    if event.run is not None:
        return Subject(event.run.head_sha)
    if event.pull_request is not None:
        return Subject(event.pull_request.head_sha, event.pull_request.number)
    return Subject(event.sha, event.vetted_number)


def is_still_head(subject: Subject, pulls: PullRequests) -> bool:
    """Whether the answer is still of what is to be merged. A commit without a pull request stays what it is.

    Raises `PublishError` where GitHub does not say.
    """
    if subject.number is None:
        return True
    found = pulls.get(subject.number)
    return found is not None and found.is_open and found.head_sha == subject.sha
