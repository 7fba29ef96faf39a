"""Builds the scripted driver library and runs the real meter on it in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import IO, Any

import pytest

from tests.needs import need

HERE = Path(__file__).parent
SOURCES = ("nvml_stub.c", "card.c", "script.c")
UUID = "GPU-00000001-0000-4000-8000-000000000000"
LIMIT_S = 60.0
"""Real seconds that one driven process may take: longer is a hang."""


def uuid_of(card: int) -> str:
    """The UUID of a card by its index, from 0."""
    return f"GPU-{card + 1:08x}-0000-4000-8000-000000000000"


def compile_stub(folder: Path, compiler: str) -> Path:
    """Compile the stub into `folder` as the driver's library and return the folder."""
    library = folder / "libnvidia-ml.so.1"
    flags = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-Wl,-soname,{library.name}")
    sources = [str(HERE / name) for name in SOURCES]
    subprocess.run([compiler, *flags, "-o", str(library), *sources, "-lm", "-lpthread"], check=True)
    return folder


def find_compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc")


def build_stub(folder: Path) -> Path:
    """Compile the stub into `folder`; skips the test where it cannot be built or loaded."""
    if sys.platform != "linux":
        pytest.skip("the scripted driver library is a Linux one")
    compiler = find_compiler()
    need("" if compiler else "no C compiler (cc, gcc) to build the scripted driver library with")
    return compile_stub(folder, str(compiler))


def write_script(path: Path, script: str) -> None:
    """Put a script in force at once: a driver library whose NVML_STUB_FILE is `path` sees it at its next call."""
    draft = path.with_suffix(".draft")
    draft.write_text(script, encoding="utf-8")
    draft.replace(path)


def stub_environment(libraries: Path, script: str, file: Path, *, virtual: bool = False) -> dict[str, str]:
    """The variables of a process that meets the driver library in `libraries`."""
    time_kept = {"NVML_STUB_TIME": "virtual"} if virtual else {}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NVML_STUB")}
    return {
        **inherited,
        "LD_LIBRARY_PATH": str(libraries),
        "NVML_STUB": script,
        "NVML_STUB_FILE": str(file),
        **time_kept,
    }


def drive(
    libraries: Path, script: str, *command: str, modules: Path | None = None, virtual: bool = False
) -> dict[str, Any]:
    """What `drive.py` answers when the driver library lies in `libraries` and behaves as `script` says.

    With `virtual` the process takes its time from the library, and waits for nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = stub_environment(libraries, script, Path(folder, "script"), virtual=virtual)
        environment["ECOCI_CACHE"] = folder
        if modules is not None:
            environment["PYTHONPATH"] = str(modules)
        done = subprocess.run(
            [sys.executable, str(HERE / "drive.py"), *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


class Driven:
    """Runs commands of `drive.py` in virtual time, each in a fresh copy of one process that has imported everything."""

    def __init__(self, process: subprocess.Popen[str], script_file: Path) -> None:
        self._process = process
        self._script_file = script_file

    def __call__(self, script: str, *command: str) -> dict[str, Any]:
        """What `drive.py` answers when the driver library behaves as `script` says."""
        self._script_file.unlink(missing_ok=True)
        asked, told = _pipes(self._process)
        asked.write(json.dumps({"script": script, "command": command}) + "\n")
        asked.flush()
        assert select([told], [], [], LIMIT_S)[0], f"no answer within {LIMIT_S:g} s: {script!r} {command}"
        answer: dict[str, Any] = json.loads(told.readline() or '{"error": "the server died"}')
        return answer


@contextmanager
def driven(libraries: Path) -> Iterator[Driven]:
    """A `Driven` on the driver library in `libraries`; its process ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        script_file = Path(folder, "script")
        environment = stub_environment(libraries, "", script_file, virtual=True) | {"ECOCI_CACHE": folder}
        process = subprocess.Popen(
            [sys.executable, str(HERE / "drive.py"), "serve"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield Driven(process, script_file)
        finally:
            for pipe in _pipes(process):
                pipe.close()
            process.kill()
            process.wait()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
