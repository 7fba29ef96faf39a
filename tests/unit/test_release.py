"""A tag becomes a release only where every version agrees and the changelog says what is new."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests import ROOT

SCRIPT = ROOT / ".ci" / "release.py"
CHANGELOG = """# Changelog

All changes.

## [1.2.0] - 2026-11-21

### Added

- Something new.

## [1.1.0] - 2026-01-02

- Something old.
"""


def load() -> ModuleType:
    found = importlib.util.spec_from_file_location("release", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


release = load()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that is ready for the release of 1.2.0."""
    files = {
        "ecoci/__init__.py": '"""It."""\n\n__version__ = "1.2.0"\n',
        "CITATION.cff": "cff-version: 1.2.0\nversion: 1.2.0\n",
        "CHANGELOG.md": CHANGELOG,
    }
    for name, text in files.items():
        tmp_path.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(name).write_text(text, encoding="utf-8")
    return tmp_path


def said(project: Path, tag: str = "v1.2.0") -> str:
    return "\n".join(release.complaints(tag, project))


def test_what_agrees_may_be_released(project: Path) -> None:
    assert said(project) == ""


@pytest.mark.parametrize("tag", ["1.2.0", "v1.2", "v1.2.0-rc1", "v01.2.0", "v1.2.0\n", "release", ""])
def test_a_tag_that_is_no_version_is_refused(project: Path, tag: str) -> None:
    assert "is no version of the form v1.2.3" in said(project, tag)


@pytest.mark.parametrize(
    "name",
    ["ecoci/__init__.py", "CITATION.cff"],
)
def test_each_place_that_tells_another_version_is_named(project: Path, name: str) -> None:
    file = project / name
    file.write_text(file.read_text().replace("1.2.0", "1.1.9"))
    assert said(project) == f"{name} tells 1.1.9, and 1.2.0 is released"
    file.write_text("")
    assert said(project) == f"{name} tells no version, and 1.2.0 is released"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("- 2026-11-21", "- unreleased", "tells no day for 1.2.0"),
        ("- 2026-11-21", "- 2026-02-30", "tells no day for 1.2.0"),
        (" - 2026-11-21", "", "tells no day for 1.2.0"),
        ("## [1.2.0]", "## [Unreleased]\n\n- More.\n\n## [1.2.0]", "begins with Unreleased"),
        ("## [1.2.0] - 2026-11-21", "## [1.3.0] - 2026-11-21", "begins with 1.3.0"),
        ("## [1.1.0]", "## [1.2.0]", "has 1.2.0 twice"),
        ("- Something new.", "", "says nothing of 1.2.0"),
        (CHANGELOG, "", "begins with nothing"),
    ],
)
def test_a_changelog_that_does_not_tell_of_the_release_holds_it_back(
    project: Path, old: str, new: str, words: str
) -> None:
    (project / "CHANGELOG.md").write_text(CHANGELOG.replace(old, new, 1))
    assert words in said(project)


def test_the_notes_are_what_the_changelog_says_of_that_version_alone() -> None:
    assert release.notes("1.2.0", CHANGELOG) == "### Added\n\n- Something new.\n"
    assert release.notes("1.1.0", CHANGELOG) == "- Something old.\n"
    assert release.notes("9.9.9", CHANGELOG) == ""


@pytest.mark.parametrize(
    ("tag", "others", "moves"),
    [
        ("v0.1.0", "", True),
        ("v0.2.0", "v0.1.0 v1", True),
        ("v1.0.0", "v0.9.9 v0.10.0", True),
        ("v1.10.0", "v1.9.0 v1.10.0 nightly v2", True),
        ("v1.2.1", "v1.2.0 v2.0.0", True),
        ("v2.0.0", "v1.2.0", False),
        ("v0.1.2", "v0.2.0", False),
        ("v1.9.1", "v1.10.0", False),
        ("v1.2.0-rc1", "", False),
        ("v1", "", False),
    ],
)
def test_v1_moves_to_no_later_major_and_never_back(tag: str, others: str, moves: bool) -> None:
    assert release.moves_v1(tag, [*others.split(), tag]) is moves
    command = [sys.executable, str(SCRIPT), "moves", tag]
    done = subprocess.run(command, input="\n".join(others.split()), capture_output=True, text=True, check=True)
    assert done.stdout == f"{str(moves).lower()}\n"


def test_the_script_ends_with_1_and_says_why_on_this_project_as_it_is() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "check", "v99.0.0"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ecoci/__init__.py tells" in done.stderr
    assert "99.0.0 is released" in done.stderr


def test_without_a_command_it_says_how_it_is_used() -> None:
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "release.py check v1.2.3" in done.stderr


def test_every_workflow_and_script_is_in_the_built_package(tmp_path: Path) -> None:
    built = Path(next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])))
    with zipfile.ZipFile(built) as opened:
        names = set(opened.namelist())
    shipped = [*ROOT.glob("ecoci/actions/workflows/*.yml"), *ROOT.glob("ecoci/actions/hooks/*.sh")]
    assert shipped
    assert {str(file.relative_to(ROOT)) for file in shipped} <= names
