"""What measuring costs the work that is measured: added time and added energy, for ecoci, Zeus and CodeCarbon.

Short blocks of steady work. Each block with a meter stands between two without, and the meters take turns in random
order; a control arm without a meter shows what chance alone does. Needs an NVIDIA GPU and the gpu extra;
CUDA_VISIBLE_DEVICES (numbers, as Zeus wants them) chooses the card. `--rehearse` tries it all out on a CPU.

    CUDA_VISIBLE_DEVICES=0 python benchmarks/overhead.py --budget-s 540 --out overhead.json
    python benchmarks/overhead.py --pool a.json b.json
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from benchmarks.overhead_tables import BLOCK_S, METERS, PLAIN, WORKLOADS, Block, OverheadFile, load, table
from benchmarks.overhead_work import Arm, Decode, Job, Matmul, open_arms
from ecoci.clocks import SystemClock
from ecoci.engines.hf_libraries import library_versions
from ecoci.hosts.quiet import QuietHost, QuietParts
from ecoci.meters.synthetic import BOARD, SyntheticMeter
from ecoci.model import Board, DecodeMode
from ecoci.plans import encode
from ecoci.ports import Meter
from ecoci.wiring import now_utc, visible_boards

SAMPLER_THREAD = "ecoci-sampler"
LEAD_SHARE = 0.15
"""The first part of a block runs inside the meter but is not timed: the card's clocks rise in it."""
STALE_S = 0.03


@dataclass(frozen=True, slots=True)
class Bench:
    """One workload ready to be measured: `units` make a block."""

    name: str
    job: Job
    units: int
    unit_s: float
    read_mj: Callable[[], int] | None = None

    @property
    def lead_units(self) -> int:
        return max(1, round(LEAD_SHARE * self.units))


def measure_block(bench: Bench, arm: Arm, name: str) -> Block:
    """One block in an arm: the meter is opened, the lead runs untimed, then the units are timed."""
    found: list[Block] = []
    inside_s: list[float] = []

    def work() -> None:
        started_s = time.perf_counter()
        found.append(time_work(bench, name) if bench.read_mj is None else weigh_work(bench, name, bench.read_mj))
        inside_s.append(time.perf_counter() - started_s)

    started_s = time.perf_counter()
    arm(work)
    outside_s = time.perf_counter() - started_s - inside_s[0]
    block = found[0]
    return Block(
        *(block.workload, block.arm, block.units, block.work_s, outside_s, block.sampler_core_share, block.power_w)
    )


def time_work(bench: Bench, arm: str) -> Block:
    bench.job.launch(bench.lead_units)
    bench.job.wait()
    cpu = sampler_cpu_clock()
    cpu_started_s, started_s = cpu(), time.perf_counter()
    bench.job.launch(bench.units)
    bench.job.wait()
    work_s = time.perf_counter() - started_s
    share = (cpu() - cpu_started_s) / work_s
    return Block(bench.name, arm, bench.units, work_s, 0.0, share if math.isfinite(share) else None)


def weigh_work(bench: Bench, arm: str, read_mj: Callable[[], int]) -> Block:
    """Mean power between the first and the last tick edge of the counter that fall into unbroken work.

    The queue of the device is kept filled while the edges are watched for, so that no rest is weighed.
    """
    bench.job.launch(bench.lead_units)
    first = bench.job.mark()
    bench.job.launch(2 * bench.lead_units)
    while not first.reached():
        time.sleep(0.001)
    ends_s = time.perf_counter() + bench.units * bench.unit_s
    edges = EdgeWatch(read_mj)
    opening = edges.next_edge()
    bench.job.launch(bench.units - 2 * bench.lead_units)
    last = bench.job.mark()
    time.sleep(max(0.0, ends_s - time.perf_counter() - 0.4))
    closing = opening
    while not last.reached():
        closing = edges.poll() or closing
    bench.job.wait()
    work_s = last.seconds_since(first)
    if closing == opening:
        closing = edges.next_edge()
    power_w = (closing[1] - opening[1]) / 1000.0 / (closing[0] - opening[0])
    return Block(bench.name, arm, bench.units, work_s, 0.0, None, power_w)


class EdgeWatch:
    """Finds the moments at which a counter shows a new value; polls further apart than `STALE_S` find none."""

    def __init__(self, read_mj: Callable[[], int]) -> None:
        self._read_mj = read_mj
        self._last: tuple[float, int] | None = None

    def poll(self) -> tuple[float, int] | None:
        """Seconds and millijoules at an edge, the middle of the gap in which the value changed, or None."""
        before_s = time.perf_counter()
        value_mj = self._read_mj()
        now_s = (before_s + time.perf_counter()) / 2.0
        last, self._last = self._last, (now_s, value_mj)
        if last is None or last[1] == value_mj or now_s - last[0] > STALE_S:
            return None
        return (last[0] + now_s) / 2.0, value_mj

    def next_edge(self) -> tuple[float, int]:
        give_up_s = time.perf_counter() + 2.0
        while time.perf_counter() < give_up_s:
            edge = self.poll()
            if edge is not None:
                return edge
        raise SystemExit("the energy counter stood still for 2 s, or each read of it takes longer than 30 ms")


def sampler_cpu_clock() -> Callable[[], float]:
    """A function that reads the sampler thread's processor time in seconds; NaN when there is no such thread."""
    ident = next((thread.ident for thread in threading.enumerate() if thread.name == SAMPLER_THREAD), None)
    if ident is None:
        return lambda: math.nan
    clock = time.pthread_getcpuclockid(ident)
    return lambda: time.clock_gettime(clock)


