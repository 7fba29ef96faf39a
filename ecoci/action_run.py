"""The action from its variables to its exit code: what `ecoci action` does."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from ecoci.action import Done, GitHub, Task, read_task
from ecoci.action_deliver import Say, deliver, tell_failure
from ecoci.errors import EcociError, InputError
from ecoci.model import Mode

Connect = Callable[[Task], GitHub | None]
"""What a job may ask of GitHub, None where it has no token."""
_WITHOUT_TOKEN = (Mode.MEASURE, Mode.NIGHTLY)


def run_action(env: Mapping[str, str], say: Say, command: Say, connect: Connect | None = None) -> int:
    """Do what the job asks for and tell it; the exit code is that of the verdict, whatever became of telling.

    Raises the error that kept the work from its end, after it was told in the summary.
    """
    task = read_task(env)
    os.chdir(task.workspace)
    say(f"ecoci {task.mode.value} of {task.event.repository}, event {task.event.raw_name}")
    github = None if task.mode in _WITHOUT_TOKEN else (connect or connected)(task)
    try:
        done = _work(task, github, say)
    except EcociError as error:
        tell_failure(task, error)
        raise
    deliver(task, done, github, say, command)
    if done.stopped is not None:
        raise done.stopped
    return done.exit_code


def _work(task: Task, github: GitHub | None, say: Say) -> Done:
    """Each mode imports what it needs: an audit starts without the statistics, a report without the launchers."""
    if task.mode is Mode.AUDIT:
        from ecoci.action_audit import audit

        return audit(task)
    if task.mode is Mode.REPORT:
        from ecoci.action_report import report

        return report(task, _needed(github))
    from ecoci.action_measure import measure, nightly

    return measure(task, say) if task.mode is Mode.MEASURE else nightly(task, say)


def _needed(github: GitHub | None) -> GitHub:
    if github is None:
        raise InputError(
            "mode report has no token",
            cause="input token is empty, or its secret does not exist here",
            remedy="leave input token at its default and give the job `pull-requests: write` and `statuses: write`",
        )
    return github


def connected(task: Task) -> GitHub | None:
    """GitHub itself by the token of the job."""
    if not task.inputs.token:
        return None
    from ecoci.clocks import SystemClock
    from ecoci.github.archives import GitHubArtifacts
    from ecoci.github.client import Access, GitHubClient
    from ecoci.github.comments import GitHubComments
    from ecoci.github.pulls import GitHubPullRequests
    from ecoci.github.statuses import GitHubStatuses

    api, repository = GitHubClient(Access(task.job.api_url, task.inputs.token), SystemClock()), task.event.repository
    return GitHub(
        GitHubComments(api, repository),
        GitHubStatuses(api, repository),
        GitHubPullRequests(api, repository),
        GitHubArtifacts(api, repository),
    )
