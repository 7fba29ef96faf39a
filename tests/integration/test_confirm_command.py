"""`ecoci confirm` as a user calls it: in a git repository, with the scripted driver in the place of a GPU."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.integration.command_line import Done, ended, start, with_gpu
from tests.interpreters import FRAMEWORK
from tests.repositories import Repository, new_repository

SCENARIO = "  - {{name: tiny, model: 'synthetic:tiny', windows: 1, window_s: {window_s}, host: as_is}}\n"


def spec(window_s: float = 0.5) -> str:
    return f"version: 1\nscenarios:\n{SCENARIO.format(window_s=window_s)}"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new_repository(tmp_path / "project")
    made.commit(ecoci_yml=spec())
    made.git("branch", "before")
    made.commit(notes_md="a change")
    return made


def confirm(repository: Repository, driver: Path, *arguments: str, script: str = "") -> Done:
    before, cache = repository.state(), {"ECOCI_CACHE": str(repository.folder.parent / "cache")}
    begun = start(repository.folder, "confirm", *arguments, "--out", "../out", **with_gpu(driver, script, **cache))
    done = ended(begun, timeout_s=240.0)
    assert repository.state() == before
    return done


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Missing option '--base'"),
        (("--base", "before", "--pairs", "5"), 2, "5 is odd; pairs are made two by two"),
        (("--base", "before", "--pairs", "2"), 2, "2 is not in the range 4<=x<=100"),
        (("--base", "before", "--budget", "0"), 2, "0.0 is not in the range x>0"),
        (("--base", "nowhere"), 2, "nowhere"),
        (("--base", "before", "--scenario", "other"), 2, "there is no scenario 'other'; there are: tiny"),
        (("--base", "before", "--spec", "other.yml"), 2, "has no scenario file other.yml"),
    ],
)
def test_what_cannot_be_confirmed_is_said_before_anything_is_measured(
    repository: Repository, driver: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = confirm(repository, driver, *arguments)
    assert done.code == code, done.said
    assert words in done.said
    assert not (repository.folder.parent / "out" / "pairs.json").exists()


def test_local_changes_are_refused_because_they_would_not_be_measured(repository: Repository, driver: Path) -> None:
    repository.write("ecoci.yml", spec(window_s=9.0))
    done = confirm(repository, driver, "--base", "before")
    assert done.code == 2, done.said
    assert "ecoci.yml" in done.said


def test_without_a_gpu_it_says_so_before_any_setup(repository: Repository, driver: Path) -> None:
    asked = ("--base", "before", "--setup", mark(repository, "ran"))
    done = confirm(repository, driver, *asked, script="init=not_loaded")
    assert done.code == 4, done.said
    assert "do:" in done.said
    assert marks(repository) == []


def test_a_change_that_brings_the_scenario_file_is_measured_by_it_on_both_sides(
    repository: Repository, driver: Path
) -> None:
    repository.git("rm", "-q", "ecoci.yml")
    repository.git("commit", "-q", "-m", "none")
    empty = repository.git("rev-parse", "HEAD")
    repository.commit(ecoci_yml=spec())
    done = confirm(repository, driver, "--base", empty, script="devices=0")
    assert done.code == 4, done.said
    assert "note: base: has no ecoci.yml; both sides are measured by the head's" in done.said
    assert "there is no GPU" in done.said or "GPU" in done.said


def with_plan(**confirm: str) -> str:
    """A scenario file with a section `confirm`."""
    lines = "".join(f"  {key}: {value}\n" for key, value in confirm.items())
    return f"{spec()}confirm:\n{lines}"


def sides_with(repository: Repository, base: str, head: str) -> None:
    """Base and head, each with a scenario file of its own."""
    repository.commit(ecoci_yml=base)
    repository.git("branch", "--force", "before")
    repository.commit(ecoci_yml=head)


def marks(repository: Repository) -> list[str]:
    """What the setups of a test wrote down, in order."""
    file = repository.folder.parent / "marks"
    return file.read_text(encoding="utf-8").split() if file.exists() else []


def mark(repository: Repository, word: str, code: int = 0) -> str:
    return f"echo {word} >> '{repository.folder.parent}/marks'; exit {code}"


def test_each_side_is_set_up_as_its_own_file_says_however_it_is_named(repository: Repository, driver: Path) -> None:
    old, new = (with_plan(setup=json.dumps(mark(repository, word, code))) for word, code in (("pip", 0), ("uv", 7)))
    # the environment of the base is whole and lacks what measuring needs, which would end it before the head's turn
    sides_with(repository, with_plan(lock_files="[ecoci.yml]"), new)
    done = confirm(repository, driver, "--base", "before")
    assert done.code == 4, done.said
    assert marks(repository) == ["uv"]
    assert "ended with exit code 7" in done.said
    sides_with(repository, old, new)
    done = confirm(repository, driver, "--base", "before", "--spec", str(repository.folder / "ecoci.yml"))
    assert done.code == 4, done.said
    assert marks(repository) == ["uv", "pip"]
    assert "the environment of base" in done.said


@pytest.mark.parametrize("name", ["/etc/hostname", "../central.yml", "../head/ecoci.yml"])
def test_a_file_that_neither_side_holds_is_refused(repository: Repository, driver: Path, name: str) -> None:
    repository.write("../central.yml", spec())
    done = confirm(repository, driver, "--base", "before", "--spec", name)
    assert done.code == 2, done.said
    assert f"the scenario file {name} lies outside the repository" in done.said
    assert "commit it to the repository" in done.said


def test_the_options_stand_before_the_files_of_both_sides_and_a_setup_says_when_it_begins_and_how_it_ended(
    repository: Repository, driver: Path
) -> None:
    other = with_plan(setup=json.dumps(mark(repository, "file")), lock_files="[no.lock]")
    sides_with(repository, other, other)
    done = confirm(repository, driver, "--base", "before")
    assert done.code == 2, done.said
    assert "lock file 'no.lock' is in neither commit" in done.said
    setup = mark(repository, "option", 5)
    done = confirm(repository, driver, "--base", "before", "--setup", setup, "--lock-file", "ecoci.yml")
    assert done.code == 4, done.said
    assert marks(repository) == ["option"]
    lines = [line for line in done.err.splitlines() if line.startswith("base: ")]
    assert lines[0].startswith(f"base: setting up its environment: {setup[:40]}")
    assert " (log: ../out/logs/setup-" in lines[0]
    assert lines[1].startswith("base: setup ended after ")
    assert len(lines) == 2


def test_no_setup_runs_when_the_head_has_no_scenario_file(repository: Repository, driver: Path) -> None:
    repository.git("rm", "-q", "ecoci.yml")
    repository.git("commit", "-q", "-m", "none")
    done = confirm(repository, driver, "--base", "before", "--setup", mark(repository, "ran"))
    assert done.code == 2, done.said
    assert "the head (" in done.said
    assert "has no scenario file ecoci.yml" in done.said
    assert marks(repository) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("--scenario", "other"), "there is no scenario 'other'"), (("--lock-file", "../../x"), "is not inside")],
)
def test_no_setup_runs_for_what_is_refused_anyway(
    repository: Repository, driver: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = confirm(repository, driver, "--base", "before", "--setup", mark(repository, "ran"), *arguments)
    assert done.code == 2, done.said
    assert words in done.said
    assert marks(repository) == []


def test_a_broken_plan_in_either_file_is_told_with_its_place(repository: Repository, driver: Path) -> None:
    sides_with(repository, spec(), with_plan(pairs="5"))
    done = confirm(repository, driver, "--base", "before")
    assert done.code == 2, done.said
    assert "confirm.pairs is 5, an odd number" in done.said


def fill(repository: Repository, word: str) -> str:
    """A setup that puts the stand-ins of torch and transformers, and numpy, into the environment."""
    packages = "$(echo $VIRTUAL_ENV/lib/python*/site-packages)"
    assert np.__file__ is not None
    installed = Path(np.__file__).parents[1]
    filled = f"cp '{FRAMEWORK}'/*.py {packages}/ && ln -sf '{installed}'/numpy* {packages}/"
    return json.dumps(f"{filled} && echo {word} >> '{repository.folder.parent}/marks'")


@pytest.mark.slow
def test_the_head_may_have_moved_to_another_installer(repository: Repository, driver: Path) -> None:
    old = with_plan(setup=fill(repository, "pip"), lock_files="[requirements.txt]", pairs="4")
    new = with_plan(setup=fill(repository, "uv"), lock_files="[uv.lock]", pairs="8")
    repository.commit(requirements_txt="torch==1", ecoci_yml=old)
    repository.git("branch", "--force", "before")
    repository.git("rm", "-q", "requirements.txt")
    repository.commit(uv_lock="torch==2", ecoci_yml=new)
    done = confirm(repository, driver, "--base", "before", "--seed", "1", script="power=120")
    assert done.code == 0, done.said
    assert marks(repository) == ["pip", "uv"]
    pairs = json.loads((repository.folder.parent / "out" / "pairs.json").read_text(encoding="utf-8"))
    assert None not in {pairs["base"]["environment"], pairs["head"]["environment"]}
    assert pairs["base"]["environment"] != pairs["head"]["environment"]
    # the plan of pairs is the base's: a change must not loosen it
    assert pairs["results"][0]["most_pairs"] == 4
    assert "reproduce: ecoci confirm" in done.said
    assert "--pairs 4 --seed 1" in done.said
    again = confirm(repository, driver, "--base", "before", "--seed", "1", script="power=120")
    assert again.code == 0, again.said
    assert "head: environment taken from the cache" in again.said
    assert marks(repository) == ["pip", "uv"]


@pytest.mark.slow
def test_a_report_quotes_the_last_calibration_of_its_machine(repository: Repository, driver: Path) -> None:
    variables = {**with_gpu(driver, "power=120"), "ECOCI_CACHE": str(repository.folder.parent / "cache")}
    asked = ("--no-op", "1", "--pairs", "4", "--out", "../calibrated")
    before = confirm(repository, driver, "--base", "before", "--pairs", "4", script="power=120")
    assert "No calibration of the machine that measured this is known: `ecoci calibrate`" in before.said
    made = ended(start(repository.folder, "calibrate", *asked, **variables), timeout_s=240.0)
    assert made.code == 0, made.said
    done = confirm(repository, driver, "--base", "before", "--pairs", "4", script="power=120")
    assert done.code == 0, done.said
    assert "(tiny): 0 of 1 confirmation of no change was called REGRESSED" in done.said
    again = ended(start(repository.folder, "compare", "../out/pairs.json", "--out", "../again"))
    assert "(tiny): 0 of 1 confirmation of no change was called REGRESSED" in again.said


@pytest.mark.slow
def test_a_change_of_nothing_passes_after_four_pairs_of_forked_processes(repository: Repository, driver: Path) -> None:
    done = confirm(repository, driver, "--base", "before", "--pairs", "4", "--seed", "1", script="power=120")
    assert done.code == 0, done.said
    pairs = json.loads((repository.folder.parent / "out" / "pairs.json").read_text(encoding="utf-8"))
    (scenario,) = pairs["results"]
    assert len(scenario["pairs"]) == 4
    hosts = [pair[side]["host"]["applied"] for pair in scenario["pairs"] for side in ("base", "head")]
    assert all(["process", "forked"] in host for host in hosts)
    # one server for both sides: what its runs share by accident cancels in every pair
    assert len({dict(host)["process_server"] for host in hosts}) == 1
    assert "PASS" in (repository.folder.parent / "out" / "comment.md").read_text(encoding="utf-8")
