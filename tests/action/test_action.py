"""action.yml as GitHub runs it: expressions by GitHub's engine, steps by bash, ecoci by a stand-in."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.action.harness import ActionRun, Call, read_action, run_action
from tests.action.nodes import Engine, official_payload
from tests.action.runner import TOKEN, Event, Runner, read_only
from tests.action.starts import Place, make_place

pytestmark = pytest.mark.node

DEFINITION = read_action(ROOT)
DEFAULTS = {name: one["default"] for name, one in DEFINITION["inputs"].items()}


def told_to(runner: Runner) -> Path:
    return runner.folder / "told"


def call(place: Place, **inputs: str) -> Call:
    """The interpreter is that of the tests, unless one is named."""
    given = {"replay": str(told_to(place.runner)), "mode": "audit", "python": sys.executable, **inputs}
    return Call(place.action, place.runner, inputs={name.replace("_", "-"): value for name, value in given.items()})


def facts(run: ActionRun, place: Place) -> dict[str, Any]:
    file = told_to(place.runner) / "told.json"
    assert file.exists(), f"ecoci never ran:\n{run.log.text}"
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def given(environment: dict[str, str]) -> dict[str, str]:
    prefix = "ECOCI_INPUT_"
    mine = {name.removeprefix(prefix): value for name, value in environment.items() if name.startswith(prefix)}
    return {name.lower().replace("_", "-"): value for name, value in mine.items()}


@dataclass(frozen=True, slots=True)
class Plain:
    """A run in which nothing is said but the mode, of an action that cannot be written to."""

    run: ActionRun
    place: Place
    payload: dict[str, Any]

    @property
    def facts(self) -> dict[str, Any]:
        return facts(self.run, self.place)


@pytest.fixture(scope="module")
def plain(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Plain:
    place = make_place(tmp_path_factory.mktemp("plain") / "a runner with spaces, and é").prepared()
    payload = official_payload("pull_request", "synchronize")
    with read_only(place.action):
        run = run_action(engine, replace(call(place, python=""), event=Event("pull_request", payload)))
    return Plain(run, place, payload)


def test_an_action_folder_that_is_read_only_is_enough(plain: Plain) -> None:
    assert plain.run.conclusion == "success", plain.run.log.text


def test_every_input_reaches_ecoci_with_its_default_where_nothing_is_said(plain: Plain) -> None:
    own = {"replay": str(told_to(plain.place.runner)), "mode": "audit", "token": TOKEN}
    assert given(plain.facts["environment"]) == {**DEFAULTS, **own}


def test_ecoci_is_told_to_be_the_action_and_nothing_else(plain: Plain) -> None:
    assert plain.facts["arguments"] == ["action"]


def test_the_payload_of_an_event_reaches_ecoci_untouched(plain: Plain) -> None:
    environment = plain.facts["environment"]
    assert environment["GITHUB_EVENT_NAME"] == "pull_request"
    assert json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text("utf-8")) == plain.payload


def test_no_step_changes_the_environment_of_later_ones(plain: Plain) -> None:
    run = plain.run
    assert (run.environment, run.path, run.state, run.log.commands) == ({}, [], {}, [])


def test_every_input_reaches_ecoci_as_it_was_written_whatever_is_in_it(engine: Engine, place: Place) -> None:
    mark = place.runner.folder / "hijacked"
    ugly = f"$(touch '{mark}')`touch '{mark}'`;touch '{mark}'\n\"'\\ ${{{{ github.token }}}} é %0A"
    odd = {name: f"{name} {ugly}" for name in DEFAULTS if name not in ("python", "ecoci-path", "replay", "mode")}
    run = run_action(engine, replace(call(place), inputs={**call(place).inputs, **odd}))
    found = given(facts(run, place)["environment"])
    assert {name: found[name] for name in odd} == odd
    assert not mark.exists()


@pytest.mark.parametrize("mode", ["measure", "nightly"])
def test_where_code_is_measured_the_token_does_not_even_enter_the_step(engine: Engine, place: Place, mode: str) -> None:
    run = run_action(engine, call(place, mode=mode, token="another-token"))  # noqa: S106
    found = facts(run, place)
    assert found["environment"]["ECOCI_INPUT_TOKEN"] == ""
    assert not [one for one in found["started_with"] if "another-token" in one or TOKEN in one]


def test_outputs_come_from_ecoci_and_those_that_it_did_not_say_are_empty(engine: Engine, place: Place) -> None:
    run = run_action(engine, call(place.on(STAND_IN="outputs")))
    assert run.summary == "### PASS\n"
    assert {name for name, value in run.outputs.items() if value} == {"verdict", "findings", "delta-percent"}
    assert (run.outputs["verdict"], run.outputs["delta-percent"]) == ("PASS", "-2.5")
    assert list(run.outputs) == list(DEFINITION["outputs"])


@pytest.mark.parametrize(("code", "conclusion"), [(0, "success"), (1, "failure"), (3, "failure")])
def test_the_step_fails_exactly_where_ecoci_does(engine: Engine, place: Place, code: int, conclusion: str) -> None:
    run = run_action(engine, call(place.on(STAND_IN=f"exit {code}")))
    assert (run.code, run.conclusion) == (code, conclusion)


def test_a_cancel_reaches_ecoci_which_ends_by_itself(engine: Engine, place: Place) -> None:
    waiting = replace(call(place.on(STAND_IN="wait")), cancel_when="measuring".__eq__)
    run = run_action(engine, waiting)
    assert run.log.shown[-2:] == ["measuring", "told to stop by SIGINT"]
    assert (run.code, run.steps[0].signals, run.conclusion) == (130, ("SIGINT",), "cancelled")


def test_where_nothing_can_be_installed_the_summary_and_an_annotation_say_so(engine: Engine, place: Place) -> None:
    run = run_action(engine, call(place, python="python9.9"))
    assert (run.code, run.conclusion) == (2, "failure")
    assert "ecoci could not start" in run.summary
    assert [one.properties["title"] for one in run.log.annotations] == ["ecoci could not start"]
    assert run.outputs["verdict"] == ""
