"""What is said: comparisons, verdicts, and the one value every renderer gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ecoci.model.audit import Finding, HeldBack, PolicySource, SkippedFile
from ecoci.model.baseline import Fingerprint
from ecoci.model.calibration import MachineCalibration
from ecoci.model.pairs import Arm, PairOptions, Side, Stopped
from ecoci.model.reasons import Reason
from ecoci.model.result import Environment, Provenance, RunMeasurement
from ecoci.model.scenario import Scenario, Tariff
from ecoci.model.verdict import VerdictKind


class Metric(StrEnum):
    """What is compared. Gross energy per output token is the gated one; the others say why it moved."""

    ENERGY_PER_TOKEN_J = "energy_per_token_j"
    NET_ENERGY_PER_TOKEN_J = "net_energy_per_token_j"
    TOKENS_PER_S = "tokens_per_s"
    MEAN_POWER_W = "mean_power_w"


@dataclass(frozen=True, slots=True)
class Summary:
    """n values: arithmetic mean if nothing else is said, sample sd (None below n = 2), 95 % t interval of the mean."""

    n: int
    mean: float
    sd: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """The test of one metric on log values; the summaries are over the runs of pairs, or over jobs.

    Over jobs the means are those that the change is computed from: geometric, and of the means of boards where jobs of
    several are behind them. Their intervals are None then.

    `change`, `ci_low`, `ci_high` are relative changes head against base (0.05 is +5 %), from the difference of mean
    logs; each end of the interval is wrong with probability alpha. `p` is two-sided, for no change at all, or that of
    a regression in pairs. `min_detectable_change` is the relative change found with 80 % power. All but the summaries
    are None when the test cannot be made; the comparison's problems say why.
    """

    metric: Metric
    base: Summary
    head: Summary
    change: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    t: float | None = None
    df: float | None = None
    p: float | None = None
    hedges_g: float | None = None
    min_detectable_change: float | None = None


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One fingerprint or workload field whose value differs; None where a side lacks it."""

    field: str
    base: str | None
    head: str | None


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """Where the base values come from."""

    scenario: str
    observations: int
    jobs: int
    newest_utc: str
    commits: tuple[str, ...]
    board_uuids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostPace:
    """Hosts of base and head that drive a GPU at different speeds, with work that waits for them.

    `base_us` and `head_us` are microseconds per operation sent, `busy_pct` the lower GPU utilisation of both sides.
    `most_change` is the relative change of energy (0.1 is +10 %) that the hosts alone may account for.
    """

    base_us: float
    head_us: float
    busy_pct: float | None
    most_change: float


class ScreenTest(StrEnum):
    """How head jobs are held against a series: where one more job would lie, or Welch's test of several."""

    PREDICTION = "prediction"
    WELCH = "welch"


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the newest jobs of a series lie from those of an anchor: many small steps that no single change shows.

    `anchor` is None for the beginning of the level. Shares, of logs pooled over the boards that both ends have.
    """

    anchor: str | None
    jobs_then: int
    jobs_now: int
    change: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class Screen:
    """What the head was held against, in jobs: `jobs` gave the mean, `spread_jobs` the spread, `head_jobs` the head.

    `job_sd` is the sd of logs between jobs of one board, `board_sd` that between boards, None for one board.
    `newer_jobs` were left out, because the head does not contain the commits they measured.
    """

    test: ScreenTest
    jobs: int
    spread_jobs: int
    head_jobs: int
    job_sd: float
    boards: int = 1
    board_sd: float | None = None
    newer_jobs: int = 0
    drift: Drift | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Head against base. `problems` empty means that the numbers may be compared.

    `primary` is present whenever it can be computed, even beside problems. `workload_changes` lists what differs on
    purpose when a scenario is compared `against` another.
    """

    problems: tuple[Reason, ...]
    primary: MetricComparison | None
    information: tuple[MetricComparison, ...] = ()
    base: BaseInfo | None = None
    fingerprint_differences: tuple[FieldDifference, ...] = ()
    workload_changes: tuple[FieldDifference, ...] = ()
    host_pace: HostPace | None = None
    screen: Screen | None = None


