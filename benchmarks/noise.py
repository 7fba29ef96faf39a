"""How much the numbers of one unchanged workload scatter, and what of that quieting the host takes away.

Every (scenario, condition) is repeated in fresh processes, in random order, so that drift does not look like an effect.
Needs an NVIDIA GPU and the gpu extra; CUDA_VISIBLE_DEVICES chooses the card. `--rehearse` tries it all out on a CPU.

    CUDA_VISIBLE_DEVICES=0 python benchmarks/noise.py --scenarios tinyllama-1.1b/static/1 --budget-s 540 --out a.json
    python benchmarks/noise.py --pool a.json b.json benchmarks/results/h200-2026-11-21/*/gpu*.json.gz
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.noise_data import NoiseFile, NoiseProcess, NoiseWindow, load, noise_window, workload
from benchmarks.noise_tables import tables
from ecoci.bench import Reporter, Tools, warm_up_until_steady
from ecoci.clocks import SystemClock
from ecoci.energy import window_energy_j
from ecoci.engines.hf import HfEngine
from ecoci.engines.hf_runtime import TorchRuntime
from ecoci.hosts.quiet import QuietHost, QuietParts, quiet_environment
from ecoci.meters.none import NoHostMeter
from ecoci.meters.synthetic import BOARD, SyntheticMeter
from ecoci.model import (
    Effort,
    HostState,
    RunJob,
    Scenario,
)
from ecoci.plans import decode, encode
from ecoci.ports import Meter
from ecoci.wiring import cache_folder, describe_host, now_utc, visible_boards

NOTHING = QuietParts(affinity=False, threads=False, hash_seed=False, collector=False)
SCENARIOS = ("tinyllama-1.1b/static/1", "tinyllama-1.1b/eager/1", "mistral-7b/eager/1", "tinyllama-1.1b/eager/8")
REHEARSAL = "tiny/eager/1"


@dataclass(frozen=True, slots=True)
class Condition:
    """What is quieted, and how many times as long as the others its windows are."""

    parts: QuietParts = NOTHING
    stretch: float = 1.0


CONDITIONS = {
    "as_is": Condition(),
    "affinity": Condition(QuietParts(affinity=True, threads=False, hash_seed=False, collector=False)),
    "threads": Condition(QuietParts(affinity=False, threads=True, hash_seed=False, collector=False)),
    "hash_seed": Condition(QuietParts(affinity=False, threads=False, hash_seed=True, collector=False)),
    "collector": Condition(QuietParts(affinity=False, threads=False, hash_seed=False, collector=True)),
    "quiet": Condition(QuietParts()),
    "long": Condition(stretch=3.0),
    "quiet_long": Condition(QuietParts(), stretch=3.0),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What one fresh process has to do."""

    scenario: str
    condition: str
    windows: int
    window_s: float
    warm_up_budget_s: float
    rehearse: bool


def measure_one(order: Order) -> NoiseProcess:
    clock, condition = SystemClock(), CONDITIONS[order.condition]
    meter, uuid, all_uuids = _synthetic(clock) if order.rehearse else _real(clock)
    engine, runtime = HfEngine(cache_folder()), TorchRuntime()
    started_utc, started_s = now_utc(), clock.now_s()
    engine.prepare(workload(order.scenario))
    load_s = clock.now_s() - started_s
    effort = Effort(warm_up_budget_s=order.warm_up_budget_s)
    job = RunJob(Scenario("noise", workload(order.scenario), effort), 0, 1, (uuid,), str(cache_folder()))
    control = QuietHost((uuid,), all_uuids, condition.parts)
    reporter = Reporter(job, clock, lambda _piece: None)
    tools = Tools(engine, meter, clock, describe_host(), reporter, runtime, control, NoHostMeter())
    warm_up = warm_up_until_steady(job, tools)
    settled = control.settle()
    before_us = runtime.dispatch_us()
    windows = tuple(measure_window(tools, order.window_s * condition.stretch) for _ in range(order.windows))
    host = HostState(settled.applied, settled.missing, (before_us, runtime.dispatch_us()))
    product = meter.describe().boards[0].product
    meter.close()
    return NoiseProcess(
        *(order.scenario, order.condition, uuid, product, boot_id(), started_utc),
        *(load_s, warm_up.generation_s, warm_up.steady, host, windows),
    )


def measure_window(tools: Tools, window_s: float) -> NoiseWindow:
    def work() -> tuple[int, list[float]]:
        tokens, durations, ends_s = 0, list[float](), tools.clock.now_s() + window_s
        while tools.clock.now_s() < ends_s:
            started_s = tools.clock.now_s()
            tokens += tools.engine.generate().output_tokens
            durations.append(tools.clock.now_s() - started_s)
        return tokens, durations

    with tools.control.window():
        (tokens, durations), traces = tools.meter.record(work)
    energy_j = window_energy_j(traces[0])
    if energy_j is None:
        raise SystemExit(f"the counter gave no energy for a window of {window_s} s")
    return noise_window(traces[0].duration_s, tokens, energy_j, durations)


def _real(clock: SystemClock) -> tuple[Meter, str, tuple[str, ...]]:
    from ecoci.meters.nvml import NvmlMeter, list_boards

    uuid = visible_boards()[0]
    return NvmlMeter((uuid,), clock), uuid, tuple(board.uuid for board in list_boards())


