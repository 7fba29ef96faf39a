"""The mode `audit`: reads the checkout, runs nothing of it, and says what the change adds."""

from __future__ import annotations

from dataclasses import replace

from ecoci.action import Done, Task
from ecoci.action_checkout import base_of, is_change, subject_here, told_of
from ecoci.actions.guard import refusal_of_fork
from ecoci.audit_policy import PolicyFiles, Rulebook, rulebook_here, rulebook_of
from ecoci.audit_request import AuditRequest
from ecoci.audit_run import make_engine
from ecoci.codec import dumps
from ecoci.model import ActionInputs, Answer, AuditReport, FailOn, Mode, Refusal, Severity
from ecoci.render.audit_sarif import render_sarif
from ecoci.store import write_atomic

AUDIT_NAME = "audit.json"
SARIF_NAME = "ecoci.sarif"
_UNTOLD = "what lies in the checkout is not the commit of this event, so no status was set on it"


def audit(task: Task) -> Done:
    """Audit the checkout by the policy of the base. Exit code 1 where a finding fails it."""
    subject = subject_here(task)
    report = audited(task)
    sarif = task.place("sarif", task.inputs.sarif) if task.inputs.sarif else task.out / SARIF_NAME
    write_atomic(task.out / AUDIT_NAME, dumps(report))
    write_atomic(sarif, render_sarif(report, make_engine().rules()))
    answer = Answer(task.inputs.suite, subject.sha, task.run_url, audit=report, refusal=_refusal(task))
    files = {"report-path": task.out / AUDIT_NAME, "sarif-path": sarif}
    told = told_of(subject, task)
    return Done(answer, int(report.fails), told, files, None if told else _UNTOLD)


def audited(task: Task) -> AuditReport:
    """The report of the checkout, on a pull request only of what it changes if that is asked for."""
    base = base_of(task) if is_change(task) else None
    book = _overridden(_rulebook(task, base), task.inputs)
    only = base if task.inputs.changed_only else None
    return make_engine().run(
        AuditRequest(task.workspace, policy=book.policy, known=book.known, changed_since=only, policy_from=book.source)
    )


def _refusal(task: Task) -> Refusal | None:
    """That the change was not measured although this runner would have: nobody asked for an audit alone."""
    is_left_out = task.inputs.mode is Mode.AUTO and task.event.is_fork and task.job.is_self_hosted
    return refusal_of_fork(task.event) if is_left_out else None


def _rulebook(task: Task, base: str | None) -> Rulebook:
    """A scenario file that an input names has to be on one of the sides: without it nobody knows the policy."""
    named = task.workspace / task.inputs.spec
    is_usual = task.inputs.spec == ActionInputs().spec
    files = PolicyFiles(task.workspace, None if is_usual else named)
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
