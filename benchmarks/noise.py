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
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import TypeVar

from ecoci.bench import Reporter, Tools, warm_up_until_steady
from ecoci.clocks import SystemClock
from ecoci.energy import window_energy_j
from ecoci.engines.hf import HfEngine
from ecoci.engines.hf_runtime import TorchRuntime
from ecoci.hosts.quiet import QuietHost, QuietParts, quiet_environment
from ecoci.meters.none import NoHostMeter
from ecoci.meters.synthetic import BOARD, SyntheticMeter
from ecoci.model import (
    DecodeMode,
    Effort,
    HostState,
    JobResult,
    ModelRef,
    ModelSource,
    Quantization,
    RunJob,
    RunRecord,
    Scenario,
    Workload,
)
from ecoci.plans import decode, encode
from ecoci.ports import Meter
from ecoci.stats import cv, mean
from ecoci.store import load_result
from ecoci.wiring import cache_folder, describe_host, now_utc, visible_boards

NOTHING = QuietParts(affinity=False, threads=False, hash_seed=False, collector=False)
SCENARIOS = ("tinyllama-1.1b/static/1", "tinyllama-1.1b/eager/1", "mistral-7b/eager/1", "tinyllama-1.1b/eager/8")
REHEARSAL = "tiny/eager/1"

Key = TypeVar("Key", str, tuple[str, str])


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


@dataclass(frozen=True, slots=True)
class NoiseWindow:
    """One window; the `generation_s` fields sum up the durations of its generations."""

    duration_s: float
    output_tokens: int
    energy_j: float
    generations: int
    generation_s_least: float
    generation_s_median: float
    generation_s_most: float
    generation_cv: float | None

    @property
    def tokens_per_s(self) -> float:
        return self.output_tokens / self.duration_s

    @property
    def energy_per_token_j(self) -> float:
        return self.energy_j / self.output_tokens

    @property
    def power_w(self) -> float:
        return self.energy_j / self.duration_s


@dataclass(frozen=True, slots=True)
class NoiseProcess:
    """What one fresh process measured. `boot_id` tells machine starts apart."""

    scenario: str
    condition: str
    board: str
    product: str
    boot_id: str
    started_utc: str
    load_s: float
    warm_up_s: tuple[float, ...]
    steady: bool
    host: HostState
    windows: tuple[NoiseWindow, ...]


