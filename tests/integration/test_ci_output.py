"""In a job on GitHub nothing that others wrote is obeyed by the runner, whichever command prints it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command_line import QUICK, Done, clean_environment, ecoci, with_gpu
from tests.interpreters import FRAMEWORK
from tests.runner import obeyed

GITHUB = {"GITHUB_ACTIONS": "true"}
PLANTED = "::add-mask::ecoci\n::error file=a.py::planted\n##[error]planted\n"
HOSTILE_CODE = f"""
import os, sys
for stream in (sys.stdout, sys.stderr):
    stream.write({PLANTED!r})
    stream.flush()
os._exit(1)
"""
WASTEFUL = """from transformers import AutoModelForCausalLM, BitsAndBytesConfig

# ##[error]planted
model = AutoModelForCausalLM.from_pretrained("gpt2", quantization_config=BitsAndBytesConfig(load_in_8bit=True))
"""


def said(done: Done) -> str:
    return f"{done.out}\n{done.err}"


@pytest.fixture
def hostile_framework(tmp_path: Path) -> Path:
    """A transformers that prints commands while it is imported, and dies with them as its last words."""
    folder = tmp_path / "framework"
    shutil.copytree(FRAMEWORK, folder)
    file = folder / "transformers.py"
    file.write_text(f"{file.read_text()}\n{HOSTILE_CODE}")
    return folder


@pytest.mark.parametrize("columns", ["40", "200"])
def test_commands_in_the_excerpt_of_a_childs_log_are_not_obeyed(
    tmp_path: Path, driver: Path, hostile_framework: Path, columns: str
) -> None:
    (tmp_path / "ecoci.yml").write_text(QUICK)
    variables = with_gpu(driver, "tick_ms=20", PYTHONPATH=str(hostile_framework), COLUMNS=columns, **GITHUB)
    done = ecoci(tmp_path, "run", **variables)
    assert done.code != 0
    assert "planted" in done.out
    assert obeyed(said(done)) == []
    log = (tmp_path / "ecoci-out" / "logs" / "tiny-run-1.log").read_text()
    assert PLANTED in log


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_commands_in_a_name_that_is_quoted_in_an_error_are_not_obeyed(tmp_path: Path, debug: tuple[str, ...]) -> None:
    done = ecoci(tmp_path, *debug, "run", "--spec", "no\n::error::planted\r##[error]planted", **GITHUB)
    assert done.code == 2
    assert obeyed(said(done)) == []


def test_commands_in_an_argument_that_is_unknown_are_not_obeyed(tmp_path: Path) -> None:
    done = ecoci(tmp_path, "run", "::error::planted\n::error::planted", **GITHUB)
    assert done.code == 2
    assert obeyed(said(done)) == []


def test_annotations_are_obeyed_and_the_code_beside_them_is_not(tmp_path: Path) -> None:
    (tmp_path / "::error::planted.py").write_text(WASTEFUL)
    (tmp_path / "serve.py").write_text(WASTEFUL)
    done = ecoci(tmp_path, "audit", "--format", "github", **GITHUB)
    commands = obeyed(said(done))
    assert commands
    assert all(line.startswith(("::warning file=", "::error file=", "::notice file=")) for line in commands)
    assert done.out.startswith(commands[0])


def test_a_stream_in_ascii_is_guarded_too(tmp_path: Path) -> None:
    done = ecoci(tmp_path, "run", "::error::planted\n::error::é", PYTHONIOENCODING="ascii", **GITHUB)
    assert done.code == 2
    assert obeyed(said(done)) == []


def test_without_a_buffer_the_stream_is_guarded_too(tmp_path: Path) -> None:
    done = ecoci(tmp_path, "run", "::error::planted\n::error::planted", PYTHONUNBUFFERED="1", **GITHUB)
    assert done.code == 2
    assert obeyed(said(done)) == []


def test_outside_of_github_everything_is_printed_as_it_is(tmp_path: Path) -> None:
    assert "::error::planted" in ecoci(tmp_path, "run", "::error::planted").err


def test_what_goes_to_a_file_is_written_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / "said.txt").open("wb") as file:
        subprocess.run(
            [sys.executable, "-m", "ecoci", "run", "\n::error::planted"],
            cwd=tmp_path,
            env=clean_environment(tmp_path, **GITHUB),
            stdout=subprocess.DEVNULL,
            stderr=file,
            check=False,
        )
    assert obeyed((tmp_path / "said.txt").read_text())


def test_a_reader_that_goes_away_ends_the_output_and_not_the_verdict(tmp_path: Path) -> None:
    reading = subprocess.Popen(
        [sys.executable, "-m", "ecoci", "rule"],
        cwd=tmp_path,
        env=clean_environment(tmp_path, **GITHUB),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert reading.stdout is not None
    assert reading.stderr is not None
    with reading.stdout, reading.stderr:
        reading.stdout.close()
        assert reading.stderr.read() == b""
    assert reading.wait(30) == 0


def dumpable(folder: Path, **extra: str) -> str:
    """What the system says of a process that has hidden its variables: 0 where it keeps them to itself."""
    code = (
        "import ctypes; from ecoci.cli_guard import hide_variables; hide_variables(); print(ctypes.CDLL(None).prctl(3))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=clean_environment(folder, **extra),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_on_github_no_other_process_of_the_user_reads_the_variables_of_ecoci(tmp_path: Path) -> None:
    assert dumpable(tmp_path, **GITHUB) == "0"
    assert dumpable(tmp_path) == "1"


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="needs a Python that every user may start")
def test_measured_code_of_the_same_user_cannot_read_the_token_that_ecoci_was_started_with(tmp_path: Path) -> None:
    code = """
import ctypes, os, sys
if sys.argv[1] == "hidden":
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
parent = os.getpid()
if os.fork() == 0:
    try:
        print("ghs_token" in open(f"/proc/{parent}/environ").read())
    except PermissionError:
        print("refused")
else:
    os.wait()
"""
    plain: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    told = []
    for word in ("shown", "hidden"):
        done = subprocess.run(
            ["/usr/bin/env", "python3", "-c", code, word],
            env={"PATH": "/usr/bin:/bin", "TOKEN": "ghs_token"},
            **plain,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        told.append(done.stdout.strip())
    assert told == ["True", "refused"]
