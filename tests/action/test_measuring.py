"""The action measures: action.yml under bash, ecoci itself, the real NVML binding on the scripted driver."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ecoci.codec import loads
from ecoci.measure import measure_run
from ecoci.model import Baseline, JobResult
from ecoci.store import load_result
from tests.action.harness import ActionRun, Call, CancelWhen, run_action
from tests.action.nodes import Engine
from tests.action.runner import REPOSITORY, TOKEN, Event, Runner, make_action
from tests.integration.command_line import with_gpu
from tests.interpreters import add_framework, bare_interpreter, do_at_import
from tests.repositories import Repository, new_repository

pytestmark = pytest.mark.node

SPEC = """\
version: 1
scenarios:
  - {{name: tiny, model: 'synthetic:tiny', runs: 1, windows: {windows}, window_s: 0.5, host: as_is}}
"""
LONG = 100
"""Windows that nobody waits for."""
SOME_WINDOWS_S = 3.0
HOSTILE = """
import os
with open({told!r}, "w") as file:
    print("torch was imported", *(f"{{name}}={{value}}" for name, value in os.environ.items()), sep="\\n", file=file)
for line in ("::error::forged", "::add-mask::energy", "::stop-commands::all", "##[error]forged", "verdict=PASS"):
    print(line, flush=True)
    os.write(2, line.encode() + b"\\n")
"""


@dataclass(frozen=True, slots=True)
class GpuRunner:
    """A self-hosted runner with a card, an interpreter with torch, and a checkout."""

    engine: Engine
    runner: Runner
    action: Path
    repository: Repository
    python: Path

    @property
    def out(self) -> Path:
        return self.runner.workspace / "ecoci-out"

    def job(self) -> JobResult:
        return load_result(self.out / "result.json")

    def run(self, name: str, mode: str, cancel_when: CancelWhen | None = None) -> ActionRun:
        payload: dict[str, Any] = {"repository": {"full_name": REPOSITORY, "private": True}}
        sha = self.repository.git("rev-parse", "HEAD")
        event = Event(name, payload, "refs/heads/main", sha, variables={"RUNNER_TRACKING_ID": "github_1"})
        given = {"mode": mode, "ecoci-path": sys.prefix, "measure-python": str(self.python)}
        return run_action(self.engine, Call(self.action, self.runner, event, given, cancel_when=cancel_when))

    def processes(self) -> list[str]:
        """Command lines of all that runs with the interpreter."""
        found = []
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                found.append(place.read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return [line for line in found if str(self.python) in line]


def make_gpu_runner(engine: Engine, driver: Path, folder: Path) -> GpuRunner:
    variables = with_gpu(driver, "power=120 tick_ms=20")
    del variables["PYTHONPATH"]
    runner = Runner(folder / "a runner with spaces, and é", is_self_hosted=True, variables=variables)
    repository = new_repository(runner.folder / "_work/repo/repo")
    repository.commit(ecoci_yml=SPEC.format(windows=1))
    python = bare_interpreter(folder / "torch env")
    add_framework(python)
    return GpuRunner(engine, runner, make_action(runner, stand_in=False), repository, python)


@pytest.fixture
def gpu(engine: Engine, driver: Path, tmp_path: Path) -> GpuRunner:
    return make_gpu_runner(engine, driver, tmp_path)


@dataclass(frozen=True, slots=True)
class Night:
    """A night on which measured code tells what it sees, and tries to speak to the runner."""

    gpu: GpuRunner
    run: ActionRun
    told: str


def whole_night(driver: Path, folder: Path) -> Night:
    engine = Engine()
    try:
        gpu = make_gpu_runner(engine, driver, folder)
        do_at_import(gpu.python, HOSTILE.format(told=str(folder / "told")))
        run = gpu.run("schedule", "nightly")
    finally:
        engine.close()
    return Night(gpu, run, (folder / "told").read_text("utf-8"))


@pytest.fixture(scope="module")
def begun(engine: Engine, driver: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[Night]]:
    """A night that goes on while another job runs: both wait most of their time."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(whole_night, driver, tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def night(begun: Future[Night]) -> Night:
    return begun.result()


@pytest.mark.usefixtures("begun")
def test_a_cancel_in_mid_measure_ends_what_is_measured_and_keeps_its_numbers(gpu: GpuRunner) -> None:
    gpu.repository.commit(ecoci_yml=SPEC.format(windows=LONG))
    seen: list[str] = []

    def after_some_windows(line: str) -> bool:
        if f"measuring 0/{LONG}" not in line:
            return False
        seen.extend(gpu.processes())
        time.sleep(SOME_WINDOWS_S)
        return True

    run = gpu.run("schedule", "nightly", after_some_windows)
    assert (run.code, run.steps[0].signals, run.conclusion) == (130, ("SIGINT",), "cancelled"), run.log.text
    assert seen
    assert gpu.processes() == []
    (done,) = gpu.job().results
    assert 1 <= len(done.runs[0].windows) < LONG
    assert not gpu.job().complete
    assert "cut short" in run.summary
    assert not (gpu.runner.workspace / "baselines").exists()


def test_a_night_measures_the_card_and_what_it_measured_is_the_baseline(night: Night) -> None:
    run, workspace = night.run, night.gpu.runner.workspace
    assert (run.code, run.conclusion) == (0, "success"), run.log.text
    (baseline,) = (workspace / "baselines").rglob("*.json")
    assert len(loads(baseline.read_text("utf-8"), Baseline, source=str(baseline)).observations) == 1
    (done,) = night.gpu.job().results
    total = measure_run(done.runs[0]).total
    assert total is not None
    assert float(run.outputs["energy-per-token-joules"]) == pytest.approx(total.energy_per_token_j, rel=1e-5)
    assert (workspace / run.outputs["report-path"]).is_file()
    assert "tiny" in run.summary


def test_measured_code_sees_no_token_and_no_file_of_the_runner(night: Night) -> None:
    variables = dict(line.partition("=")[::2] for line in night.told.splitlines()[1:])
    assert variables["RUNNER_TRACKING_ID"] == "github_1"
    files = {"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_TOKEN"}
    assert not [name for name in variables if name in files or name.startswith(("ACTIONS_", "ECOCI_INPUT_"))]
    assert TOKEN not in night.told


def test_what_measured_code_prints_is_no_command_of_the_runner(night: Night) -> None:
    assert (night.run.log.commands, night.run.log.annotations) == ([], [])
    assert "forged" not in night.run.summary
    assert night.run.outputs["verdict"] == "NOT_MEASURABLE"
