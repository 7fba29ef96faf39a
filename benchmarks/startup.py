"""How long the commands that wait for nothing take: `ecoci --help`, and `ecoci compare` on stored results.

Needs the base install only:  python benchmarks/startup.py --runs 9 [--profile]
"""

from __future__ import annotations

import argparse
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from ecoci import pipeline
from ecoci.bench import Reporter, Sink, Tools
from ecoci.clocks import SimulatedClock
from ecoci.engines.synthetic import SyntheticEngine, SyntheticRuntime
from ecoci.hosts.none import NoControl
from ecoci.launchers.inline import InlineLauncher
from ecoci.meters.none import NoHostMeter
from ecoci.meters.synthetic import BOARD, SyntheticMeter
from ecoci.model import ModelRef, ModelSource, Progress, Provenance, Quantization, RunJob, Scenario, Spec, Workload
from ecoci.store import FolderStore
from ecoci.wiring import describe_host

SAMPLE_S = 0.02
"""Spacing of the power trace: that of an H200's sample buffer."""
HEAVY = {"torch", "transformers", "bitsandbytes", "accelerate"}


@dataclass(frozen=True, slots=True)
class Timed:
    """One call: seconds on the clock, and seconds of processor time, user and system together."""

    wall_s: float
    cpu_s: float


class Silent:
    def notify(self, progress: Progress) -> None:
        pass


def write_result(folder: Path, power_w: float) -> Path:
    """A result of two scenarios with 5 runs of 3 windows each, traces as long as real ones."""

    def tools(job: RunJob, sink: Sink) -> Tools:
        clock = SimulatedClock()
        own_w = power_w * random.Random(f"{power_w}/{job.run_index}").gauss(1.0, 0.01)  # noqa: S311 - no secret
        meter = SyntheticMeter(clock, lambda _t: own_w, tick_s=SAMPLE_S)
        engine, reporter = SyntheticEngine(clock, repeat(1.0)), Reporter(job, clock, sink)
        return Tools(engine, meter, clock, describe_host(), reporter, SyntheticRuntime(), NoControl(), NoHostMeter())

    model = ModelRef(ModelSource.SYNTHETIC, "tinyllama-1.1b")
    spec = Spec(tuple(Scenario(q.value, Workload(model, q)) for q in (Quantization.FP16, Quantization.NF4)))
    machine = pipeline.Machine(InlineLauncher(tools), (BOARD.uuid,), "", Silent())
    provenance = Provenance(f"job-{power_w:.0f}", "2026-01-02T00:00:00+00:00", "0.1.0")
    store = FolderStore(folder, folder)
    job, _ = pipeline.measure(spec, provenance, machine, store)
    return store.save_result(job)


def call(*arguments: str) -> Timed:
    """Time one fresh process; exits 0 and 1 are verdicts, anything else stops the benchmark."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started_s = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "ecoci", *arguments], capture_output=True, text=True, check=False)
    wall_s = time.perf_counter() - started_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"ecoci {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return Timed(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def imports(*arguments: str) -> Iterator[tuple[int, str]]:
    """(cumulated microseconds, module) of everything that a call imports."""
    command = [sys.executable, "-X", "importtime", "-m", "ecoci", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if own.strip().isdigit():
            cumulated, _, module = rest.partition("|")
            yield int(cumulated), module.strip()


def row(name: str, target_s: float, timed: list[Timed]) -> str:
    wall, cpu = sorted(t.wall_s for t in timed), statistics.median(t.cpu_s for t in timed)
    median_s = statistics.median(wall)
    met = "yes" if median_s < target_s else "no"
    return f"| `{name}` | {median_s:.3f} | {wall[0]:.3f} … {wall[-1]:.3f} | {cpu:.3f} | {target_s} | {met} |"


def refuse_heavy(*arguments: str) -> None:
    loaded = {module.split(".")[0] for _, module in imports(*arguments)} & HEAVY
    if loaded:
        raise SystemExit(f"ecoci {arguments[0]} imports {', '.join(sorted(loaded))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--profile", action="store_true", help="list the imports that cost most")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = write_result(Path(folder, "base"), 200.0)
        head = write_result(Path(folder, "head"), 230.0)
        compare = ("compare", str(head), "--base", str(base), "--out", str(Path(folder, "out")))
        commands = (("--help", 0.3, ("--help",)), ("compare", 1.5, compare))
        for _, _, arguments in commands:
            refuse_heavy(*arguments)
        rows = [row(f"ecoci {n}", target, [call(*a) for _ in range(asked.runs)]) for n, target, a in commands]
        size_mb = head.stat().st_size / 1e6
        slowest = sorted(imports(*compare), reverse=True)[:15] if asked.profile else []
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    print(f"{machine}, {asked.runs} calls each, no torch imported; `compare` reads two results of {size_mb:.1f} MB.\n")
    print("| command | median s | range s | processor s (user + system) | target s | met |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))
    for cumulated_us, module in slowest:
        print(f"{cumulated_us / 1e6:8.3f} s  {module}")


if __name__ == "__main__":
    main()
