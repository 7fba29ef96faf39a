"""The mode `report`: judges again what measuring jobs handed over, by the files of the base that lie here.

Nothing of the pull request is checked out or run in such a job; its archives are data, and hostile.
"""

from __future__ import annotations

from dataclasses import replace

from ecoci import __version__
from ecoci.action import Done, GitHub, Subject, Task, is_still_head, subject_of
from ecoci.action_checkout import is_commit_of_branch
from ecoci.actions.admission import Trusted, admitted
from ecoci.actions.bundle import decode_bundle
from ecoci.actions.guard import refusal_of_fork
from ecoci.actions.limits import LIMITS
from ecoci.actions.trusted import judge_again
from ecoci.actions.trusted_findings import audited
from ecoci.base_rules import BaseFiles, trusted_by
from ecoci.desks import artifacts
from ecoci.errors import PublishError
from ecoci.model import Answer, Audited, AuditReport, Refusal
from ecoci.model.bundle import Archive, Bundle, Refused
from ecoci.scenario_files import read_spec
from ecoci.store import REPORT_NAME, FolderPublisher
from ecoci.store_archives import read_archives
from ecoci.verdict import exit_code

ARCHIVE_PREFIX = "ecoci"
"""What the names of uploaded archives begin with."""
_NO_COMMIT = "0" * 40
_OF_FORK = Refused(
    "measurements of a fork",
    "the workflow that made them was the fork's own, and could have written any number",
    "push the reviewed commit to a branch pull-request/N, and it is measured by your own workflow",
)


def report(task: Task, github: GitHub) -> Done:
    """The answer to what was measured elsewhere; where the head has moved on meanwhile there is nobody to tell it.

    Raises `PublishError` where GitHub does not hand the archives over or knows no such pull request.
    """
    subject = _subject(task, github)
    bundle = _believable(task, decode_bundle(_archives(task, github)))
    refusal = _not_measured(task, bundle)
    answer, code = _judged(task, bundle, subject) if refusal is None else _audited(task, bundle, subject, refusal)
    FolderPublisher(task.out).publish(() if answer.report is None else artifacts(answer.report))
    files = {} if answer.report is None else {"report-path": task.out / REPORT_NAME}
    return Done(answer, code, subject if is_still_head(subject, github.pulls) else None, files)


def of_run(task: Task, github: GitHub) -> Task:
    """The job with the run whose archives are judged: whose an other run was is asked of GitHub, not of the input."""
    run_id = task.inputs.run_id
    if run_id is None or task.event.run is not None or run_id == task.job.run_id:
        return task
    return replace(task, event=replace(task.event, run=github.artifacts.run(run_id)))


def _subject(task: Task, github: GitHub) -> Subject:
    """Of a finished run the pull request is looked up by its head: no archive may say to whom it answers."""
    subject, run = subject_of(task.event), task.event.run
    found = None if run is None else github.pulls.with_head(run.head_sha, run.head_repository)
    return subject if found is None else replace(subject, number=found.number)


def _archives(task: Task, github: GitHub) -> tuple[bytes | Archive, ...]:
    made = task.event.run or task.job
    if task.inputs.artifact:
        return read_archives(task.place("artifact", task.inputs.artifact), attempt=made.attempt)
    run_id = made.run_id
    found = github.artifacts.download(run_id, made.attempt, ARCHIVE_PREFIX, LIMITS.packed_bytes)
    if not found:
        raise PublishError(
            f"workflow run {run_id} has uploaded no archive whose name begins with {ARCHIVE_PREFIX!r}",
            cause="its jobs ended before the upload, or the archives were deleted since",
            remedy="see what its measuring job says; upload the folder of ecoci with `if: always()`",
        )
    return found


def _believable(task: Task, bundle: Bundle) -> Bundle:
    """Without measurements that a fork's own workflow made: they could say anything, and green would be theirs to give.

    Where forks are measured on runners that are thrown away, the owner has said that they may be believed.
    """
    if not task.event.is_fork or task.inputs.ephemeral_runner or not (bundle.results or bundle.pairs):
        return bundle
    return Bundle((), (), bundle.audits, (*bundle.refused, _OF_FORK))


def _not_measured(task: Task, bundle: Bundle) -> Refusal | None:
    """Why nothing was measured, where that was right: the code of strangers is not run."""
    if bundle.results or bundle.pairs or not task.event.is_fork or task.inputs.ephemeral_runner:
        return None
    return refusal_of_fork(task.event)


def _judged(task: Task, bundle: Bundle, subject: Subject) -> tuple[Answer, int]:
    judged = judge_again(bundle, _trusted(task, bundle, subject))
    found = Answer(task.inputs.suite, subject.sha, task.run_url, report=judged.report)
    return replace(found, refused=judged.refused), exit_code(judged.report)


def _audited(task: Task, bundle: Bundle, subject: Subject, refusal: Refusal) -> tuple[Answer, int]:
    """Of a fork that was not measured, what its audit found; the status tells that nothing was measured."""
    trusted = _trusted(task, bundle, subject)
    bundle = admitted(bundle, trusted)
    found = audited(bundle.audits, trusted.audit)
    audit = _as_report(found, bundle.audits, subject) if bundle.audits else None
    answer = Answer(task.inputs.suite, subject.sha, task.run_url, audit=audit, refusal=refusal, refused=bundle.refused)
    return answer, int(found.fails)


def _as_report(found: Audited, audits: tuple[AuditReport, ...], subject: Subject) -> AuditReport:
    counts = audits[0].counts
    return AuditReport(__version__, subject.sha, None, counts, found.findings, skipped=found.unread, fails=found.fails)


def _trusted(task: Task, bundle: Bundle, subject: Subject) -> Trusted:
    """What this checkout says, which is that of the base."""
    inputs = task.inputs
    files = BaseFiles(task.workspace, task.place("spec", inputs.spec), task.place("baselines", inputs.baselines))
    return replace(
        trusted_by(files, read_spec(files.spec_file), subject.sha),
        commits=_commits(task, subject),
        bases=_bases(task, bundle),
        jobs=max(1, len(inputs.runners)),
        wants_audit=inputs.require_audit,
        replays=bool(inputs.replay),
    )


def _bases(task: Task, bundle: Bundle) -> tuple[str, ...]:
    """What pairs may have as their base: commits of the branch that lies here, which the change left somewhere."""
    named = dict.fromkeys(one.base.commit for one in bundle.pairs)
    known = tuple(commit for commit in named if is_commit_of_branch(task.workspace, commit))
    return known or (task.event.base_sha or _NO_COMMIT,)


def _commits(task: Task, subject: Subject) -> tuple[str, ...]:
    """What records may be of: the head, or in the same workflow run GitHub's merge of it."""
    return tuple(dict.fromkeys((subject.sha, task.event.sha))) if task.event.run is None else (subject.sha,)
