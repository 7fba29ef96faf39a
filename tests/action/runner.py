"""Folders and variables of a runner, and an action with a stand-in for ecoci in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import ROOT

STAND_IN = Path(__file__).with_name("stand_in.py")
TOKEN = "ghs_" + "aBcD1234" * 4
REPOSITORY = "octo-org/octo-repo"
LOADS = "from transformers import AutoModelForCausalLM as A\nm = A.from_pretrained('x/y-8B', load_in_8bit=True)\n"
"""A file in which the audit finds something."""


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner below one folder. `variables` are those of its machine, on top of a bare set."""

    folder: Path
    is_self_hosted: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self._made("_work/repo/repo")

    @property
    def temp(self) -> Path:
        return self._made("_work/_temp")

    @property
    def tools(self) -> Path:
        return self._made("_work/_tool")

    @property
    def home(self) -> Path:
        return self._made("home")

    def environment(self) -> dict[str, str]:
        """What the runner's machine gives to every step. The tests' own variables are left out, but for PATH."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", **self.variables}

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True, slots=True)
class Event:
    """What started the job. `variables` are set on top of the defaults of GitHub."""

    name: str = "pull_request"
    payload: Mapping[str, Any] = field(default_factory=dict)
    ref: str = "refs/pull/2/merge"
    sha: str = "d" * 40
    token: str = TOKEN
    variables: Mapping[str, str] = field(default_factory=dict)


def github_variables(event: Event, runner: Runner) -> dict[str, str]:
    """The defaults of GitHub, which a step cannot change."""
    payload = runner.temp / "_github_workflow" / "event.json"
    payload.parent.mkdir(exist_ok=True)
    payload.write_text(json.dumps(event.payload), encoding="utf-8")
    repository = event.payload.get("repository", {}).get("full_name", REPOSITORY)
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_EVENT_NAME": event.name,
        "GITHUB_EVENT_PATH": str(payload),
        "GITHUB_JOB": "energy",
        "GITHUB_REF": event.ref,
        "GITHUB_REPOSITORY": repository,
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "1589141559",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": event.sha,
        "GITHUB_WORKFLOW": "energy",
        "GITHUB_WORKSPACE": str(runner.workspace),
        "RUNNER_ENVIRONMENT": "self-hosted" if runner.is_self_hosted else "github-hosted",
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": str(runner.temp),
        "RUNNER_TOOL_CACHE": str(runner.tools),
        **event.variables,
    }


def make_action(runner: Runner, *, stand_in: bool = True, lock: str = "") -> Path:
    """The action as the runner unpacks it, outside of the workspace.

    With a stand-in it holds no ecoci but a program that tells how it was started, and locks `lock` instead of the real
    packages.
    """
    folder = runner.folder / "_work" / "_actions" / "ecocompute" / "ecoci" / "v1"
    shutil.copytree(ROOT / "action", folder / "action", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "constraints", folder / "constraints")
    shutil.copy(ROOT / "action.yml", folder)
    if not stand_in:
        shutil.copytree(ROOT / "ecoci", folder / "ecoci", ignore=shutil.ignore_patterns("__pycache__"))
        return folder
    make_stand_in(folder)
    for name in ("action-light.txt", "action-full.txt"):
        (folder / "constraints" / name).write_text(lock, encoding="utf-8")
    return folder


def make_stand_in(folder: Path) -> None:
    """The package `ecoci` that tells how it was started, below `folder`."""
    package = folder / "ecoci"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    shutil.copy(STAND_IN, package / "__main__.py")


def digest(folder: Path) -> str:
    """Of names, kinds and contents of everything in the folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else str(path.readlink()).encode() if path.is_symlink() else b""
        found.update(f"{path.relative_to(folder)}\0{path.lstat().st_mode}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing may be written there. Root may all the same, so what is in it is held against what was before."""
    before = [(path, path.stat().st_mode) for path in (folder, *folder.rglob("*"))]
    for path, mode in before:
        path.chmod(mode & ~0o222)
    frozen = digest(folder)
    try:
        yield
        assert digest(folder) == frozen, f"something was written to {folder}"
    finally:
        for path, mode in before:
            path.chmod(mode)
