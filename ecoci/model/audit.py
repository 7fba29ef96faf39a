"""The words of the audit: what was found where in a repository, how sure that is, and what may be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from ecoci.model.reasons import Reason


class Severity(IntEnum):
    """How bad a finding would be where it is right."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2


class Confidence(IntEnum):
    """How sure a finding is, beside how bad it would be."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


class Purpose(StrEnum):
    """What the code around a finding is for. UNKNOWN where nothing speaks for either: a library, a loader."""

    INFERENCE = "inference"
    TRAINING = "training"
    TEST = "test"
    DOCS = "docs"
    DEAD = "dead"
    UNKNOWN = "unknown"


class Safety(StrEnum):
    """Whether an edit keeps what the program computes: SAFE ones do, UNSAFE ones may cost accuracy or memory."""

    SAFE = "safe"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column are 1-based, the column counts characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a file: `path` relative to the root with "/", `end` the position after the last character.

    In a notebook `cell` is its number among all cells, 1-based, and lines count from the beginning of the cell.
    """

    path: str
    start: Position
    end: Position
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way from a finding to the text that decides it: `cfg ← QUANT["8bit"]`, written at `place`."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Evidence:
    """What in the code speaks for a context: `Trainer(...)`, a test file, a branch that is never taken."""

    text: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Context:
    """What the code around a place is for, and what in it says so."""

    purpose: Purpose = Purpose.UNKNOWN
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Source lines around a finding; `first_line` is the number of the first one, in the cell for a notebook."""

    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnergyCost:
    """What a finding costs by reference data: gross energy per token relative to the alternative, as shares.

    `low` and `high` are the smallest and largest published change; `measured_on` names GPU, model and versions.
    """

    low: float
    high: float
    alternative: str
    measured_on: str
    source: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the text of `place` by `text`; an empty place inserts."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together. `title` says in one line what they do and what it costs."""

    safety: Safety
    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the audit. `remedy` lists what to do, the best first; `steps` lead to the text that decides.

    `place` is where it has to be mended, `statements` are the calls or commands that ask, the first that of `steps`.
    `fingerprint` is of rule, path, enclosing symbol and normalised expression, so that it survives moved lines.
    """

    rule_id: str
    slug: str
    severity: Severity
    confidence: Confidence
    message: str
    place: Place
    symbol: str
    fingerprint: str
    remedy: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    context: Context = Context()
    costs: tuple[EnergyCost, ...] = ()
    fixes: tuple[Fix, ...] = ()
    excerpt: Excerpt | None = None
    statements: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class GoodPractice:
    """Something the code does well: batching, half precision on a small model.

    What was chosen on purpose and still costs accuracy or energy is told too, but not `endorsed`: never a green sign.
    """

    slug: str
    message: str
    place: Place
    endorsed: bool = True


class HeldBackBy(StrEnum):
    """What keeps a finding out of the list."""

    COMMENT = "comment"
    PATH_RULE = "path_rule"
    BASELINE = "baseline"
    CONTEXT = "context"
    CONFIDENCE = "confidence"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A finding that is not reported. `why` is the comment's reason, the pattern or the evidence.

    `in_change`: a comment holds it back, and the change that is audited touches the comment or what was found.
    """

    finding: Finding
    by: HeldBackBy
    why: str | None = None
    in_change: bool = False


@dataclass(frozen=True, slots=True)
class UnusedSuppression:
    """An `ecoci: ignore` that held nothing back; without rule ids one that names no rule and so never can."""

    rule_ids: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding that was there before the audit was: held back, so that only new ones fail."""

    fingerprint: str
    rule_id: str
    path: str
    symbol: str


@dataclass(frozen=True, slots=True)
class KnownFindings:
    """The file of findings that are known; it is only ever written anew with fewer of them."""

    findings: tuple[KnownFinding, ...]


@dataclass(frozen=True, slots=True)
class RuleText:
    """What renderers say of a rule: its page as Markdown and where it can be read."""

    id: str
    slug: str
    severity: Severity
    summary: str
    page: str
    url: str


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that was not read, and why. `in_change`: the change that is audited adds or touches it."""

    path: str
    reason: Reason
    in_change: bool = False


@dataclass(frozen=True, slots=True)
class AuditCounts:
    """`files` were looked at, `candidates` hold a word of interest, `parsed` were understood, at least in part.

    `ignored` could not be read either, and lie where the policy holds back everything.
    """

    files: int
    candidates: int
    parsed: int
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class PolicySource:
    """The commit that an audit's policy was read from, and what named it; `differs`: the files audited have another."""

    ref: str
    commit: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All that an audit says of a repository. `gpu` is the one the policy names; `commit` None outside git.

    `policy_from` is None where the policy is that of the files that were audited.
    """

    ecoci_version: str
    commit: str | None
    gpu: str | None
    counts: AuditCounts
    findings: tuple[Finding, ...]
    practices: tuple[GoodPractice, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    unused_suppressions: tuple[UnusedSuppression, ...] = ()
    skipped: tuple[SkippedFile, ...] = ()
    stale_baseline: tuple[str, ...] = ()
    fails: bool = False
    policy_from: PolicySource | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit adds to the report of a measurement. `fails` says whether the policy lets it fail.

    `suppressed` are findings that comments hold back which the change adds or touches, `unread` its files that were not
    read.
    """

    findings: tuple[Finding, ...] = ()
    fails: bool = False
    suppressed: tuple[HeldBack, ...] = ()
    policy_from: PolicySource | None = None
    unread: tuple[SkippedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class PathRule:
    """Rules that are off below a path: `pattern` is a glob on the relative path, no rule ids means all."""

    pattern: str
    rule_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditPolicy:
    """What the user asked of the audit. A finding fails it at `fail_on` and above, with at least `fail_confidence`.

    `gpu` is the name of the target card ("A100-80GB"); `min_confidence` holds back what is less sure. Findings in
    training, tests, documentation and dead code are held back unless `purposes` names their purpose. With
    `fail_on_unread` a file of the change that was not read fails it too, unless nothing may (`fail_on` None).
    """

    gpu: str | None = None
    off: tuple[str, ...] = ()
    path_rules: tuple[PathRule, ...] = ()
    fail_on: Severity | None = Severity.CRITICAL
    fail_confidence: Confidence = Confidence.HIGH
    min_confidence: Confidence = Confidence.LOW
    purposes: tuple[Purpose, ...] = (Purpose.INFERENCE, Purpose.UNKNOWN)
    fail_on_unread: bool = True
