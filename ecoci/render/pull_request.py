"""One comment on a pull request, of a measurement, an audit or both, and the line beside its commit.

The first line says what to know and do; before it comes the hidden one by which the comment is found again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ecoci.model import Answer, AuditReport, Refusal, Report
from ecoci.model.bundle import Refused
from ecoci.render import audit_words, text
from ecoci.render.audit_markdown import audit_body, audit_top
from ecoci.render.cut import Section, assemble
from ecoci.render.headline import headline, replay_line
from ecoci.render.markdown import COMMENT_LIMIT, report_body, report_top
from ecoci.render.statuses import MOST_CHARACTERS, short_description

SUMMARY_LIMIT = 230_000
"""A job summary may have 1 MiB in UTF-8, of which one character takes up to four bytes."""
NOT_MEASURED = "not measured: "
"""What the words beside a commit begin with where the code was not run."""
NOTHING = "neither a measurement nor an audit was made"


def render_answer(answer: Answer) -> str:
    """The whole comment but its marker, at most `COMMENT_LIMIT` characters."""
    return _fitted(_sections(answer), COMMENT_LIMIT, _place_of_all(answer))


def render_summary(answer: Answer) -> str:
    """The same for the summary of a job, which holds more and needs no marker."""
    return _fitted(_sections(answer), SUMMARY_LIMIT, "The file report.json")


def _fitted(sections: tuple[Section, ...], limit: int, place: str) -> str:
    whole = assemble(sections, limit, place).rstrip("\n")
    return "".join(f"{audit_words.guarded(line)}\n" for line in whole.split("\n"))


def _sections(answer: Answer) -> tuple[Section, ...]:
    """Both answers in the first lines, then what each is made of."""
    report = _without_findings(answer)
    measured = () if report is None else report_body(report)
    audited = () if answer.audit is None else audit_body(answer.audit)
    top = "".join(_top(answer)) or f"**{NOTHING.capitalize()}.**\n\n"
    parts = (*_refused_records(answer), *measured, *_parted(measured, audited))
    return (Section("headline", top, share=1.0), *parts, _end(answer))


def _refused_records(answer: Answer) -> Iterable[Section]:
    """Not folded away: it is why a report is not whole."""
    rows = tuple(f"- {_record(one)}\n" for one in answer.refused)
    if rows:
        yield Section("records", "**Missing, or handed over and not used**\n\n", rows, "\n", share=0.1)


def _record(one: Refused) -> str:
    todo = f" **Do:** {_sentence(one.remedy)}" if one.remedy else ""
    return f"{text.code(one.source, 120)}: {_sentence(one.why)}{todo}"


def _top(answer: Answer) -> Iterable[str]:
    if answer.report is not None:
        yield report_top(answer.report, is_refused=bool(answer.refused))
    elif answer.refusal is not None:
        yield f"{_refused(answer.refusal)}\n\n"
    if answer.audit is not None:
        yield audit_top(answer.audit)


def _parted(measured: tuple[Section, ...], audited: tuple[Section, ...]) -> tuple[Section, ...]:
    heading = Section("heading", "\n**In the code**\n\n", share=1.0)
    return (heading, *audited) if measured and audited else audited


def _without_findings(answer: Answer) -> Report | None:
    """Where the audit speaks for itself, the report of the measurement leaves its findings to it."""
    if answer.report is None or answer.audit is None:
        return answer.report
    return replace(answer.report, findings=(), audit_fails=False, suppressed=(), audited_by=None, unread=())


def _end(answer: Answer) -> Section:
    link = "" if answer.run_url is None else f" · [job summary]({answer.run_url})"
    return Section("commit", f"\nOf commit {text.code(answer.commit[:12])}{link}\n", share=1.0)


def _refused(refusal: Refusal) -> str:
    said = f"⛔ **NOT MEASURED**: {text.prose(refusal.message)}\\."
    why = f" {_sentence(refusal.cause)}" if refusal.cause else ""
    return f"{said}{why} **Do:** {_sentence(refusal.remedy)}"


def _sentence(words: str) -> str:
    capital = f"{words[:1].upper()}{words[1:]}"
    return text.prose(capital if capital.endswith(".") else f"{capital}.")


def _place_of_all(answer: Answer) -> str:
    return "The artifact of the job" if answer.run_url is None else f"The [job summary]({answer.run_url})"


def describe_status(answer: Answer) -> str:
    """The words beside the commit, beginning with the verdict, in what GitHub takes of them."""
    first, *rest = tuple(_status_parts(answer)) or (NOTHING,)
    after = "".join(f"; {part}" for part in rest)
    return f"{short_description(first, MOST_CHARACTERS - len(after))}{after}"


def _status_parts(answer: Answer) -> Iterable[str]:
    if answer.report is not None:
        yield _status_of(answer.report, is_refused=bool(answer.refused))
        if answer.audit is None and answer.report.audit_fails:
            yield "the audit fails"
    elif answer.refusal is not None:
        yield f"{NOT_MEASURED}{answer.refusal.message}"
    if answer.audit is not None:
        yield _status_of_audit(answer.audit)


def _status_of(report: Report, *, is_refused: bool) -> str:
    """The headline without what to do, for which there is no room."""
    replay = "REPLAY, nothing was measured: " if replay_line(report.provenance.replay) else ""
    return f"{replay}{headline(report, is_refused=is_refused).partition('. ')[0]}"


def _status_of_audit(audit: AuditReport) -> str:
    unread = audit_words.unread(audit.skipped)
    said = f"{audit_words.counts(audit)}, {unread}" if unread else audit_words.counts(audit)
    return f"audit {'fails' if audit.fails else 'passes'}: {said}"


def render_accepted(names: tuple[str, ...], baselines: str) -> str:
    """What stands above the answer of a night; empty where nothing was accepted."""
    if not names:
        return ""
    listed = ", ".join(text.code(name) for name in names)
    return f"✅ **Accepted** into {text.code(baselines)}: {listed}. Compared with those before it:\n\n"


def render_not_posted(what: str, why: str) -> str:
    """A line below the answer in the summary, which is then the only place that has it."""
    return f"\n> The {what} is not on the pull request: {_sentence(why)}\n"


def render_failure(mode: str, message: str, cause: str, remedy: str) -> str:
    """What the summary says of a job that could not do its work."""
    parts = (f"⛔ **ecoci {mode} could not finish**: {_sentence(message)}", _sentence(cause) if cause else "")
    todo = f"**Do:** {_sentence(remedy)}" if remedy else ""
    return " ".join(part for part in (*parts, todo) if part) + "\n"