@dataclass(frozen=True, slots=True)
class NoiseFile:
    utc: str
    argv: tuple[str, ...]
    libraries: tuple[tuple[str, str], ...]
    processes: tuple[NoiseProcess, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scatter:
    """A coefficient of variation with its 95 % interval, as shares, and the degrees of freedom behind it."""

    cv: float
    low: float
    high: float
    df: int


def workload(scenario: str) -> Workload:
    """The workload named as architecture/decode/batch, with an optional /quantization."""
    model, decode_mode, batch, *rest = scenario.split("/")
    return Workload(
        ModelRef(ModelSource.SYNTHETIC, model),
        Quantization(rest[0]) if rest else Quantization.FP16,
        DecodeMode(decode_mode),
        batch=int(batch),
    )


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


def noise_window(duration_s: float, tokens: int, energy_j: float, durations: Sequence[float]) -> NoiseWindow:
    return NoiseWindow(
        *(duration_s, tokens, energy_j, len(durations)),
        *(min(durations), median(durations), max(durations), cv(durations)),
    )


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


def scatter(groups: Sequence[Sequence[float]]) -> Scatter | None:
    """CV between the values after each group's own mean is taken out, with the chi-square interval of an sd.

    Groups of one value say nothing about scatter and are left out. None when nothing is left.
    """
    from scipy.special import chdtri

    usable = [group for group in groups if len(group) >= 2]
    df = sum(len(group) - 1 for group in usable)
    if df == 0:
        return None
    squares = sum((value / mean(group) - 1.0) ** 2 for group in usable for value in group)
    sd = math.sqrt(squares / df)
    low, high = (sd * math.sqrt(df / float(chdtri(df, upper))) for upper in (0.025, 0.975))
    return Scatter(sd, low, high, df)


def explained_share(groups: Sequence[Sequence[tuple[float, float]]]) -> float | None:
    """r² of log(second) on log(first) after each group's means are taken out; None with fewer than 4 pairs."""
    pairs = [pair for group in groups if len(group) >= 2 for pair in _centred(group)]
    xx, yy = sum(x * x for x, _ in pairs), sum(y * y for _, y in pairs)
    if len(pairs) < 4 or xx == 0.0 or yy == 0.0:
        return None
    return float(sum(x * y for x, y in pairs) ** 2 / (xx * yy))


def _centred(group: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    xs, ys = ([math.log(value) for value in column] for column in zip(*group, strict=True))
    return [(x - mean(xs), y - mean(ys)) for x, y in zip(xs, ys, strict=True)]


def energy_per_token(process: NoiseProcess) -> float:
    return mean([window.energy_per_token_j for window in process.windows])


def tokens_per_s(process: NoiseProcess) -> float:
    return mean([window.tokens_per_s for window in process.windows])


def power_w(process: NoiseProcess) -> float:
    return mean([window.power_w for window in process.windows])


def dispatch_us(process: NoiseProcess) -> float:
    return mean(process.host.dispatch_us)


def by_cell(processes: Sequence[NoiseProcess]) -> Iterator[tuple[str, str, list[NoiseProcess]]]:
    def key(process: NoiseProcess) -> tuple[str, int]:
        return process.scenario, list(CONDITIONS).index(process.condition)

    for (scenario, condition), found in groupby(sorted(processes, key=key), key):
        yield scenario, list(CONDITIONS)[condition], list(found)


def by_board(processes: Sequence[NoiseProcess]) -> list[list[NoiseProcess]]:
    """One list for each board and machine start: what differs between those is not noise between processes."""

    return by_key(processes, lambda process: (process.board, process.boot_id))


def by_key(processes: Sequence[NoiseProcess], key: Callable[[NoiseProcess], Key]) -> list[list[NoiseProcess]]:
    return [list(found) for _, found in groupby(sorted(processes, key=key), key)]


HEAD = (
    "| scenario | condition | processes (boards) | J/token | CV in a process | CV between, J/token | CV between, tok/s "
    "| CV between, W | tok/s | dispatch µs | r² with dispatch |\n| --- " + "| --- " * 10 + "|"
)


def row(scenario: str, condition: str, processes: list[NoiseProcess]) -> str:
    boards = by_board(processes)
    within = [found for one in processes if (found := cv([w.energy_per_token_j for w in one.windows])) is not None]
    timed = [[one for one in board if one.host.dispatch_us] for board in boards]
    sent = [value for one in processes for value in one.host.dispatch_us]
    share = explained_share([[(dispatch_us(one), energy_per_token(one)) for one in board] for board in timed])
    cells = (
        *(scenario, condition, f"{len(processes)} ({len(boards)})"),
        f"{mean([energy_per_token(one) for one in processes]):.4g}",
        percent(median(within)) if within else "–",
        *(shown(boards, value) for value in (energy_per_token, tokens_per_s, power_w)),
        f"{mean([tokens_per_s(one) for one in processes]):.1f}",
        f"{min(sent):.2f} … {max(sent):.2f}" if sent else "–",
        "–" if share is None else f"{share:.2f}",
    )
    return f"| {' | '.join(cells)} |"


def shown(boards: list[list[NoiseProcess]], value: Callable[[NoiseProcess], float]) -> str:
    found = scatter([[value(one) for one in board] for board in boards])
    return "–" if found is None else f"{percent(found.cv)} ({percent(found.low)} … {percent(found.high)})"


def percent(share: float) -> str:
    return f"{100.0 * share:.2f} %"


def levels_rows(processes: Sequence[NoiseProcess]) -> Iterator[str]:
    """How far the means of boards of one machine start, and of whole machine starts, lie apart."""
    for scenario, condition, found in by_cell(processes):
        starts = by_key(found, lambda one: one.boot_id)
        boards = [by_board(start) for start in starts]
        yield from level_row((scenario, condition, "boards of one start"), boards)
        yield from level_row((scenario, condition, "machine starts"), [starts])


def level_row(names: tuple[str, str, str], groups: list[list[list[NoiseProcess]]]) -> Iterator[str]:
    """The scatter of means within `groups`; nothing where no group has two members."""
    means = [[[mean([value(one) for one in member]) for member in group] for group in groups] for value in VALUES]
    found = [scatter(one) for one in means]
    if any(len(group) >= 2 for group in groups):
        counts = " + ".join(str(len(group)) for group in groups if len(group) >= 2)
        texts = [f"{percent(one.cv)} ({percent(one.low)} … {percent(one.high)})" for one in found if one is not None]
        yield f"| {' | '.join((*names, counts, *texts))} |"


VALUES = (energy_per_token, tokens_per_s)
LEVELS_HEAD = (
    "| scenario | condition | between | how many | CV of their J/token | CV of their tok/s |\n" + "| --- " * 6 + "|"
)


def tables(files: Sequence[NoiseFile]) -> str:
    processes = [process for file in files for process in file.processes]
    lines = [HEAD, *(row(*cell) for cell in by_cell(processes)), ""]
    lines.append(
        "CV in a process: median over the processes. CV between: of the processes' means, each board's and machine "
        "start's own mean taken out first; in brackets the 95 % interval (chi-square). r²: share of the scatter of "
        "J/token that the time to send one operation explains."
    )
    levels = list(levels_rows(processes))
    if levels:
        lines += ["", LEVELS_HEAD, *levels]
    unsteady = sum(not process.steady for process in processes)
    failures = [failure.splitlines()[-1] for file in files for failure in file.failures]
    lines += ["", f"{len(processes)} processes, {unsteady} of them not steady when their budget to warm up was spent."]
    return "\n".join([*lines, *(f"failed: {failure}" for failure in failures)])


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


def load(file: Path) -> NoiseFile:
    """A file of this program, or a `result.json.gz` of ecoci, whose folder's name then stands for its machine start."""
    if file.suffix == ".gz":
        return recorded(load_result(file), file.parent.name)
    return decode(json.loads(file.read_text(encoding="utf-8")), NoiseFile, str(file))


def recorded(job: JobResult, start: str) -> NoiseFile:
    """The whole runs of a result, as processes."""
    made = [
        recorded_process(result.scenario, run, start)
        for result in job.results
        for run in result.runs
        if run.failure is None and run.environment is not None
    ]
    return NoiseFile(job.provenance.created_utc, (), (), tuple(one for one in made if one.windows), ())


def scenario_name(task: Workload) -> str:
    """As `workload` reads it."""
    plain = f"{task.model.name}/{task.decode.value}/{task.batch}"
    return plain if task.quantization is Quantization.FP16 else f"{plain}/{task.quantization.value}"


def recorded_process(scenario: Scenario, run: RunRecord, start: str) -> NoiseProcess:
    task, warm_up, board = scenario.workload, run.warm_up, run.environment and run.environment.board
    windows = [(window, energy_j) for window in run.windows if (energy_j := window_energy_j(window.trace)) is not None]
    return NoiseProcess(
        scenario=scenario_name(task),
        condition=scenario.effort.host.value,
        board=board.uuid if board else "",
        product=board.product if board else "",
        boot_id=start,
        started_utc=run.started_utc,
        load_s=run.load_s or 0.0,
        warm_up_s=() if warm_up is None else warm_up.generation_s,
        steady=warm_up is not None and warm_up.steady,
        host=run.host or HostState(),
        windows=tuple(
            noise_window(window.trace.duration_s, window.work.output_tokens, energy_j, window.work.generation_s)
            for window, energy_j in windows
        ),
    )


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
