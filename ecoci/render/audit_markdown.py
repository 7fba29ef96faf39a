"""The audit as Markdown for a job summary or a comment. Every string of the repository stands in code or is escaped."""

from __future__ import annotations

from collections.abc import Iterable

from ecoci.model import AuditReport, Finding, HeldBack, Severity, SkippedFile
from ecoci.render import audit_words as words
from ecoci.render import text
from ecoci.render.cut import Section, assemble
from ecoci.render.sentences import describe
from ecoci.render.text import MARKDOWN

MARKER = "<!-- ecoci:audit -->"
LIMIT = 65_000
"""A comment on GitHub may have 65,536 characters; a job summary holds 1 MiB."""

_SEVERITIES = {Severity.CRITICAL: "❌ critical", Severity.WARNING: "⚠️ warning", Severity.INFO: "ℹ️ info"}
_FULL_RECORD = "The JSON report"
MOST_UNFOLDED = 3
"""So many findings are shown with their excerpt and what to do at once."""


def render_markdown(report: AuditReport, limit: int = LIMIT) -> str:
    """The whole page, at most `limit` characters, worst findings first."""
    top = Section("headline", f"{MARKER}\n{audit_top(report)}", share=1.0)
    whole = assemble((top, *audit_body(report)), limit, _FULL_RECORD)
    return "".join(f"{words.guarded(line)}\n" for line in whole.rstrip("\n").split("\n"))


def audit_body(report: AuditReport) -> tuple[Section, ...]:
    """All that stands below the first lines."""
    parts = (_table, _suppressed, _details, _practices, _comments, _held_back, _skipped)
    return (*(section for part in parts for section in part(report)), _footer(report))


def audit_top(report: AuditReport) -> str:
    """The first lines: what was found, and what the policy makes of it."""
    unread = unread_line(report.skipped)
    doubtful = report.findings or unread or not all(one.endorsed for one in report.practices)
    sign = "❌" if report.fails else "⚠️" if doubtful else "✅"
    gone = words.known_gone(report)
    said = f"{unread}\n\n" if unread else ""
    said += f"{gone[:1].upper()}{gone[1:]}.\n\n" if gone else ""
    judged = words.judged_by(report.policy_from)
    said += f"{text.prose(judged)}\n\n" if judged else ""
    return f"{sign} **Audit: {words.counts(report)}.** {words.verdict(report)}\n\n{said}"


def unread_line(skipped: Iterable[SkippedFile]) -> str:
    """The files of the change that the audit says nothing of, the first by name; empty where there is none."""
    found = tuple(one for one in skipped if one.in_change)
    if not found:
        return ""
    named = text.join_words(
        [f"{text.code(words.path(one.path), 160)} ({_why(one)})" for one in found[: words.MOST_UNREAD]]
    )
    more = len(found) - words.MOST_UNREAD
    rest = f" and {more:,} more" if more > 0 else ""
    return f"⚠️ **{words.unread(found)}**: {named}{rest}. **Do:** {words.UNREAD_REMEDY}."


def _why(one: SkippedFile) -> str:
    """The reason as a part of a sentence."""
    return describe(one.reason, MARKDOWN).sentence.removesuffix(".")


def _table(report: AuditReport) -> Iterable[Section]:
    if report.findings:
        head = f"{text.table_row(('severity', 'confidence', 'place', 'finding', 'rule'))}\n{'| --- ' * 5}|\n"
        yield Section("findings", head, tuple(map(_row, report.findings)), "\n", share=0.4)


def _row(finding: Finding) -> str:
    cells = (
        _SEVERITIES[finding.severity],
        finding.confidence.name.lower(),
        text.code(words.where(finding.place), 160),
        text.prose(finding.message, words.MESSAGE_CHARS),
        text.code(finding.rule_id),
    )
    return f"{text.table_row(cells)}\n"


def _suppressed(report: AuditReport) -> Iterable[Section]:
    """Not folded away: a comment must not be the way past a review."""
    yield from suppressed_section(report.held_back)


