"""What a gate said of changes that were known: none at all, or one that was planted."""

from __future__ import annotations

from dataclasses import dataclass

from ecoci.model.report import VerdictKind
from ecoci.model.result import Provenance
from ecoci.model.scenario import Scenario


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