@dataclass(frozen=True, slots=True)
class LookTaken:
    """The relative change after so many pairs, and its interval with both ends at `level`, one-sided."""

    pairs: int
    change: float
    ci_low: float
    ci_high: float
    level: float


@dataclass(frozen=True, slots=True)
class PairTaken:
    """One pair: which arm ran first, gross energy per token of both, and the change from base to head."""

    first: Arm
    base_energy_per_token_j: float | None
    head_energy_per_token_j: float | None
    change: float | None


@dataclass(frozen=True, slots=True)
class SameArmNoise:
    """How far neighbouring runs of one arm lie apart: the A/A comparison that alternating pairs contain.

    `sd` is that of their `n` log ratios; `bar` is the relative change that two equal sides would stay below in as
    many pairs with two-sided 1 - alpha confidence.
    """

    n: int
    sd: float
    bar: float


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A pair that was measured again: which one, counted from 1, and what from outside refused its runs."""

    pair: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How alternating pairs were made and read. `p_holm` is the sequential p-value of a regression, after Holm.

    The looks up to each spend alpha · (its pairs / most_pairs) ^ exponent together. `seed` chose the first arm,
    `calibration` is what was known of the boards when the pairs were made, and `options` what they were made with.
    """

    base: Side
    head: Side
    most_pairs: int
    exponent: float
    taken: tuple[PairTaken, ...]
    looks: tuple[LookTaken, ...]
    stopped: Stopped | None
    noise: SameArmNoise | None
    p_holm: float | None
    seed: int | None = None
    disturbed: tuple[Disturbance, ...] = ()
    calibration: MachineCalibration | None = None
    options: PairOptions = field(default_factory=PairOptions)

    @property
    def pairs(self) -> int:
        return len(self.taken)


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: VerdictKind
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """Mean and sd of one number over the runs of a scenario; `name` and `unit` are for people."""

    name: str
    unit: str
    summary: Summary | None


@dataclass(frozen=True, slots=True)
class Screened:
    """What the stored baseline had said, before pairs were made."""

    comparison: Comparison
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """All that is known of one scenario; `head` holds a line for each metric.

    `confirmation` is there when pairs decided, and `screened` when a screen had come before them. `machine` tells
    apart what one scenario gave on several kinds of machine, None where there is one.
    """

    scenario: Scenario
    digest: str
    fingerprint: Fingerprint | None
    environment: Environment | None
    runs: tuple[RunMeasurement, ...]
    head: tuple[MetricSummary, ...]
    comparison: Comparison
    verdict: Verdict
    flags: tuple[Reason, ...]
    confirmation: Confirmation | None = None
    screened: Screened | None = None
    machine: str | None = None

    @property
    def title(self) -> str:
        """What the scenario is called where people read: its name, and the machine where that is not said by it."""
        return self.scenario.name if self.machine is None else f"{self.scenario.name} on {self.machine}"


@dataclass(frozen=True, slots=True)
class Report:
    """The only argument of every renderer; the file `report.json`. `audit_fails`: the findings alone fail the check.

    `suppressed` are findings of the audit that comments hold back which the change adds or touches; `audited_by` is
    the commit whose policy judged the findings, None where it was that of the files themselves. `unread` are files of
    the change that the audit could not read.
    """

    provenance: Provenance
    scenarios: tuple[ScenarioReport, ...]
    findings: tuple[Finding, ...]
    tariff: Tariff
    verdict: VerdictKind
    complete: bool = True
    audit_fails: bool = False
    suppressed: tuple[HeldBack, ...] = ()
    audited_by: PolicySource | None = None
    unread: tuple[SkippedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file to be written or posted: an effect as a value."""

    name: str
    content: str
