"""Comments, statuses, pull requests and archives, as a fake GitHub keeps them."""

from __future__ import annotations

import pytest

from ecoci.clocks import SimulatedClock
from ecoci.errors import ForbiddenError, PublishError
from ecoci.github.archives import GitHubArtifacts
from ecoci.github.client import Access, GitHubClient
from ecoci.github.comments import GitHubComments
from ecoci.github.own import OwnComments
from ecoci.github.publishing import publish_comment, publish_status
from ecoci.github.pulls import GitHubPullRequests
from ecoci.github.statuses import GitHubStatuses
from ecoci.model import CommitStatus, Posted, PostOutcome, PullRequest, StatusState, TriggeringRun
from tests.github.fake import (
    BASE,
    BOT,
    HEAD,
    MOST_BODY,
    NUMBER,
    READING,
    REPOSITORY,
    TOKEN,
    FakeGitHub,
    Fault,
    Holder,
    Reply,
    Wire,
    refused,
)

MARKER = "<!-- ecoci:v1 key=suite -->"
COMMENTS = f"/issues/{NUMBER}/comments"
STATUS = CommitStatus(HEAD, StatusState.FAILURE, "ecoci", "REGRESSED: +12.1 %", "https://github.test/run/1")


@pytest.fixture
def statuses(client: GitHubClient) -> GitHubStatuses:
    return GitHubStatuses(client, REPOSITORY)


@pytest.fixture
def pulls(client: GitHubClient) -> GitHubPullRequests:
    return GitHubPullRequests(client, REPOSITORY)


@pytest.fixture
def archives(client: GitHubClient) -> GitHubArtifacts:
    return GitHubArtifacts(client, REPOSITORY)


def post(comments: GitHubComments, body: str = "report") -> PostOutcome:
    return publish_comment(comments, NUMBER, "suite", body)


def read_only(github: FakeGitHub) -> None:
    github.holders[TOKEN] = Holder(rights=READING)


# comments


def test_the_first_run_creates_the_second_updates_and_the_third_leaves_alone(
    github: FakeGitHub, comments: GitHubComments
) -> None:
    github.gives_crlf = True
    outcomes = [post(comments, body).posted for body in ("one", "two", "two")]
    assert outcomes == [Posted.CREATED, Posted.UPDATED, Posted.UNCHANGED]
    assert list(github.bodies().values()) == [f"{MARKER}\ntwo"]


def test_comment_and_status_of_a_busy_pull_request_take_at_most_six_requests(
    github: FakeGitHub, comments: GitHubComments, statuses: GitHubStatuses
) -> None:
    for index in range(300):
        github.add_comment(f"talk {index}")
    assert post(comments).posted is Posted.CREATED
    assert publish_status(statuses, STATUS).posted is Posted.CREATED
    assert github.asked() == [
        *[f"GET {COMMENTS}"] * 3,
        *(f"POST {COMMENTS}", f"GET {COMMENTS}", f"POST /statuses/{HEAD}"),
    ]
    assert github.calls[4].query("since") == "2026-11-21T12:05:00Z"


def test_a_comment_that_came_early_is_found_on_the_first_page(github: FakeGitHub, comments: GitHubComments) -> None:
    own = github.add_comment(f"{MARKER}\nold", BOT, "Bot")
    for index in range(300):
        github.add_comment(f"talk {index}")
    assert post(comments) == PostOutcome(Posted.UPDATED, own)
    assert github.asked() == [f"GET {COMMENTS}", f"PATCH /issues/comments/{own}"]


def test_a_comment_on_a_late_page_is_found(github: FakeGitHub, comments: GitHubComments) -> None:
    for index in range(250):
        github.add_comment(f"talk {index}")
    own = github.add_comment(f"{MARKER}\nold", BOT, "Bot")
    assert post(comments) == PostOutcome(Posted.UPDATED, own)


def test_a_marker_planted_by_a_person_is_left_where_it_is(github: FakeGitHub, comments: GitHubComments) -> None:
    planted = github.add_comment(f"{MARKER}\nPASS", "github-actions")
    assert post(comments).posted is Posted.CREATED
    assert github.bodies()[planted] == f"{MARKER}\nPASS"


