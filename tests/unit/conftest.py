"""Fixtures of several files of unit tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecoci.store import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "out", tmp_path / "baselines")
