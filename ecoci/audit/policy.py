"""What the user's policy makes of findings: which are held back, and whether the rest fails the audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ecoci.audit.changes import ChangedLines
from ecoci.audit.paths import matches
from ecoci.audit.sources.kinds import kind_of
from ecoci.audit.sources.source import FileKind
from ecoci.model import AuditPolicy, Finding, HeldBack, HeldBackBy, ReasonCode, SkippedFile

_DATA_FORMATS = (FileKind.JSON, FileKind.YAML, FileKind.TOML)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Findings that stay and findings that are held back, each in the order in which they came."""

    kept: tuple[Finding, ...]
    held_back: tuple[HeldBack, ...] = ()


def by_policy(findings: Iterable[Finding], policy: AuditPolicy) -> Sorted:
    """Apply path rules, purposes and confidence. What a rule that is off would have found is dropped altogether."""
    off = {name.lower() for name in policy.off}
    kept: list[Finding] = []
    held: list[HeldBack] = []
    for finding in findings:
        if not off.isdisjoint((finding.rule_id.lower(), finding.slug.lower())):
            continue
        reason = _held_back(finding, policy)
        if reason is None:
            kept.append(finding)
        else:
            held.append(reason)
    return Sorted(tuple(kept), tuple(held))


def fails(findings: Iterable[Finding], policy: AuditPolicy) -> bool:
    """Whether one of the findings that are left is bad and sure enough."""
    return any(fails_by(finding, policy) for finding in findings)


def fails_by(finding: Finding, policy: AuditPolicy) -> bool:
    bad = policy.fail_on is not None and finding.severity >= policy.fail_on
    return bad and finding.confidence >= policy.fail_confidence


def listed_files(skipped: Iterable[SkippedFile], policy: AuditPolicy) -> tuple[SkippedFile, ...]:
    """Files that were not read, but for those where the policy would hold back whatever there is."""
    patterns = [rule.pattern for rule in policy.path_rules if not rule.rule_ids]
    return tuple(one for one in skipped if not any(matches(one.path, pattern) for pattern in patterns))


def marked(skipped: Iterable[SkippedFile], changes: ChangedLines | None) -> tuple[SkippedFile, ...]:
    """The same, each with whether the change adds or touches it."""
    return tuple(replace(one, in_change=True) if one.path in (changes or ()) else one for one in skipped)


def fails_unread(skipped: Iterable[SkippedFile], policy: AuditPolicy) -> bool:
    """Whether the change has a file that nobody read: whoever writes it could hide in it what the audit would find.

    A large file of a data format fails nothing: tokenizers and lock files are that, and settings are not.
    """
    if policy.fail_on is None or not policy.fail_on_unread:
        return False
    return any(one.in_change and not _is_data(one) for one in skipped)


def _is_data(one: SkippedFile) -> bool:
    return one.reason.code is ReasonCode.FILE_TOO_LARGE and kind_of(one.path) in _DATA_FORMATS


def _held_back(finding: Finding, policy: AuditPolicy) -> HeldBack | None:
    if (pattern := _path_rule(finding, policy)) is not None:
        return HeldBack(finding, HeldBackBy.PATH_RULE, pattern)
    if finding.context.purpose not in policy.purposes:
        evidence = finding.context.evidence
        return HeldBack(finding, HeldBackBy.CONTEXT, evidence[0].text if evidence else finding.context.purpose.value)
    if finding.confidence < policy.min_confidence:
        return HeldBack(finding, HeldBackBy.CONFIDENCE, finding.confidence.name.lower())
    return None


def _path_rule(finding: Finding, policy: AuditPolicy) -> str | None:
    """The first pattern that names the finding's file and its rule."""
    names = {finding.rule_id.lower(), finding.slug.lower()}
    for rule in policy.path_rules:
        covered = not rule.rule_ids or not names.isdisjoint(one.lower() for one in rule.rule_ids)
        if covered and matches(finding.place.path, rule.pattern):
            return rule.pattern
    return None