def test_comments_of_accounts_that_are_gone_are_read(github: FakeGitHub, comments: GitHubComments) -> None:
    github.add_comment("talk", login="")
    assert post(comments).posted is Posted.CREATED


def test_a_comment_deleted_between_look_and_update_is_made_anew(github: FakeGitHub, comments: GitHubComments) -> None:
    own = github.add_comment(f"{MARKER}\nold", BOT, "Bot")
    github.faults = [Fault("PATCH", f"/comments/{own}", meanwhile=lambda fake: fake.comments.clear())]
    assert post(comments).posted is Posted.CREATED
    assert list(github.bodies().values()) == [f"{MARKER}\nreport"]


def test_of_two_jobs_at_once_one_comment_remains(github: FakeGitHub, comments: GitHubComments) -> None:
    github.faults = [Fault("POST", COMMENTS, meanwhile=lambda fake: fake.add_comment(f"{MARKER}\nrival", BOT, "Bot"))]
    outcome = post(comments)
    kept, pointer = github.bodies().values()
    assert outcome == PostOutcome(Posted.UPDATED, github.comments[0]["id"])
    assert kept == f"{MARKER}\nreport"
    assert f"#issuecomment-{outcome.comment_id}" in pointer
    assert MARKER not in pointer


def test_after_a_lost_answer_the_comment_is_not_doubled(github: FakeGitHub, comments: GitHubComments) -> None:
    github.faults = [Fault("POST", COMMENTS, wire=Wire.DROPPED)]
    assert post(comments).posted is Posted.CREATED
    assert len(github.comments) == 1
    assert github.asked().count(f"POST {COMMENTS}") == 1


def test_after_a_server_error_that_did_nothing_the_comment_is_posted(
    github: FakeGitHub, comments: GitHubComments
) -> None:
    github.faults = [Fault("POST", COMMENTS, refused(502, "Server Error"))]
    assert post(comments).posted is Posted.CREATED
    assert len(github.comments) == 1


def test_the_token_of_a_fork_may_only_read(github: FakeGitHub, comments: GitHubComments) -> None:
    read_only(github)
    outcome = post(comments)
    assert outcome.posted is Posted.FORBIDDEN
    assert "403, Resource not accessible by integration" in outcome.why
    assert "pull-requests: write" in outcome.why
    assert github.asked().count(f"POST {COMMENTS}") == 1


def test_a_comment_that_may_not_be_updated_is_not_made_anew(github: FakeGitHub, comments: GitHubComments) -> None:
    github.add_comment(f"{MARKER}\nold", BOT, "Bot")
    read_only(github)
    assert post(comments).posted is Posted.FORBIDDEN
    assert len(github.comments) == 1


def test_what_a_token_may_not_see_looks_like_nothing(github: FakeGitHub, comments: GitHubComments) -> None:
    github.pulls.clear()
    outcome = post(comments)
    assert outcome.posted is Posted.FORBIDDEN
    assert "it does not exist, or the token may not see it" in outcome.why


def test_a_locked_conversation_is_no_matter_of_rights(github: FakeGitHub, comments: GitHubComments) -> None:
    github.locked.add(NUMBER)
    outcome = post(comments)
    assert outcome.posted is Posted.FAILED
    assert "the conversation is locked" in outcome.why


