"""Workflow files as what they say: jobs, steps and the actions that they use."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests import ROOT

BASH = shutil.which("bash") or "/bin/bash"
SHIPPED = ROOT / "ecoci" / "actions" / "workflows"
EXAMPLES = ROOT / "examples" / "workflows"
OWN = ROOT / ".github" / "workflows"
USES = re.compile(r"^\s*(?:- )?uses: (?P<action>[^@\s]+)@(?P<ref>\S+)(?: # (?P<version>\S+))?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Workflow:
    """One file, its text and what a YAML parser reads of it."""

    file: Path
    text: str
    content: dict[Any, Any]

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        jobs: dict[str, dict[str, Any]] = self.content["jobs"]
        return jobs

    @property
    def triggers(self) -> set[str]:
        """YAML 1.1 takes the word `on` for a truth."""
        on = self.content[True]
        return {on} if isinstance(on, str) else set(on)

    @property
    def steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(name of the job, step)"""
        for name, job in self.jobs.items():
            for step in job.get("steps", ()):
                yield name, step

    def uses_of(self, action: str) -> list[tuple[str, dict[str, Any]]]:
        """(name of the job, inputs) of each step that uses the action, whatever its version."""
        found = ((name, step) for name, step in self.steps if step.get("uses", "").partition("@")[0] == action)
        return [(name, step.get("with", {})) for name, step in found]


def read_workflow(file: Path) -> Workflow:
    text = file.read_text("utf-8")
    return Workflow(file, text, yaml.safe_load(text))


def workflows_in(*folders: Path) -> list[Workflow]:
    return [read_workflow(file) for folder in folders for file in sorted(folder.glob("*.yml"))]
