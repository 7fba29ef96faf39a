"""Code of strangers is not run on a runner that stays, and what the action does by itself follows from that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ecoci.actions.event import parse_event, parse_job
from ecoci.actions.guard import may_measure, warn_of_strangers
from ecoci.actions.modes import choose_mode
from ecoci.model import ActionInputs, Event, EventName, Mode, RefusalCode
from tests.payloads import EVENTS, event, payload_text, variables

SELF_HOSTED = parse_job(variables("push"))
HOSTED = replace(SELF_HOSTED, is_self_hosted=False)
UNKNOWN = replace(SELF_HOSTED, is_self_hosted=None)
INPUTS, EPHEMERAL = ActionInputs(), ActionInputs(ephemeral_runner=True)
FORKS = ("pull_request_of_fork", "pull_request_of_deleted_fork")


def private(name: str) -> Event:
    return replace(event(name), is_private=True)


def under(name: str, other: str) -> Event:
    """The same payload under another event's name."""
    return parse_event(variables(name, GITHUB_EVENT_NAME=other), payload_text(name))


@pytest.mark.parametrize("name", ["push", "push_vetted", "merge_group", "schedule", "workflow_dispatch"])
@pytest.mark.parametrize("job", [SELF_HOSTED, HOSTED, UNKNOWN])
def test_what_people_with_write_access_start_is_measured_anywhere(name: str, job: object) -> None:
    assert may_measure(event(name), job, INPUTS) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORKS)
def test_a_fork_is_refused_on_a_runner_that_stays_even_in_a_private_repository(name: str) -> None:
    for job in (SELF_HOSTED, UNKNOWN):
        refusal = may_measure(private(name), job, INPUTS)
        assert refusal is not None
        assert refusal.code is RefusalCode.FORK
        assert "pull-request/N" in refusal.remedy
        assert "ephemeral-runner: true" in refusal.remedy


@pytest.mark.parametrize("name", FORKS)
def test_a_fork_is_measured_where_the_runner_is_thrown_away(name: str) -> None:
    assert may_measure(event(name), HOSTED, INPUTS) is None
    assert may_measure(event(name), SELF_HOSTED, EPHEMERAL) is None


def test_a_pull_request_of_a_public_repository_is_measured_with_a_warning_on_a_runner_that_stays() -> None:
    assert may_measure(event("pull_request"), SELF_HOSTED, INPUTS) is None
    warning = warn_of_strangers(event("pull_request"), SELF_HOSTED, INPUTS)
    assert warning is not None
    assert "is public" in warning
    assert "ecoci runner-hook" in warning


def test_a_repository_of_which_nobody_says_that_it_is_private_counts_as_public() -> None:
    warning = warn_of_strangers(replace(event("pull_request"), is_private=None), SELF_HOSTED, INPUTS)
    assert warning is not None
    assert "may be public" in warning


def test_no_warning_is_given_where_strangers_cannot_reach_what_stays() -> None:
    assert warn_of_strangers(private("pull_request"), SELF_HOSTED, INPUTS) is None
    assert warn_of_strangers(event("pull_request"), HOSTED, INPUTS) is None
    assert warn_of_strangers(event("pull_request"), SELF_HOSTED, EPHEMERAL) is None
    assert warn_of_strangers(event("push"), SELF_HOSTED, INPUTS) is None


def test_a_pull_request_of_a_private_repository_is_measured() -> None:
    assert may_measure(private("pull_request"), SELF_HOSTED, INPUTS) is None


@pytest.mark.parametrize("other", ["pull_request_target", "workflow_run", "issue_comment", "discussion", "issues"])
@pytest.mark.parametrize("inputs", [INPUTS, EPHEMERAL])
def test_an_event_with_the_rights_of_the_repository_is_refused_on_every_runner(
    other: str, inputs: ActionInputs
) -> None:
    name = {"workflow_run": "workflow_run_of_fork", "issue_comment": "issue_comment"}.get(other, "pull_request")
    for job in (SELF_HOSTED, HOSTED):
        refusal = may_measure(under(name, other), job, inputs)
        assert refusal is not None
        assert refusal.code is RefusalCode.EVENT
        assert other in refusal.message


def test_a_review_of_a_fork_is_no_way_around() -> None:
    assert may_measure(event("pull_request_review_of_fork"), SELF_HOSTED, INPUTS) is not None


def test_every_refusal_says_what_why_and_what_to_do() -> None:
    refusals = [may_measure(event(name), SELF_HOSTED, INPUTS) for name in EVENTS]
    told = [one for one in refusals if one is not None]
    assert len(told) == 5
    assert all(one.message and one.cause and one.remedy for one in told)


@pytest.mark.parametrize(
    ("name", "on_self_hosted", "elsewhere"),
    [
        ("pull_request", Mode.MEASURE, Mode.AUDIT),
        ("pull_request_of_fork", Mode.AUDIT, Mode.AUDIT),
        ("pull_request_of_deleted_fork", Mode.AUDIT, Mode.AUDIT),
        ("push", Mode.MEASURE, Mode.AUDIT),
        ("push_vetted", Mode.MEASURE, Mode.AUDIT),
        ("merge_group", Mode.MEASURE, Mode.AUDIT),
        ("workflow_dispatch", Mode.MEASURE, Mode.AUDIT),
        ("schedule", Mode.NIGHTLY, Mode.AUDIT),
        ("workflow_run_of_fork", Mode.REPORT, Mode.REPORT),
        ("issue_comment", Mode.AUDIT, Mode.AUDIT),
        ("pull_request_review_of_fork", Mode.AUDIT, Mode.AUDIT),
    ],
)
def test_the_event_and_the_runner_decide_where_nobody_does(name: str, on_self_hosted: Mode, elsewhere: Mode) -> None:
    assert choose_mode(ActionInputs(), event(name), SELF_HOSTED) is on_self_hosted
    assert choose_mode(ActionInputs(), event(name), HOSTED) is elsewhere
    assert choose_mode(ActionInputs(), event(name), UNKNOWN) is elsewhere


def test_under_pull_request_target_nothing_is_run_by_itself() -> None:
    assert choose_mode(ActionInputs(), under("pull_request", "pull_request_target"), SELF_HOSTED) is Mode.AUDIT


@pytest.mark.parametrize("asked", [mode for mode in Mode if mode is not Mode.AUTO])
def test_what_was_asked_for_is_done(asked: Mode) -> None:
    assert all(choose_mode(ActionInputs(mode=asked), event(name), SELF_HOSTED) is asked for name in EVENTS)


def test_every_event_that_measures_by_itself_may_be_measured_on_a_private_repository() -> None:
    chosen = [
        name for name in EVENTS if choose_mode(ActionInputs(), event(name), SELF_HOSTED) in (Mode.MEASURE, Mode.NIGHTLY)
    ]
    assert all(may_measure(private(name), SELF_HOSTED, INPUTS) is None for name in chosen)
    assert EventName.PULL_REQUEST.value in chosen