def test_a_blocked_account_is_no_locked_conversation(github: FakeGitHub, comments: GitHubComments) -> None:
    github.faults = [Fault("POST", COMMENTS, refused(403, "User is blocked"))]
    assert post(comments).posted is Posted.FORBIDDEN


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (refused(401, "Bad credentials"), "the token has expired"),
        (refused(410, "Issues are disabled for this repo"), "Issues are disabled"),
        (refused(404, "Not Found"), "may not see it"),
        (Reply(200, b"<html>Sign in</html>"), "is no JSON: '<html>Sign in</html>'"),
        (Reply(200, b'{"a": 1}'), "should hold a list, and holds {'a': 1}"),
        (Reply(200, b"[1]"), "should hold an object, and holds 1"),
        (Reply(200, b'[{"id": "x"}]'), "should hold a number as id, and holds 'x'"),
        (Reply(200, b'[{"id": true}]'), "should hold a number as id"),
        (Reply(200, b'[{"id": 1, "body": 5}]'), "should hold a text as body"),
        (Reply(200, b'[{"id": 1, "user": []}]'), "should hold an object, and holds []"),
        (Reply(200, b"[" * 100_000), "is no JSON"),
        (Reply(200, b"\xff\xfe"), "is no JSON"),
        (Reply(418, b"[[]]"), "GitHub refused reading the comments: 418"),
    ],
)
def test_odd_answers_become_an_outcome_and_never_a_traceback(
    github: FakeGitHub, comments: GitHubComments, reply: Reply, why: str
) -> None:
    github.faults = [Fault("GET", COMMENTS, reply)]
    outcome = post(comments)
    assert outcome.posted in (Posted.FAILED, Posted.FORBIDDEN)
    assert why in outcome.why


def test_a_comment_that_is_too_long_is_told_with_the_words_of_github(
    github: FakeGitHub, comments: GitHubComments
) -> None:
    outcome = post(comments, "x" * MOST_BODY)
    assert outcome.posted is Posted.FAILED
    assert "422, Validation Failed: body is too long (maximum is 65536 characters)" in outcome.why


def test_any_text_arrives_as_it_was_written(github: FakeGitHub, comments: GitHubComments) -> None:
    text = 'é 🔋 "quoted" \\ \u2028 <b> \x7f'
    post(comments, text)
    assert list(github.bodies().values()) == [f"{MARKER}\n{text}"]


def test_a_github_that_is_down_is_an_outcome(github: FakeGitHub, comments: GitHubComments) -> None:
    github.faults = [Fault("GET", COMMENTS, wire=Wire.DROPPED) for _ in range(9)]
    assert post(comments).posted is Posted.FAILED


@pytest.mark.parametrize("state", list(StatusState))
def test_the_state_of_a_status_is_its_newest(github: FakeGitHub, statuses: GitHubStatuses, state: StatusState) -> None:
    assert statuses.latest(HEAD, "ecoci") is None
    for sha, context, told in (
        (HEAD, "ecoci", StatusState.PENDING),
        (HEAD, "ecoci", state),
        (HEAD, "ecoci / b", state),
    ):
        statuses.set(CommitStatus(sha, told, context, "words"))
    statuses.set(CommitStatus(BASE, StatusState.PENDING, "ecoci", "of another commit"))
    assert statuses.latest(HEAD, "ecoci") == CommitStatus(HEAD, state, "ecoci", "words")


# whose token it is


def post_as(github: FakeGitHub, client: GitHubClient, holder: Holder) -> PostOutcome:
    github.holders[TOKEN] = holder
    return publish_comment(GitHubComments(client, REPOSITORY), NUMBER, "suite", "report", OwnComments(client))


@pytest.mark.parametrize(
    ("writer", "kind", "login"),
    [
        (BOT, "Bot", BOT),
        (BOT, "Bot", "energy[bot]"),
        ("energy[bot]", "Bot", "energy[bot]"),
        ("energy[bot]", "Bot", "energy"),
        ("octocat", "User", "octocat"),
    ],
)
def test_the_comment_of_another_token_is_known_again(
    github: FakeGitHub, client: GitHubClient, writer: str, kind: str, login: str
) -> None:
    own = github.add_comment(f"{MARKER}\nold", writer, kind)
    assert post_as(github, client, Holder(login, kind)) == PostOutcome(Posted.UPDATED, own)


@pytest.mark.parametrize(
    ("writer", "kind"), [("octocat", "User"), ("energy", "User"), ("energy[bot]", "User"), ("other[bot]", "Bot")]
)
def test_the_comment_of_somebody_else_is_not_taken_for_that_of_the_token(
    github: FakeGitHub, client: GitHubClient, writer: str, kind: str
) -> None:
    for _ in range(3):
        github.add_comment(f"{MARKER}\nplanted", writer, kind)
    assert post_as(github, client, Holder("energy[bot]", "Bot")).posted is Posted.CREATED
    assert github.asked().count("POST /graphql") == 1