def suppressed_section(found: Iterable[HeldBack]) -> Iterable[Section]:
    rows = tuple(
        f"- {text.code(place, 160)} {text.prose(said, words.MESSAGE_CHARS)}\n"
        for place, said in words.suppressed(found)
    )
    if rows:
        head = f"**{words.SUPPRESSED.capitalize()}**, by comments that it adds or touches\n\n"
        yield Section("suppressed findings", head, rows, "\n", share=0.1)


def _details(report: AuditReport) -> Iterable[Section]:
    if report.findings:
        few = " open" if len(report.findings) <= MOST_UNFOLDED else ""
        opening = f"<details{few}>\n<summary>What each finding is made of, and what to do</summary>\n\n"
        yield Section("findings", opening, tuple(map(_detail, report.findings)), "</details>\n\n", share=0.4)


def _detail(finding: Finding) -> str:
    title = f"**{text.code(finding.rule_id)} at {text.code(words.where(finding.place), 160)}**\n\n"
    shown = "" if finding.excerpt is None else _excerpt(finding)
    facts = "".join(f"- {fact}\n" for fact in _facts(finding))
    return f"{title}{shown}{facts}\n"


def _excerpt(finding: Finding) -> str:
    lines = () if finding.excerpt is None else words.excerpt_lines(finding.excerpt, finding.place)
    return f"{text.code_block(lines)}\n\n"


def _facts(finding: Finding) -> Iterable[str]:
    for said, place in words.steps(finding):
        yield f"because {text.code(said, 160)} {text.code(place, 160)}" if place else said
    if shared := words.shared_by(finding):
        yield text.prose(shared)
    if around := words.context(finding):
        yield text.prose(around)
    yield from (f"costs {text.prose(words.cost(one), 2 * words.MESSAGE_CHARS)}" for one in finding.costs)
    yield from (f"**do:** {text.prose(one, words.MESSAGE_CHARS)}" for one in finding.remedy[:1])
    yield from (f"or: {text.prose(one, words.MESSAGE_CHARS)}" for one in finding.remedy[1:])
    yield from (text.prose(one) for one in words.fixes(finding))


def _folded(title: str, noun: str, pieces: Iterable[str]) -> Iterable[Section]:
    rows = tuple(f"- {piece}\n" for piece in pieces)
    if rows:
        yield Section(noun, f"<details>\n<summary>{title}</summary>\n\n", rows, "\n</details>\n\n", share=0.05)


def _practices(report: AuditReport) -> Iterable[Section]:
    for title, endorsed in (("Good practice", True), ("Chosen on purpose", False)):
        chosen = (one for one in report.practices if one.endorsed is endorsed)
        found = (f"{text.code(words.where(one.place), 160)} {text.prose(one.message)}" for one in chosen)
        yield from _folded(title, "places", found)


def _comments(report: AuditReport) -> Iterable[Section]:
    found = (
        f"{text.code(words.where(one.place), 160)} {text.prose(words.suppression(one.rule_ids))}"
        for one in report.unused_suppressions
    )
    yield from _folded("Comments to remove", "comments", found)


def _held_back(report: AuditReport) -> Iterable[Section]:
    found = (
        f"{text.code(one.finding.rule_id)} {text.code(words.where(one.finding.place), 160)} "
        f"{words.held_by(one)}{f': {text.prose(one.why)}' if one.why else ''}"
        for one in report.held_back
    )
    yield from _folded(words.held_back(report).partition(":")[0], "findings that are held back", found)


def _skipped(report: AuditReport) -> Iterable[Section]:
    found = (
        f"{text.code(words.path(one.path), 160)} {describe(one.reason, MARKDOWN).sentence}" for one in report.skipped
    )
    yield from _folded("Files that were not read", "files", found)


def _footer(report: AuditReport) -> Section:
    commit = "no commit known" if report.commit is None else f"commit {text.code(report.commit[:12])}"
    gpu = "" if report.gpu is None else f" · target GPU {text.code(report.gpu)}"
    return Section(
        "footer", f"ecoci {text.code(report.ecoci_version, 30)} · {commit} · {words.looked_at(report)}{gpu}\n"
    )
