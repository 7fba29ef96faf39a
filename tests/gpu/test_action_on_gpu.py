"""The action on a real card, from a pull request to its answer: `pytest -m gpu tests/gpu/test_action_on_gpu.py`.

Its start, its environment, measuring in pairs, a night and a cancel are real; GitHub is in memory. The variables MODEL
and WINDOW_S make it larger or smaller.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ecoci.action import GitHub
from ecoci.action_run import run_action
from ecoci.errors import EcociError
from ecoci.github.memory import MemoryArtifacts, MemoryComments, MemoryPullRequests, MemoryStatuses
from ecoci.model import PullRequest
from ecoci.store import load_report
from ecoci.wiring import visible_boards
from tests import payloads
from tests.action.harness import PATIENCE_S
from tests.action.runner import Event, Runner, github_variables
from tests.archives import packed
from tests.interpreters import bare_interpreter, packages_of
from tests.repositories import Repository, new_repository

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("default")]

ROOT = Path(__file__).parents[2]
KEPT = ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "ECOCI_CACHE", "NVML_STUB")
NUMBER = 2
FP16 = """\
version: 1
defaults:
  model: synthetic:{model}
  prompt_tokens: 64
  new_tokens: 64
  runs: {runs}
  windows: {windows}
  window_s: {window_s}
  host: quiet
confirm: {{pairs: 4, budget: 6 min}}
scenarios:
  - {{name: fp16, quantization: fp16, policy: {{tolerance: 10%}}}}
