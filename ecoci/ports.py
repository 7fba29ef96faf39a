"""What the work needs from the outside, as protocols of at most three methods that speak our own types only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from ecoci.model import (
    Artifact,
    Baseline,
    Board,
    EngineFacts,
    Finding,
    Fingerprint,
    Generation,
    JobResult,
    Progress,
    RunJob,
    RunRecord,
    Trace,
    Workload,
)

T = TypeVar("T")


class Clock(Protocol):
    """Monotonic seconds. One clock serves all parts of a run, so that no stage mixes two."""

    def now_s(self) -> float: ...

    def sleep(self, duration_s: float) -> None: ...


class Meter(Protocol):
    """Turns running work into a trace. `record` takes the work as a thunk, so it cannot be left open."""

    def describe(self) -> Board: ...

    def record(self, work: Callable[[], T]) -> tuple[T, Trace]: ...

    def close(self) -> None: ...


class Engine(Protocol):
    """Runs a workload. `generate` makes one generation and returns only after the device is synced."""

    def prepare(self, workload: Workload) -> EngineFacts: ...

    def generate(self) -> Generation: ...

    def close(self) -> None: ...


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


class Auditor(Protocol):
    """Reads a repository and returns its findings."""

    def audit(self, root: Path) -> tuple[Finding, ...]: ...
