"""The command line starts fast because help loads no heavy library. Names are exact where a time would be noise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ecoci import model
from tests import ROOT
from tests.commands import command_paths

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


def left_by(program: str) -> set[str]:
    """Full names of the modules that are there when a program ends."""
    told = "import atexit, sys; atexit.register(lambda: print(*sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{told}; {program}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("page", HELP_PAGES, ids=" ".join)
def test_no_heavy_library_is_loaded_to_show_a_help_page(page: tuple[str, ...]) -> None:
    assert imported_by("-m", "ecoci", *page) & HEAVY == set()


def test_the_listing_does_show_a_library_that_is_loaded() -> None:
    assert "yaml" in imported_by("-c", "def late():\n    import yaml.nodes\nlate()")


def test_help_works_where_the_gpu_extra_is_not_installed() -> None:
    absent = "import sys; sys.modules.update(dict.fromkeys(['torch', 'transformers', 'bitsandbytes', 'accelerate']))"
    program = f"{absent}; sys.argv = ['ecoci', 'run', '--help']; from ecoci.__main__ import main; main()"
    assert "ecoci" in imported_by("-c", program)


def test_an_audit_that_finds_no_candidate_loads_neither_rules_nor_files_of_measurements(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("print(1)\n", encoding="utf-8")
    loaded = left_by(f"sys.argv = ['ecoci', 'audit', {str(tmp_path)!r}]; from ecoci.__main__ import main; main()")
    assert "ecoci.audit_run" in loaded
    assert {name.split(".")[0] for name in loaded} & HEAVY == set()
    assert loaded & {"ecoci.audit.rules", "ecoci.codec", "ecoci.model.result", "ecoci.model.report"} == set()


def test_a_name_of_the_model_loads_the_modules_up_to_its_own() -> None:
    assert "ecoci.model.scenario" not in left_by("from ecoci.model import Finding, Reason")
    assert "ecoci.model.scenario" in left_by("from ecoci.model import Scenario")


def test_the_model_has_every_name_that_it_lists_and_no_other() -> None:
    assert all(hasattr(model, name) for name in model.__all__)
    imported_there = "dataclass"
    with pytest.raises(AttributeError, match="has no attribute 'dataclass'"):
        getattr(model, imported_there)
