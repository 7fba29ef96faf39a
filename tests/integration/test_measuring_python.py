"""An interpreter of the user's measures, with its own torch and ecoci's code, and is left as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.command_line import QUICK, assert_refused, ecoci, ended, start, with_gpu
from tests.interpreters import add_framework, bare_interpreter, do_at_import
from tests.repositories import new_repository

OLD = """#!/bin/sh
echo '["3.10.2", "/usr/bin/python3.10", "linux", ["glibc", "2.35"], [3, 10]]'
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The interpreter of an environment with nothing in it."""
    return bare_interpreter(tmp_path / "torch-env")


@pytest.fixture
def python(bare: Path) -> Path:
    """That of one with a torch."""
    return with_torch(bare)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path)


def with_torch(python: Path) -> Path:
    """The interpreter with a torch, which writes down by whom it is imported, and without ecoci."""
    told = python.parents[2] / "importers"
    add_framework(python)
    do_at_import(python, f"import sys; open({str(told)!r}, 'a').write(sys.executable + '\\n')\n")
    return python


def new_project(folder: Path) -> Path:
    project = folder / "project"
    project.mkdir()
    (project / "ecoci.yml").write_text(QUICK)
    return project


def importers(python: Path) -> set[str]:
    file = python.parents[2] / "importers"
    return set(file.read_text().split()) if file.exists() else set()


def files_of(python: Path) -> set[tuple[str, float]]:
    """All files of the environment and when they changed, compiled ones left out."""
    found = (path for path in python.parents[1].rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {(str(path), path.stat().st_mtime) for path in found}


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was measured with an interpreter of the user's, in a project that would take over what it can."""

    project: Path
    python: Path
    files_before: set[tuple[str, float]]


@pytest.fixture(scope="module")
def run(driver: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("user")
    python, project = with_torch(bare_interpreter(folder / "torch-env")), new_project(folder)
    before = files_of(python)
    for name in ("json.py", "torch.py", "sitecustomize.py", "ecoci.py"):
        (project / name).write_text("open('planted', 'w')\nraise SystemExit(9)\n")
    code = "import runpy; runpy.run_module('ecoci', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, "bench", "--python", "../torch-env/bin/python"],
        cwd=project,
        env={**with_gpu(driver, "tick_ms=20", PYTHONPATH=""), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Run(project, python, before)


def test_a_run_is_measured_with_the_torch_of_the_interpreter(run: Run) -> None:
    assert {Path(one).resolve() for one in importers(run.python)} == {run.python.resolve()}
    result = json.loads((run.project / "ecoci-out" / "result.json").read_text())
    assert len(result["results"][0]["runs"][0]["windows"]) == 1


def test_a_path_from_here_keeps_the_links_of_its_environment(run: Run) -> None:
    assert importers(run.python)
    assert all("torch-env" in one for one in importers(run.python))


def test_nothing_is_installed_into_its_environment(run: Run) -> None:
    assert files_of(run.python) == run.files_before


def test_what_lies_in_the_project_takes_nothing_over(run: Run) -> None:
    assert not (run.project / "planted").exists()


@pytest.mark.parametrize("command", ["run", "bench", "calibrate"])
def test_an_interpreter_without_torch_is_refused_with_what_to_install(
    project: Path, driver: Path, bare: Path, command: str
) -> None:
    done = ecoci(project, command, "--python", str(bare), **with_gpu(driver, PYTHONPATH=""))
    assert_refused(done, 4, f"the interpreter {bare} lacks accelerate, numpy, torch, transformers", "-m pip install")


def test_a_python_that_is_too_old_is_refused(project: Path, driver: Path, tmp_path: Path) -> None:
    (tmp_path / "python3").write_text(OLD)
    (tmp_path / "python3").chmod(0o700)
    done = ecoci(project, "bench", "--python", str(tmp_path / "python3"), **with_gpu(driver, PYTHONPATH=""))
    assert_refused(done, 4, "is Python 3.10", "needs Python 3.11 or newer")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no/such/python", "no file is there"),
        ("./ecoci.yml", "no program that you may run"),
        ("pythonn", "it is not in PATH"),
        ("/bin/true", "does not run"),
        ("/bin/false", "does not run"),
    ],
)
def test_what_is_no_interpreter_is_refused(project: Path, driver: Path, name: str, words: str) -> None:
    assert_refused(ecoci(project, "bench", "--python", name, **with_gpu(driver, PYTHONPATH="")), 4, words)


def test_a_replay_asks_no_interpreter(project: Path) -> None:
    done = ecoci(project, "run", "--python", "no/such/python", "--replay", "nothing.json")
    assert_refused(done, 2, "nothing.json")


@pytest.mark.slow
def test_pairs_without_a_setup_are_measured_with_the_interpreter(tmp_path: Path, driver: Path, python: Path) -> None:
    repository = new_repository(tmp_path / "repository")
    repository.commit(ecoci_yml=QUICK)
    repository.git("branch", "before")
    repository.commit(notes_md="a change")
    variables = with_gpu(driver, "power=120", PYTHONPATH="", ECOCI_CACHE=str(tmp_path / "cache"))
    asked = ("--base", "before", "--pairs", "4", "--seed", "1", "--python", str(python), "--out", "../out")
    done = ended(start(repository.folder, "confirm", *asked, **variables), timeout_s=240.0)
    assert done.code == 0, done.said
    assert importers(python) == {str(python)}
    pairs = json.loads((tmp_path / "out" / "pairs.json").read_text())
    hosts = [pair[side]["host"]["applied"] for pair in pairs["results"][0]["pairs"] for side in ("base", "head")]
    assert len({dict(host)["process_server"] for host in hosts}) == 1
    assert (pairs["base"]["environment"], pairs["head"]["environment"]) == (None, None)
    assert pairs["options"]["python"] == str(python)


@pytest.mark.slow
def test_a_calibration_is_made_with_the_interpreter(project: Path, driver: Path, python: Path) -> None:
    variables = with_gpu(driver, "power=120", PYTHONPATH="")
    asked = ("--no-op", "1", "--pairs", "4", "--python", str(python))
    done = ended(start(project, "calibrate", *asked, **variables), timeout_s=240.0)
    assert done.code == 0, done.said
    assert importers(python) == {str(python)}


def test_confirm_asks_the_interpreter_for_what_measuring_needs_on_each_side(
    tmp_path: Path, driver: Path, bare: Path
) -> None:
    repository = new_repository(tmp_path / "repository")
    repository.commit(ecoci_yml=QUICK)
    repository.git("branch", "before")
    repository.commit(notes_md="a change")
    asked = ("--base", "before", "--python", str(bare), "--out", "../out")
    done = ended(start(repository.folder, "confirm", *asked, **with_gpu(driver, PYTHONPATH="")))
    assert_refused(done, 4, f"the interpreter {bare} lacks accelerate")
