"""What started a job is read from GitHub's variables and its payload, and nothing that contradicts them is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoci.actions.event import parse_event, parse_job
from ecoci.actions.payload import MOST_CHARACTERS
from ecoci.errors import DataError, InputError
from ecoci.model import ActionsJob, Event, EventName, PullRequest, TriggeringRun
from tests.payloads import EVENTS, MERGE_SHA, event, payload, payload_text, variables

HEAD, BASE = "ec26c3e57ca3a959ca5aad62de7213c562f8c821", "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
LONG = "x" * 100_000


def altered(name: str, where: str, value: Any) -> str:
    """The payload with another value at a dotted place."""
    *folders, last = where.split(".")
    whole = payload(name)
    part = whole
    for folder in folders:
        part = part[folder]
    part[last] = value
    return json.dumps(whole)


def refused(name: str, text: str) -> DataError:
    with pytest.raises(DataError) as caught:
        parse_event(variables(name), text)
    assert len(caught.value.message) < 400
    assert caught.value.remedy
    return caught.value


def test_a_pull_request_of_the_repository_is_told_with_head_and_base() -> None:
    assert event("pull_request") == Event(
        name=EventName.PULL_REQUEST,
        raw_name="pull_request",
        repository="Codertocat/Hello-World",
        sha=MERGE_SHA,
        ref="refs/pull/2/merge",
        base_sha=BASE,
        pull_request=PullRequest(2, HEAD, "Codertocat/Hello-World", BASE, "master"),
        is_private=False,
    )
    assert not event("pull_request").is_fork


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("pull_request_of_fork", "mallory/Hello-World"),
        ("pull_request_of_deleted_fork", None),
        ("pull_request_review_of_fork", "mallory/Hello-World"),
    ],
)
def test_a_pull_request_from_elsewhere_is_of_a_fork_also_of_one_that_is_gone(name: str, source: str | None) -> None:
    found = event(name)
    assert found.is_fork
    assert found.pull_request is not None
    assert found.pull_request.head_repository == source


def test_a_fork_is_told_by_names_and_not_by_what_it_says_of_itself() -> None:
    text = altered("pull_request_of_fork", "pull_request.head.repo.fork", value=False)
    assert parse_event(variables("pull_request_of_fork"), text).is_fork


def test_a_closed_pull_request_says_so() -> None:
    found = parse_event(variables("pull_request"), altered("pull_request", "pull_request.state", "closed"))
    assert found.pull_request is not None
    assert not found.pull_request.is_open


def test_a_push_to_a_branch_knows_what_the_branch_was_before() -> None:
    found = event("push")
    assert (found.name, found.vetted_number) == (EventName.PUSH, None)
    assert found.base_sha == "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
    assert not found.is_fork


def test_the_first_push_to_a_branch_has_no_base() -> None:
    assert parse_event(variables("push"), altered("push", "before", "0" * 40)).base_sha is None


def test_a_push_to_a_vetted_branch_names_its_pull_request_and_no_base() -> None:
    found = event("push_vetted")
    assert (found.vetted_number, found.base_sha) == (2, None)


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/pull-request/0",
        "refs/heads/pull-request/02",
        "refs/heads/pull-request/2/x",
        "refs/heads/x/pull-request/2",
        "refs/tags/pull-request/2",
        "refs/heads/pull-request/2x",
        "refs/heads/pull-request/99999999999999999999",
        "refs/heads/pull-request/٢",
    ],
)
def test_only_a_branch_named_exactly_so_is_vetted(ref: str) -> None:
    assert event("push_vetted", GITHUB_REF=ref).vetted_number is None


def test_a_branch_of_that_name_vets_nothing_under_another_event() -> None:
    assert event("workflow_dispatch", GITHUB_REF="refs/heads/pull-request/2").vetted_number is None


def test_a_merge_group_has_the_base_of_its_queue() -> None:
    found = event("merge_group")
    assert (found.name, found.base_sha) == (EventName.MERGE_GROUP, "380387fbc80638b734a49e1be1c4dfec1c01b33c")


def test_a_finished_run_of_a_fork_is_told_without_its_empty_list_of_pull_requests() -> None:
    found = event("workflow_run_of_fork")
    sha = "3484a3fb816e0859fd6e1cea078d76385ff50625"
    assert found.run == TriggeringRun(289782451, 1, sha, "mallory/octo-repo")
    assert found.is_fork


def test_a_finished_run_whose_fork_is_gone_is_still_of_a_fork() -> None:
    text = altered("workflow_run_of_fork", "workflow_run.head_repository", None)
    assert parse_event(variables("workflow_run_of_fork"), text).is_fork


def test_a_schedule_says_little_and_that_is_enough() -> None:
    found = event("schedule")
    assert (found.name, found.is_private, found.repository) == (EventName.SCHEDULE, None, "octo-org/octo-repo")


def test_a_comment_has_no_code_of_its_own() -> None:
    assert event("issue_comment").pull_request is None


def test_an_unknown_event_keeps_its_name() -> None:
    found = event("schedule", GITHUB_EVENT_NAME="page_build")
    assert (found.name, found.raw_name) == (EventName.OTHER, "page_build")


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("pull_request", None),
        ("pull_request", []),
        ("pull_request.number", True),
        ("pull_request.number", "2"),
        ("pull_request.number", -1),
        ("pull_request.number", 10**30),
        ("pull_request.number", 2.0),
        ("pull_request.head", None),
        ("pull_request.head.sha", "HEAD"),
        ("pull_request.head.sha", HEAD.upper()),
        ("pull_request.head.sha", f"{HEAD}\n"),
        ("pull_request.head.sha", ["a" * 40]),
        ("pull_request.head.repo", "mallory/x"),
        ("pull_request.head.repo.full_name", "../../etc"),
        ("pull_request.head.repo.full_name", "a/b/c"),
        ("pull_request.head.repo.full_name", "a/.."),
        ("pull_request.head.repo.full_name", f"a/{LONG}"),
        ("pull_request.base.ref", "main; rm -rf ~"),
        ("pull_request.base.ref", "main\n::error::x"),
        ("pull_request.base.ref", "\ud800"),
        ("pull_request.base.ref", LONG),
        ("pull_request.state", None),
        ("pull_request.base.repo.full_name", "mallory/Hello-World"),
        ("repository.full_name", "mallory/Hello-World"),
        ("repository.private", "yes"),
        ("repository", 7),
    ],
)
def test_a_value_that_github_does_not_send_is_refused_by_its_name(where: str, value: Any) -> None:
    assert where in refused("pull_request", altered("pull_request", where, value)).message


def test_a_payload_of_another_pull_request_than_the_jobs_is_refused() -> None:
    error = refused("pull_request", altered("pull_request", "pull_request.number", 3))
    assert "refs/pull/2/merge" in error.message


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", "7", '{"a": 1, "a": 2}', "[" * 100_000, '{"a": ' * 100_000, '{"pull_request": NaN}'],
)
def test_what_is_no_payload_is_refused(text: str) -> None:
    refused("pull_request", text)


def test_a_payload_longer_than_any_is_refused_unread() -> None:
    assert "longer" in refused("pull_request", " " * (MOST_CHARACTERS + 1)).message


@given(
    st.sampled_from(sorted(EVENTS)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["pull_request", "head", "repo", "sha", "number"]), inner, max_size=3)
        ),
    ),
)
def test_any_json_is_read_or_refused_and_nothing_else(name: str, value: Any) -> None:
    text = json.dumps({**payload(name), "pull_request": value})
    try:
        found = parse_event(variables(name), text)
    except DataError:
        return
    assert found.pull_request is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_REPOSITORY", ""),
        ("GITHUB_REPOSITORY", "Codertocat"),
        ("GITHUB_REPOSITORY", "a/b\n"),
        ("GITHUB_SHA", "main"),
        ("GITHUB_SHA", ""),
        ("GITHUB_REF", "refs/heads/a b"),
        ("GITHUB_EVENT_NAME", ""),
        ("GITHUB_EVENT_NAME", "Pull Request"),
    ],
)
def test_a_variable_that_github_would_not_set_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(InputError, match=name):
        parse_event(variables("pull_request", **{name: value}), payload_text("pull_request"))


def test_the_job_is_read_from_variables_alone() -> None:
    assert parse_job(variables("push")) == ActionsJob(
        workflow="energy",
        job="measure",
        run_id=1589141559,
        attempt=2,
        api_url="https://api.github.com",
        server_url="https://github.com",
        is_self_hosted=True,
    )


@pytest.mark.parametrize(("said", "known"), [("self-hosted", True), ("github-hosted", False), ("", None), ("x", None)])
def test_whose_runner_it_is_is_known_only_where_the_runner_says_it(said: str, known: bool | None) -> None:
    assert parse_job(variables("push", RUNNER_ENVIRONMENT=said)).is_self_hosted is known


@pytest.mark.parametrize(
    "address",
    [
        "https://ghe.example.com/api/v3",
        "https://ghe.example.com:8443/api/v3",
        "http://127.0.0.1:4010",
        "http://[::1]:80",
    ],
)
def test_an_enterprise_server_and_this_very_machine_are_addresses(address: str) -> None:
    assert parse_job(variables("push", GITHUB_API_URL=f"{address}/")).api_url == address


@pytest.mark.parametrize(
    "address",
    [
        "http://ghe.example.com/api/v3",
        "http://127.0.0.1.evil.example",
        "https://user:word@ghe.example.com",
        "https://ghe.example.com/?x=1",
        "https://ghe.example.com#x",
        "file:///etc/passwd",
        "ghe.example.com",
        "https://",
        "https://a b",
        "https://a\nb",
    ],
)
def test_an_address_that_a_token_must_not_be_sent_to_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="GITHUB_API_URL"):
        parse_job(variables("push", GITHUB_API_URL=address))


def test_a_job_outside_of_github_is_told_to_use_other_commands() -> None:
    with pytest.raises(InputError, match="GITHUB_WORKFLOW is not set") as caught:
        parse_job({})
    assert "ecoci run" in caught.value.remedy
