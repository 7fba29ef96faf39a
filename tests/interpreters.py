"""Interpreters of users: environments with or without what measuring needs, none of them with ecoci."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

FRAMEWORK = Path(__file__).parent / "framework_stub"


def bare_interpreter(folder: Path) -> Path:
    """Of a new environment in `folder` with nothing in it."""
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


def add_framework(python: Path) -> None:
    """Give its environment the stand-ins of torch and transformers."""
    packages = packages_of(python)
    for file in FRAMEWORK.glob("*.py"):
        (packages / file.name).write_text(file.read_text("utf-8"), encoding="utf-8")
    for found in Path(str(np.__file__)).parents[1].glob("numpy*"):
        (packages / found.name).symlink_to(found)


def do_at_import(python: Path, code: str) -> None:
    """What the stand-in of torch in its environment does besides when it is imported."""
    with (packages_of(python) / "torch.py").open("a", encoding="utf-8") as file:
        file.write(f"\n{code}")


def packages_of(python: Path) -> Path:
    (found,) = python.parents[1].glob("lib/python*/site-packages")
    return found
