"""Tells what a mode ended with, everywhere it was asked to: summary, annotations, comment, status, outputs.

None of it changes the verdict. What cannot be told is said in the log, and the exit code stays.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ecoci.action import Done, GitHub, Subject, Task
from ecoci.actions.outputs import encode_outputs
from ecoci.actions.statuses import status_context, status_state
from ecoci.errors import EcociError
from ecoci.github.publishing import publish_comment, publish_status
from ecoci.model import (
    Answer,
    CommitStatus,
    Finding,
    Posted,
    PostOutcome,
    Report,
    Severity,
    StatusState,
)
from ecoci.render.audit_annotations import render_annotations
from ecoci.render.commands import Kind, annotation
from ecoci.render.content import energy_means
from ecoci.render.headline import leading_scenario
from ecoci.render.pull_request import describe_status, render_answer, render_failure, render_summary

Say = Callable[[str], None]


def deliver(task: Task, done: Done, github: GitHub | None, say: Say, command: Say) -> None:
    """Tell everything; `say` prints a line, `command` lines that the runner obeys. Raises nothing for what GitHub did.

    Without `github`, which a measuring job does not have, there is no comment and no status.
    """
    say(describe_status(done.answer))
    if done.warning is not None:
        command(f"{annotation(Kind.WARNING, done.warning, {'title': 'ecoci'})}\n")
    if task.inputs.annotations and done.answer.audit is not None:
        command(render_annotations(done.answer.audit))
    comment_id = None
    if github is not None and done.subject is not None:
        comment_id = _post(task, done, done.subject, github, say)
    if task.inputs.summary:
        _append(task.env, "GITHUB_STEP_SUMMARY", render_summary(done.answer), say)
    outputs = {name: value for name, value in _outputs(task, done, comment_id) if value}
    _append(task.env, "GITHUB_OUTPUT", encode_outputs(outputs, f"ecoci-{secrets.token_hex(16)}"), say)


def _post(task: Task, done: Done, subject: Subject, github: GitHub, say: Say) -> int | None:
    """The comment and the status; the id of the comment, None where there is none."""
    comment = PostOutcome(Posted.SKIPPED)
    if task.inputs.comment and subject.number is not None:
        comment = publish_comment(github.comments, subject.number, task.inputs.suite, render_answer(done.answer))
        _tell("comment", comment, say)
    if task.inputs.status:
        _tell("status", publish_status(github.statuses, _status(task, done, subject)), say)
    return comment.comment_id


def _tell(what: str, outcome: PostOutcome, say: Say) -> None:
    if outcome.posted is Posted.FORBIDDEN:
        say(f"the {what} was not posted: {outcome.why}; the job summary has the whole answer, and the verdict stands")
    elif outcome.posted is Posted.FAILED:
        say(f"the {what} could not be posted: {outcome.why}; the verdict stands")
    else:
        say(f"{what}: {outcome.posted.value}")


def _status(task: Task, done: Done, subject: Subject) -> CommitStatus:
    """Of a fork that was not measured it is never green, whatever the audit says."""
    state = status_state(done.exit_code)
    if done.answer.refusal is not None and state is StatusState.SUCCESS:
        state = StatusState(task.inputs.fork_status.value)
    context = status_context(task.inputs.suite)
    return CommitStatus(subject.sha, state, context, describe_status(done.answer), task.run_url)


def _append(env: Mapping[str, str], name: str, text: str, say: Say) -> None:
    """Add to a file of the runner; elsewhere than on a runner there is none."""
    place = env.get(name, "")
    if not place:
        return
    try:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        say(f"{name} cannot be written ({error.strerror or error}); the verdict stands")


def _outputs(task: Task, done: Done, comment_id: int | None) -> Iterator[tuple[str, str]]:
    answer = done.answer
    if answer.report is not None:
        yield from _numbers(answer.report)
    findings = _findings(answer)
    if findings is not None:
        yield "findings", str(len(findings))
        yield "critical-findings", str(sum(one.severity is Severity.CRITICAL for one in findings))
    for name, file in done.files.items():
        yield name, str(file.relative_to(task.workspace) if file.is_relative_to(task.workspace) else file)
    yield "comment-id", "" if comment_id is None else str(comment_id)


def _findings(answer: Answer) -> tuple[Finding, ...] | None:
    if answer.audit is not None:
        return answer.audit.findings
    return None if answer.report is None else answer.report.findings


def _numbers(report: Report) -> Iterator[tuple[str, str]]:
    """Of the scenario that made the verdict; a number that is not known is left out."""
    yield "verdict", report.verdict.value
    leading = leading_scenario(report)
    if leading is None:
        return
    _, head_j = energy_means(leading)
    yield "energy-per-token-joules", "" if head_j is None else f"{head_j:.6g}"
    primary = leading.comparison.primary
    if primary is not None:
        yield "delta-percent", "" if primary.change is None else f"{100 * primary.change:.4g}"
        yield "p-value", "" if primary.p is None else f"{primary.p:.4g}"


def tell_failure(task: Task, error: EcociError) -> None:
    """Say in the summary what kept the job from its end: it must not be silent. The log has it by itself."""
    if task.inputs.summary:
        text = render_failure(task.mode.value, error.message, error.cause, error.remedy)
        _append(task.env, "GITHUB_STEP_SUMMARY", text, lambda _line: None)
