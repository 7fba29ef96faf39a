"""What the work needs from the outside, as protocols of at most three methods that speak our own types only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import Protocol, TypeVar

from ecoci.errors import EcociError
from ecoci.model import (
    Artifact,
    Audited,
    Baseline,
    BuiltEnvironment,
    CheckoutRequest,
    CommitStatus,
    DomainEnergy,
    EngineFacts,
    Fingerprint,
    Generation,
    HostState,
    IssueComment,
    JobResult,
    MeterFacts,
    Missing,
    PairsResult,
    Progress,
    PullRequest,
    RunJob,
    RunRecord,
    Setup,
    SetupProgress,
    Sides,
    Source,
    Trace,
    TriggeringRun,
    Workload,
    WorkPhase,
)
from ecoci.model.settings import RepositoryFacts, RunnerFacts, TokenDefaults

T = TypeVar("T")

Say = Callable[[str], None]
"""Tells a person one line."""


class Clock(Protocol):
    """Monotonic seconds. One clock serves all parts of a run, so that no stage mixes two.

    `wait` sleeps until `event` is set, at most `timeout_s`, and says whether it is set.
    """

    def now_s(self) -> float: ...

    def sleep(self, duration_s: float) -> None: ...

    def wait(self, event: Event, timeout_s: float) -> bool: ...


class Meter(Protocol):
    """Turns running work into traces, one for each of its boards, in the order of `describe`.

    `record` takes the work as a thunk, so it cannot be left open.
    """

    def describe(self) -> MeterFacts: ...

    def record(self, work: Callable[[], T]) -> tuple[T, tuple[Trace, ...]]: ...

    def close(self) -> None: ...


class Engine(Protocol):
    """Runs a workload. `generate` makes one generation, or one part of it, and returns only after the device is synced.

    A phase that the engine cannot repeat by itself raises `EngineError` at the first call, before any work.
    """

    def prepare(self, workload: Workload) -> EngineFacts: ...

    def generate(self, phase: WorkPhase = WorkPhase.GENERATE) -> Generation: ...

    def close(self) -> None: ...


class Runtime(Protocol):
    """The framework on its devices before any model: what a context alone costs, and how fast this host drives it.

    `dispatch_us` is the time to send one small operation to the device, in microseconds.
    """

    def open_context(self) -> None: ...

    def dispatch_us(self) -> float: ...


class HostControl(Protocol):
    """Quiets the measuring process's own host side. `settle` is called once, warm; `window` surrounds each window."""

    def settle(self) -> HostState: ...

    def window(self) -> AbstractContextManager[None]: ...


class HostMeter(Protocol):
    """Reads what the host's processors and memory use beside the GPU. Where nothing can be read it says nothing."""

    def record(self, work: Callable[[], T]) -> tuple[T, tuple[DomainEnergy, ...]]: ...

    def missing(self) -> tuple[Missing, ...]: ...


class Observer(Protocol):
    """Listens to progress; it never answers."""

    def notify(self, progress: Progress) -> None: ...


class Launcher(Protocol):
    """Makes one run, in a fresh process where the number counts.

    A run that dies keeps what it measured and says so in `RunRecord.failure`. Errors that every later run would meet
    too (no GPU, wrong model) are raised as `EcociError`.
    """

    def launch(self, job: RunJob, observer: Observer) -> RunRecord: ...


class ResultStore(Protocol):
    """Keeps results and baselines."""

    def save_result(self, result: JobResult) -> Path: ...

    def load_baseline(self, fingerprint: Fingerprint, scenario: str) -> Baseline | None: ...

    def list_baselines(self) -> tuple[Baseline, ...]: ...


class Publisher(Protocol):
    """Puts artifacts where people read them."""

    def publish(self, artifacts: tuple[Artifact, ...]) -> None: ...


class PairsStore(Protocol):
    """Keeps the result of a confirmation."""

    def save_pairs(self, result: PairsResult) -> Path: ...


