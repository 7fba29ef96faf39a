"""The audit as the commands see it: one request in, one report out, and the files that fixes would change.

Most repositories hold nothing that matters here. So what the rules need is imported when a file may: half a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ecoci import __version__
from ecoci.audit.changes import Changes
from ecoci.audit.policy import fails_unread, listed_files, marked
from ecoci.audit_request import AuditRequest
from ecoci.audit_tree import TreeFiles, changed_lines, is_below, lines_added_to, open_project
from ecoci.errors import InputError
from ecoci.model import AuditCounts, Audited, AuditPolicy, AuditReport, Edit, PolicySource, RuleText

if TYPE_CHECKING:
    from ecoci.audit.rule import Rule

PAGES = "https://github.com/ecocompute/ecoci/blob/main/docs/rules"


class AuditEngine(Protocol):
    """What the commands need of the audit."""

    def run(self, request: AuditRequest) -> AuditReport:
        """Audit a folder. Raises InputError where it cannot be read or git does not know the commit."""

    def rules(self) -> tuple[RuleText, ...]:
        """All rules in the order of their ids."""

    def edit(self, path: str, raw: bytes, edits: Sequence[Edit]) -> bytes | None:
        """A file with edits made, None where it would not be understood any more."""


class RuleEngine:
    """The audit with the rules of this installation."""

    def run(self, request: AuditRequest) -> AuditReport:
        if request.policy.gpu is not None:
            check_gpu(request.policy.gpu)
        changes = _changes(request)
        tree = open_project(request.root, request.paths)
        check_paths(tree, request.paths)
        if not tree.candidates:
            return _nothing(tree, request, changes)
        from ecoci.audit_judge import judge_files

        return judge_files(tree, request, changes)

    def rules(self) -> tuple[RuleText, ...]:
        from ecoci.audit.rules import RULES

        return tuple(_text_of(rule) for rule in RULES)

    def edit(self, path: str, raw: bytes, edits: Sequence[Edit]) -> bytes | None:
        from ecoci.audit.edits import apply_edits
        from ecoci.audit.reparse import is_understood

        after = apply_edits(path, raw, edits)
        return after if is_understood(path, after) else None


def make_engine() -> AuditEngine:
    return RuleEngine()


def run_audit(request: AuditRequest) -> AuditReport:
    """Audit a folder with the rules of this installation."""
    return make_engine().run(request)


@dataclass(frozen=True, slots=True)
class RepositoryAuditor:
    """The audit beside a measurement. With `changed_since` only what the change touches counts."""

    policy: AuditPolicy
    changed_since: str | None = None
    policy_from: PolicySource | None = None

    def audit(self, root: Path) -> Audited:
        """Raises InputError where git does not know the commit."""
        request = AuditRequest(root, policy=self.policy, changed_since=self.changed_since, policy_from=self.policy_from)
        report = run_audit(request)
        suppressed = tuple(one for one in report.held_back if one.in_change)
        unread = tuple(one for one in report.skipped if one.in_change)
        return Audited(report.findings, report.fails, suppressed, report.policy_from, unread)


def check_gpu(name: str) -> None:
    """Raises InputError for a card that is not listed: advice for another one would be wrong advice."""
    from ecoci.audit.gpus import gpu_named, gpu_names
    from ecoci.spec_fields import suggest

    if gpu_named(name) is None:
        raise InputError(
            f"the GPU {name[:60]!r} is not known",
            cause="its memory decides what fits, so a guess would be wrong advice",
            remedy=suggest(name, gpu_names()) or f"name one of {', '.join(gpu_names()[:12])}, …, or leave it out",
        )


def check_paths(tree: TreeFiles, paths: Sequence[str]) -> None:
    """Raises InputError for a path without files of the repository: silence there would look like a pass."""
    empty = next((path for path in paths if not any(is_below(file, (path,)) for file in tree.files)), None)
    if empty is not None:
        raise InputError(
            f"there is nothing to audit in {empty}",
            cause="git does not track a file there yet, or it is ignored, or of no kind that is read",
            remedy="`git add` it first; `ecoci audit` without a path reads all that git tracks",
        )


def _nothing(tree: TreeFiles, request: AuditRequest, changes: Changes) -> AuditReport:
    known = () if request.known is None or request.paths else request.known.findings
    listed = listed_files(marked(tree.skipped, changes.suppressing), request.policy)
    return AuditReport(
        ecoci_version=__version__,
        commit=tree.commit,
        gpu=request.policy.gpu,
        counts=AuditCounts(len(tree.files), 0, 0, ignored=len(tree.skipped) - len(listed)),
        findings=(),
        skipped=listed,
        stale_baseline=tuple(one.fingerprint for one in known),
        fails=fails_unread(listed, request.policy),
        policy_from=request.policy_from,
    )


def _changes(request: AuditRequest) -> Changes:
    since, source = request.changed_since, request.policy_from
    changed = None if since is None else changed_lines(request.root, since)
    return Changes(changed, changed if source is None else lines_added_to(request.root, source.commit))


def _text_of(rule: Rule) -> RuleText:
    from ecoci.audit.pages import rule_page

    return RuleText(rule.id, rule.slug, rule.severity, rule.summary, rule_page(rule), f"{PAGES}/{rule.id}.md")
