"""What action.yml declares agrees with itself, with its typing file, and with what is locked."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path

import pytest
import yaml

from action.job import Packages, packages_of, variables_of_ecoci
from ecoci.actions.inputs import variable_of
from tests import ROOT
from tests.action.harness import read_action

DEFINITION = read_action(ROOT)
TYPES = yaml.safe_load((ROOT / "action-types.yml").read_text("utf-8"))
CONSTRAINTS = ROOT / "constraints"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: Path) -> dict[str, str]:
    return {normal(name): version for name, version in PIN.findall(file.read_text("utf-8"))}


LIGHT, FULL = (pins(CONSTRAINTS / one.value) for one in (Packages.LIGHT, Packages.FULL))


def test_every_input_is_handed_over_in_a_variable_of_its_own_and_nothing_else_is() -> None:
    (step,) = DEFINITION["runs"]["steps"]
    expected = {variable_of(name): f"${{{{ inputs.{name} }}}}" for name in DEFINITION["inputs"]}
    given = {name: value for name, value in step["env"].items() if name.startswith("ECOCI_INPUT_")}
    assert set(step["env"]) - set(given) == {"ECOCI_TOKEN_IS_OF_JOB"}
    without_token = {name: value for name, value in given.items() if name != "ECOCI_INPUT_TOKEN"}
    assert list(given) == list(expected)
    assert without_token == {name: value for name, value in expected.items() if name != "ECOCI_INPUT_TOKEN"}


def test_nothing_is_interpolated_into_the_script() -> None:
    (step,) = DEFINITION["runs"]["steps"]
    assert "${{" not in step["run"]


def test_every_input_has_a_description_and_a_default_and_none_is_required() -> None:
    wrong = [
        name
        for name, one in DEFINITION["inputs"].items()
        if not one["description"] or "default" not in one or one["required"] != "false"
    ]
    assert wrong == []


def test_every_output_is_that_of_the_step_by_the_same_name() -> None:
    expected = {name: f"${{{{ steps.ecoci.outputs.{name} }}}}" for name in DEFINITION["outputs"]}
    assert {name: one["value"] for name, one in DEFINITION["outputs"].items()} == expected


def test_the_typing_file_names_the_same_inputs_and_outputs_in_the_same_order() -> None:
    for part in ("inputs", "outputs"):
        assert list(TYPES[part]) == list(DEFINITION[part])


def test_defaults_are_of_the_kind_that_the_typing_file_names() -> None:
    allowed = {"boolean": {"true", "false"}, "integer": {""}, "float": {"", "0"}}
    for name, one in TYPES["inputs"].items():
        values = {"", *one["allowed-values"]} if one["type"] == "enum" else allowed.get(one["type"])
        assert values is None or DEFINITION["inputs"][name]["default"] in values, name


def test_the_name_is_not_that_of_another_project() -> None:
    assert DEFINITION["name"] == "EcoCompute: LLM energy regression check"
    assert len(DEFINITION["description"]) < 250


def test_the_packages_of_the_action_are_those_that_the_project_is_tested_with() -> None:
    base = pins(CONSTRAINTS / "base.txt")
    assert {name: version for name, version in FULL.items() if base.get(name) != version} == {}
    assert LIGHT.items() <= FULL.items()


def test_the_full_set_has_every_dependency_and_the_light_one_those_of_the_audit() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {normal(match[0]) for one in project["dependencies"] if (match := REQUIREMENT.match(one))}
    asked = {
        normal(line) for line in (CONSTRAINTS / "action-light.in").read_text("utf-8").split("\n") if line[:1].isalpha()
    }
    assert needed <= FULL.keys()
    assert asked == needed - {"numpy", "scipy", "pandas", "nvidia-ml-py"}
    assert asked <= LIGHT.keys()
    assert not {"numpy", "scipy", "pandas"} & LIGHT.keys()


@pytest.mark.parametrize("packages", Packages)
def test_every_locked_package_has_hashes_and_comes_from_an_index(packages: Packages) -> None:
    text = (CONSTRAINTS / packages.value).read_text("utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(PIN.findall(text))
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert re.findall(r"^-.*", text, re.MULTILINE) == []


MODES = ("", "auto", "audit", "measure", "report", "nightly")
KINDS = ("self-hosted", "github-hosted", "")
EVENTS = ("pull_request", "push", "merge_group", "schedule", "workflow_dispatch", "workflow_run", "issue_comment", "")


def is_of_github(kind: str, event: str) -> bool:
    """Whether with mode auto there can be nothing but an audit."""
    return kind != "self-hosted" and event != "workflow_run"


CASES = tuple(product(MODES, KINDS, EVENTS))
AUDITS = {case for case in CASES if case[0] == "audit" or (case[0] in ("", "auto") and is_of_github(*case[1:]))}


def env_of(mode: str, kind: str, event: str) -> dict[str, str]:
    env = {"ECOCI_INPUT_MODE": mode, "RUNNER_ENVIRONMENT": kind, "GITHUB_EVENT_NAME": event}
    return {**env, "ECOCI_INPUT_TOKEN": "t"}


def test_the_light_set_is_taken_where_nothing_but_an_audit_can_follow() -> None:
    assert {case for case in CASES if packages_of(env_of(*case)) is Packages.LIGHT} == AUDITS


def test_the_token_is_left_where_nothing_can_be_measured_and_never_where_that_is_asked_for() -> None:
    left = {case for case in CASES if variables_of_ecoci(env_of(*case))["ECOCI_INPUT_TOKEN"] == "t"}
    assert left >= AUDITS | {case for case in CASES if case[0] == "report"}
    assert not left & {case for case in CASES if case[0] in ("measure", "nightly")}
