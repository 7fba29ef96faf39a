"""How far single windows are off, for ecoci and the usual ways, against the energy per unit of the same work over 60 s.

Needs an NVIDIA GPU and torch; Zeus and CodeCarbon take part where they are installed. A board does one duty or more:

    python benchmarks/meter_accuracy.py --duty full --lengths 0.3 1 3 10 30 --out full.json
    python benchmarks/meter_accuracy.py --pool full.json part.json square.json

There are three kinds of windows. From `rest`: a second after the same work kept the card warm, at a random phase of the
counter's tick, watched by every method at once; its length is that of the work, what it takes to ask other tools lies
outside. `alone`: from rest too, but as ecoci measures when it is alone, so that the work starts at an edge of the tick.
In `work`: cut at a random phase out of work that began before and goes on after, for the methods that need no start.
"""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.accuracy_tables import DUTIES, KINDS, METHODS, AccuracyFile, Duty, Point, load, pooled, table
from ecoci import stats
from ecoci.clocks import SystemClock
from ecoci.meters.nvml import NvmlMeter
from ecoci.plans import encode
from ecoci.wiring import now_utc, visible_boards

REFERENCE_S = 60.0
WARM_S = 1.0
REST_S = 1.0
TAIL_S = 0.3
POLL_S = 0.1


class Load:
    """Matrix products of one size; a unit is one product. `rehearse` lets time pass instead."""

    def __init__(self, *, rehearse: bool) -> None:
        self._multiply: Callable[[int], None] = _sleeper if rehearse else _matrix_products()
        self._multiply(50)
        started_s = time.perf_counter()
        self._multiply(200)
        self.unit_s = (time.perf_counter() - started_s) / 200

    def run(self, least_s: float, duty: Duty) -> int:
        """Whole cycles of the duty for at least `least_s` seconds; returns the units done, all finished."""
        burst, units = max(1, round(duty.busy_s / self.unit_s)), 0
        started_s = time.perf_counter()
        while not units or time.perf_counter() - started_s < least_s:
            self._multiply(burst)
            units += burst
            time.sleep(duty.pause_s)
        return units


def _sleeper(count: int) -> None:
    time.sleep(0.001 * count)


def _matrix_products() -> Callable[[int], None]:
    import torch

    left, right = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    out = torch.empty_like(left)

    def multiply(count: int) -> None:
        for _ in range(count):
            torch.matmul(left, right, out=out)
        torch.cuda.synchronize()

    return multiply


class Polls:
    """Reads the averaged and the instant power every 0.1 s, as tools without a counter do: mean power times time."""

    def __init__(self, uuid: str) -> None:
        import pynvml

        pynvml.nvmlInit()
        self._nvml = pynvml
        self._handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        self._readings: list[tuple[float, float, float]] = []
        threading.Thread(target=self._poll, daemon=True).start()

    def counter_j(self) -> float:
        return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1000.0

    def energy_j(self, start_s: float, end_s: float) -> dict[str, float]:
        """Joules by both ways; a window between two readings takes the one before it."""
        inside = [row for row in self._readings if start_s <= row[0] <= end_s]
        rows = inside or [row for row in self._readings if row[0] < start_s][-1:]
        means = (stats.mean([row[place] for row in rows]) for place in (1, 2))
        return {name: mean_w * (end_s - start_s) for name, mean_w in zip(METHODS[2:4], means, strict=True)}

    def _poll(self) -> None:
        while True:
            average_w = self._nvml.nvmlDeviceGetPowerUsage(self._handle) / 1000.0
            (field,) = self._nvml.nvmlDeviceGetFieldValues(self._handle, [self._nvml.NVML_FI_DEV_POWER_INSTANT])
            self._readings.append((time.monotonic(), average_w, field.value.uiVal / 1000.0))
            time.sleep(POLL_S)


Window = Callable[[dict[str, float]], Any]
"""A context: its block is the window, and its end puts the joules into the dictionary."""


def others() -> dict[str, Window]:
    """The windows of the other tools that are installed, outermost first."""
    found: dict[str, Window] = {}
    for name, open_tool in (("CodeCarbon", _codecarbon), ("Zeus", _zeus)):
        try:
            found[name] = open_tool()
            # the first window of a tool may look for hardware for seconds
            with found[name]({}):
                time.sleep(0.5)
        except Exception as error:  # noqa: BLE001 - whatever another tool raises, the others are measured
            found.pop(name, None)
            print(f"{name} takes no part: {type(error).__name__}: {error}", flush=True)
    return found


def _zeus() -> Window:
    from zeus.monitor import ZeusMonitor

    monitor = ZeusMonitor(gpu_indices=[0])

    @contextmanager
    def window(energy_j: dict[str, float]) -> Iterator[None]:
        monitor.begin_window("one", sync_execution=False)
        yield
        energy_j["Zeus"] = float(monitor.end_window("one", sync_execution=False).total_energy)

    return window


