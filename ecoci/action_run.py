"""The action from its variables to its exit code: what `ecoci action` does."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ecoci.action import Done, GitHub, Task, read_task
from ecoci.action_deliver import deliver, deliver_failure, tell_failure
from ecoci.errors import EcociError, InputError
from ecoci.model import Mode
from ecoci.ports import Say

if TYPE_CHECKING:
    from ecoci.action_measure import Measure

Connect = Callable[[Task, Say], GitHub | None]
"""What a job may ask of GitHub, None where it has no token; waits are said."""
_WITHOUT_TOKEN = (Mode.MEASURE, Mode.NIGHTLY)
_TOKEN_OF_JOB = "ECOCI_TOKEN_IS_OF_JOB"


def run_action(
    env: Mapping[str, str], say: Say, command: Say, connect: Connect | None = None, run: Measure | None = None
) -> int:
    """Do what the job asks for and tell it; the exit code is that of the verdict, whatever became of telling.

    `run` measures in place of `ecoci run`. Raises the error that kept the work from its end, after it was told.
    """
    try:
        task = read_task(env)
    except EcociError as error:
        tell_failure(env, "action", error, say)
        raise
    os.chdir(task.workspace)
    say(f"ecoci {task.mode.value} of {task.event.repository}, event {task.event.raw_name}")
    done, github = _done(task, connect or connected, say, run)
    deliver(task, done, github, say, command)
    if done.stopped is not None:
        raise done.stopped
    return done.exit_code


def _done(task: Task, connect: Connect, say: Say, run: Measure | None) -> tuple[Done, GitHub | None]:
    github = None
    try:
        github = None if task.mode in _WITHOUT_TOKEN else connect(task, say)
        task = _of_run(task, github)
        return _work(task, github, say, run), github
    except EcociError as error:
        deliver_failure(task, error, github, say)
        raise


def _of_run(task: Task, github: GitHub | None) -> Task:
    if task.mode is not Mode.REPORT:
        return task
    from ecoci.action_report import of_run

    return of_run(task, _needed(github))


def _work(task: Task, github: GitHub | None, say: Say, run: Measure | None) -> Done:
    """Each mode imports what it needs: an audit starts without the statistics, a report without the launchers."""
    if task.mode is Mode.AUDIT:
        from ecoci.action_audit import audit

        return audit(task)
    if task.mode is Mode.REPORT:
        from ecoci.action_report import report

        return report(task, _needed(github))
    from ecoci.action_measure import measure, nightly

    mode = measure if task.mode is Mode.MEASURE else nightly
    return mode(task, say) if run is None else mode(task, say, run)


def _needed(github: GitHub | None) -> GitHub:
    if github is None:
        raise InputError(
            "mode report has no token",
            cause="input token is empty, or its secret does not exist here",
            remedy="leave input token at its default and give the job `pull-requests: write` and `statuses: write`",
        )
    return github


def connected(task: Task, say: Say) -> GitHub | None:
    """GitHub itself by the token of the job, or by the one that the workflow gives instead."""
    if not task.inputs.token:
        return None
    from ecoci.actions.sticky import by_workflow
    from ecoci.clocks import SystemClock
    from ecoci.github.archives import GitHubArtifacts
    from ecoci.github.client import Access, GitHubClient
    from ecoci.github.comments import GitHubComments
    from ecoci.github.own import OwnComments
    from ecoci.github.pulls import GitHubPullRequests
    from ecoci.github.statuses import GitHubStatuses

    repository = task.event.repository
    api = GitHubClient(Access(task.job.api_url, task.inputs.token), SystemClock(), say)
    return GitHub(
        GitHubComments(api, repository),
        GitHubStatuses(api, repository),
        GitHubPullRequests(api, repository),
        GitHubArtifacts(api, repository),
        by_workflow if task.env.get(_TOKEN_OF_JOB) == "true" else OwnComments(api),
    )
