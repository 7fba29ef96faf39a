"""What git says of the checkout: which commit lies there, and which one a change is compared with."""

from __future__ import annotations

from pathlib import Path

from ecoci.action import Subject, Task, subject_of
from ecoci.checkouts.git_command import Git
from ecoci.errors import EcociError, InputError
from ecoci.model import EventName

_FETCH = "give actions/checkout `fetch-depth: 2`, or 0 where pairs of base and head are measured"


def is_change(task: Task) -> bool:
    """Whether something is to be merged: elsewhere the whole repository is what is asked about."""
    event = task.event
    return event.pull_request is not None or event.vetted_number is not None or event.name is EventName.MERGE_GROUP


def subject_here(task: Task) -> Subject:
    """What this checkout is of: a change, whose head is meant, else the commit that lies here.

    A merge stands for the change it brings only if it is the one that GitHub made for this job.
    Raises `InputError` where nothing is checked out, or another commit than the change that would be answered.
    """
    here, subject = _head(task.workspace), subject_of(task.event)
    if not is_change(task):
        return Subject(here)
    merged = _merged_into(task.workspace) if here == task.event.sha else ()
    if subject.sha not in (here, *merged):
        raise InputError(
            f"the checkout is of commit {here[:12]}, and the change is {subject.sha[:12]}: its answer would be wrong",
            cause="actions/checkout takes another commit than the change under this event, or was given another ref",
            remedy="check out what GitHub does under pull_request, or give actions/checkout the head as `ref`",
        )
    return subject


def told_of(subject: Subject, task: Task) -> Subject | None:
    """Whom the answer is told to; nobody where the job has checked out what its event says nothing of.

    There nobody else's policy judged it: a status on it would be what the commit says of itself.
    """
    return subject if is_change(task) or subject.sha == task.event.sha else None


def base_of(task: Task) -> str:
    """The commit that the change is compared with, whose policy judges it.

    GitHub's merge of a pull request has the base as its first parent, which is newer than the one in the payload.
    Raises InputError where the checkout does not have it: by its own policy a change would judge itself.
    """
    named = task.inputs.base
    wanted = (named,) if named else (_first_parent(task), task.event.base_sha, _branch(task))
    found = next((ref for ref in wanted if ref and _is_known(task.workspace, ref)), None)
    if found is not None:
        return found
    name = next((ref for ref in wanted if ref), "no commit that the event names")
    raise InputError(
        f"the base of this change ({name[:60]}) is not in the checkout",
        cause=f"{'it is misspelt, or ' if named else ''}actions/checkout fetches a single commit if nothing is said",
        remedy=_FETCH,
    )


def is_commit_of_branch(folder: Path, commit: str) -> bool:
    """Whether what is checked out contains the commit, as far as its history is here."""
    return _git(folder, "merge-base", "--is-ancestor", commit, "HEAD") is not None


def _head(folder: Path) -> str:
    found = Git(folder).run("rev-parse", "--verify", "--quiet", "HEAD")
    if found.code != 0:
        raise InputError(
            "nothing is checked out here",
            cause="no step before this one checks the repository out, or it does so into another folder",
            remedy="let a step with actions/checkout come before ecoci",
        )
    return found.output.strip()


def _merged_into(folder: Path) -> tuple[str, ...]:
    """What a merge that lies here brought into its first parent. git hides parents at the end of a shallow clone."""
    header = Git(folder).ask("cat-file", "commit", "HEAD").partition("\n\n")[0]
    parents = [line.removeprefix("parent ") for line in header.splitlines() if line.startswith("parent ")]
    return tuple(parents[1:])


def _first_parent(task: Task) -> str | None:
    pull_request, head = task.event.pull_request, _git(task.workspace, "rev-parse", "HEAD")
    is_merge = pull_request is not None and head == task.event.sha != pull_request.head_sha
    return _git(task.workspace, "rev-parse", "--verify", "--quiet", "HEAD^1") if is_merge else None


def _branch(task: Task) -> str | None:
    pull_request = task.event.pull_request
    return None if pull_request is None else f"origin/{pull_request.base_ref}"


def _is_known(folder: Path, ref: str) -> bool:
    return _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}") is not None


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = Git(folder).run(*arguments)
    except EcociError:
        return None
    return answer.output.strip() if answer.code == 0 else None
