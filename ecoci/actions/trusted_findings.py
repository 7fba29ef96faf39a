"""Findings of an archive, as far as they may be believed: where, by which rule, how sure. All words are our own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ecoci.model import (
    Audited,
    AuditPolicy,
    AuditReport,
    Context,
    Excerpt,
    Finding,
    HeldBackBy,
    Place,
    Reason,
    ReasonCode,
    SkippedFile,
)

if TYPE_CHECKING:
    from ecoci.audit.rule import Rule

MOST_FINDINGS = 5_000
MOST_PATH_CHARS = 400
MOST_LINES = 12
MOST_LINE_CHARS = 400
MOST_LINE = 10_000_000
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_BY_POLICY = (HeldBackBy.PATH_RULE, HeldBackBy.CONTEXT, HeldBackBy.CONFIDENCE)
"""What the policy of the measuring job held back is asked of the base's again."""


def audited(reports: Iterable[AuditReport], policy: AuditPolicy) -> Audited:
    """What the audits found, by the base's policy, the worst first, without those that no rule of ours makes."""
    given = tuple(reports)
    claimed, unread = tuple(_claimed(given)), tuple(_unread(given))[:MOST_FINDINGS]
    if not claimed and not unread:
        return Audited()
    # the rules take a moment to import, and most pull requests find nothing
    from ecoci.audit.policy import by_policy, fails, fails_unread, listed_files

    found = {one.fingerprint: one for one in _believed(claimed[:MOST_FINDINGS])}
    kept = by_policy(found.values(), policy).kept
    listed = listed_files(unread, policy)
    failing = fails(kept, policy) or fails_unread(listed, policy)
    return Audited(tuple(sorted(kept, key=_worst_first)), failing, unread=listed)


def _unread(reports: tuple[AuditReport, ...]) -> Iterator[SkippedFile]:
    """Files of the change that the audit could not read; of its reasons only the size is taken over, as numbers."""
    for one in (one for report in reports for one in report.skipped if one.in_change):
        path = _told_path(one.path)
        if path is not None:
            yield SkippedFile(path, _reason(one.reason), in_change=True)


def _told_path(path: str) -> str | None:
    """As people are told it: cut, and escaped where a name could mislead. None where it leads out, as no audit says.

    A file is not left out for its name: whoever writes a change chooses that.
    """
    if any(part in ("", ".", "..") for part in path.split("/")):
        return None
    plain = (c if c.isprintable() and c not in ":\\" else f"%{ord(c):02X}" for c in path[:MOST_PATH_CHARS])
    return "".join(plain)


def _reason(reason: Reason) -> Reason:
    facts = dict(reason.facts)
    size, limit = facts.get("bytes"), facts.get("limit")
    if reason.code is ReasonCode.FILE_TOO_LARGE and isinstance(size, int) and isinstance(limit, int):
        return Reason(reason.code, (("bytes", size), ("limit", limit)))
    return Reason(ReasonCode.FILE_UNREADABLE, (("reason", "the audit of the change says so"),))


def _claimed(reports: Iterable[AuditReport]) -> Iterator[Finding]:
    for report in reports:
        yield from report.findings
        yield from (one.finding for one in report.held_back if one.by in _BY_POLICY)


def _worst_first(finding: Finding) -> tuple[int, int, str, int]:
    return (-finding.severity, -finding.confidence, finding.place.path, finding.place.start.line)


def _believed(findings: Iterable[Finding]) -> Iterator[Finding]:
    from ecoci.audit.rules import RULES

    rules = {rule.id: rule for rule in RULES}
    for finding in findings:
        rule, place = rules.get(finding.rule_id), _told_place(finding.place)
        if rule is not None and place is not None:
            yield _told_by(rule, finding, place)


def _told_place(place: Place) -> Place | None:
    numbers = (place.start.line, place.start.column, place.end.line, place.end.column, place.cell or 1)
    sound = all(1 <= number <= MOST_LINE for number in numbers) and place.start <= place.end
    path = _told_path(place.path)
    return replace(place, path=path) if sound and path is not None else None


def _told_by(rule: Rule, finding: Finding, place: Place) -> Finding:
    return Finding(
        rule_id=rule.id,
        slug=rule.slug,
        severity=finding.severity,
        confidence=finding.confidence,
        message=rule.summary,
        place=place,
        symbol="",
        fingerprint=_fingerprint(finding),
        remedy=(f"`ecoci rule {rule.id}` says why, and what to do.",),
        context=Context(finding.context.purpose),
        excerpt=_excerpt(finding),
    )


def _fingerprint(finding: Finding) -> str:
    if _FINGERPRINT.fullmatch(finding.fingerprint):
        return finding.fingerprint
    place = finding.place
    text = f"{finding.rule_id} {place.path} {place.cell} {place.start.line} {place.start.column}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _excerpt(finding: Finding) -> Excerpt | None:
    """The lines around the finding; none at all where they are too many or are not about its place."""
    excerpt = finding.excerpt
    if excerpt is None or not excerpt.lines or len(excerpt.lines) > MOST_LINES:
        return None
    last = excerpt.first_line + len(excerpt.lines) - 1
    if not (1 <= excerpt.first_line <= finding.place.start.line <= last):
        return None
    return Excerpt(excerpt.first_line, tuple(line[:MOST_LINE_CHARS] for line in excerpt.lines))
