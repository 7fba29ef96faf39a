"""A simulated GPU for tests: time, power and work are functions, nothing waits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, repeat
from pathlib import Path

from ecoci.bench import Reporter, Sink, Tools
from ecoci.clocks import SimulatedClock
from ecoci.engines.synthetic import SyntheticEngine, SyntheticRuntime
from ecoci.hosts.none import NoControl
from ecoci.meters.none import NoHostMeter
from ecoci.meters.synthetic import BOARD, Neighbours, SyntheticMeter
from ecoci.model import (
    Audited,
    Board,
    Effort,
    ForeignProcess,
    Host,
    ModelRef,
    ModelSource,
    Policy,
    Progress,
    Quantization,
    RunJob,
    Scenario,
    Workload,
)

HOST = Host(cpu="simulated", logical_cores=2, system="Linux 0", python="3.11.0")


@dataclass(frozen=True, slots=True)
class World:
    """How the simulated GPU behaves. `spread` is the relative sd between processes."""

    power_w: float = 200.0
    generation_s: float = 1.0
    spread: float = 0.01
    seed: int = 1
    boards: tuple[Board, ...] = (BOARD,)
    foreign: tuple[ForeignProcess, ...] = ()
    busy_pct: float = 0.0
    warm_up_s: tuple[float, ...] = (5.0, 1.4)

    def tools(self, job: RunJob, sink: Sink) -> Tools:
        clock = SimulatedClock()
        chance = random.Random(f"{self.seed}/{job.scenario.name}/{job.run_index}")  # noqa: S311 - no secret
        factor = 1.0 + self.spread * chance.gauss(0.0, 1.0)
        neighbours = Neighbours(self.foreign, self.busy_pct)
        meter = SyntheticMeter(clock, self._power(factor), boards=self.boards, neighbours=lambda _: neighbours)
        engine = SyntheticEngine(clock, self._durations())
        return Tools(
            engine, meter, clock, HOST, Reporter(job, clock, sink), SyntheticRuntime(), NoControl(), NoHostMeter()
        )

    def _power(self, factor: float) -> Callable[[float], float]:
        return lambda _t: self.power_w * factor

    def _durations(self) -> Iterator[float]:
        return chain(self.warm_up_s, repeat(self.generation_s))


def scenario(name: str = "tiny", **policy: float) -> Scenario:
    return Scenario(
        name=name,
        workload=Workload(ModelRef(ModelSource.SYNTHETIC, "tiny"), Quantization.FP16),
        effort=Effort(runs=5, windows=2, window_s=10.0),
        policy=replace(Policy(), **policy),  # type: ignore[arg-type]
    )


def job(of: Scenario | None = None, index: int = 0) -> RunJob:
    made = of or scenario()
    return RunJob(made, index, made.effort.runs, board_uuids=(BOARD.uuid,), cache_dir="")


class NoFindings:
    """An audit that finds nothing."""

    def audit(self, root: Path) -> Audited:
        return Audited()


class Heard:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []

    def notify(self, progress: Progress) -> None:
        self.progress.append(progress)