@pytest.mark.parametrize(
    "reply",
    [
        refused(403, "Resource not accessible by integration"),
        Reply(200, b'{"data": null, "errors": []}'),
        Reply(200, b'{"data": {"viewer": {"login": null}}}'),
        Reply(200, b"[]"),
    ],
)
def test_where_nobody_says_whose_the_token_is_only_the_comments_of_workflows_are_ours(
    github: FakeGitHub, client: GitHubClient, reply: Reply
) -> None:
    github.faults = [Fault("POST", "/graphql", reply)]
    github.add_comment(f"{MARKER}\nplanted", "", "User")
    assert post_as(github, client, Holder("energy[bot]", "Bot")).posted is Posted.CREATED


def test_github_is_not_asked_whose_the_token_is_where_the_workflow_wrote_the_comment(
    github: FakeGitHub, client: GitHubClient
) -> None:
    github.add_comment("talk")
    github.add_comment(f"{MARKER}\nold", BOT, "Bot")
    post_as(github, client, Holder())
    assert "POST /graphql" not in github.asked()


@pytest.mark.parametrize(("below", "path"), [("", "/graphql"), ("/api/v3", "/api/graphql")])
def test_the_other_interface_is_asked_at_its_own_address(github: FakeGitHub, below: str, path: str) -> None:
    client = GitHubClient(Access(f"{github.url}{below}", TOKEN), SimulatedClock())
    github.add_comment(f"{MARKER}\nplanted")
    post_as(github, client, Holder())
    assert path in [call.path for call in github.calls]


# statuses


def test_a_status_stands_at_the_head_with_its_link(github: FakeGitHub, statuses: GitHubStatuses) -> None:
    assert publish_status(statuses, STATUS) == PostOutcome(Posted.CREATED)
    assert github.statuses == [
        {
            "sha": HEAD,
            "state": "failure",
            "context": "ecoci",
            "description": "REGRESSED: +12.1 %",
            "target_url": "https://github.test/run/1",
        }
    ]


def test_a_status_is_sent_again_after_a_lost_answer_because_a_gate_without_one_waits_for_ever(
    github: FakeGitHub, statuses: GitHubStatuses
) -> None:
    github.faults = [Fault("POST", HEAD, wire=Wire.DROPPED)]
    assert publish_status(statuses, STATUS).posted is Posted.CREATED


def test_a_description_is_cut_rather_than_refused(github: FakeGitHub, statuses: GitHubStatuses) -> None:
    long = CommitStatus(HEAD, StatusState.SUCCESS, "ecoci", "PASS: " + "word " * 100)
    assert publish_status(statuses, long).posted is Posted.CREATED
    assert github.statuses[0]["description"].endswith("word…")
    assert "target_url" not in github.statuses[0]


@pytest.mark.parametrize("posted", [Posted.FORBIDDEN, Posted.FAILED])
def test_a_status_that_is_refused_says_why(github: FakeGitHub, statuses: GitHubStatuses, posted: Posted) -> None:
    if posted is Posted.FORBIDDEN:
        read_only(github)
    else:
        github.statuses = [{"sha": HEAD, "context": "ecoci"} for _ in range(1000)]
    outcome = publish_status(statuses, STATUS)
    assert outcome.posted is posted
    assert ("statuses: write" if posted is Posted.FORBIDDEN else "maximum number of statuses") in outcome.why


def test_a_commit_that_github_does_not_know_gets_no_status(github: FakeGitHub, statuses: GitHubStatuses) -> None:
    outcome = publish_status(statuses, CommitStatus("../../pulls", StatusState.SUCCESS, "ecoci", "PASS"))
    assert outcome.posted is Posted.FAILED
    assert github.calls[0].target.endswith("/statuses/..%2F..%2Fpulls")


# pull requests