def _synthetic(clock: SystemClock) -> tuple[Meter, str, tuple[str, ...]]:
    own_w = 200.0 * random.gauss(1.0, 0.01)
    meter = SyntheticMeter(clock, lambda t: own_w * (1.0 + 0.01 * math.sin(t)))
    return meter, BOARD.uuid, (BOARD.uuid,)


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def orders(asked: argparse.Namespace) -> Iterator[Order]:
    """Endless rounds; each round holds all scenarios and conditions once, in random order."""
    chance = random.Random(asked.seed)  # noqa: S311 - no secret
    cells = [(scenario, condition) for scenario in asked.scenarios for condition in asked.conditions]
    while True:
        for scenario, condition in chance.sample(cells, len(cells)):
            yield Order(scenario, condition, asked.windows, asked.window_s, asked.warm_up_s, asked.rehearse)


def run_all(
    queue: Iterator[Order],
    budget_s: float,
    run: Callable[[Order, float], NoiseProcess | str],
    keep: Callable[[list[NoiseProcess], list[str]], None],
) -> None:
    """Run orders until the next one would not end in time, judged by the longest of its kind so far."""
    ends_s = time.monotonic() + budget_s
    longest_s: dict[tuple[str, float], float] = {}
    done: list[NoiseProcess] = []
    failures: list[str] = []
    for order in queue:
        left_s = ends_s - time.monotonic()
        kind = (order.scenario, CONDITIONS[order.condition].stretch)
        if left_s <= longest_s.get(kind, 0.0) * 1.05:
            return
        started_s = time.monotonic()
        result = run(order, left_s)
        longest_s[kind] = max(longest_s.get(kind, 0.0), time.monotonic() - started_s)
        if isinstance(result, str):
            failures.append(result)
        else:
            done.append(result)
        keep(done, failures)
        print(progress(order, result, time.monotonic() - started_s), flush=True)
        if len(failures) > 3 + len(done):
            raise SystemExit(f"most processes fail; the last: {failures[-1]}")


def run_fresh(order: Order, left_s: float) -> NoiseProcess | str:
    """One order in a fresh process; a text says why there is no result."""
    environment = {**os.environ, **quiet_environment(CONDITIONS[order.condition].parts)}
    with tempfile.TemporaryDirectory(prefix="ecoci-noise-") as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-P", __file__, "--one", json.dumps(encode(order)), "--out", str(result)]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=left_s, check=False)
        except subprocess.TimeoutExpired:
            return f"{order.scenario} {order.condition}: the time was up"
        if done.returncode != 0 or not result.exists():
            return f"{order.scenario} {order.condition}: exit code {done.returncode}: {done.stderr[-1500:]}"
        return decode(json.loads(result.read_text(encoding="utf-8")), NoiseProcess)


def progress(order: Order, result: NoiseProcess | str, took_s: float) -> str:
    if isinstance(result, str):
        return result
    per_token = ", ".join(f"{window.energy_per_token_j:.4g}" for window in result.windows)
    sent = ", ".join(f"{value:.2f}" for value in result.host.dispatch_us)
    return f"{order.scenario} {order.condition}: {took_s:.0f} s, J/token {per_token}, dispatch µs {sent}"


def main() -> None:
    asked = parse()
    if asked.one:
        process = measure_one(decode(json.loads(asked.one), Order))
        asked.out.write_text(json.dumps(encode(process)), encoding="utf-8")
        return
    if not asked.pool:
        measure(asked)
    print(tables([load(file) for file in asked.pool or [asked.out]]))


def measure(asked: argparse.Namespace) -> None:
    from ecoci.engines.hf_libraries import library_versions

    libraries = library_versions()

    def keep(done: list[NoiseProcess], failures: list[str]) -> None:
        file = NoiseFile(now_utc(), tuple(sys.argv[1:]), libraries, tuple(done), tuple(failures))
        asked.out.write_text(json.dumps(encode(file), indent=1), encoding="utf-8")

    keep([], [])
    run_all(orders(asked), asked.budget_s, run_fresh, keep)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--scenarios", nargs="+", default=list(SCENARIOS), help="architecture/decode/batch[/quantization]"
    )
    parser.add_argument("--conditions", nargs="+", choices=list(CONDITIONS), default=list(CONDITIONS)[:7])
    parser.add_argument("--windows", type=int, default=4, help="in each process")
    parser.add_argument("--window-s", type=float, default=3.0)
    parser.add_argument("--warm-up-s", type=float, default=60.0, help="most that a process may warm up")
    parser.add_argument("--budget-s", type=float, default=540.0, help="start nothing that would end later")
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    parser.add_argument("--out", type=Path, default=Path("noise.json"))
    parser.add_argument("--pool", type=Path, nargs="+", help="measure nothing, sum up these files")
    parser.add_argument("--rehearse", action="store_true", help="tiny model on the CPU, made-up watts, under a minute")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.rehearse:
        asked.scenarios, asked.conditions = [REHEARSAL], ["as_is", "quiet"]
        asked.windows, asked.window_s, asked.warm_up_s, asked.budget_s = 3, 0.5, 3.0, 50.0
    return asked


if __name__ == "__main__":
    main()
