"""Real processes of foreign code tell what they were given: no token, no file that steers the job, no open file."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ecoci.checkouts.bootstrap import check_needs
from ecoci.checkouts.environments_build import BuildLog, Interpreter, find_interpreter, make_venv, run_setup
from ecoci.clocks import SystemClock
from ecoci.launchers.forkserver import ForkServerLauncher, RunSource
from ecoci.launchers.forkserver_process import Program
from ecoci.launchers.process import ProcessLauncher
from ecoci.model import Arm, Checkout, Setup, Source
from tests import ROOT
from tests.architecture import read_package
from tests.integration.command_line import clean_environment
from tests.payloads import variables
from tests.simulated import Heard, job

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
HUB_TOKEN = "hf_abcdefghijklmnopqrstuvwxyz"
MODULE = (sys.executable, "-m")
CHILDREN, FORKED = "tests.integration.children", "tests.integration.forked"

Told = dict[str, Any]
Start = Callable[[Path], Told]


def started(folder: Path) -> Told:
    """What a measuring process sees that was started for its run."""
    ProcessLauncher((*MODULE, CHILDREN, "telling"), SystemClock(), folder).launch(job(), Heard())
    return log_of_run(folder)


def forked(folder: Path) -> Told:
    """What one sees that was forked for its run."""
    fallback = ProcessLauncher((*MODULE, CHILDREN, "killed"), SystemClock(), folder)
    source = RunSource(Program((*MODULE, FORKED, "surroundings")), fallback)
    with ForkServerLauncher(source, SystemClock(), folder) as launcher:
        assert launcher.launch(job(), Heard()).failure is None
    return log_of_run(folder)


def log_of_run(folder: Path) -> Told:
    lines = (folder / "tiny-run-1.log").read_text().splitlines()
    return next(json.loads(line) for line in lines if line.startswith("{"))


def program(folder: Path) -> Path:
    """An interpreter, as far as its answers go, that writes down what it sees."""
    file = folder / "python3"
    told = (
        "import json, os; fd = '/proc/self/fd/'; "
        "print(json.dumps({'variables': dict(os.environ), "
        "'files': [os.readlink(fd + n) for n in os.listdir(fd) if os.path.lexists(fd + n)]}))"
    )
    file.write_text(f'#!/bin/sh\n"{sys.executable}" -c "{told}" > "{folder}/told.json"\nexec "{sys.executable}" "$@"\n')
    file.chmod(0o700)
    return file


def told_by_program(folder: Path) -> Told:
    return json.loads((folder / "told.json").read_text())  # type: ignore[no-any-return]


def asked(folder: Path) -> Told:
    """What an interpreter sees that is asked for its version."""
    find_interpreter(str(program(folder)))
    return told_by_program(folder)


def checked(folder: Path) -> Told:
    """What the interpreter of a side sees that is asked for its modules."""
    check_needs(Checkout(Arm.HEAD, "HEAD", "a" * 40, "/", "/", str(program(folder)), "digest"), ("json",))
    return told_by_program(folder)


def made(folder: Path) -> Told:
    """What an interpreter sees that makes an environment."""
    interpreter = Interpreter(str(program(folder)), ())
    make_venv(interpreter, folder / "venv", BuildLog(folder / "log"), with_pip=False)
    return told_by_program(folder)


def set_up(folder: Path) -> Told:
    """What the setup command of a side sees."""
    (folder / "log").write_text("")
    setup = Setup(f"{program(folder)} -c 1")
    run_setup(folder, Source("a" * 40, str(folder), str(folder)), setup, BuildLog(folder / "log"))
    return told_by_program(folder)


STARTS = (started, forked, asked, checked, made, set_up)


@pytest.fixture
def job_on_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process as a step of a job of the repository itself, with tokens, command files and a file open for all."""
    steering = {name: str(tmp_path / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE")}
    tokens = {"ECOCI_INPUT_TOKEN": TOKEN, "GITHUB_TOKEN": TOKEN, "ACTIONS_RUNTIME_TOKEN": "eyJhbGciOi.eyJzdWIiOi.abc"}
    hidden = {"MY_COPY": TOKEN, "CREDENTIALS": f"https://x:{TOKEN}@github.com"}
    kept = {"HF_TOKEN": HUB_TOKEN, "RUNNER_TRACKING_ID": "github_7"}
    for name, value in {**variables("pull_request"), **steering, **tokens, **hidden, **kept}.items():
        monkeypatch.setenv(name, value)
    secret = os.open(tmp_path / "secret", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(secret, True)
    yield
    os.close(secret)


@pytest.mark.usefixtures("job_on_github")
@pytest.mark.parametrize("start", STARTS)
def test_foreign_code_is_given_no_token_and_nothing_that_steers_the_job(start: Start, tmp_path: Path) -> None:
    told = start(tmp_path)
    names = told["variables"].keys()
    assert "GITHUB_SHA" in names
    assert told["variables"]["RUNNER_TRACKING_ID"] == "github_7"
    assert TOKEN not in json.dumps(told)
    assert "eyJhbGciOi" not in json.dumps(told)
    assert not {"GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "MY_COPY", "CREDENTIALS"} & names
    assert not [name for name in names if name.startswith(("ACTIONS_", "ECOCI_INPUT_"))]


@pytest.mark.usefixtures("job_on_github")
@pytest.mark.parametrize("start", STARTS)
def test_foreign_code_is_given_no_open_file_of_ours(start: Start, tmp_path: Path) -> None:
    assert str(tmp_path / "secret") not in start(tmp_path)["files"]


@pytest.mark.usefixtures("job_on_github")
@pytest.mark.parametrize("start", STARTS)
def test_the_token_of_the_hub_is_given_to_the_repositorys_own_code(start: Start, tmp_path: Path) -> None:
    assert start(tmp_path)["variables"]["HF_TOKEN"] == HUB_TOKEN


@pytest.mark.usefixtures("job_on_github")
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("payload", ["fork", "gone", "garbage"])
def test_the_token_of_the_hub_is_not_given_to_a_fork_nor_where_that_cannot_be_told(
    start: Start, payload: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "garbage").write_bytes(b"\xff{")
    known = variables("pull_request_of_fork")["GITHUB_EVENT_PATH"]
    monkeypatch.setenv("GITHUB_EVENT_PATH", known if payload == "fork" else str(tmp_path / payload))
    assert HUB_TOKEN not in json.dumps(start(tmp_path))


def test_elsewhere_the_token_of_the_hub_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("HF_TOKEN", HUB_TOKEN)
    assert started(tmp_path)["variables"]["HF_TOKEN"] == HUB_TOKEN


def test_what_a_measured_process_prints_is_in_its_log_and_nowhere_else(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ecoci.clocks import SystemClock; "
        "from ecoci.launchers.process import ProcessLauncher; from tests.simulated import Heard, job; "
        f"ProcessLauncher((sys.executable, '-m', '{CHILDREN}', 'commanding'), SystemClock(), Path(sys.argv[1]))"
        ".launch(job(), Heard())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "logs")],
        cwd=ROOT,
        env=clean_environment(tmp_path, GITHUB_ACTIONS="true"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""
    assert (tmp_path / "logs" / "tiny-run-1.log").read_text().count("::add-mask::ecoci") == 2


def test_no_part_of_ecoci_starts_a_process_without_choosing_its_variables() -> None:
    kinds = ("run", "Popen", "call", "check_call", "check_output")
    starts = {f"subprocess.{kind}" for kind in kinds}
    found = [
        (name, any(keyword.arg == "env" for keyword in node.keywords))
        for name, text in read_package().items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in starts
    ]
    assert len(found) >= 6
    assert [name for name, chosen in found if not chosen] == []