"""
INT8 = "  - {name: int8, quantization: int8_default, against: fp16, policy: {tolerance: 5%}}\n"


def spec(**changes: object) -> str:
    usual = {"model": os.environ.get("MODEL", "tinyllama-1.1b"), "runs": 1, "windows": 2}
    return FP16.format(**{**usual, "window_s": os.environ.get("WINDOW_S", "4"), **changes})


@dataclass
class Site:
    """A runner with a card, and a repository with a pull request that adds a scenario in 8 bit."""

    runner: Runner
    python: Path
    repository: Repository
    base: str
    head: str
    statuses: MemoryStatuses = field(default_factory=MemoryStatuses)
    comments: MemoryComments = field(default_factory=MemoryComments)

    @property
    def out(self) -> Path:
        return self.runner.workspace / "ecoci-out"

    def variables(self, event: str, **inputs: str) -> dict[str, str]:
        told = payloads.payload(event)
        if "pull_request" in told:
            told["pull_request"]["head"]["sha"], told["pull_request"]["base"]["sha"] = self.head, self.base
        name, ref = payloads.EVENTS[event]
        sha = self.repository.git("rev-parse", "HEAD")
        given = {"mode": "measure", "python": sys.executable, "measure_python": str(self.python), **inputs}
        given["ecoci_path"] = str(self.runner.folder / "ecoci")
        files = {f"GITHUB_{one.upper()}": str(self.runner.folder / one) for one in ("step_summary", "output")}
        variables = {f"ECOCI_INPUT_{one.upper()}": value for one, value in given.items()}
        return {**variables, **github_variables(Event(name, told, ref, sha), self.runner), **files}

    def start(self, event: str, **inputs: str) -> subprocess.Popen[str]:
        """Start the action as its step does."""
        return subprocess.Popen(
            ["bash", "-p", str(ROOT / "action" / "start.sh"), "action"],
            cwd=self.runner.workspace,
            env={**self.runner.environment(), **self.variables(event, **inputs)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, event: str, **inputs: str) -> int:
        with self.start(event, **inputs) as process:
            for line in _lines(process):
                print(line, flush=True)
        return process.returncode

    def report(self, archives: Mapping[str, bytes]) -> int:
        """The job that answers, on a machine without a card."""
        self.repository.git("checkout", "--quiet", "main")
        env = self.variables("pull_request", mode="report")
        pull = PullRequest(NUMBER, self.head, env["GITHUB_REPOSITORY"], self.base, "main")
        artifacts = MemoryArtifacts({int(env["GITHUB_RUN_ID"]): archives})
        github = GitHub(self.comments, self.statuses, MemoryPullRequests(pull), artifacts)
        return run_action(env, print, print, lambda _task, _say: github)

    def verdicts(self) -> dict[str, str]:
        return {one.scenario.name: one.verdict.kind.value for one in load_report(self.out / "report.json").scenarios}


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    yield from (line.rstrip("\n") for line in process.stdout)


def torch_environment(folder: Path) -> Path:
    """An interpreter with what this one imports, but for ecoci; and beside it the same as `ecoci-path`."""
    paths = "".join(
        f"import site; site.addsitedir({path!r})\n" for path in sys.path if "packages" in path or "site" in path
    )
    python = bare_interpreter(folder / "torch env")
    for place in (packages_of(python), folder / "ecoci"):
        place.mkdir(exist_ok=True)
        (place / "paths.pth").write_text(paths, encoding="utf-8")
    return python


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    try:
        visible_boards()
    except EcociError as error:
        pytest.skip(error.message)
    monkeypatch.chdir(tmp_path)
    variables = {name: os.environ[name] for name in KEPT if name in os.environ}
    runner = Runner(tmp_path, is_self_hosted=True, variables=variables)
    repository = new_repository(tmp_path / "_work/repo/repo")
    base = repository.commit(ecoci_yml=spec())
    repository.git("checkout", "--quiet", "-b", "int8")
    head = repository.commit(ecoci_yml=spec() + INT8)
    return Site(runner, torch_environment(tmp_path), repository, base, head)


@pytest.mark.timeout(900)
def test_a_pull_request_is_measured_in_pairs_and_answered_from_its_files_alike(site: Site) -> None:
    assert site.run("pull_request") == 1
    measured = site.verdicts()
    assert measured["int8"] == "REGRESSED"
    assert measured["fp16"] != "REGRESSED"
    pairs = (site.out / "pairs.json").read_text(encoding="utf-8")
    site.run("pull_request", mode="audit", out="audited")
    audit = (site.runner.workspace / "audited" / "audit.json").read_text(encoding="utf-8")
    assert (
        site.report({"ecoci-gpu-1": packed({"pairs.json": pairs}), "ecoci-audit-1": packed({"audit.json": audit})}) == 1
    )
    assert site.verdicts() == measured
    (comment,) = site.comments.written[NUMBER]
    print(comment.body)
    assert "REGRESSED" in comment.body.splitlines()[1]
    assert [(one.sha, one.state.value) for one in site.statuses.given] == [(site.head, "failure")]


def test_a_night_becomes_the_baseline_of_its_card(site: Site) -> None:
    site.repository.git("checkout", "--quiet", "main")
    assert site.run("schedule", mode="nightly") == 0
    (baseline,) = (site.runner.workspace / "baselines").rglob("fp16.json")
    print(baseline.parent.name)
    outputs = (site.runner.folder / "output").read_text(encoding="utf-8")
    assert "energy-per-token-joules" in outputs
    print(outputs)


def test_a_cancel_in_mid_measure_leaves_nothing_on_the_card(site: Site) -> None:
    site.repository.git("checkout", "--quiet", "main")
    site.repository.commit(ecoci_yml=spec(windows=50))
    cancelled_s = 0.0
    with site.start("schedule", mode="nightly") as process:
        for line in _lines(process):
            print(line, flush=True)
            if "measuring 0/50" in line:
                time.sleep(2.0)
                process.send_signal(signal.SIGINT)
                cancelled_s = time.monotonic()
    print(f"ended {time.monotonic() - cancelled_s:.1f} s after the signal")
    assert process.returncode == 128 + signal.SIGINT
    assert time.monotonic() - cancelled_s < PATIENCE_S[0]
    result = json.loads((site.out / "result.json").read_text(encoding="utf-8"))
    assert result["complete"] is False
    assert [line for line in _command_lines() if str(site.python) in line] == []


def _command_lines() -> Iterator[str]:
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
