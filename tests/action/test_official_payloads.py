"""Every example that GitHub publishes of the events that ecoci knows is read as it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ecoci.actions.event import parse_event
from ecoci.model import Event, EventName, TriggeringRun
from tests.action.nodes import official_payloads

pytestmark = pytest.mark.node

SHA = "d" * 40
PULLS = ("pull_request", "pull_request_review")
REFS = dict.fromkeys(PULLS, "refs/pull/{number}/merge")


def read(name: str, told: dict[str, Any]) -> Event:
    number = told.get("pull_request", {}).get("number", 0)
    env = {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_REPOSITORY": told["repository"]["full_name"],
        "GITHUB_REF": REFS.get(name, "refs/heads/main").format(number=number),
        "GITHUB_SHA": SHA,
    }
    return parse_event(env, json.dumps(told))


@pytest.mark.parametrize("name", PULLS)
def test_pull_requests_are_told_with_number_head_and_base(name: str) -> None:
    for told in official_payloads(name):
        event, pull = read(name, told), told["pull_request"]
        assert event.pull_request is not None
        found = event.pull_request
        assert (found.number, found.head_sha, found.base_sha) == (
            pull["number"],
            pull["head"]["sha"],
            pull["base"]["sha"],
        )
        assert found.head_repository == pull["head"]["repo"]["full_name"]
        assert found.is_open == (pull["state"] == "open")
        assert event.is_fork == (found.head_repository != told["repository"]["full_name"])


@pytest.mark.parametrize("name", PULLS)
def test_a_pull_request_whose_repository_is_gone_is_of_a_fork(name: str) -> None:
    for told in official_payloads(name):
        told["pull_request"]["head"]["repo"] = None
        assert read(name, told).is_fork


def test_finished_runs_are_told_with_their_head() -> None:
    for told in official_payloads("workflow_run"):
        run = told["workflow_run"]
        source = run["head_repository"]["full_name"]
        assert read("workflow_run", told).run == TriggeringRun(run["id"], run["run_attempt"], run["head_sha"], source)


def test_merge_groups_have_the_base_of_their_queue() -> None:
    for told in official_payloads("merge_group"):
        assert read("merge_group", told).base_sha == told["merge_group"]["base_sha"]


def test_a_push_knows_what_was_there_before() -> None:
    known = {read("push", told).base_sha or "0" * 40: told["before"] for told in official_payloads("push")}
    assert known
    assert list(known) == list(known.values())


@pytest.mark.parametrize("name", ["issue_comment", "workflow_dispatch"])
def test_of_other_events_the_repository_is_enough(name: str) -> None:
    for told in official_payloads(name):
        event = read(name, told)
        assert (event.raw_name, event.pull_request, event.run) == (name, None, None)
        assert event.name in set(EventName)
