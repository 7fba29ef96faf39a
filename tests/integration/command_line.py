"""Calls the command line as a user does: in this process where that is enough, in one of its own where it is not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Self

import pytest

from ecoci import pipeline
from ecoci.__main__ import _run
from ecoci.confirm import paired_as
from ecoci.launchers.inline import InlineLauncher
from ecoci.meters.synthetic import BOARD
from ecoci.model import JobResult, PairPlan, Provenance, Scenario, Spec
from ecoci.screen import LEAST_JOBS
from ecoci.store import FolderStore
from tests import ROOT
from tests.interpreters import FRAMEWORK
from tests.paired import confirmed, planned
from tests.simulated import Heard, World, scenario

SPEC = 'version: 1\nscenarios:\n  - {name: tiny, model: "synthetic:tiny", windows: 2}\n'
"""What `tests.simulated.scenario` is, as a file."""
QUICK = 'version: 1\nscenarios:\n  - {name: tiny, model: "synthetic:tiny", runs: 1, windows: 1, window_s: 0.5}\n'
PLAIN = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
MEANINGFUL = ("CI", "GITHUB_", "ECOCI_", "CUDA_", "NVML_", "HF_", "XDG_", "PYTHON", "FRAMEWORK_")
"""Beginnings of variables that change what ecoci does."""
GPU_EXTRA = ("torch", "transformers", "accelerate", "bitsandbytes", "safetensors")

_ACCEPTED: dict[tuple[Scenario, ...], dict[str, str]] = {}
"""The files of deep baselines, by their scenarios."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended; `said` is everything it wrote, with line breaks as spaces."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return " ".join(f"{self.out}\n{self.err}".split())


class Shell:
    """Calls `ecoci` in this process, in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Done:
        self._capsys.readouterr()
        code = _run([str(argument) for argument in arguments])
        written = self._capsys.readouterr()
        return Done(code, written.out, written.err)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def measured(self, name: str, world: World, *scenarios: Scenario) -> Path:
        """The file of a job that measured `scenarios` in `world`, in the folder `name`."""
        job, out = measured(self.folder / name, world, *scenarios)
        assert job.complete
        return out

    def deep(self, *scenarios: Scenario) -> None:
        """A baseline of as many jobs as it takes to say something, for each scenario; accepted once for all tests."""
        if scenarios not in _ACCEPTED:
            self._accept_jobs(scenarios)
            files = (self.folder / "baselines").rglob("*.json")
            _ACCEPTED[scenarios] = {str(file.relative_to(self.folder)): file.read_text("utf-8") for file in files}
        for name, text in _ACCEPTED[scenarios].items():
            self.write(name, text)

    def _accept_jobs(self, scenarios: tuple[Scenario, ...]) -> None:
        assert not (self.folder / "baselines").exists(), "there is more than what is accepted here"
        for number in range(LEAST_JOBS):
            power_w = 200.0 * (1.0 + 0.002 * (number % 3))
            self("baseline", "accept", self.measured("base", World(power_w, seed=100 + number), *scenarios))

    def paired(self, name: str, base: World, head: World) -> Path:
        """The file of a confirmation of both worlds, in the folder `name`."""
        confirmed(planned(paired_as(PairPlan(), scenario(), scenario())), base, head, self.folder / name)
        return self.folder / name / "pairs.json"


def clean_environment(folder: Path, **extra: str) -> dict[str, str]:
    """The variables of this process without those that change what ecoci does, and with a cache of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(MEANINGFUL)}
    return {**kept, **PLAIN, "ECOCI_CACHE": str(folder / "cache"), **extra}


def start(folder: Path, *arguments: str, **extra: str) -> subprocess.Popen[str]:
    """Start `python -m ecoci` in `folder`; `extra` are environment variables."""
    return subprocess.Popen(
        [sys.executable, "-m", "ecoci", *arguments],
        cwd=folder,
        env=clean_environment(folder, **extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], timeout_s: float = 60.0) -> Done:
    """Wait for a started command; one that does not end is killed."""
    try:
        out, err = process.communicate(timeout=timeout_s)
    finally:
        process.kill()
    return Done(process.returncode, out, err)


def ecoci(folder: Path, *arguments: str, **extra: str) -> Done:
    """Run `python -m ecoci` in `folder` to its end."""
    return ended(start(folder, *arguments, **extra))


class Begun:
    """Commands that wait most of their time: all are begun before the first one is waited for."""

    def __init__(self) -> None:
        self.running: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running.values():
            process.kill()
            process.communicate()

    def begin(self, name: str, folder: Path, *arguments: str, **extra: str) -> None:
        self.running[name] = start(folder, *arguments, **extra)

    def ended(self, name: str) -> Done:
        return ended(self.running.pop(name))


def with_gpu(driver: Path, script: str = "", **extra: str) -> dict[str, str]:
    """Variables that put the scripted driver and the stand-ins of torch and transformers in place.

    Cards of one script share a cache: their sensors are tried out once, and not for two seconds in every test.
    """
    cache = driver / f"cache-{hashlib.sha256(script.encode()).hexdigest()[:16]}"
    own = {"LD_LIBRARY_PATH": str(driver), "NVML_STUB": script, "PYTHONPATH": str(FRAMEWORK)}
    return {**own, "ECOCI_CACHE": str(cache), **extra}


def base_install(folder: Path) -> str:
    """A PYTHONPATH for `python -S` with what is installed here, the gpu extra left out."""
    installed = Path(sysconfig.get_paths()["purelib"])
    folder.mkdir()
    for entry in installed.iterdir():
        if not entry.name.startswith((*GPU_EXTRA, "functorch", "nvidia_", "triton")) and entry.suffix != ".pth":
            (folder / entry.name).symlink_to(entry)
    return os.pathsep.join((str(folder), str(ROOT)))


class NotSaved(FolderStore):
    """A store for jobs whose intermediate files nobody reads."""

    def save_result(self, result: JobResult) -> Path:
        return Path(result.provenance.job_id)


@cache
def job_of(world: World, scenarios: tuple[Scenario, ...]) -> JobResult:
    """What a job measures in a world, the same each time."""
    provenance = Provenance(f"job-{world.seed}", "2026-01-02T00:00:00+00:00", "0.1.0", commit="a" * 40)
    machine = pipeline.Machine(InlineLauncher(world.tools), (BOARD.uuid,), "", Heard())
    job, error = pipeline.measure(Spec(scenarios), provenance, machine, NotSaved(Path(), Path()))
    assert error is None
    return job


def measured(folder: Path, world: World, *scenarios: Scenario) -> tuple[JobResult, Path]:
    """Measure `scenarios` (default: tiny) in `world` and keep `result.json` in `folder`."""
    job = job_of(world, scenarios or (scenario(),))
    return job, FolderStore(folder, folder).save_result(job)


def on_device(job: JobResult, device: str) -> JobResult:
    """The same job as if the engine had used another device."""
    results = []
    for result in job.results:
        runs = []
        for run in result.runs:
            assert run.environment is not None
            engine = replace(run.environment.engine, device=device)
            runs.append(replace(run, environment=replace(run.environment, engine=engine)))
        results.append(replace(result, runs=tuple(runs)))
    return replace(job, results=tuple(results))


def assert_refused(done: Done, code: int, *words: str) -> None:
    """It ended with `code`, said every one of `words`, and what to do; and it met no bug."""
    assert done.code == code, done
    assert all(word in done.said for word in words), done.said
    assert "do: " in done.said, done.said
    assert "Traceback" not in done.err
