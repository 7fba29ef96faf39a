"""From all that rules found to what is reported: comments, policy, known findings and changes, in this order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ecoci.audit.changes import Changes
from ecoci.audit.findings import Drafted, SourceOf, findings_of
from ecoci.audit.known import stale, without_known
from ecoci.audit.policy import by_policy, fails
from ecoci.audit.suppress import Suppression, suppress
from ecoci.audit.touched import only_touched
from ecoci.model import AuditPolicy, Finding, HeldBack, KnownFindings, UnusedSuppression


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of an audit. Without `known` nothing was known before.

    `whole`: every file was audited, so that a comment or a known finding without its finding is one too many.
    """

    policy: AuditPolicy = field(default_factory=AuditPolicy)
    known: KnownFindings | None = None
    changes: Changes = field(default_factory=Changes)
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """The parts of an AuditReport that follow from findings and demand."""

    findings: tuple[Finding, ...]
    held_back: tuple[HeldBack, ...]
    unused_suppressions: tuple[UnusedSuppression, ...]
    stale_baseline: tuple[str, ...]
    fails: bool


def outcome_of(
    drafted: Iterable[Drafted], suppressions: Iterable[Suppression], source_of: SourceOf, demand: Demand
) -> Outcome:
    """What is reported of the drafts. Findings come the worst first, then by place."""
    found = findings_of(drafted, source_of)
    commented = suppress(found, suppressions, demand.policy.off, demand.changes.suppressing)
    allowed = by_policy(commented.kept, demand.policy)
    known = demand.known or KnownFindings(())
    new = without_known(allowed.kept, known)
    held = (*commented.held_back, *allowed.held_back, *new.held_back)
    left = new.kept
    if demand.changes.reported is not None:
        touched = only_touched(left, demand.changes.reported)
        held, left = (*held, *touched.held_back), touched.kept
    return Outcome(
        tuple(sorted(left, key=lambda one: (-one.severity, -one.confidence))),
        held,
        commented.unused if demand.whole else (),
        stale(known, {one.fingerprint for one in found}) if demand.whole else (),
        fails(left, demand.policy),
    )
