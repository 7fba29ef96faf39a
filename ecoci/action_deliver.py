"""Tells what a mode ended with, everywhere it was asked to: summary, annotations, comment, status, outputs.

None of it changes the verdict. What cannot be told is said in the log, and the exit code stays.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ecoci.action import Done, GitHub, Subject, Task, is_still_head, subject_of
from ecoci.actions.outputs import encode_outputs
from ecoci.actions.statuses import status_context, status_state
from ecoci.errors import EcociError, InterruptedRunError, PublishError
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
from ecoci.ports import Say
from ecoci.render.audit_annotations import render_annotations
from ecoci.render.commands import Kind, annotation
from ecoci.render.content import energy_means
from ecoci.render.headline import leading_scenario
from ecoci.render.pull_request import (
    NOT_MEASURED,
    describe_status,
    render_accepted,
    render_answer,
    render_failure,
    render_not_posted,
    render_summary,
)

_FINAL = (StatusState.SUCCESS, StatusState.FAILURE)


def deliver(task: Task, done: Done, github: GitHub | None, say: Say, command: Say) -> None:
    """Tell everything; `say` prints a line, `command` lines that the runner obeys. Raises nothing for what GitHub did.

    What lies on the runner comes first: GitHub may let us wait for minutes, and the job may be cancelled meanwhile.
    Without `github`, which a measuring job does not have, there is no comment and no status.
    """
    say(describe_status(done.answer))
    if done.warning is not None:
        command(f"{annotation(Kind.WARNING, done.warning, {'title': 'ecoci'})}\n")
    if task.inputs.annotations and done.answer.audit is not None:
        command(render_annotations(done.answer.audit, warned=int(done.warning is not None)))
    if task.inputs.summary:
        accepted = render_accepted(done.accepted, task.inputs.baselines)
        _append(task.env, "GITHUB_STEP_SUMMARY", f"{accepted}{render_summary(done.answer)}", say)
    _put_out(task, dict(_outputs(task, done)), say)
    if github is not None and done.subject is not None:
        _put_out(task, {"comment-id": _post(task, done, done.subject, Posting(task, github, say))}, say)


def deliver_failure(task: Task, error: EcociError, github: GitHub | None, say: Say) -> None:
    """Say everywhere that the work came to no end: what an earlier run said of this commit does not hold any more.

    A job that was cancelled has no time to post, and nothing new to say.
    """
    if task.inputs.summary:
        tell_failure(task.env, task.mode.value, error, say)
    if github is None or isinstance(error, InterruptedRunError) or _is_of_unknown_run(task):
        return
    subject, posting = subject_of(task.event), Posting(task, github, say)
    if task.event.is_fork and posting.is_judged(subject.sha, unknown=True):
        return
    if subject.number is not None and _is_known_head(subject, github):
        posting.comment(subject.number, _failure(task.mode.value, error))
    posting.status(subject.sha, StatusState.ERROR, f"{task.mode.value} could not finish: {error.message}")


def _is_of_unknown_run(task: Task) -> bool:
    """Whether the archives of an other run were to be judged, and it came to no end before GitHub said whose it is."""
    return task.inputs.run_id not in (None, task.job.run_id) and task.event.run is None


def _is_known_head(subject: Subject, github: GitHub) -> bool:
    try:
        return is_still_head(subject, github.pulls)
    except PublishError:
        return False


def _put_out(task: Task, outputs: Mapping[str, str], say: Say) -> None:
    """What is empty is left out, which is what an output is that nobody sets."""
    known = {name: value for name, value in outputs.items() if value}
    if known:
        _append(task.env, "GITHUB_OUTPUT", encode_outputs(known, f"ecoci-{secrets.token_hex(16)}"), say)


def _post(task: Task, done: Done, subject: Subject, posting: Posting) -> str:
    """The comment and the status; the id of the comment, empty where there is none."""
    if done.answer.refusal is not None and posting.is_judged(subject.sha):
        return ""
    comment_id = None
    if subject.number is not None:
        comment_id = posting.comment(subject.number, render_answer(done.answer))
    posting.status(subject.sha, _state(task, done), describe_status(done.answer))
    return "" if comment_id is None else str(comment_id)


def _state(task: Task, done: Done) -> StatusState:
    """Of a fork that was not measured it is never green, whatever the audit says."""
    state = status_state(done.exit_code)
    if done.answer.refusal is not None and state is StatusState.SUCCESS:
        return StatusState(task.inputs.fork_status.value)
    return state


@dataclass(frozen=True, slots=True)
class Posting:
    """Posts what the inputs ask for, and says what became of it."""

    task: Task
    github: GitHub
    say: Say

    def comment(self, number: int, body: str) -> int | None:
        """The id of the comment; None where there is none."""
        inputs, github = self.task.inputs, self.github
        if not inputs.comment:
            return None
        outcome = publish_comment(github.comments, number, inputs.suite, body, github.is_own)
        self._tell("comment", outcome)
        return outcome.comment_id

    def status(self, sha: str, state: StatusState, description: str) -> None:
        if self.task.inputs.status:
            told = CommitStatus(sha, state, self._context, description, self.task.run_url)
            self._tell("status", publish_status(self.github.statuses, told))

    def is_judged(self, sha: str, *, unknown: bool = False) -> bool:
        """Whether a measurement of this commit has its answer, as of a fork that was vetted."""
        try:
            found = self.github.statuses.latest(sha, self._context)
        except PublishError:
            return unknown
        if found is None or found.state not in _FINAL or found.description.startswith(NOT_MEASURED):
            return False
        self.say("comment and status: kept, this commit was judged before")
        return True

    @property
    def _context(self) -> str:
        return status_context(self.task.inputs.suite)

    def _tell(self, what: str, outcome: PostOutcome) -> None:
        """A line in the log, and where it was not posted one in the summary too."""
        if outcome.posted not in (Posted.FORBIDDEN, Posted.FAILED):
            self.say(f"{what}: {outcome.posted.value}")
            return
        how = "was not posted" if outcome.posted is Posted.FORBIDDEN else "could not be posted"
        self.say(f"the {what} {how}: {outcome.why}; the job summary has the whole answer, and the verdict stands")
        if self.task.inputs.summary:
            _append(self.task.env, "GITHUB_STEP_SUMMARY", render_not_posted(what, outcome.why), self.say)


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


def _outputs(task: Task, done: Done) -> Iterator[tuple[str, str]]:
    answer = done.answer
    if answer.report is not None:
        yield from _numbers(answer.report)
    findings = _findings(answer)
    if findings is not None:
        yield "findings", str(len(findings))
        yield "critical-findings", str(sum(one.severity is Severity.CRITICAL for one in findings))
    for name, file in done.files.items():
        yield name, str(file.relative_to(task.workspace) if file.is_relative_to(task.workspace) else file)


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


def tell_failure(env: Mapping[str, str], mode: str, error: EcociError, say: Say) -> None:
    """Say in the summary what kept the job from its end: it must not be silent. The log has it by itself."""
    _append(env, "GITHUB_STEP_SUMMARY", _failure(mode, error), say)


def _failure(mode: str, error: EcociError) -> str:
    return render_failure(mode, error.message, error.cause, error.remedy)
