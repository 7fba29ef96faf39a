"""Every request that ecoci sends, and every answer of the fake, fits GitHub's published description.

Not passed through it: a pull request whose fork was deleted, because the description denies that there are any; and the
question whose the token is, because it goes to the other interface, which is described elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ecoci.clocks import SimulatedClock
from ecoci.errors import ForbiddenError, PublishError
from ecoci.github.api import Request
from ecoci.github.archives import GitHubArtifacts
from ecoci.github.client import Access, GitHubClient
from ecoci.github.comments import GitHubComments
from ecoci.github.publishing import publish_comment, publish_status
from ecoci.github.pulls import GitHubPullRequests
from ecoci.github.settings import GitHubSettings
from ecoci.github.statuses import GitHubStatuses
from ecoci.model import CommitStatus, Posted, StatusState, TriggeringRun
from tests.github.description import EDITIONS
from tests.github.fake import (
    ADMINISTRATION,
    BOT,
    HEAD,
    NUMBER,
    READING,
    REPOSITORY,
    TOKEN,
    FakeGitHub,
    Fault,
    Holder,
    Wire,
    refused,
)
from tests.github.prism import Contract, fake_behind_checker

pytestmark = pytest.mark.node

COMMENTS = f"/issues/{NUMBER}/comments"
STATUS = CommitStatus(HEAD, StatusState.PENDING, "ecoci / fork", "not measured: from a fork", "https://github.test/1")


@pytest.fixture(scope="module", params=EDITIONS)
def behind(request: pytest.FixtureRequest) -> Iterator[tuple[FakeGitHub, Contract]]:
    with fake_behind_checker(request.param) as both:
        yield both


@pytest.fixture
def contract(behind: tuple[FakeGitHub, Contract]) -> Contract:
    behind[1].violations()
    return behind[1]


@pytest.fixture
def github(behind: tuple[FakeGitHub, Contract]) -> FakeGitHub:
    """Emptied for each test; its links lead through Prism."""
    behind[0].forget()
    behind[0].url = behind[1].url
    return behind[0]


@pytest.fixture
def client(github: FakeGitHub) -> Iterator[GitHubClient]:
    found = GitHubClient(Access(github.url, TOKEN), SimulatedClock())
    yield found
    found.close()


def test_a_comment_is_created_updated_and_left_alone(comments: GitHubComments, contract: Contract) -> None:
    posted = [publish_comment(comments, NUMBER, "suite", body).posted for body in ("one", "two", "two")]
    assert posted == [Posted.CREATED, Posted.UPDATED, Posted.UNCHANGED]
    assert contract.violations() == []


def test_pages_and_the_look_for_rivals_fit(github: FakeGitHub, comments: GitHubComments, contract: Contract) -> None:
    for index in range(250):
        github.add_comment(f"talk {index}", login="octocat" if index % 2 else "")
    assert publish_comment(comments, NUMBER, "suite", "report").posted is Posted.CREATED
    assert len(github.calls) == 5
    assert contract.violations() == []


def test_a_race_and_a_lost_comment_fit(github: FakeGitHub, comments: GitHubComments, contract: Contract) -> None:
    text = "<!-- ecoci:v1 key=suite -->\nrival"
    github.faults = [Fault("POST", COMMENTS, meanwhile=lambda fake: fake.add_comment(text, BOT, "Bot"))]
    assert publish_comment(comments, NUMBER, "suite", "report").posted is Posted.UPDATED
    github.faults = [Fault("PATCH", "", meanwhile=lambda fake: fake.comments.clear())]
    assert publish_comment(comments, NUMBER, "suite", "again").posted is Posted.CREATED
    assert contract.violations() == []


def test_all_refusals_fit(github: FakeGitHub, comments: GitHubComments, contract: Contract) -> None:
    too_long = publish_comment(comments, NUMBER, "suite", "x" * 70_000)
    unknown = publish_comment(comments, 99, "suite", "report")
    github.locked.add(NUMBER)
    locked = publish_comment(comments, NUMBER, "suite", "report")
    github.holders[TOKEN] = Holder(rights=READING)
    forbidden = publish_comment(comments, NUMBER, "suite", "report")
    github.holders.clear()
    nobody = publish_comment(comments, NUMBER, "suite", "report")
    outcomes = [outcome.posted for outcome in (too_long, unknown, locked, forbidden, nobody)]
    assert outcomes == [Posted.FAILED, Posted.FORBIDDEN, Posted.FAILED, Posted.FORBIDDEN, Posted.FAILED]
    assert contract.violations() == []


def test_limits_and_server_errors_fit(github: FakeGitHub, comments: GitHubComments, contract: Contract) -> None:
    github.faults = [
        Fault("GET", COMMENTS, refused(429, "slow", retry_after="2")),
        Fault("GET", COMMENTS, refused(403, "You have exceeded a secondary rate limit.")),
        Fault("GET", COMMENTS, refused(503, "Service unavailable")),
        Fault("POST", COMMENTS, refused(502, "Server Error")),
    ]
    assert publish_comment(comments, NUMBER, "suite", "report").posted is Posted.CREATED
    assert contract.violations() == []


def test_statuses_fit(github: FakeGitHub, client: GitHubClient, contract: Contract) -> None:
    statuses = GitHubStatuses(client, REPOSITORY)
    for state in StatusState:
        plain = CommitStatus(HEAD, state, "ecoci", "word " * 100)
        assert publish_status(statuses, plain).posted is Posted.CREATED
    assert publish_status(statuses, STATUS).posted is Posted.CREATED
    github.commits.clear()
    assert publish_status(statuses, STATUS).posted is Posted.FAILED
    assert contract.violations() == []


def test_asking_for_a_status_fits(client: GitHubClient, contract: Contract) -> None:
    statuses = GitHubStatuses(client, REPOSITORY)
    assert statuses.latest(HEAD, STATUS.context) is None
    statuses.set(STATUS)
    found = statuses.latest(HEAD, STATUS.context)
    assert found is not None
    assert (found.state, found.description) == (STATUS.state, STATUS.description)
    assert contract.violations() == []


def test_a_run_fits(github: FakeGitHub, client: GitHubClient, contract: Contract) -> None:
    github.add_run(1, head_repository="stranger/models")
    assert GitHubArtifacts(client, REPOSITORY).run(1) == TriggeringRun(1, 1, HEAD, "stranger/models")
    with pytest.raises(PublishError, match="there is no workflow run 2"):
        GitHubArtifacts(client, REPOSITORY).run(2)
    assert contract.violations() == []


def test_pull_requests_fit(github: FakeGitHub, client: GitHubClient, contract: Contract) -> None:
    pulls = GitHubPullRequests(client, REPOSITORY)
    github.add_pull(8, head_sha="c" * 40, head_repository="stranger/models")
    github.add_pull(9, state="closed")
    for number in range(10, 70):
        github.add_pull(number, head_sha=f"{number:040}")
    assert [pulls.get(number) is None for number in (NUMBER, 8, 9, 99)] == [False, False, False, True]
    found = pulls.with_head("c" * 40, "stranger/models")
    assert found is not None
    assert found.number == 8
    assert contract.violations() == []


def test_archives_fit(github: FakeGitHub, client: GitHubClient, contract: Contract) -> None:
    archives = GitHubArtifacts(client, REPOSITORY)
    for index in range(101):
        github.add_archive(1, f"ecoci-{index}", b"PK")
    assert len(archives.download(1, 1, "ecoci-10", 1000)) == 2
    github.faults = [Fault("GET", "/zip", refused(410, "Artifact has expired"))]
    with pytest.raises(PublishError, match="has expired"):
        archives.download(1, 1, "ecoci-2", 1000)
    assert contract.violations() == []


def test_settings_fit(github: FakeGitHub, client: GitHubClient, contract: Contract) -> None:
    github.settings.ruled, github.settings.protected = ("ecoci",), ("lint",)
    github.settings.runners = {f"gpu-{number}": ("self-hosted", "gpu") for number in range(101)}
    settings = GitHubSettings(client, REPOSITORY)
    with pytest.raises(ForbiddenError, match="not accessible"):
        settings.runners()
    github.holders[TOKEN] = Holder(rights=ADMINISTRATION)
    assert settings.repository().default_branch == "main"
    assert settings.required_statuses("main") == ("ecoci", "lint")
    assert (settings.fork_approval(), settings.token_defaults().may_write) == ("first_time_contributors", True)
    assert len(settings.runners()) == 101
    assert contract.violations() == []


@pytest.mark.parametrize(
    "wrong",
    [
        Request("POST", f"/repos/{REPOSITORY}{COMMENTS}", content={"text": "no body"}),
        Request("POST", f"/repos/{REPOSITORY}/statuses/{HEAD}", content={"state": "passed"}),
        Request("GET", f"/repos/{REPOSITORY}{COMMENTS}", (("per_page", "many"),)),
        Request("GET", f"/repos/{REPOSITORY}{COMMENTS}", (("since", "noon"),)),
        Request("GET", f"/repos/{REPOSITORY}/pulls", (("state", "ajar"),)),
        Request("GET", f"/repos/{REPOSITORY}/comment-list"),
    ],
)
def test_a_request_that_does_not_fit_is_noticed(client: GitHubClient, contract: Contract, wrong: Request) -> None:
    client.send(wrong)
    assert any("request" in line for line in contract.violations())


def test_an_answer_that_does_not_fit_is_noticed(github: FakeGitHub, client: GitHubClient, contract: Contract) -> None:
    github.add_pull(8, head_repository=None)
    client.send(Request("GET", f"/repos/{REPOSITORY}/pulls/8"))
    assert any("response.body.head.repo" in line for line in contract.violations())


def test_a_connection_that_breaks_behind_the_checker_is_an_outcome(
    github: FakeGitHub, comments: GitHubComments
) -> None:
    github.faults = [Fault("GET", COMMENTS, wire=Wire.DROPPED)]
    assert publish_comment(comments, NUMBER, "suite", "report").posted is Posted.CREATED
