"""GitHub's own expression engine decides which jobs of a workflow run: strangers' code is measured by none of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.action.nodes import Engine
from tests.payloads import EVENTS, payload
from tests.workflows import SHIPPED, read_workflow

pytestmark = pytest.mark.node

OWN, FORK, GONE = "pull_request", "pull_request_of_fork", "pull_request_of_deleted_fork"
STRANGERS = (FORK, GONE)


def contexts(name: str, **changed: Any) -> dict[str, Any]:
    found = payload(name)
    found["repository"].update(changed)
    event, ref = EVENTS[name]
    github = {"event": found, "event_name": event, "repository": found["repository"]["full_name"], "ref": ref}
    return {"github": github, "needs": {"plan": {"outputs": {"jobs": "[1]"}}}}


def running(engine: Engine, workflow: str, name: str, **changed: Any) -> set[str]:
    """The jobs whose own condition is met, and of whose needs none was skipped unless the condition says so."""
    jobs, begun = read_workflow(SHIPPED / f"{workflow}.yml").jobs, set[str]()
    for job, content in jobs.items():
        condition = content.get("if", "success()")
        needs = content.get("needs", [])
        named = [needs] if isinstance(needs, str) else needs
        is_free = "cancelled()" in condition or set(named) <= begun
        if is_free and engine.is_met(condition, contexts(name, **changed)):
            begun.add(job)
    return begun


@pytest.mark.parametrize("workflow", ["gate", "matrix", "ghes"])
@pytest.mark.parametrize("name", STRANGERS)
def test_a_fork_is_audited_and_neither_measured_nor_answered(engine: Engine, workflow: str, name: str) -> None:
    assert running(engine, workflow, name) == {"audit"}


@pytest.mark.parametrize("workflow", ["gate", "matrix", "ghes"])
def test_a_pull_request_of_the_repository_is_measured_and_answered(engine: Engine, workflow: str) -> None:
    assert running(engine, workflow, OWN) >= {"audit", "measure", "report"}


@pytest.mark.parametrize(
    ("name", "is_private", "jobs"),
    [
        (FORK, False, {"audit"}),
        (GONE, False, {"audit"}),
        (FORK, True, {"audit"}),
        (OWN, False, {"audit", "report"}),
        (OWN, True, {"audit", "measure", "report"}),
        ("push_vetted", False, {"audit", "measure", "report"}),
    ],
)
def test_of_the_pair_only_what_was_reviewed_is_measured_in_public(
    engine: Engine, name: str, is_private: bool, jobs: set[str]
) -> None:
    assert running(engine, "fork-safe", name, private=is_private) == jobs


def test_the_other_half_answers_finished_runs_of_forks_alone(engine: Engine) -> None:
    (condition,) = (job["if"] for job in read_workflow(SHIPPED / "fork-safe-report.yml").jobs.values())
    of_fork = contexts("workflow_run_of_fork")
    run = of_fork["github"]["event"]["workflow_run"]
    assert engine.is_met(condition, of_fork)
    run["conclusion"] = "action_required"
    assert not engine.is_met(condition, of_fork)
    run["conclusion"], run["event"] = "failure", "push"
    assert not engine.is_met(condition, of_fork)
    run["event"], run["head_repository"] = "pull_request", {"full_name": of_fork["github"]["repository"]}
    assert not engine.is_met(condition, of_fork)
    run["head_repository"] = None
    assert engine.is_met(condition, of_fork)


@pytest.mark.parametrize(
    ("name", "jobs"), [(OWN, {"audit"}), (FORK, {"audit"}), ("merge_group", {"audit", "measure", "report"})]
)
def test_only_what_stands_in_the_queue_is_measured(engine: Engine, name: str, jobs: set[str]) -> None:
    assert running(engine, "merge-queue", name) == jobs


def test_what_a_fork_does_with_its_pull_request_cancels_no_measurement_of_its_vetted_commit(engine: Engine) -> None:
    group = read_workflow(SHIPPED / "fork-safe.yml").content["concurrency"]["group"]
    names = engine.fill([group], contexts(OWN)) + engine.fill([group], contexts("push_vetted"))
    assert names == ["ecoci-2", "ecoci-refs/heads/pull-request/2"]
