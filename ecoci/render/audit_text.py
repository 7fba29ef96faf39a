"""The audit as plain text for a terminal or a log: the findings with excerpt and caret, then what else is to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ecoci.model import AuditReport, Finding
from ecoci.render import audit_words as words
from ecoci.render import text
from ecoci.render.sentences import describe

MOST_LISTED = 20


def render_text(report: AuditReport) -> str:
    """The whole report, worst findings first. Every line is safe to print, also in the log of a CI job."""
    told: dict[tuple[str, ...], str] = {}
    lines = list(_unread(report))
    lines.extend(line for finding in report.findings for line in (*_finding(finding, told), ""))
    lines.extend(_rest(report))
    return "".join(f"{words.guarded(line)}\n" for line in lines)


def _unread(report: AuditReport) -> Iterator[str]:
    """First of all, since nothing below is about these files."""
    found = ((words.path(one.path), describe(one.reason)) for one in report.skipped if one.in_change)
    title = f"{words.unread(report.skipped)} ({words.UNREAD_REMEDY})"
    yield from _group(title, (f"{name}: {said.sentence}" for name, said in found))


def _finding(finding: Finding, told: dict[tuple[str, ...], str]) -> Iterator[str]:
    """`told` holds what was said before and where, since findings of one rule mostly cost and need the same."""
    kind = f"{words.severity(finding.severity)} {text.clean(finding.rule_id)} {text.clean(finding.slug)}"
    yield f"{words.where(finding.place)}: {kind} ({words.confidence(finding.confidence)})"
    yield f"  {words.message(finding.message)}"
    if finding.excerpt is not None:
        yield from (f"  {line}".rstrip() for line in words.excerpt_lines(finding.excerpt, finding.place))
    yield from _listed("because", (f"{said}  {place}".rstrip() for said, place in words.steps(finding)))
    yield from (f"  {said}" for said in (words.shared_by(finding), words.context(finding)) if said)
    place = words.where(finding.place)
    yield from _once(told, place, "costs", map(words.cost, finding.costs))
    yield from _once(told, place, "what to do", _numbered(finding.remedy))
    yield from _listed("fix", words.fixes(finding))


def _numbered(remedy: tuple[str, ...]) -> Iterator[str]:
    for number, one in enumerate(remedy, 1):
        yield f"{number}. {words.message(one)}" if len(remedy) > 1 else words.message(one)


def _once(told: dict[tuple[str, ...], str], place: str, title: str, lines: Iterable[str]) -> Iterator[str]:
    """Several lines that were all said before are not said again; one line is as short as the hint to it."""
    found = (title, *lines)
    before = told.setdefault(found, place)
    again = before != place and len(found) > 2
    yield from _listed(title, (f"as for {before}",) if again else found[1:])


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines under a title; one alone stands behind it."""
    found = tuple(lines)
    if len(found) == 1:
        yield f"  {title}: {found[0]}"
    elif found:
        yield f"  {title}:"
        yield from (f"    {line}" for line in found)


def _rest(report: AuditReport) -> Iterator[str]:
    for title, endorsed in (("good practice", True), ("chosen on purpose", False)):
        chosen = (one for one in report.practices if one.endorsed is endorsed)
        yield from _group(title, (f"{words.where(one.place)}: {words.message(one.message)}" for one in chosen))
    suppressed = (f"{place}: {said}" for place, said in words.suppressed(report.held_back))
    yield from _group(words.SUPPRESSED, suppressed)
    unused = ((words.where(one.place), words.suppression(one.rule_ids)) for one in report.unused_suppressions)
    yield from _group("comments to remove", (f"{place}: {said}" for place, said in unused))
    skipped = ((words.path(one.path), describe(one.reason)) for one in report.skipped)
    yield from _group("files that were not read", (f"{name}: {said.sentence}" for name, said in skipped))
    facts = (words.counts(report), words.held_back(report), words.looked_at(report), words.target(report))
    yield "; ".join(fact for fact in facts if fact) + "."
    if gone := words.known_gone(report):
        yield f"{gone}."
    if judged := words.judged_by(report.policy_from):
        yield judged
    yield words.verdict(report)


def _group(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = tuple(lines)
    if found:
        yield f"{title}:"
        yield from (f"  {line}" for line in found[:MOST_LISTED])
        if len(found) > MOST_LISTED:
            yield f"  and {len(found) - MOST_LISTED:,} more"
        yield ""
