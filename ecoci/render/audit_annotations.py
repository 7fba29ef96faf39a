"""The audit as annotations of GitHub Actions: one workflow command a finding, the worst of each kind.

GitHub drops those above its limit without a word; so no more are written, and the last notice says how many there were.
"""

from __future__ import annotations

from collections.abc import Iterator

from ecoci.model import AuditReport, Finding, Place, Severity
from ecoci.render import audit_words as words
from ecoci.render import text
from ecoci.render.commands import MOST_OF_A_KIND, Kind, annotation

_KINDS = {Severity.CRITICAL: Kind.ERROR, Severity.WARNING: Kind.WARNING, Severity.INFO: Kind.NOTICE}


def render_annotations(report: AuditReport, warned: int = 0) -> str:
    """Lines for the standard output of a step, empty where there is no finding.

    So many warnings of its own the step has `warned` with: they count towards GitHub's limit.
    """
    by_kind = {one: [f for f in report.findings if f.severity is one] for one in reversed(Severity)}
    most = {one: MOST_OF_A_KIND - (warned if kind is Kind.WARNING else 0) for one, kind in _KINDS.items()}
    cut = any(len(found) > most[one] for one, found in by_kind.items())
    lines: list[str] = []
    left: dict[Severity, int] = {}
    for one, found in by_kind.items():
        shown = found[: most[one] - int(cut and one is Severity.INFO)]
        lines.extend(_command(finding) for finding in shown)
        left[one] = len(found) - len(shown)
    lines.extend(_more(left))
    return "".join(f"{line}\n" for line in lines)


def _more(left: dict[Severity, int]) -> Iterator[str]:
    parts = [f"{count:,} {words.severity(one)}" for one, count in left.items() if count]
    if parts:
        yield annotation(Kind.NOTICE, f"and {text.join_words(parts)} more; the log has all", {"title": "ecoci audit"})


def _command(finding: Finding) -> str:
    """Message first, then the first thing to do; a notebook's cell is named, since lines of it are not of the file."""
    place = finding.place
    cell = "" if place.cell is None else f"cell {place.cell}, line {place.start.line}: "
    todo = f" {words.message(finding.remedy[0])}" if finding.remedy else ""
    title = f"{text.clean(finding.rule_id)} {text.clean(finding.slug)}"
    fields = {"file": words.path(place.path), **_lines(place), "title": title}
    return annotation(_KINDS[finding.severity], f"{cell}{words.sentence(finding.message)}{todo}", fields)


def _lines(place: Place) -> dict[str, str]:
    """Columns are allowed on one line only."""
    if place.cell is not None:
        return {"line": "1"}
    lines = {"line": str(place.start.line), "endLine": str(place.end.line)}
    if place.start.line != place.end.line:
        return lines
    return {**lines, "col": str(place.start.column), "endColumn": str(place.end.column)}
