"""`ecoci confirm` as a user calls it: in a git repository, with the scripted driver in the place of a GPU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.command_line import Done, ended, start, with_gpu
from tests.nvml_stub import build_stub
from tests.repositories import Repository, new_repository

SCENARIO = "  - {{name: tiny, model: 'synthetic:tiny', windows: 1, window_s: {window_s}, host: as_is}}\n"


def spec(window_s: float = 0.5) -> str:
    return f"version: 1\nscenarios:\n{SCENARIO.format(window_s=window_s)}"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_stub(tmp_path_factory.mktemp("driver"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new_repository(tmp_path / "project")
    made.commit(ecoci_yml=spec())
    made.git("branch", "before")
    made.commit(notes_md="a change")
    return made


def confirm(repository: Repository, driver: Path, *arguments: str, script: str = "") -> Done:
    before, cache = repository.state(), {"ECOCI_CACHE": str(repository.folder.parent / "cache")}
    begun = start(repository.folder, "confirm", *arguments, "--out", "../out", **with_gpu(driver, script), **cache)
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


def test_without_a_gpu_it_says_so(repository: Repository, driver: Path) -> None:
    done = confirm(repository, driver, "--base", "before", script="init=not_loaded")
    assert done.code == 4, done.said
    assert "do:" in done.said


def test_a_base_without_a_scenario_file_says_which_side_lacks_it(repository: Repository, driver: Path) -> None:
    repository.git("rm", "-q", "ecoci.yml")
    repository.git("commit", "-q", "-m", "none")
    empty = repository.git("rev-parse", "HEAD")
    repository.commit(ecoci_yml=spec())
    done = confirm(repository, driver, "--base", empty)
    assert done.code == 2, done.said
    assert f"the base ({empty[:12]}) has no scenario file ecoci.yml" in done.said


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
