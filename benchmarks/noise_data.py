"""What a run of `noise.py` leaves behind, and how recorded results of ecoci become the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ecoci.energy import window_energy_j
from ecoci.model import (
    DecodeMode,
    HostState,
    JobResult,
    ModelRef,
    ModelSource,
    Quantization,
    RunRecord,
    Scenario,
    Workload,
)
from ecoci.plans import decode
from ecoci.stats import cv
from ecoci.store import load_result


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


def workload(scenario: str) -> Workload:
    """The workload named as architecture/decode/batch, with an optional /quantization."""
    model, decode_mode, batch, *rest = scenario.split("/")
    return Workload(
        ModelRef(ModelSource.SYNTHETIC, model),
        Quantization(rest[0]) if rest else Quantization.FP16,
        DecodeMode(decode_mode),
        batch=int(batch),
    )


def noise_window(duration_s: float, tokens: int, energy_j: float, durations: Sequence[float]) -> NoiseWindow:
    return NoiseWindow(
        *(duration_s, tokens, energy_j, len(durations)),
        *(min(durations), median(durations), max(durations), cv(durations)),
    )


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
