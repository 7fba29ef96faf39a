"""What a fork server saves: time from the launch of a run to its first sign of life, and until its model is ready.

Both launchers run the same work with the real torch and transformers, in turns: load a synthetic model and generate.
Without a GPU:  python -m benchmarks.forkserver --runs 9 --out forkserver.json     On one:  --gpu --model tinyllama-1.1b
"""

from __future__ import annotations

import argparse
import json
import platform
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from ecoci.bench import Reporter
from ecoci.clocks import SystemClock
from ecoci.codec import dumps_line, loads
from ecoci.engines import hf_preload
from ecoci.engines.hf import HfEngine
from ecoci.engines.hf_libraries import library_versions
from ecoci.engines.hf_runtime import TorchRuntime
from ecoci.engines.weights import ensure_synthetic
from ecoci.fork_server import Libraries, serve
from ecoci.launchers.forkserver import ForkLimits, ForkServerLauncher, RunSource
from ecoci.launchers.forkserver_process import Program
from ecoci.launchers.process import ProcessLauncher
from ecoci.model import (
    HostState,
    ModelRef,
    ModelSource,
    Phase,
    Progress,
    RunJob,
    RunPiece,
    Scenario,
    WarmUp,
    Workload,
)
from ecoci.ports import Launcher

SELF = (sys.executable, "-m", "benchmarks.forkserver")
GENERATIONS = 20


@dataclass(frozen=True, slots=True)
class Timed:
    """One run: seconds from its launch, seconds of generations, and microseconds to send one small operation."""

    process: str
    to_first_piece_s: float
    to_ready_s: float
    first_generation_s: float
    later_generation_s: float
    dispatch_us: float


class Eager(SystemClock):
    """Looks for news every 2 ms: the usual quarter of a second would be part of what is timed."""

    def sleep(self, duration_s: float) -> None:
        super().sleep(min(duration_s, 0.002))


class Stopwatch:
    """Remembers when the first progress came, and when the model was ready."""

    def __init__(self) -> None:
        self._started_s = time.perf_counter()
        self.first_s: float | None = None
        self.ready_s: float | None = None

    def notify(self, progress: Progress) -> None:
        now_s = time.perf_counter() - self._started_s
        if self.first_s is None:
            self.first_s = now_s
        if progress.phase is Phase.WARMING_UP and self.ready_s is None:
            self.ready_s = now_s


def work(job_file: Path, pieces_file: Path) -> int:
    """The beginning of a run: load, generate, time the host. No meter, so that no GPU is needed."""
    job = loads(job_file.read_text(encoding="utf-8"), RunJob, source=str(job_file))
    with pieces_file.open("ab", buffering=0) as stream:

        def sink(piece: RunPiece) -> None:
            stream.write(dumps_line(piece).encode("utf-8") + b"\n")

        reporter = Reporter(job, SystemClock(), sink)
        reporter.enter(Phase.LOADING)
        runtime, engine = TorchRuntime(), HfEngine(Path(job.cache_dir))
        runtime.open_context()
        engine.prepare(job.scenario.workload)
        reporter.enter(Phase.WARMING_UP)
        sink(
            RunPiece(
                warm_up=WarmUp(tuple(_generation_s(engine) for _ in range(GENERATIONS)), steady=True, budget_s=0.0)
            )
        )
        sink(RunPiece(host=HostState(dispatch_us=(runtime.dispatch_us(),))))
        engine.close()
    return 0


def _generation_s(engine: HfEngine) -> float:
    started_s = time.perf_counter()
    engine.generate()
    return time.perf_counter() - started_s


def serve_runs(descriptor: int) -> int:
    libraries = Libraries(hf_preload.load, hf_preload.unfit_to_fork, hf_preload.refresh)
    order = serve(socket.socket(fileno=descriptor), libraries)
    return 0 if order is None else work(Path(order.arguments[0]), Path(order.arguments[1]))


def time_run(launcher: Launcher, job: RunJob) -> Timed:
    watch = Stopwatch()
    record = launcher.launch(job, watch)
    if record.warm_up is None or record.host is None or watch.first_s is None or watch.ready_s is None:
        raise SystemExit(f"the run failed: {record.failure}")
    first_s, *later_s = record.warm_up.generation_s
    process = dict(record.host.applied)["process"]
    return Timed(process, watch.first_s, watch.ready_s, first_s, median(later_s), record.host.dispatch_us[0])


def make_job(model: str, cache: Path, *, gpu: bool) -> RunJob:
    from ecoci.wiring import visible_boards

    workload = Workload(ModelRef(ModelSource.SYNTHETIC, model), prompt_tokens=16, new_tokens=16)
    return RunJob(Scenario("start", workload), 0, 1, visible_boards()[:1] if gpu else (), str(cache))


def time_both(job: RunJob, runs: int, logs: Path) -> tuple[list[Timed], float]:
    """All runs in turns, and the seconds that the server's own start cost, with its first run in it."""
    fresh = ProcessLauncher((*SELF, "--work"), Eager(), logs / "fresh")
    arm = RunSource(Program((*SELF, "--serve")), fresh)
    with ForkServerLauncher(arm, Eager(), logs / "forked", ForkLimits(runs=runs + 1)) as forking:
        begun_s = time.perf_counter()
        time_run(forking, job)
        server_s = time.perf_counter() - begun_s
        timed = [time_run(launcher, job) for _ in range(runs) for launcher in (fresh, forking)]
    return timed, server_s


def table(timed: Sequence[Timed]) -> str:
    lines = [
        "| process | runs | first piece s | model ready s | first generation ms | later ones ms | operation us |",
        "| --- | ---: | --- | --- | --- | --- | --- |",
    ]
    for process in dict.fromkeys(run.process for run in timed):
        runs = [run for run in timed if run.process == process]
        cells = (
            _spread([run.to_first_piece_s for run in runs], 2),
            _spread([run.to_ready_s for run in runs], 2),
            _spread([1e3 * run.first_generation_s for run in runs], 1),
            _spread([1e3 * run.later_generation_s for run in runs], 1),
            _spread([run.dispatch_us for run in runs], 2),
        )
        lines.append(f"| {process} | {len(runs)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(values: Sequence[float], digits: int) -> str:
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} … {max(values):.{digits}f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path("forkserver.json"))
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--gpu", action="store_true", help="on the first visible GPU; else on the CPU")
    parser.add_argument("--work", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work is not None:
        return work(*asked.work)
    if asked.serve is not None:
        return serve_runs(asked.serve)
    with tempfile.TemporaryDirectory() as folder:
        job = make_job(asked.model, Path(folder, "cache"), gpu=asked.gpu)
        ensure_synthetic(asked.model, Path(job.cache_dir))
        timed, server_s = time_both(job, asked.runs, Path(folder))
    versions = ", ".join(f"{name} {version}" for name, version in library_versions())
    print(f"Python {platform.python_version()}, {versions}, {platform.system()} {platform.release()}, {asked.model}.")
    print(f"Medians, ranges in brackets. The server and its first run took {server_s:.1f} s together.\n")
    print(table(timed))
    facts = {"utc": datetime.now(UTC).isoformat(timespec="seconds"), "libraries": dict(library_versions())}
    found = {**facts, "model": asked.model, "gpu": asked.gpu, "server_s": server_s, "runs": [asdict(t) for t in timed]}
    asked.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
