"""Runs a composite action step by step under bash as GitHub's runner does, with GitHub's own expressions.

What it does as the runner: defaults of inputs, `if:` with the implied `success()`, `continue-on-error`,
`working-directory`, the environment of a step over that of the job, the files of GITHUB_OUTPUT, ENV, PATH, STATE and
STEP_SUMMARY, commands in the log, masks, outputs of the action, and a cancel: SIGINT to the entry process, SIGTERM
after some seconds, then an end of all.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.action.log import Log
from tests.action.nodes import Engine
from tests.action.runner import Event, Runner, github_variables

PATIENCE_S = (7.5, 2.5)
"""How long the runner waits after SIGINT, and after SIGTERM."""
SUMMARY_BYTES = 1024 * 1024
SHELLS = {
    "bash": ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "{0}"),
    "sh": ("sh", "-e", "{0}"),
}
FILES = {"GITHUB_OUTPUT": "output", "GITHUB_ENV": "env", "GITHUB_PATH": "path", "GITHUB_STATE": "state"}

Contexts = dict[str, Any]
CancelWhen = Callable[[str], bool]
"""Asked with each line of the log as it comes; true cancels the job."""


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step: None as exit code where it was skipped. `signals` were sent to its entry process."""

    name: str
    code: int | None
    outcome: str
    conclusion: str
    outputs: Mapping[str, str]
    duration_s: float
    signals: tuple[str, ...] = ()


@dataclass(slots=True)
class ActionRun:
    """What came of it. `conclusion` is success, failure or cancelled."""

    conclusion: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: Log = field(default_factory=Log)
    steps: list[StepRun] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    """What steps set for later ones through GITHUB_ENV."""
    path: list[str] = field(default_factory=list)
    state: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int | None:
        """Of the last step that ran."""
        return next((step.code for step in reversed(self.steps) if step.code is not None), None)


@dataclass(frozen=True, slots=True)
class Call:
    """A `uses:` step of a workflow: the action's folder, its `with:`, and where and why it runs."""

    action: Path
    runner: Runner
    event: Event = field(default_factory=Event)
    inputs: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    """`env:` of the workflow."""
    cancel_when: CancelWhen | None = None
    patience_s: tuple[float, float] = PATIENCE_S


def run_action(engine: Engine, call: Call) -> ActionRun:
    """Raises `ExpressionError` where GitHub would refuse the action's expressions."""
    definition = read_action(call.action)
    run = ActionRun(log=Log(secrets={call.event.token} - {""}))
    contexts = _contexts(engine, call, definition)
    for number, step in enumerate(definition["runs"]["steps"]):
        done = _run_step(engine, call, step, contexts, run)
        run.steps.append(done)
        if "id" in step:
            contexts["steps"][step["id"]] = {
                "outputs": dict(done.outputs),
                "outcome": done.outcome,
                "conclusion": done.conclusion,
            }
        if done.conclusion in ("failure", "cancelled") and run.conclusion == "success":
            run.conclusion = done.conclusion
        assert number < 50, "an action of so many steps is none of ours"
    values = {name: one["value"] for name, one in definition.get("outputs", {}).items()}
    run.outputs = dict(zip(values, engine.fill(list(values.values()), contexts), strict=True))
    return run


