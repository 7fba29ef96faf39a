"""How long the action takes from its start to the first finding in 1,000 files, where its packages are kept.

Needs bash, and pip or the network for the first start:  python benchmarks/action_start.py --runs 9 [--out FILE]
Each start is a job of its own: a fresh environment, nothing compiled, packages from the cache of a self-hosted runner.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.audit_speed import generate

ROOT = Path(__file__).parents[1]
FILES = 1_000
TARGET_S = 3.0
RULE = "ECO10"
LOADS = """
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.1-8B", load_in_8bit=True, device_map="auto")
"""


@dataclass(frozen=True, slots=True)
class Started:
    """One start: seconds until ecoci had its packages, until the first finding stood in the log, and to the end."""

    packages_s: float
    finding_s: float
    end_s: float


def make_repository(folder: Path) -> None:
    generate(folder, FILES - 1)
    (folder / "serve.py").write_text(LOADS, encoding="utf-8")
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false")
    for words in (("init",), ("add", "--all"), (*identity, "commit", "-m", "all")):
        subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def variables(runner: Path, repository: Path) -> dict[str, str]:
    payload = runner / "event.json"
    payload.write_text(json.dumps({"repository": {"full_name": "octo-org/octo-repo"}}), encoding="utf-8")
    return {
        **os.environ,
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_WORKFLOW": "energy",
        "GITHUB_JOB": "audit",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(payload),
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REPOSITORY": "octo-org/octo-repo",
        "GITHUB_RUN_ID": "1",
        "GITHUB_SHA": "d" * 40,
        "GITHUB_WORKSPACE": str(repository),
        "RUNNER_ENVIRONMENT": "self-hosted",
        "RUNNER_TEMP": str(runner / "temp"),
        "RUNNER_TOOL_CACHE": str(runner / "tool"),
        "ECOCI_INPUT_MODE": "audit",
        "ECOCI_INPUT_PYTHON": sys.executable,
    }


def start(env: dict[str, str]) -> Started:
    """The command of action.yml."""
    command = ["bash", "-p", str(ROOT / "action" / "start.sh"), "action"]
    seen: dict[str, float] = {}
    started_s = time.perf_counter()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        lines = []
        for line in child.stdout or ():
            lines.append(line)
            if "each as locked" in line:
                seen["packages"] = time.perf_counter() - started_s
            if RULE in line:
                seen.setdefault("finding", time.perf_counter() - started_s)
    if len(seen) != 2:
        raise SystemExit(f"the action showed no finding:\n{''.join(lines)}")
    return Started(seen["packages"], seen["finding"], time.perf_counter() - started_s)


def table(started: list[Started]) -> str:
    rows = ("packages_s", "ecoci has its packages"), ("finding_s", "first finding"), ("end_s", "end of the step")
    head = "| from the start of the action to | median s | range s |\n| --- | --- | --- |"
    return "\n".join((head, *(_row(words, [getattr(one, name) for one in started]) for name, words in rows)))


def _row(words: str, values_s: list[float]) -> str:
    return f"| {words} | {statistics.median(values_s):.2f} | {min(values_s):.2f} … {max(values_s):.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--out", type=Path, help="file for the table")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder, "repository")
        make_repository(repository)
        env = variables(Path(folder), repository)
        start(env)
        started = [start(env) for _ in range(asked.runs)]
    met = "yes" if statistics.median(one.finding_s for one in started) <= TARGET_S else "no"
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    machine = f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores, load {load} at the end"
    text = f"{machine}; {asked.runs} starts, {FILES:,} files.\n\n{table(started)}\n\n"
    text += f"First finding within {TARGET_S:g} s: {met}\n"
    print(text)
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
