"""Starts action/start.sh without GitHub's parts around it: what needs no expression needs no Node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from action.wheels import checked_wheels, keep, read_lock
from tests.action.runner import TOKEN, Event, Runner, github_variables, make_action
from tests.action.wheels import lock_of, make_wheel, offline_index
from tests.workflows import BASH

LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Started:
    """A start that ended. `told` is what the stand-in told; None where it never ran."""

    code: int
    log: str
    summary: str
    told: dict[str, Any] | None

    @property
    def facts(self) -> dict[str, Any]:
        assert self.told is not None, f"ecoci never ran:\n{self.log}"
        return self.told


@dataclass(frozen=True, slots=True)
class Place:
    """A runner and the action on it. `packages` is the folder that its package index is made of."""

    runner: Runner
    action: Path
    packages: Path

    def start(self, *arguments: str, **inputs: str) -> Started:
        """Inputs by their names with underscores. The interpreter is that of the tests, unless one is named."""
        told, summary = self.runner.folder / "told", self.runner.folder / "summary.md"
        given = {"mode": "audit", "python": sys.executable, "token": TOKEN, "replay": str(told), **inputs}
        event = Event(inputs.pop("event", "pull_request"))
        variables = {
            **self.runner.environment(),
            **{f"ECOCI_INPUT_{name.upper()}": value for name, value in given.items() if name != "event"},
            **github_variables(event, self.runner),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_OUTPUT": str(self.runner.folder / "output"),
            "GITHUB_ACTION_PATH": str(self.action),
        }
        command = [BASH, "-p", str(self.action / "action" / "start.sh"), *(arguments or ("action",))]
        done = subprocess.run(
            command,
            cwd=self.runner.workspace,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        file = told / "told.json"
        facts = json.loads(file.read_text("utf-8")) if file.exists() else None
        return Started(done.returncode, done.stdout, summary.read_text("utf-8") if summary.exists() else "", facts)

    def on(self, **variables: str) -> Place:
        """The same with other variables of the machine on top."""
        mine = {**self.runner.variables, **variables}
        return replace(self, runner=replace(self.runner, variables=mine))

    def self_hosted(self) -> Place:
        return replace(self, runner=replace(self.runner, is_self_hosted=True))

    def prepared(self) -> Place:
        """The same as a self-hosted runner on which a job ran before: a start takes half a second then."""
        lock = read_lock(self.action / "constraints" / "action-light.txt")
        keep(checked_wheels(self.packages, lock), self.runner.tools / "ecoci", lock)
        return self.self_hosted()


def make_place(folder: Path) -> Place:
    """A runner whose package index holds `parcel`, which the stand-in's lock names."""
    packages = folder.parent / "index"  # pip reads several places between spaces
    wheel = make_wheel(packages, "parcel")
    runner = Runner(folder, variables={"PATH": path_without("uv"), **offline_index(packages)})
    return Place(runner, make_action(runner, lock=lock_of(wheel)), packages)


def path_without(program: str) -> str:
    """PATH but for the folders that have the program."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(one for one in folders if not Path(one, program).exists())


def programs(folder: Path, **scripts: str) -> str:
    """A folder for PATH with shell scripts in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, script in scripts.items():
        file = folder / name.replace("_", ".")
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
    return str(folder)
