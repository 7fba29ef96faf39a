"""Accepted observations of one scenario on one hardware fingerprint."""

from __future__ import annotations

from dataclasses import dataclass

from ecoci.model.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The stable fields that must agree before two numbers may be compared; no reading that wanders.

    `fields` are sorted (name, value) pairs; `name` is a readable folder name ending in a hash of them.
    """

    name: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric of one run; `name` is a `Metric` value."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What one accepted run contributes. `accounting` is "gross": board energy with idle included.

    `weights_digest` tells apart the models of one name; None where the engine gives none. `dispatch_us` and
    `gpu_utilization_pct` say how fast the host was and how much the GPU had to wait for it.
    """

    job_id: str
    run_index: int
    commit: str | None
    measured_utc: str
    accepted_utc: str
    accepted_by: str
    board_uuids: tuple[str, ...]
    metrics: tuple[MetricValue, ...]
    accounting: str = "gross"
    weights_digest: str | None = None
    dispatch_us: float | None = None
    gpu_utilization_pct: float | None = None

    def metric(self, name: str) -> float | None:
        return next((m.value for m in self.metrics if m.name == name), None)


@dataclass(frozen=True, slots=True)
class Reset:
    """A change of level that was accepted: the mean begins anew, what came before still tells the spread.

    `at` is how many observations the series had then; the level begins with the next one.
    """

    at: int
    reset_utc: str
    reset_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """A release that the level is held against, so that many small steps are seen. `job_ids` are its jobs."""

    name: str
    job_ids: tuple[str, ...]
    set_utc: str
    set_by: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The file `baselines/<fingerprint>/<scenario>.json`; `digest` is that of `scenario` when it was measured.

    `observations` are in the order in which they were accepted and only ever grow; `resets` and `anchors` too.
    """

    fingerprint: Fingerprint
    scenario: Scenario
    digest: str
    observations: tuple[Observation, ...]
    resets: tuple[Reset, ...] = ()
    anchors: tuple[Anchor, ...] = ()
