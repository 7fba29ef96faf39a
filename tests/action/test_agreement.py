"""The action starts without ecoci's code, and decides a few things before it; both agree on what they share."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path

from action.job import Packages, job_of, packages_of, variables_of_ecoci
from ecoci.actions import inputs, outputs
from ecoci.actions.environment import child_environment
from ecoci.actions.event import parse_event, parse_job
from ecoci.actions.inputs import parse_inputs, variable_of
from ecoci.actions.modes import choose_mode
from ecoci.model import ActionInputs, Mode
from tests import ROOT
from tests.action.harness import read_action
from tests.action.runner import LOADS, TOKEN
from tests.payloads import EVENTS, payload_text, variables

DEFINITION = read_action(ROOT)
KINDS = ("self-hosted", "github-hosted")
DEFAULTS = {variable_of(name): one["default"] for name, one in DEFINITION["inputs"].items()}


def test_the_inputs_are_those_that_ecoci_reads_in_the_same_order() -> None:
    assert tuple(DEFINITION["inputs"]) == inputs.NAMES


def test_the_outputs_are_those_that_ecoci_writes_in_the_same_order() -> None:
    assert tuple(DEFINITION["outputs"]) == outputs.NAMES


def test_the_defaults_that_people_read_are_those_that_ecoci_has() -> None:
    env = {**DEFAULTS, variable_of("token"): ""}
    assert parse_inputs(env) == ActionInputs()


MEASURING = (Mode.MEASURE, Mode.NIGHTLY)
Case = tuple[Mode, str, str]


def decided(case: Case) -> tuple[Mode, dict[str, str]]:
    """What ecoci does in a job, and the variables of that job."""
    mode, name, kind = case
    env = variables(name, RUNNER_ENVIRONMENT=kind, ECOCI_INPUT_MODE=mode.value, ECOCI_INPUT_TOKEN=TOKEN)
    return choose_mode(parse_inputs(env), parse_event(env, payload_text(name)), parse_job(env)), env


CASES = {case: decided(case) for case in product(Mode, EVENTS, KINDS)}


def test_the_light_set_is_never_installed_for_more_than_an_audit() -> None:
    light = {chosen for chosen, env in CASES.values() if packages_of(env) is Packages.LIGHT}
    assert light == {Mode.AUDIT}


def cases_with_token() -> set[Case]:
    return {case for case, (_, env) in CASES.items() if variables_of_ecoci(env)["ECOCI_INPUT_TOKEN"]}


def test_the_token_is_taken_away_wherever_code_is_measured() -> None:
    measuring = {case for case, (chosen, _) in CASES.items() if chosen in MEASURING}
    assert measuring
    assert not measuring & cases_with_token()


def test_a_report_keeps_its_token_and_so_does_all_that_measures_nothing_on_a_runner_of_github() -> None:
    reports = {case for case, (chosen, _) in CASES.items() if chosen is Mode.REPORT}
    hosted = {case for case, (chosen, _) in CASES.items() if case[2] == "github-hosted" and chosen not in MEASURING}
    assert reports
    assert hosted
    assert reports | hosted <= cases_with_token()


def test_the_light_set_is_enough_for_an_audit(tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text("import torch\n" + LOADS, encoding="utf-8")
    program = "import sys; sys.modules.update(dict.fromkeys(['numpy', 'scipy', 'pandas', 'pynvml'])); "
    program += f"sys.argv = ['ecoci', 'audit', {str(tmp_path)!r}]; from ecoci.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "ECO10" in done.stdout, done.stderr


def test_tools_get_no_variable_that_measured_code_does_not_get() -> None:
    steering = (
        "GITHUB_ENV",
        "GITHUB_PATH",
        "GITHUB_OUTPUT",
        "GITHUB_STATE",
        "GITHUB_STEP_SUMMARY",
        "ACTIONS_CACHE_URL",
    )
    env = {
        **dict.fromkeys(steering, "/file"),
        **dict.fromkeys(("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "ECOCI_INPUT_TOKEN"), TOKEN),
        "MINE": f"Bearer {TOKEN}",
        "HOME": "/home",
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "HTTPS_PROXY": "http://proxy.example:3128",
        **{variable_of(name): "" for name in inputs.NAMES},
    }
    given = job_of(env).tool_variables
    assert given.keys() <= child_environment(env).keys()
    assert set(given) == {"HOME", "PIP_INDEX_URL", "HTTPS_PROXY"}