def _codecarbon() -> Window:
    from codecarbon import OfflineEmissionsTracker

    # without gpu_ids it follows CUDA_VISIBLE_DEVICES, which counts all boards
    options = {"country_iso_code": "USA", "save_to_file": False, "log_level": "error"}
    tracker = OfflineEmissionsTracker(**options, allow_multiple_runs=True)

    @contextmanager
    def window(energy_j: dict[str, float]) -> Iterator[None]:
        tracker.start_task("one")
        yield
        energy_j["CodeCarbon"] = 3.6e6 * float(tracker.stop_task("one").gpu_energy)

    return window


Timed = tuple[float, float, int]
"""When the work of a window began and ended, in monotonic seconds, and the units done."""


class Bench:
    """All methods around one load on one board."""

    def __init__(self, *, rehearse: bool, chance: random.Random) -> None:
        self.uuid = visible_boards()[0]
        self._meter = NvmlMeter((self.uuid,), SystemClock())
        self._polls = Polls(self.uuid)
        self._load = Load(rehearse=rehearse)
        self._others = {} if rehearse else others()
        self._chance = chance
        self.facts = self._meter.describe()

    def point(self, duty: str, kind: str, length_s: float) -> Point:
        """One window of a kind, on a warm card."""
        if kind != "work":
            self._load.run(WARM_S, DUTIES[duty])
            time.sleep(REST_S)
        energy_j: dict[str, float] = {}
        window = {"rest": self._watched, "alone": self._alone, "work": self._within}[kind]
        (started_s, ended_s, units), (trace,) = self._meter.record(lambda: window(DUTIES[duty], length_s, energy_j))
        trace = replace(trace, started_s=started_s, ended_s=ended_s)
        if kind != "alone":
            energy_j.update(self._polls.energy_j(started_s, ended_s))
        return Point(duty, kind, length_s, ended_s - started_s, units, tuple(energy_j.items()), trace)

    def _watched(self, duty: Duty, length_s: float, energy_j: dict[str, float]) -> Timed:
        with ExitStack() as stack:
            # a random phase: the meter has just met an edge of the tick
            time.sleep(self._chance.uniform(0.0, 0.1))
            for window in self._others.values():
                stack.enter_context(window(energy_j))
            return self._counted(duty, length_s, energy_j)

    def _alone(self, duty: Duty, length_s: float, _energy_j: dict[str, float]) -> Timed:
        started_s = time.monotonic()
        units = self._load.run(length_s, duty)
        return started_s, time.monotonic(), units

    def _within(self, duty: Duty, length_s: float, energy_j: dict[str, float]) -> Timed:
        self._load.run(WARM_S + self._chance.uniform(0.0, 0.1), duty)
        timed = self._counted(duty, length_s, energy_j)
        self._load.run(TAIL_S, duty)
        return timed

    def _counted(self, duty: Duty, length_s: float, energy_j: dict[str, float]) -> Timed:
        before_j = self._polls.counter_j()
        timed = self._alone(duty, length_s, energy_j)
        energy_j["counter, unaligned"] = self._polls.counter_j() - before_j
        return timed


def measure(asked: argparse.Namespace) -> AccuracyFile:
    """Reference and windows of every duty asked for, as far as the time budget goes."""
    ends_s = time.monotonic() + asked.budget_s
    bench = Bench(rehearse=asked.rehearse, chance=random.Random(asked.seed))  # noqa: S311 - no secret
    references = [bench.point(duty, "work", asked.reference_s) for duty in asked.duty]
    points = []
    for duty, kind, length_s in orders(asked):
        if time.monotonic() + length_s + WARM_S + REST_S + 1.0 < ends_s:
            points.append(bench.point(duty, kind, length_s))
    return AccuracyFile(now_utc(), bench.facts.boards[0], asked.seed, tuple(references), tuple(points))


def orders(asked: argparse.Namespace) -> Iterator[tuple[str, str, float]]:
    """Duty, kind and length of each window: all of them in turn, as often as was asked."""
    lengths_s = {"rest": asked.lengths, "alone": asked.alone, "work": asked.in_work}
    for _ in range(asked.repeats):
        for duty in asked.duty:
            yield from ((duty, kind, length_s) for kind in KINDS for length_s in lengths_s[kind])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duty", choices=list(DUTIES), nargs="+", default=list(DUTIES))
    parser.add_argument("--lengths", type=float, nargs="*", default=[0.3, 1.0, 3.0, 10.0, 30.0], help="from rest")
    parser.add_argument("--alone", type=float, nargs="*", default=[0.3, 1.0, 3.0])
    parser.add_argument("--in-work", type=float, nargs="*", default=[0.3, 1.0, 3.0])
    parser.add_argument("--repeats", type=int, default=12)
    parser.add_argument("--reference-s", type=float, default=REFERENCE_S)
    parser.add_argument("--budget-s", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rehearse", action="store_true", help="let time pass instead of using a GPU")
    parser.add_argument("--out", type=Path, default=Path("meter_accuracy.json"))
    parser.add_argument("--pool", type=Path, nargs="+", help="measure nothing, sum up these files")
    asked = parser.parse_args()
    if not asked.pool:
        asked.out.write_text(json.dumps(encode(measure(asked))), encoding="utf-8")
    print(table(pooled([load(file) for file in asked.pool or [asked.out]])))


if __name__ == "__main__":
    main()
