"""What a gate said of changes that were known: none at all, or one that was planted."""

from __future__ import annotations

from dataclasses import dataclass

from ecoci.model.result import Provenance
from ecoci.model.scenario import Scenario
from ecoci.model.verdict import VerdictKind


@dataclass(frozen=True, slots=True)
class Trial:
    """One confirmation of a known change: `extra_tokens` more in each request of the head than were counted.

    `change`, `ci_low`, `ci_high` are what was found, None where nothing could be said.
    """

    extra_tokens: int
    verdict: VerdictKind
    pairs: int
    duration_s: float
    change: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The file `calibration.json`: trials of one scenario on one machine, and the gate they were judged by."""

    provenance: Provenance
    scenario: Scenario
    most_pairs: int
    product: str | None
    board_uuids: tuple[str, ...]
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of `of`, as a share with its 95 % binomial interval (Clopper and Pearson 1934)."""

    count: int
    of: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TrialRates:
    """All trials of one planted size. `found` is the mean of the changes found; times are medians."""

    extra_tokens: int
    regressed: Rate
    passed: Rate
    unsettled: Rate
    found: float | None
    pairs: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class MachineCalibration:
    """What the last calibration of these boards found, as a report quotes it, and the gate that it was of.

    `scenario` names what it measured, and `same_work` says whether that is what the report is about. `new_tokens` of
    its requests turn planted tokens into a share.
    """

    created_utc: str
    scenario: str
    same_work: bool
    product: str | None
    new_tokens: int
    tolerance: float
    alpha: float
    most_pairs: int
    rows: tuple[TrialRates, ...]