def arm_order(arms: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Endless: all meters and the control once in each round, in random order, with a plain block between any two."""
    others = [arm for arm in arms if arm != PLAIN]
    while True:
        for arm in chance.sample(others, len(others)):
            yield PLAIN
            yield arm


def measure_bench(bench: Bench, arms: Mapping[str, Arm], control: QuietHost, until_s: float) -> list[Block]:
    """Blocks until the time is up; the last one is plain."""
    blocks: list[Block] = []
    longest_s = 0.0
    for arm in arm_order(tuple(arms), random.Random(bench.name)):  # noqa: S311 - no secret
        started_s = time.monotonic()
        if arm == PLAIN and started_s + 2.0 * longest_s > until_s and blocks:
            break
        with control.window():
            blocks.append(measure_block(bench, arms[arm], arm))
        longest_s = max(longest_s, time.monotonic() - started_s)
    with control.window():
        blocks.append(measure_block(bench, arms[PLAIN], PLAIN))
    return blocks


def prepare(name: str, job: Job, block_s: float, read_mj: Callable[[], int] | None) -> Bench:
    """Warm up for about as long as three blocks, and at least eight units, and find how many units make a block."""
    durations: list[float] = []
    units = 1
    while len(durations) < 8 or sum(durations) < 3.0 * block_s + 2.0:
        started_s = time.perf_counter()
        job.launch(units)
        job.wait()
        durations.append(time.perf_counter() - started_s)
        unit_s = durations[-1] / units
        units = max(1, round(min(block_s, 0.5) / unit_s))
    unit_s = median(durations[-3:]) / units
    return Bench(name, job, max(1, round(block_s / unit_s)), unit_s, read_mj)


@dataclass(frozen=True, slots=True)
class Card:
    """The measured board: the meter on it, all boards' UUIDs, and its raw energy counter."""

    meter: Meter
    board: Board
    all_uuids: tuple[str, ...]
    read_mj: Callable[[], int]


def real_card() -> Card:
    import pynvml

    from ecoci.meters.nvml import NvmlMeter, list_boards

    uuid = visible_boards()[0]
    meter = NvmlMeter((uuid,), SystemClock())
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
    boards = list_boards()
    board = next(one for one in boards if one.uuid == uuid)
    uuids = tuple(one.uuid for one in boards)
    return Card(meter, board, uuids, lambda: int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)))


def made_up_card() -> Card:
    """200 W and a counter that moves every 0.1 s."""
    meter = SyntheticMeter(SystemClock(), lambda _t: 200.0)
    return Card(meter, BOARD, (BOARD.uuid,), lambda: int(time.perf_counter() * 10.0) * 20_000)


def make_job(name: str, asked: argparse.Namespace) -> Job:
    if name in ("matmul", "energy"):
        return Matmul(256 if asked.rehearse else 8192)
    return Decode("tiny" if asked.rehearse else asked.model, DecodeMode(name))


def measure(asked: argparse.Namespace) -> OverheadFile:
    ends_s = time.monotonic() + asked.budget_s
    card = made_up_card() if asked.rehearse else real_card()
    arms, skipped = open_arms(asked.arms, card.meter)
    benches = []
    for name in asked.workloads:
        block_s = asked.block_s or BLOCK_S[name]
        benches.append(prepare(name, make_job(name, asked), block_s, card.read_mj if name == "energy" else None))
        print(f"{name}: {benches[-1].units} units of {1000 * benches[-1].unit_s:.2f} ms a block", flush=True)
    control = QuietHost((card.board.uuid,), card.all_uuids, QuietParts(collector=False))
    host = control.settle()
    # the collector rests in all arms alike
    gc.collect()
    gc.freeze()
    gc.disable()
    blocks: list[Block] = []
    libraries = (*library_versions(), *_versions("zeus", "codecarbon"))
    for place, bench in enumerate(benches):
        now_s = time.monotonic()
        until_s = now_s + (ends_s - now_s) / (len(benches) - place)
        blocks += measure_bench(bench, arms, control, until_s)
        made = (card.board.product, card.board.uuid, card.board.driver, libraries, host)
        file = OverheadFile(now_utc(), tuple(sys.argv[1:]), *made, tuple(skipped), tuple(blocks))
        asked.out.write_text(json.dumps(encode(file), indent=1), encoding="utf-8")
    card.meter.close()
    return file


def _versions(*names: str) -> Iterator[tuple[str, str]]:
    for name in names:
        with suppress(PackageNotFoundError):
            yield name, version(name)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--arms", nargs="+", choices=METERS, default=list(METERS))
    parser.add_argument("--block-s", type=float, help=f"seconds of work in a block; default by workload: {BLOCK_S}")
    parser.add_argument("--model", default="tinyllama-1.1b")
    parser.add_argument("--budget-s", type=float, default=540.0, help="loading included; shared by the workloads")
    parser.add_argument("--out", type=Path, default=Path("overhead.json"))
    parser.add_argument("--pool", type=Path, nargs="+", help="measure nothing, sum up these files")
    parser.add_argument("--rehearse", action="store_true", help="small work on the CPU, made-up watts, under a minute")
    asked = parser.parse_args(arguments)
    if asked.rehearse:
        asked.workloads = ["matmul", "energy", "eager"]
        asked.block_s, asked.budget_s = 0.4, 45.0
    return asked


def main() -> None:
    asked = parse()
    files = [load(file) for file in asked.pool] if asked.pool else [measure(asked)]
    print(table(files))


if __name__ == "__main__":
    main()