class Confirmer(Protocol):
    """Measures base and head of the named scenarios in pairs, or gives back recorded ones.

    A scenario that the base does not have is not in the answer. The error, if any, is what cut it short; one that left
    nothing measured is raised.
    """

    def confirm(self, scenarios: tuple[str, ...]) -> tuple[PairsResult, EcociError | None]: ...


ChooseSetups = Callable[[Source, Source], tuple[Setup, Setup]]
"""How the environments of base and head are made; asked when both lie on disk, and before anything of them runs."""


def no_setups(_base: Source, _head: Source) -> tuple[Setup, Setup]:
    """Both sides run in ecoci's own environment."""
    return Setup(), Setup()


class Checkouts(Protocol):
    """Lays out the two sides of a pull request, each with what runs it, for as long as the context is open."""

    def open(self, request: CheckoutRequest, choose: ChooseSetups = no_setups) -> AbstractContextManager[Sides]: ...

    def base_text(self, request: CheckoutRequest, path: str) -> str | None: ...


class SetupObserver(Protocol):
    """Listens to how the setups of sides go on; it never answers."""

    def notify(self, progress: SetupProgress) -> None: ...


class History(Protocol):
    """Knows which commits came after which.

    `newer` is those of `commits` that the repository knows and that are no ancestors of `head`: what was measured on
    them says nothing about where the head comes from. Commits it does not know are not among them. None where it
    cannot tell of any, as where it does not know the head.
    """

    def newer(self, commits: Sequence[str], head: str) -> frozenset[str] | None: ...


class Environments(Protocol):
    """Has the environment of a commit that is laid out, built or found; nobody removes it while the context is open."""

    def open(self, source: Source, setup: Setup) -> AbstractContextManager[BuiltEnvironment]: ...


class Auditor(Protocol):
    """Reads a repository, and says what it found there and whether that fails the check."""

    def audit(self, root: Path) -> Audited: ...


class Comments(Protocol):
    """The comments of a repository's pull requests, oldest first; each page is asked for when it is needed.

    With `since_utc` only those written or changed since. `update` answers None where the comment is gone. Raises
    `ForbiddenError` where the token may only read, `LostAnswerError` where a comment may have been created or not,
    else `PublishError`.
    """

    def pages(self, number: int, since_utc: str = "") -> Iterator[tuple[IssueComment, ...]]: ...

    def create(self, number: int, body: str) -> IssueComment: ...

    def update(self, comment_id: int, body: str) -> IssueComment | None: ...


class Statuses(Protocol):
    """The statuses of commits by context, None before one is set. Raises `ForbiddenError` and `PublishError`."""

    def set(self, status: CommitStatus) -> None: ...

    def latest(self, sha: str, context: str) -> CommitStatus | None: ...


class PullRequests(Protocol):
    """Pull requests of the repository: by number, and the open one whose head is this commit of that repository.

    None where there is none. Raises `PublishError`.
    """

    def get(self, number: int) -> PullRequest | None: ...

    def with_head(self, sha: str, repository: str | None) -> PullRequest | None: ...


class RunArtifacts(Protocol):
    """Zip archives that a workflow run has uploaded, by their names' beginning, and whose run it was.

    Of what several attempts uploaded the newest counts. Raises `PublishError`, also for more than `most_bytes` in all.
    The bytes are hostile.
    """

    def run(self, run_id: int) -> TriggeringRun: ...

    def download(self, run_id: int, attempt: int, prefix: str, most_bytes: int) -> tuple[bytes, ...]: ...


class RepositorySettings(Protocol):
    """A repository, and the names of the statuses that a branch of it requires before merging.

    Raises `ForbiddenError` for what the token may not see, else `PublishError`.
    """

    def repository(self) -> RepositoryFacts: ...

    def required_statuses(self, branch: str) -> tuple[str, ...]: ...


class ActionsSettings(Protocol):
    """How a repository runs workflows: whose need approval, what their token may do, and its self-hosted runners.

    `fork_approval` is GitHub's word for it. Raises as `RepositorySettings`.
    """

    def fork_approval(self) -> str: ...

    def token_defaults(self) -> TokenDefaults: ...

    def runners(self) -> tuple[RunnerFacts, ...]: ...
