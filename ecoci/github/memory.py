"""A pull request in memory: the double of everything that ecoci asks of GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from ecoci.actions.attempts import of_last_attempts
from ecoci.actions.sticky import ACTIONS_LOGIN
from ecoci.errors import ForbiddenError, PublishError
from ecoci.model import CommitStatus, IssueComment, PullRequest, TriggeringRun
from ecoci.model.settings import RepositoryFacts, RunnerFacts, TokenDefaults

T = TypeVar("T")

FIRST_ID = 101


class MemoryComments:
    """Comments by pull request. What is written here is written by `author`."""

    def __init__(
        self,
        given: Mapping[int, tuple[IssueComment, ...]] | None = None,
        author: str = ACTIONS_LOGIN,
        per_page: int = 100,
    ) -> None:
        self.written: dict[int, tuple[IssueComment, ...]] = dict(given or {})
        self._author = author
        self._per_page = per_page

    def pages(self, number: int, since_utc: str = "") -> Iterator[tuple[IssueComment, ...]]:
        found = tuple(one for one in self.written.get(number, ()) if one.created_utc >= since_utc)
        for first in range(0, max(1, len(found)), self._per_page):
            yield found[first : first + self._per_page]

    def create(self, number: int, body: str) -> IssueComment:
        last = max((one.id for kept in self.written.values() for one in kept), default=FIRST_ID - 1)
        created = IssueComment(last + 1, body, self._author, self._author.endswith("[bot]"), f"memory://{last + 1}")
        self.written[number] = (*self.written.get(number, ()), created)
        return created

    def update(self, comment_id: int, body: str) -> IssueComment | None:
        for number, kept in self.written.items():
            for place, one in enumerate(kept):
                if one.id == comment_id:
                    updated = replace(one, body=body)
                    self.written[number] = (*kept[:place], updated, *kept[place + 1 :])
                    return updated
        return None


class MemoryStatuses:
    """All statuses that were set, in order."""

    def __init__(self) -> None:
        self.given: list[CommitStatus] = []

    def set(self, status: CommitStatus) -> None:
        self.given.append(status)

    def latest(self, sha: str, context: str) -> CommitStatus | None:
        return next((one for one in reversed(self.given) if (one.sha, one.context) == (sha, context)), None)


class MemoryPullRequests:
    """The pull requests that were given."""

    def __init__(self, *known: PullRequest) -> None:
        self._known = known

    def get(self, number: int) -> PullRequest | None:
        return next((one for one in self._known if one.number == number), None)

    def with_head(self, sha: str, repository: str | None) -> PullRequest | None:
        fitting = (
            one for one in self._known if one.is_open and (one.head_sha, one.head_repository) == (sha, repository)
        )
        return min(fitting, key=lambda one: one.number, default=None)


class MemoryArtifacts:
    """Runs, and archives by the id of their run and their name."""

    def __init__(
        self, archives: Mapping[int, Mapping[str, bytes]] | None = None, runs: Iterable[TriggeringRun] = ()
    ) -> None:
        self._archives = archives or {}
        self._runs = {one.run_id: one for one in runs}

    def run(self, run_id: int) -> TriggeringRun:
        if run_id not in self._runs:
            raise PublishError(f"there is no workflow run {run_id} in this repository")
        return self._runs[run_id]

    def download(self, run_id: int, attempt: int, prefix: str, most_bytes: int) -> tuple[bytes, ...]:
        archives = {name: one for name, one in self._archives.get(run_id, {}).items() if name.startswith(prefix)}
        found = tuple(archives[name] for name in sorted(of_last_attempts(archives, attempt)))
        if sum(map(len, found)) > most_bytes:
            raise PublishError(f"the archives of run {run_id} are larger than {most_bytes:,} bytes")
        return found


class MemorySettings:
    """Settings that were given; what is None the token may not see."""

    def __init__(
        self,
        facts: RepositoryFacts,
        required: tuple[str, ...] = (),
        approval: str | None = None,
        defaults: TokenDefaults | None = None,
        runners: tuple[RunnerFacts, ...] | None = None,
    ) -> None:
        self._facts = facts
        self._required = required
        self._approval = approval
        self._defaults = defaults
        self._runners = runners

    def repository(self) -> RepositoryFacts:
        return self._facts

    def required_statuses(self, branch: str) -> tuple[str, ...]:
        return self._required if branch == self._facts.default_branch else ()

    def fork_approval(self) -> str:
        return _seen(self._approval)

    def token_defaults(self) -> TokenDefaults:
        return _seen(self._defaults)

    def runners(self) -> tuple[RunnerFacts, ...]:
        return _seen(self._runners)


def _seen(value: T | None) -> T:
    if value is None:
        raise ForbiddenError("GitHub refused asking for the settings: 403", cause="the token may not do this")
    return value