def test_a_pull_request_is_told_with_its_head_and_base(pulls: GitHubPullRequests) -> None:
    assert pulls.get(NUMBER) == PullRequest(NUMBER, HEAD, REPOSITORY, BASE, "main", is_open=True)


def test_a_pull_request_that_does_not_exist_is_none(pulls: GitHubPullRequests) -> None:
    assert pulls.get(99) is None


def test_closed_pull_requests_and_deleted_forks_are_told(github: FakeGitHub, pulls: GitHubPullRequests) -> None:
    github.add_pull(8, state="closed", head_repository=None)
    found = pulls.get(8)
    assert found is not None
    assert (found.is_open, found.head_repository) == (False, None)


def test_the_pull_request_of_a_fork_is_found_by_its_head(github: FakeGitHub, pulls: GitHubPullRequests) -> None:
    github.add_pull(8, head_sha="c" * 40, head_repository="Stranger/Models")
    for number in range(10, 130):
        github.add_pull(number, head_sha=f"{number:040}")
    found = pulls.with_head("c" * 40, "stranger/models")
    assert found is not None
    assert found.number == 8
    assert len(github.calls) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "closed"},
        {"head_repository": "other/models"},
        {"head_repository": None},
        {"head_sha": "d" * 40},
    ],
)
def test_what_is_not_the_open_head_of_that_repository_is_not_found(
    github: FakeGitHub, pulls: GitHubPullRequests, changes: dict[str, str | None]
) -> None:
    github.pulls.clear()
    github.add_pull(8, **{"head_sha": "c" * 40, "head_repository": "stranger/models", **changes})
    assert pulls.with_head("c" * 40, "stranger/models") is None


def test_of_two_pull_requests_with_one_head_the_lower_number_is_taken(
    github: FakeGitHub, pulls: GitHubPullRequests
) -> None:
    github.add_pull(9, head_sha="c" * 40, head_repository=None)
    github.add_pull(8, head_sha="c" * 40, head_repository=None)
    found = pulls.with_head("c" * 40, None)
    assert found is not None
    assert found.number == 8


def test_pull_requests_that_may_not_be_read_are_an_error(github: FakeGitHub, pulls: GitHubPullRequests) -> None:
    github.holders[TOKEN] = Holder(rights=frozenset())
    with pytest.raises(ForbiddenError, match="GitHub refused asking for the pull request: 403"):
        pulls.get(NUMBER)


# archives


def test_archives_come_by_the_beginning_of_their_names_and_in_their_order(
    github: FakeGitHub, archives: GitHubArtifacts
) -> None:
    for name in ("ecoci-b", "logs", "ecoci-a"):
        github.add_archive(1, name, f"zip of {name}".encode())
    github.add_archive(2, "ecoci-c", b"of another run")
    assert archives.download(1, 1, "ecoci-", 1000) == (b"zip of ecoci-a", b"zip of ecoci-b")
    assert all("authorization" not in call.headers for call in github.stored_calls)


def test_of_a_job_that_ran_again_only_the_newest_archive_comes(github: FakeGitHub, archives: GitHubArtifacts) -> None:
    for name in ("ecoci-audit-1", "ecoci-gpu-1", "ecoci-gpu-2", "ecoci-h100"):
        github.add_archive(1, name, name.encode())
    github.add_archive(1, "ecoci-old-1", b"", expired=True)
    github.add_archive(1, "ecoci-old-2", b"ecoci-old-2")
    wanted = ("ecoci-audit-1", "ecoci-gpu-2", "ecoci-h100", "ecoci-old-2")
    assert archives.download(1, 2, "ecoci-", 1000) == tuple(name.encode() for name in wanted)


@pytest.mark.parametrize("source", [REPOSITORY, "stranger/models", None])
def test_whose_run_it_was_is_what_github_says(
    github: FakeGitHub, archives: GitHubArtifacts, source: str | None
) -> None:
    github.add_run(5, run_attempt=3, head_repository=source)
    assert archives.run(5) == TriggeringRun(5, 3, HEAD, source)


