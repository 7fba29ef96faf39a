"""Every workflow of this project and every one that it hands out keeps to the rules that its documents promise."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from ecoci.actions.inputs import NAMES
from ecoci.actions.matrix import Runner
from ecoci.actions.templates import TEMPLATES, Kind, check_runners, with_runners
from ecoci.cli_init import KINDS
from ecoci.errors import InputError
from tests import ROOT
from tests.workflows import EXAMPLES, OWN, SHIPPED, USES, Workflow, read_workflow, workflows_in

GIVEN = workflows_in(SHIPPED)
ALL = [*GIVEN, *workflows_in(OWN)]
ACTION = "ecocompute/ecoci"
OURS = (ACTION, "./")
HEAD = "github.event.pull_request.head.sha"
ONE = (Runner(("self-hosted", "h200")),)

each = pytest.mark.parametrize("workflow", ALL, ids=lambda one: str(one.file.relative_to(ROOT)))
each_given = pytest.mark.parametrize("workflow", GIVEN, ids=lambda one: one.file.name)


def modes(workflow: Workflow) -> dict[str, str]:
    """What ecoci does in each job that uses it."""
    return {job: inputs["mode"] for job, inputs in workflow.uses_of(ACTION)}


def of_jobs(*wanted: str, where: Callable[[Workflow], bool] = lambda _: True) -> pytest.MarkDecorator:
    """For every job of these modes in the workflows that fit; there has to be one."""
    found = [(flow, job) for flow in filter(where, GIVEN) for job, mode in modes(flow).items() if mode in wanted]
    assert found, wanted
    return pytest.mark.parametrize(("workflow", "job"), found, ids=[f"{flow.file.name}-{job}" for flow, job in found])


each_measuring = of_jobs("measure", "nightly")
UPLOADS = [inputs for flow in GIVEN for _, inputs in flow.uses_of("actions/upload-artifact")]
ARCHIVES = [inputs["name"] for inputs in UPLOADS if inputs["path"] == "ecoci-out"]
assert ARCHIVES


def checkout_of(workflow: Workflow, job: str) -> dict[str, Any]:
    (found,) = (inputs for name, inputs in workflow.uses_of("actions/checkout") if name == job)
    return found


def test_the_examples_are_the_very_files_that_ecoci_writes() -> None:
    shipped = {one.file.name: one.text for one in GIVEN}
    assert {one.file.name: one.text for one in workflows_in(EXAMPLES)} == shipped


def test_every_shipped_workflow_belongs_to_a_kind_and_every_kind_has_its_files() -> None:
    assert sorted(name for template in TEMPLATES.values() for name in template.files) == sorted(
        one.file.name for one in GIVEN
    )
    assert set(TEMPLATES) == set(Kind)
    assert tuple(KINDS) == tuple(kind.value for kind in Kind)


@each
def test_a_workflow_has_no_rights_but_those_that_each_job_names(workflow: Workflow) -> None:
    assert workflow.content["permissions"] == {}
    assert [name for name, job in workflow.jobs.items() if "permissions" not in job] == []


@each
def test_a_workflow_ends_in_time_and_gives_way_to_a_newer_run(workflow: Workflow) -> None:
    assert [name for name, job in workflow.jobs.items() if "timeout-minutes" not in job and "uses" not in job] == []
    assert "group" in workflow.content["concurrency"]


@each
def test_every_action_of_others_is_pinned_to_a_commit_and_tells_its_version(workflow: Workflow) -> None:
    found = [one for one in USES.finditer(workflow.text) if not one["action"].startswith(OURS)]
    loose = [one[0] for one in found if not re.fullmatch(r"[0-9a-f]{40}", one["ref"]) or not one["version"]]
    assert loose == []


def test_one_version_of_an_action_is_one_commit_everywhere() -> None:
    pins = {(one["action"], one["version"], one["ref"]) for flow in ALL for one in USES.finditer(flow.text)}
    named = {(action, version) for action, version, _ in pins}
    assert len(named) == len(pins)


@each
def test_no_checkout_leaves_the_token_behind(workflow: Workflow) -> None:
    kept = [
        job for job, inputs in workflow.uses_of("actions/checkout") if inputs.get("persist-credentials") is not False
    ]
    assert kept == []


@each
def test_nothing_is_interpolated_into_a_script(workflow: Workflow) -> None:
    assert [step["run"] for _, step in workflow.steps if "${{" in step.get("run", "")] == []


@each_given
def test_only_inputs_that_the_action_has_are_given(workflow: Workflow) -> None:
    assert workflow.uses_of(ACTION)
    assert {name for _, inputs in workflow.uses_of(ACTION) for name in inputs} <= set(NAMES)


@each_measuring
def test_a_job_that_measures_may_only_read_and_starts_from_its_commit_with_its_history(
    workflow: Workflow, job: str
) -> None:
    assert workflow.jobs[job]["permissions"] == {"contents": "read"}
    assert "secrets." not in str(workflow.jobs[job])
    assert checkout_of(workflow, job)["fetch-depth"] == 0


@of_jobs("measure", where=lambda workflow: "pull_request" in workflow.triggers)
def test_of_a_pull_request_the_head_is_measured(workflow: Workflow, job: str) -> None:
    assert HEAD in checkout_of(workflow, job)["ref"]


@of_jobs("measure")
def test_strangers_do_not_reach_a_job_that_measures(workflow: Workflow, job: str) -> None:
    conditions = [workflow.jobs[one].get("if", "") for one in (job, *_needed(workflow, job))]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert any(own in one or one == "${{ github.event_name == 'merge_group' }}" for one in conditions)


def _needed(workflow: Workflow, job: str) -> list[str]:
    needs = workflow.jobs[job].get("needs", [])
    return [needs] if isinstance(needs, str) else needs


@of_jobs("report")
def test_a_job_that_reports_has_nothing_of_the_change_and_runs_whatever_became_of_the_others(
    workflow: Workflow, job: str
) -> None:
    assert "head" not in checkout_of(workflow, job)["ref"]
    assert checkout_of(workflow, job)["ref"]
    assert workflow.jobs[job]["permissions"]["pull-requests"] == "write"
    assert workflow.jobs[job]["permissions"]["statuses"] == "write"
    assert "!cancelled()" in workflow.jobs[job]["if"] or "needs" not in workflow.jobs[job]


@each_given
def test_archives_are_uploaded_also_after_a_failure_under_a_name_of_their_own(workflow: Workflow) -> None:
    uploads = [(job, step) for job, step in workflow.steps if "upload-artifact" in step.get("uses", "")]
    assert all(step["if"] == "${{ always() }}" for _, step in uploads)
    names = [step["with"]["name"] for _, step in uploads]
    assert all(name.endswith("-${{ github.run_attempt }}") for name in names)
    assert len(set(names)) == len(names)
    handed = {job for job, step in uploads if step["with"]["path"] == "ecoci-out"}
    reporting = "report" in modes(workflow).values()
    assert handed >= {job for job, mode in modes(workflow).items() if mode != "report" and reporting}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_found_by_the_beginning_of_its_name(name: str) -> None:
    assert name.startswith(("ecoci-", "${{ matrix.artifact }}-"))


def test_the_start_with_an_audit_is_eight_lines_of_steps() -> None:
    text = (SHIPPED / "audit.yml").read_text("utf-8")
    assert len(text.partition("    steps:\n")[2].splitlines()) <= 8


def test_the_workflow_for_several_runners_plans_by_the_ecoci_that_its_action_is_and_by_locked_packages() -> None:
    workflow = read_workflow(SHIPPED / "matrix.yml")
    steps = [step for job, step in workflow.steps if job == "plan"]
    (fetched,) = (step["with"] for step in steps if "repository" in step.get("with", {}))
    used = {step["uses"] for _, step in workflow.steps if step.get("uses", "").startswith("ecocompute/")}
    assert used == {f"{fetched['repository']}@{fetched['ref']}"}
    assert "--require-hashes --only-binary :all: -r constraints/action-light.txt" in steps[-1]["run"]
    paths = [step["with"]["path"] for step in steps if "uses" in step]
    assert len(set(paths)) == len(paths), "a link in the change must not lead into the other checkout"


def test_the_half_for_forks_follows_the_workflow_that_is_written_beside_it() -> None:
    (followed,) = (one.content[True]["workflow_run"]["workflows"] for one in GIVEN if "workflow_run" in one.triggers)
    (first,) = (one.content["name"] for one in GIVEN if one.file.name == "fork-safe.yml")
    assert followed == [first]


@pytest.mark.parametrize("kind", [kind for kind in Kind if TEMPLATES[kind].is_measuring and kind is not Kind.MATRIX])
def test_the_labels_of_ones_own_runner_take_the_place_of_the_examples(kind: Kind) -> None:
    texts = [with_runners((SHIPPED / name).read_text("utf-8"), ONE) for name in TEMPLATES[kind].files]
    assert sum(text.count("runs-on: [self-hosted, h200]") for text in texts) == 1
    assert not any("[self-hosted, gpu]" in text for text in texts)


def test_several_runners_are_named_in_the_matrix() -> None:
    runners = (*ONE, Runner(("gpu-a100",)))
    check_runners(Kind.MATRIX, runners)
    text = with_runners((SHIPPED / "matrix.yml").read_text("utf-8"), runners)
    assert "RUNNERS: self-hosted+h200,gpu-a100\n" in text


@pytest.mark.parametrize(("kind", "runners"), [(Kind.AUDIT, ONE), (Kind.GATE, (*ONE, Runner(("gpu-a100",))))])
def test_runners_that_a_kind_has_no_place_for_are_refused(kind: Kind, runners: tuple[Runner, ...]) -> None:
    with pytest.raises(InputError, match=rf"the workflow {kind.value} has a place for"):
        check_runners(kind, runners)