def read_action(folder: Path) -> Contexts:
    """With all scalars as the texts that stand there, which is what GitHub makes of them."""
    found: Contexts = yaml.load((folder / "action.yml").read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 - texts only
    assert found["runs"]["using"] == "composite"
    return found


def _contexts(engine: Engine, call: Call, definition: Contexts) -> Contexts:
    variables = github_variables(call.event, call.runner)
    github = {name.removeprefix("GITHUB_").lower(): value for name, value in variables.items() if "GITHUB_" in name}
    contexts: Contexts = {
        "github": {**github, "event": dict(call.event.payload), "token": call.event.token},
        "runner": {"os": "Linux", "temp": str(call.runner.temp), "environment": variables["RUNNER_ENVIRONMENT"]},
        "env": dict(call.environment),
        "job": {"status": "success"},
        "strategy": {},
        "matrix": {},
        "steps": {},
        "inputs": {},
    }
    declared = definition.get("inputs", {})
    unknown = set(call.inputs) - set(declared)
    assert not unknown, f"GitHub warns of inputs that the action does not declare: {unknown}"
    defaults = engine.fill([one.get("default", "") for one in declared.values()], contexts)
    contexts["inputs"] = {**dict(zip(declared, defaults, strict=True)), **call.inputs}
    return contexts


def _run_step(engine: Engine, call: Call, step: Contexts, contexts: Contexts, run: ActionRun) -> StepRun:
    name = str(step.get("name", step.get("id", "a step")))
    assert "run" in step, f"{name}: only steps with `run:` are known here"
    contexts["env"] = {**call.environment, **run.environment}
    names, values = list(step.get("env", {})), list(step.get("env", {}).values())
    if not engine.is_met(step.get("if", ""), contexts, run.conclusion):
        return StepRun(name, None, "skipped", "skipped", {}, 0.0)
    filled = engine.fill([step["run"], step.get("working-directory", ""), *values], contexts, run.conclusion)
    script, folder, *values = filled
    process = _Process(call, run, _step_variables(call, run, dict(zip(names, values, strict=True))))
    return process.run(name, step, script, folder)


def _step_variables(call: Call, run: ActionRun, own: Mapping[str, str]) -> dict[str, str]:
    machine = call.runner.environment()
    path = os.pathsep.join((*reversed(run.path), machine["PATH"]))
    return {
        **machine,
        "PATH": path,
        **call.environment,
        **run.environment,
        **own,
        **github_variables(call.event, call.runner),
        "GITHUB_ACTION_PATH": str(call.action),
    }


class _Process:
    """One step as a process, and what it leaves in the files that the runner gave it."""

    def __init__(self, call: Call, run: ActionRun, variables: dict[str, str]) -> None:
        self._call, self._run = call, run
        self._files = self._fresh_files()
        self._variables = {**variables, **{name: str(path) for name, path in self._files.items()}}
        self._signals: list[str] = []

    def run(self, name: str, step: Contexts, script: str, folder: str) -> StepRun:
        started_s = time.monotonic()
        code = self._execute(step["shell"], script, self._call.runner.workspace / folder)
        problem = self._collect()
        outcome = "cancelled" if self._signals else "success" if code == 0 and not problem else "failure"
        forgiven = step.get("continue-on-error") == "true" and outcome == "failure"
        outputs = _pairs(self._files["GITHUB_OUTPUT"].read_text("utf-8")) if not problem else {}
        duration_s = time.monotonic() - started_s
        signals = tuple(self._signals)
        return StepRun(name, code, outcome, "success" if forgiven else outcome, outputs, duration_s, signals)

    def _fresh_files(self) -> dict[str, Path]:
        folder = self._call.runner.temp / "_runner_file_commands"
        folder.mkdir(exist_ok=True)
        unique = uuid.uuid4()
        names = {**FILES, "GITHUB_STEP_SUMMARY": "step_summary"}
        files = {name: folder / f"{word}_{unique}" for name, word in names.items()}
        for file in files.values():
            file.touch()
        return files

    def _execute(self, shell: str, script: str, folder: Path) -> int:
        file = self._call.runner.temp / f"{uuid.uuid4()}.sh"
        file.write_text(script + "\n", encoding="utf-8")
        command = [part.replace("{0}", str(file)) for part in SHELLS.get(shell, tuple(shell.split()))]
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert child.stdout is not None
        canceller: threading.Thread | None = None
        with child.stdout:
            for raw in child.stdout:
                line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
                self._run.log.add(line)
                if canceller is None and self._call.cancel_when is not None and self._call.cancel_when(line):
                    canceller = threading.Thread(target=self._cancel, args=(child,))
                    canceller.start()
        if canceller is not None:
            canceller.join()
        return child.wait()

    def _cancel(self, child: subprocess.Popen[bytes]) -> None:
        """While what is printed goes on being read: a child that waits for its reader could not end."""
        for number, patience_s in zip((signal.SIGINT, signal.SIGTERM), self._call.patience_s, strict=True):
            self._signals.append(number.name)
            child.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                child.wait(patience_s)
                return
        self._signals.append(signal.SIGKILL.name)
        os.killpg(child.pid, signal.SIGKILL)

    def _collect(self) -> str:
        """Take over what later steps see; returns what the runner complains about, which fails the step."""
        self._run.path.extend(self._files["GITHUB_PATH"].read_text("utf-8").splitlines())
        summary = self._files["GITHUB_STEP_SUMMARY"]
        if summary.stat().st_size > SUMMARY_BYTES:
            self._run.log.add("::error::the summary is larger than 1 MiB and is not shown")
        else:
            self._run.summary += summary.read_text("utf-8")
        try:
            self._run.environment |= self._allowed(_pairs(self._files["GITHUB_ENV"].read_text("utf-8")))
            self._run.state |= _pairs(self._files["GITHUB_STATE"].read_text("utf-8"))
            _pairs(self._files["GITHUB_OUTPUT"].read_text("utf-8"))
        except ValueError as error:
            self._run.log.add(f"::error::{error}")
            return str(error)
        return ""

    def _allowed(self, variables: dict[str, str]) -> dict[str, str]:
        if "NODE_OPTIONS" in variables:
            raise ValueError("NODE_OPTIONS cannot be set through GITHUB_ENV")
        return variables


def _pairs(text: str) -> dict[str, str]:
    """`name=value` and `name<<END`, value, `END`. Raises `ValueError` as the runner refuses them."""
    return dict(_read_pairs(iter(text.split("\n"))))


def _read_pairs(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        block = re.fullmatch(r"([^=]+?)<<(.+)", line)
        if block:
            yield block[1], "\n".join(_until(block[2], lines))
        elif "=" in line:
            name, _, value = line.partition("=")
            yield name, value
        elif line:
            raise ValueError(f"Invalid format '{line}'")


def _until(end: str, lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == end:
            return
        yield line
    raise ValueError(f"Matching delimiter not found '{end}'")