def test_a_run_that_is_not_there_is_an_error_with_what_to_correct(archives: GitHubArtifacts) -> None:
    with pytest.raises(PublishError, match="there is no workflow run 5 in this repository") as caught:
        archives.run(5)
    assert "run-id" in caught.value.remedy


def test_a_run_without_archives_has_none(archives: GitHubArtifacts) -> None:
    assert archives.download(1, 1, "ecoci-", 1000) == ()


def test_archives_on_later_pages_are_found(github: FakeGitHub, archives: GitHubArtifacts) -> None:
    for index in range(150):
        github.add_archive(1, f"logs-{index}", b"x")
    github.add_archive(1, "ecoci-a", b"zip")
    assert archives.download(1, 1, "ecoci-", 1000) == (b"zip",)


def test_archives_that_are_too_large_together_are_not_even_asked_for(
    github: FakeGitHub, archives: GitHubArtifacts
) -> None:
    github.add_archive(1, "ecoci-a", b"x" * 600)
    github.add_archive(1, "ecoci-b", b"x" * 600)
    with pytest.raises(PublishError, match=r"run 1 uploaded 2 archives of 1,200 bytes, more than 256 of 1,000"):
        archives.download(1, 1, "ecoci-", 1000)
    assert github.stored_calls == []


def test_too_many_archives_are_refused(github: FakeGitHub, archives: GitHubArtifacts) -> None:
    for index in range(257):
        github.add_archive(1, f"ecoci-{index}", b"")
    with pytest.raises(PublishError, match="257 archives"):
        archives.download(1, 1, "ecoci-", 1000)


def test_an_archive_that_is_larger_than_github_said_is_cut_off(github: FakeGitHub, archives: GitHubArtifacts) -> None:
    github.add_archive(1, "ecoci-a", b"x" * 600)
    github.add_archive(1, "ecoci-b", b"x" * 600, size_in_bytes=1)
    with pytest.raises(PublishError, match="larger than 400 bytes"):
        archives.download(1, 1, "ecoci-", 1000)


def test_an_archive_that_is_not_what_was_uploaded_is_refused(github: FakeGitHub, archives: GitHubArtifacts) -> None:
    github.add_archive(1, "ecoci-a", b"x", digest="sha256:" + "0" * 64)
    with pytest.raises(PublishError, match="is not what was uploaded"):
        archives.download(1, 1, "ecoci-", 1000)


@pytest.mark.parametrize("digest", [None, ""])
def test_a_server_that_names_no_digest_is_believed(
    github: FakeGitHub, archives: GitHubArtifacts, digest: str | None
) -> None:
    github.add_archive(1, "ecoci-a", b"x", digest=digest)
    assert archives.download(1, 1, "ecoci-", 1000) == (b"x",)


def test_an_archive_that_has_expired_says_what_to_do(github: FakeGitHub, archives: GitHubArtifacts) -> None:
    number = github.add_archive(1, "ecoci-a", b"x", expired=True)
    with pytest.raises(PublishError, match=f"archive {number} of the workflow run has expired") as caught:
        archives.download(1, 1, "ecoci-", 1000)
    assert "retention-days" in caught.value.remedy


def test_an_archive_that_expires_between_list_and_download_says_so_too(
    github: FakeGitHub, archives: GitHubArtifacts
) -> None:
    github.add_archive(1, "ecoci-a", b"x")
    github.faults = [Fault("GET", "/zip", refused(410, "Artifact has expired"))]
    with pytest.raises(PublishError, match="has expired"):
        archives.download(1, 1, "ecoci-", 1000)


def test_without_the_right_to_read_actions_the_error_names_it(github: FakeGitHub, archives: GitHubArtifacts) -> None:
    github.holders[TOKEN] = Holder(rights=frozenset())
    with pytest.raises(ForbiddenError) as caught:
        archives.download(1, 1, "ecoci-", 1000)
    assert "actions: read" in caught.value.remedy


def test_no_refusal_of_the_interface_shows_the_token(github: FakeGitHub, comments: GitHubComments) -> None:
    github.faults = [Fault("GET", COMMENTS, refused(401, f"unknown token {TOKEN}"))]
    assert TOKEN not in str(post(comments))
