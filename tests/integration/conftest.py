"""Fixtures of the tests that call the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.action_sites import Site, make_site
from tests.integration.command_line import MEANINGFUL, PLAIN, Shell
from tests.nvml_stub import Driven, driven


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line in an empty folder, with no variable set that changes what it does."""
    for name in [name for name in os.environ if name.startswith(MEANINGFUL)]:
        monkeypatch.delenv(name)
    for name, value in {**PLAIN, "ECOCI_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


@pytest.fixture(scope="session")
def card(driver: Path) -> Iterator[Driven]:
    """Answers in virtual time, of a process that has imported everything."""
    with driven(driver) as commands:
        yield commands


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The action goes to the checkout, and the tests come back."""
    monkeypatch.chdir(tmp_path)
    return make_site(tmp_path)


@pytest.fixture
def no_user_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """git without what the user of this machine has set up."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path_factory.mktemp("home") / "gitconfig"))
