"""Builds the scripted driver library and runs the real meter on it in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
UUID = "GPU-00000001-0000-4000-8000-000000000000"


def build_stub(folder: Path) -> Path:
    """Compile the stub into `folder`; skips the test where it cannot be built or loaded."""
    if sys.platform != "linux":
        pytest.skip("the scripted driver library is a Linux one")
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler (cc, gcc) to build the scripted driver library with")
    library = folder / "libnvidia-ml.so.1"
    flags = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC")
    subprocess.run([compiler, *flags, "-o", str(library), str(HERE / "nvml_stub.c")], check=True)
    return folder


def drive(libraries: Path, script: str, *command: str, modules: Path | None = None) -> dict[str, Any]:
    """What `drive.py` answers when the driver library lies in `libraries` and behaves as `script` says."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries), "NVML_STUB": script}
    if modules is not None:
        environment["PYTHONPATH"] = str(modules)
    done = subprocess.run(
        [sys.executable, str(HERE / "drive.py"), *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
