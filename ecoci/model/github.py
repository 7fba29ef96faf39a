"""GitHub's side of a job: what started it, what it may do, and what is said where."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class EventName(StrEnum):
    """What started the workflow, as far as ecoci tells events apart."""

    PULL_REQUEST = "pull_request"
    PULL_REQUEST_TARGET = "pull_request_target"
    PUSH = "push"
    MERGE_GROUP = "merge_group"
    SCHEDULE = "schedule"
    WORKFLOW_DISPATCH = "workflow_dispatch"
    WORKFLOW_RUN = "workflow_run"
    ISSUE_COMMENT = "issue_comment"
    OTHER = "other"


class Mode(StrEnum):
    """What the action does. AUTO is decided by the event."""

    AUTO = "auto"
    AUDIT = "audit"
    MEASURE = "measure"
    REPORT = "report"
    NIGHTLY = "nightly"


class ForkStatus(StrEnum):
    """What the status says of a pull request from a fork that was not measured; never that all is well."""

    PENDING = "pending"
    FAILURE = "failure"


class FailOn(StrEnum):
    """From which severity on a finding of the audit fails the check."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ActionInputs:
    """The inputs of the action, in the order of action.yml; there they are written with hyphens.

    Texts are empty and the rest None where nothing was asked for. `python` and `ecoci_path` say what runs ecoci itself,
    `measure_python` what measures. `base` is a commit, branch or tag, `artifact` a folder of downloaded archives and
    `run_id` the workflow run whose archives are fetched where there is none. `budget` is in minutes, `wait_idle` in
    seconds. `runners` are the kinds of runners that each scenario is awaited from.
    """

    mode: Mode = Mode.AUTO
    token: str = field(default="", repr=False)
    python: str = ""
    measure_python: str = ""
    ecoci_path: str = ""
    spec: str = "ecoci.yml"
    baselines: str = "baselines"
    out: str = "ecoci-out"
    base: str = ""
    scenario: tuple[str, ...] = ()
    suite: str = ""
    comment: bool = True
    status: bool = True
    annotations: bool = True
    summary: bool = True
    sarif: str = ""
    fail_on: FailOn | None = None
    fork_status: ForkStatus = ForkStatus.PENDING
    ephemeral_runner: bool = False
    artifact: str = ""
    run_id: int | None = None
    runners: tuple[str, ...] = ()
    require_audit: bool = True
    gpu: str = ""
    budget: float | None = None
    pairs: int | None = None
    wait_idle: float = 0.0
    changed_only: bool = True
    replay: str = ""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as an event or the API tells it. `head_repository` is None when the fork was deleted."""

    number: int
    head_sha: str
    head_repository: str | None
    base_sha: str
    base_ref: str
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class TriggeringRun:
    """A workflow run that measured, such as the one that a `workflow_run` event tells of.

    Its head may be of a fork, and so all it made. `attempt` counts from 1.
    """

    run_id: int
    attempt: int
    head_sha: str
    head_repository: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """What started this job. `repository` is `owner/name`; `is_private` None where the payload does not say.

    `base_sha` is the commit that the change is compared with, as the payload tells it: the base of a pull request or of
    a merge group, and for a push what the branch was before. `vetted_number` is N for a push to a branch
    `pull-request/N`, which somebody with write access made on purpose.
    """

    name: EventName
    raw_name: str
    repository: str
    sha: str
    ref: str
    base_sha: str | None = None
    pull_request: PullRequest | None = None
    vetted_number: int | None = None
    run: TriggeringRun | None = None
    is_private: bool | None = None

    @property
    def is_fork(self) -> bool:
        """Whether the code is of another repository, or of one that is gone."""
        sources = (self.pull_request, self.run)
        return any(one is not None and one.head_repository != self.repository for one in sources)


@dataclass(frozen=True, slots=True)
class ActionsJob:
    """The job on its runner. Links begin with `server_url`; `is_self_hosted` is None where the runner does not say."""

    workflow: str
    job: str
    run_id: int
    attempt: int
    api_url: str
    server_url: str
    is_self_hosted: bool | None

    def url_of_run(self, repository: str) -> str:
        return f"{self.server_url}/{repository}/actions/runs/{self.run_id}"


class RefusalCode(StrEnum):
    """Why the code of this event is not run."""

    EVENT = "event"
    """Such an event has the rights of the repository and is started by anybody, or is not known to be harmless."""
    FORK = "fork"


@dataclass(frozen=True, slots=True)
class Refusal:
    """That measuring is refused, in the words of an error: what, why, and what to do."""

    code: RefusalCode
    message: str
    cause: str
    remedy: str


class StatusState(StrEnum):
    """What GitHub shows beside a commit."""

    SUCCESS = "success"
    FAILURE = "failure"
    PENDING = "pending"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """A commit status: `sha` is that of the pull request's head, `description` at most 140 characters."""

    sha: str
    state: StatusState
    context: str
    description: str
    target_url: str | None = None


@dataclass(frozen=True, slots=True)
class IssueComment:
    """A comment on a pull request. `author` is the login, `[bot]` included, empty for an account that is gone."""

    id: int
    body: str
    author: str
    by_bot: bool
    url: str
    created_utc: str = ""


class Posted(StrEnum):
    """What became of something that was to be posted."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FORBIDDEN = "forbidden"
    """The token may only read: that of a fork, or one whose permissions leave it out."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not asked for, or there is nothing to post to."""


@dataclass(frozen=True, slots=True)
class PostOutcome:
    """What became of a comment or status, and why where it was not posted."""

    posted: Posted
    comment_id: int | None = None
    why: str = ""
