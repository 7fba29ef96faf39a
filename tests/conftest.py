"""Options and fixtures that all tests share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.action.nodes import Engine
from tests.nvml_stub import build_stub
from tests.users import without_override

GOLDEN = Path(__file__).parent / "golden"
# rewriting the asserts takes ten seconds; where PYTHONDONTWRITEBYTECODE is set, every worker would do so every time
sys.dont_write_bytecode = False
collect_ignore = ["data"]
"""Its files named like tests are what the audit reads in tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="Write the golden files anew; review them in the diff."
    )
    parser.addoption("--fuzz-examples", type=int, default=100, help="How many files each fuzz test of the audit makes.")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector need not look through it in every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files shall be written anew."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def check_golden(update_golden: bool) -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name, or writes the file when asked to."""

    def check(name: str, found: str) -> None:
        file = GOLDEN / name
        if update_golden:
            file.write_text(found, encoding="utf-8")
        assert file.exists(), f"no golden file {name}: run pytest --update-golden and review it"
        assert found == file.read_text(encoding="utf-8")

    return check


@pytest.fixture
def no_override() -> Iterator[None]:
    """Permissions of files count, whoever runs the tests."""
    with without_override():
        yield


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """GitHub's expression engine."""
    made = Engine()
    yield made
    made.close()


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scripted driver library."""
    return build_stub(tmp_path_factory.mktemp("driver"))
