"""What `ecoci stats` reads and finds: entries (figures of one thing), pairs of them, and what documents claim.

These values are never stored as versioned files, so `ecoci.model` does not list them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Accounting(StrEnum):
    """Whether idle power is in an energy."""

    GROSS = "gross"
    NET = "net"
    UNKNOWN = "unknown"


class Quantity(StrEnum):
    ENERGY = "energy"
    THROUGHPUT = "throughput"
    POWER = "mean power"
    UTILIZATION = "GPU utilization"
    MEMORY = "memory"


class Unit(StrEnum):
    """The units that figures may have."""

    J_PER_TOKEN = "J/token"
    J_PER_1K_TOKENS = "J/1k tokens"
    J_PER_REQUEST = "J/request"
    TOKENS_PER_S = "tok/s"
    W = "W"
    PERCENT = "%"
    GB = "GB"

    @property
    def quantity(self) -> Quantity:
        return _QUANTITIES[self]


_QUANTITIES = {
    Unit.J_PER_TOKEN: Quantity.ENERGY,
    Unit.J_PER_1K_TOKENS: Quantity.ENERGY,
    Unit.J_PER_REQUEST: Quantity.ENERGY,
    Unit.TOKENS_PER_S: Quantity.THROUGHPUT,
    Unit.W: Quantity.POWER,
    Unit.PERCENT: Quantity.UTILIZATION,
    Unit.GB: Quantity.MEMORY,
}


class Counted(StrEnum):
    """What n counts. Only processes are independent of each other."""

    PROCESSES = "processes"
    ITERATIONS = "iterations"
    UNKNOWN = "unknown"


class Dispute(StrEnum):
    """What another document says otherwise about this row."""

    VALUE = "value"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Subject:
    """What was measured on what. `task` says everything else that must agree, such as token counts; None is unknown."""

    gpu: str | None
    model: str | None
    quantization: str | None
    batch: int | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where figures come from: file and line, job and platform of raw runs, document and table of published ones.

    `platform` are driver, memory and library versions as one text, empty where they are unknown.
    """

    file: str
    line: int | None = None
    job: str | None = None
    platform: str = ""
    source: str = ""
    table: str = ""
    note: str = ""
    contradictions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """Mean and sample sd in the entry's unit over `n` values. `values` are the run-level values, empty if published.

    `step` is the last printed digit of a published mean: 1 for 1,659 and 0.01 for 94.87.
    """

    mean: float
    sd: float | None
    n: int | None
    counted: Counted = Counted.UNKNOWN
    values: tuple[float, ...] = ()
    step: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure of one thing. `accounting` is None for what is no energy.

    `basis` says how the accounting was found. `output_tokens` are those of one request. `obstacle` forbids a test and
    says why; the mean may still be shown.
    """

    name: str
    subject: Subject
    unit: Unit
    accounting: Accounting | None
    figure: Figure
    origin: Origin
    basis: str = ""
    output_tokens: int | None = None
    dispute: Dispute | None = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why two entries are not compared: what happened, why it usually does, what to do."""

    message: str
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Welch's test of head against base. Differences in the pair's unit, changes as shares; intervals are 95 %."""

    diff: float
    diff_low: float
    diff_high: float
    change_low: float
    change_high: float
    t: float
    df: float
    p: float
    cohens_d: float
    hedges_g: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Head against base in one unit. Refused pairs have no change; untested ones say why there is no effect."""

    base: Entry
    head: Entry
    change: float | None = None
    effect: Effect | None = None
    untested: str = ""
    notes: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Unpaired:
    """An entry that nothing was there to compare with."""

    entry: Entry
    reason: str


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Geometric mean over `rows` pairs of head / base, minus 1, with its 95 % t interval over the rows.

    The interval is None where it is too wide to mean anything. `models` and `gpus` count the distinct ones.
    """

    base: str
    head: str
    quantity: Quantity
    accounting: Accounting | None
    rows: int
    models: int
    gpus: int
    change: float
    low: float | None
    high: float | None


class ClaimKind(StrEnum):
    """How a document's number is made of rows."""

    CHANGE = "change"
    """head / base - 1"""
    SHARE = "share"
    """head / base as a percentage"""
    TIMES = "times"
    """head / base"""
    CV = "cv"
    """sd / mean of the head"""
    MEAN = "mean"
    """arithmetic mean of other claims"""
    TEST = "test"
    """p and d only"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A number that a document states; percentages as printed. `heads` of a mean are other claims.

    `p` and `d` are bounds as printed, such as "<0.001".
    """

    id: str
    kind: ClaimKind
    unit: Unit
    base: str
    heads: tuple[str, ...]
    published: str
    p: str
    d: str
    source: str
    table: str


class Outcome(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """A claim recomputed. Changes and CVs as shares, `times` and shares as ratios; None where it cannot be had.

    `as_reckoned` is the arithmetic of the document where the comparison is refused. `gross_change` is the same
    change in gross energy, mean power over throughput, where the claim is about net energy.
    `p_outcome` and `d_outcome` are None where the document states none.
    """

    claim: Claim
    outcome: Outcome
    recomputed: float | None
    reasons: tuple[str, ...] = ()
    pair: Pair | None = None
    as_reckoned: float | None = None
    gross_change: float | None = None
    p_outcome: Outcome | None = None
    d_outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two statements of the published documents that cannot both be true, in words of ours."""

    id: str
    about: str
    finding: str


@dataclass(frozen=True, slots=True)
class Study:
    """Everything `ecoci stats` found, ready to render."""

    pairs: tuple[Pair, ...]
    unpaired: tuple[Unpaired, ...]
    aggregates: tuple[Aggregate, ...]
    claims: tuple[ClaimCheck, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
