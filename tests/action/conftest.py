"""What the tests of the action share: a runner of their own, with and without packages on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.action.runner import Runner
from tests.action.starts import Place, make_place


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "runner")


@pytest.fixture
def fresh(tmp_path: Path) -> Place:
    """A runner on which nothing was installed before."""
    return make_place(tmp_path / "a runner with spaces, and é")


@pytest.fixture
def place(fresh: Place) -> Place:
    """A runner that has the packages from an earlier job."""
    return fresh.prepared()
