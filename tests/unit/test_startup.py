"""The command line starts fast because help loads no heavy library. Names are exact where a time would be noise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import command_paths

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("accelerate", "bitsandbytes", "numpy", "pandas", "pynvml", "requests"),
    *("rich", "safetensors", "scipy", "torch", "transformers", "yaml"),
}
HELP_PAGES = (("--help",), ("--version",), *((*words, "--help") for words in command_paths()))


def imported_by(*arguments: str) -> set[str]:
    """Top-level names of everything that a fresh interpreter loads for `arguments`."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = (line.rpartition("|")[2] for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {name.strip().split(".")[0] for name in lines}


@pytest.mark.parametrize("page", HELP_PAGES, ids=" ".join)
def test_no_heavy_library_is_loaded_to_show_a_help_page(page: tuple[str, ...]) -> None:
    assert imported_by("-m", "ecoci", *page) & HEAVY == set()


def test_the_listing_does_show_a_library_that_is_loaded() -> None:
    assert "yaml" in imported_by("-c", "def late():\n    import yaml.nodes\nlate()")


def test_help_works_where_the_gpu_extra_is_not_installed() -> None:
    absent = "import sys; sys.modules.update(dict.fromkeys(['torch', 'transformers', 'bitsandbytes', 'accelerate']))"
    program = f"{absent}; sys.argv = ['ecoci', 'run', '--help']; from ecoci.__main__ import main; main()"
    assert "ecoci" in imported_by("-c", program)
