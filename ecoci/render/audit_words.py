"""What every format says of an audit, in one place: places, excerpts, costs, counts. Strings come out inert.

Lines of output may end up in the log of a CI job, where some of them would be commands: `guarded` makes them plain.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from ecoci.model import (
    AuditReport,
    Confidence,
    EnergyCost,
    Excerpt,
    Finding,
    HeldBack,
    HeldBackBy,
    Place,
    PolicySource,
    Purpose,
    Safety,
    Severity,
    SkippedFile,
    Step,
)
from ecoci.render import text

PATH_CHARS = 1000
MESSAGE_CHARS = 600
LINE_CHARS = 160
MOST_STEPS = 12
MOST_EVIDENCE = 3
MOST_UNREAD = 3
UNREAD_REMEDY = "mend it, or let `ignore` in the policy of the base name its path"

_HELD_WORDS = {
    HeldBackBy.COMMENT: "by a comment",
    HeldBackBy.PATH_RULE: "by a path rule",
    HeldBackBy.BASELINE: "known before",
    HeldBackBy.CONTEXT: "outside inference",
    HeldBackBy.CONFIDENCE: "not sure enough",
    HeldBackBy.UNCHANGED: "not touched by the change",
}
_PURPOSES = {
    Purpose.INFERENCE: "inference",
    Purpose.UNKNOWN: "what is not known",
    Purpose.TRAINING: "training",
    Purpose.TEST: "tests",
    Purpose.DOCS: "documentation",
    Purpose.DEAD: "nothing, since it never runs",
}
_COMMAND = re.compile(r"^([-+\s]*):(?=:)")
_OLD_COMMAND = re.compile(r"##(?=\[)")
_TAB = "    "


def severity(value: Severity) -> str:
    return value.name.lower()


def confidence(value: Confidence) -> str:
    return f"{value.name.lower()} confidence"


def path(value: str) -> str:
    """A path on one line, whole unless it is absurd."""
    return text.clean(value, PATH_CHARS)


SUPPRESSED = "suppressed in this change"


def where(place: Place) -> str:
    """As `app.py:3:5`, or `chat.ipynb:cell 4:3:5`, in the form that editors and terminals make a link of."""
    cell = "" if place.cell is None else f"cell {place.cell}:"
    return f"{path(place.path)}:{cell}{place.start.line}:{place.start.column}"


def message(value: str) -> str:
    return text.clean(value, MESSAGE_CHARS)


def sentence(value: str) -> str:
    """A message that another one may follow."""
    said = message(value)
    return said if not said or said[-1] in ".!?:…" else f"{said}."


def source_line(line: str) -> str:
    """A line of a file with its indentation: tabs as spaces, no control characters, cut where it is absurdly long."""
    return text.shorten(text.visible(line.replace("\t", _TAB)).rstrip(), LINE_CHARS)


def excerpt_lines(excerpt: Excerpt, place: Place) -> Iterator[str]:
    """The lines with their numbers, and carets under what is meant where that stands on one line."""
    last = excerpt.first_line + len(excerpt.lines) - 1
    digits = len(str(last))
    for number, line in enumerate(excerpt.lines, excerpt.first_line):
        mark = ">" if place.start.line <= number <= place.end.line else " "
        yield f"{mark} {number:>{digits}} | {source_line(line)}".rstrip()
        if number == place.start.line == place.end.line and (carets := _carets(line, place)):
            yield f"  {'':>{digits}} | {carets}"


def _carets(line: str, place: Place) -> str:
    if place.start.column > len(line) + 1:
        return ""
    before = source_line(line[: place.start.column - 1] + ".")[:-1]
    meant = source_line(line[place.start.column - 1 : place.end.column - 1])
    start, columns = text.width(before), max(1, text.width(meant))
    fits = start + columns <= LINE_CHARS and "…" not in before
    return " " * start + "^" * columns if fits else ""


def cost(value: EnergyCost) -> str:
    """As `+17 … +33 % energy per token against fp16; measured on RTX 4090D; source`."""
    low, high = text.percent(value.low, 0), text.percent(value.high, 0)
    change = high if low == high else f"{low.removesuffix(' %')} … {high}"
    against = f"{change} energy per token against {message(value.alternative)}"
    return f"{against}; measured on {message(value.measured_on)}; {message(value.source)}"


def steps(finding: Finding) -> Iterator[tuple[str, str]]:
    """Words and place of each step to what decides, the middle left out where there are very many."""
    for step in _ends(finding.steps):
        yield (message(step.text), where(step.place)) if step is not None else ("…", "")


def _ends(found: tuple[Step, ...]) -> tuple[Step | None, ...]:
    half = MOST_STEPS // 2
    return found if len(found) <= MOST_STEPS else (*found[:half], None, *found[-half:])


def shared_by(finding: Finding) -> str:
    """Where several statements ask for what is flagged once; empty for one."""
    more = len(finding.statements) - 1
    if more < 1:
        return ""
    places = ", ".join(where(place) for place in finding.statements[:MOST_EVIDENCE])
    rest = len(finding.statements) - MOST_EVIDENCE
    return f"asked for in {len(finding.statements):,} places: {places}{f' and {rest:,} more' if rest > 0 else ''}"


def context(finding: Finding) -> str:
    """What the code around is for, and what says so; empty where it is inference or nothing says."""
    if finding.context.purpose in (Purpose.INFERENCE, Purpose.UNKNOWN):
        return ""
    said = [message(one.text) for one in finding.context.evidence[:MOST_EVIDENCE]]
    return f"for {_PURPOSES[finding.context.purpose]}{f': {text.join_words(said)}' if said else ''}"


def fixes(finding: Finding) -> Iterator[str]:
    """The edits that ecoci can make, and with which option."""
    for fix in finding.fixes:
        option = "--fix" if fix.safety is Safety.SAFE else "--unsafe-fixes"
        yield f"{option} would make this edit: {message(fix.title)}"


def counts(report: AuditReport) -> str:
    """As `2 findings (1 critical, 1 warning)`."""
    total = len(report.findings)
    by = Counter(finding.severity for finding in report.findings)
    parts = ", ".join(f"{by[one]:,} {severity(one)}" for one in reversed(Severity) if by[one])
    return text.counted(total, "finding") + (f" ({parts})" if parts else "")


def held_back(report: AuditReport) -> str:
    """As `3 held back: 2 outside inference, 1 by a comment`; empty where none is."""
    by = Counter(one.by for one in report.held_back)
    parts = ", ".join(f"{by[one]:,} {_HELD_WORDS[one]}" for one in HeldBackBy if by[one])
    return f"{len(report.held_back):,} held back: {parts}" if parts else ""


def held_by(one: HeldBack) -> str:
    """As `by a comment`."""
    return _HELD_WORDS[one.by]


def suppressed(found: Iterable[HeldBack]) -> Iterator[tuple[str, str]]:
    """Place and words of findings that a comment holds back which the change adds or touches."""
    for one in found:
        if one.in_change:
            reason = f"The comment says: {message(one.why)}" if one.why else "The comment gives no reason."
            yield (
                where(one.finding.place),
                f"{text.clean(one.finding.rule_id)} {sentence(one.finding.message)} {reason}",
            )


def judged_by(source: PolicySource | None) -> str:
    """Whose policy it was, where it was not that of the files that were audited; else empty."""
    if source is None:
        return ""
    commit = text.clean(source.commit[:12])
    named = commit if source.commit.startswith(source.ref) else f"{text.clean(source.ref)} ({commit})"
    said = f"Findings are judged by the policy of {named}"
    return f"{said}; this change has another policy of the audit, which was not used." if source.differs else f"{said}."


def looked_at(report: AuditReport) -> str:
    read = report.counts
    ignored = f", {read.ignored:,} more not read in ignored paths" if read.ignored else ""
    return f"{text.counted(read.files, 'file')} looked at, {read.parsed:,} of them read closely{ignored}"


def target(report: AuditReport) -> str:
    return "" if report.gpu is None else f"target GPU: {text.clean(report.gpu)}"


def verdict(report: AuditReport) -> str:
    """One sentence on what the policy makes of it."""
    if report.fails:
        unread = any(one.in_change for one in report.skipped)
        finding = "a finding is as bad and as sure as the policy says"
        hidden = "a changed file was not read, and nobody can say what it holds"
        return (
            f"The audit fails: {hidden if not report.findings else f'{finding}, or {hidden}' if unread else finding}."
        )
    return "The audit passes." if not report.findings else "The audit passes: none of the findings fails it."


def unread(skipped: Iterable[SkippedFile]) -> str:
    """As `1 changed file was not read`; empty where all that the change adds or touches was."""
    count = sum(one.in_change for one in skipped)
    return f"{text.counted(count, 'changed file')} {'was' if count == 1 else 'were'} not read" if count else ""


def unread_names(skipped: Iterable[SkippedFile]) -> str:
    """As `1 changed file was not read: big.py; mend it, or …`."""
    found = tuple(one for one in skipped if one.in_change)
    names = ", ".join(path(one.path) for one in found[:MOST_UNREAD])
    more = f" and {len(found) - MOST_UNREAD:,} more" if len(found) > MOST_UNREAD else ""
    return f"{unread(found)}: {names}{more}; {UNREAD_REMEDY}" if found else ""


def suppression(rule_ids: Iterable[str]) -> str:
    names = ", ".join(text.clean(one) for one in rule_ids)
    return f"ignore[{names}] holds nothing back" if names else "names no rule: write ecoci: ignore[ECO101] reason"


def known_gone(report: AuditReport) -> str:
    """Empty where every known finding is still there."""
    gone = len(report.stale_baseline)
    if not gone:
        return ""
    verb, them = ("is", "it") if gone == 1 else ("are", "them")
    return f"{text.counted(gone, 'known finding')} {verb} gone: --write-baseline takes {them} out of the file"


def printed(diff: str) -> str:
    """A diff for a terminal or a log: without what would act there, and so perhaps no longer to be applied."""
    lines = (guarded(text.visible(line.replace("\t", _TAB))) for line in diff.split("\n"))
    return "\n".join(lines)


def guarded(line: str) -> str:
    """A line that no CI log takes for a command, wherever a name made it look like one."""
    return _OLD_COMMAND.sub(f"##{text.ZERO_WIDTH_SPACE}", _COMMAND.sub(rf"\1{text.ZERO_WIDTH_SPACE}:", line))
