"""The mode `audit`: reads the checkout, runs nothing of it, and says what the change adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ecoci.action import Done, Task, subject_of
from ecoci.audit_policy import PolicyFiles, Rulebook, rulebook_here, rulebook_of
from ecoci.audit_request import AuditRequest
from ecoci.audit_run import make_engine
from ecoci.checkouts.git_command import Git
from ecoci.codec import dumps
from ecoci.errors import EcociError, InputError
from ecoci.model import ActionInputs, Answer, AuditReport, EventName, FailOn, Severity
from ecoci.render.audit_sarif import render_sarif
from ecoci.store import write_atomic

AUDIT_NAME = "audit.json"
SARIF_NAME = "ecoci.sarif"


def audit(task: Task) -> Done:
    """Audit the checkout by the policy of the base. Exit code 1 where a finding fails it."""
    subject = subject_of(task.event)
    report = audited(task)
    sarif = task.place("sarif", task.inputs.sarif) if task.inputs.sarif else task.out / SARIF_NAME
    write_atomic(task.out / AUDIT_NAME, dumps(report))
    write_atomic(sarif, render_sarif(report, make_engine().rules()))
    answer = Answer(task.inputs.suite, subject.sha, task.run_url, audit=report)
    files = {"report-path": task.out / AUDIT_NAME, "sarif-path": sarif}
    return Done(answer, int(report.fails), subject, files)


def audited(task: Task) -> AuditReport:
    """The report of the checkout, on a pull request only of what it changes if that is asked for."""
    base = base_of(task) if is_change(task) else None
    book = _overridden(_rulebook(task, base), task.inputs)
    only = base if task.inputs.changed_only else None
    return make_engine().run(
        AuditRequest(task.workspace, policy=book.policy, known=book.known, changed_since=only, policy_from=book.source)
    )


def is_change(task: Task) -> bool:
    """Whether something is to be merged: elsewhere the whole repository is what is asked about."""
    event = task.event
    return event.pull_request is not None or event.vetted_number is not None or event.name is EventName.MERGE_GROUP


def base_of(task: Task) -> str:
    """The commit that the change is compared with, whose policy judges it.

    GitHub's merge of a pull request has the base as its first parent, which is newer than the one in the payload.
    Raises InputError where the checkout does not have it: by its own policy a change would judge itself.
    """
    wanted = (task.inputs.base, _first_parent(task), task.event.base_sha, _branch(task))
    found = next((ref for ref in wanted if ref and _is_known(task.workspace, ref)), None)
    if found is None:
        named = next((ref for ref in wanted if ref), "no commit that the event names")
        raise InputError(
            f"the base of this change ({named[:60]}) is not in the checkout",
            cause="actions/checkout fetches a single commit if nothing is said",
            remedy="give actions/checkout `fetch-depth: 2`, or 0 where pairs of base and head are measured",
        )
    return found


def _first_parent(task: Task) -> str | None:
    pull_request, head = task.event.pull_request, _git(task.workspace, "rev-parse", "HEAD")
    is_merge = pull_request is not None and head == task.event.sha != pull_request.head_sha
    return _git(task.workspace, "rev-parse", "--verify", "--quiet", "HEAD^1") if is_merge else None


def _branch(task: Task) -> str | None:
    pull_request = task.event.pull_request
    return None if pull_request is None else f"origin/{pull_request.base_ref}"


def _is_known(folder: Path, ref: str) -> bool:
    return _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}") is not None


def is_commit_of_branch(folder: Path, commit: str) -> bool:
    """Whether what is checked out contains the commit, as far as its history is here."""
    return _git(folder, "merge-base", "--is-ancestor", commit, "HEAD") is not None


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = Git(folder).run(*arguments)
    except EcociError:
        return None
    return answer.output.strip() if answer.code == 0 else None


def _rulebook(task: Task, base: str | None) -> Rulebook:
    named = task.workspace / task.inputs.spec
    files = PolicyFiles(task.workspace, named if named.exists() else None)
    return rulebook_here(files) if base is None else rulebook_of(files, base, "the input base")


def _overridden(book: Rulebook, inputs: ActionInputs) -> Rulebook:
    """The policy as far as inputs do not say otherwise; they stand in the workflow, as the job itself does."""
    policy = book.policy
    if inputs.gpu:
        policy = replace(policy, gpu=inputs.gpu)
    if inputs.fail_on is not None:
        worst = None if inputs.fail_on is FailOn.NEVER else Severity[inputs.fail_on.name]
        policy = replace(policy, fail_on=worst)
    return replace(book, policy=policy)
