"""The table of `meter_accuracy.py`: how far each method is from the reference, by load, kind and length of window."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecoci import stats
from ecoci.energy import integrate_power, window_energy_j
from ecoci.model import Board, Trace
from ecoci.plans import decode

METHODS = ("ecoci", "counter, unaligned", "PowerUsage at 10 Hz", "instant field at 10 Hz", "Zeus", "CodeCarbon")
KINDS = ("rest", "alone", "work", "after")
"""From rest with all methods at once, from rest with ecoci alone, cut out of running work, and right after work.

The last kind is of older files alone, which hold no traces.
"""


@dataclass(frozen=True, slots=True)
class Duty:
    """Bursts of `busy_s`, each followed by a pause of `pause_s`."""

    busy_s: float
    pause_s: float


DUTIES = {
    "full": Duty(0.02, 0.0),
    "part": Duty(0.01, 0.015),
    "square": Duty(0.055, 0.055),
}
"""Always busy; 40 %; and a square wave of 110 ms, which beats against a tick of 100 ms."""


@dataclass(frozen=True, slots=True)
class Point:
    """One window: joules by each method that answered, for `units` of work done in `work_s` seconds."""

    duty: str
    kind: str
    length_s: float
    work_s: float
    units: int
    energy_j: tuple[tuple[str, float], ...]
    trace: Trace | None
    """What ecoci computes its joules from; None in windows right after work, which hold the joules instead."""


@dataclass(frozen=True, slots=True)
class AccuracyFile:
    """Windows of one board, and for each duty the same work over 60 s."""

    utc: str
    board: Board
    seed: int
    references: tuple[Point, ...]
    points: tuple[Point, ...]


Key = tuple[str, str, float, str]
"""Duty, kind of window, its length and the method."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Relative errors of one method in windows of one length, kind and duty."""

    n: int
    bias: float
    sd: float


def load(file: Path) -> AccuracyFile:
    """Read a file of `meter_accuracy.py`, packed or not."""
    packed = file.read_bytes()
    return decode(json.loads(gzip.decompress(packed) if file.suffix == ".gz" else packed), AccuracyFile)


def own_energy_j(point: Point) -> float:
    """ecoci's joules of a window, from its trace; within running work by the share of the power curve.

    Raises ValueError where there are none: the window belongs in no table then.
    """
    if point.trace is None:
        found = dict(point.energy_j).get("ecoci")
    else:
        found = _share_j(point.trace) if point.kind == "work" else window_energy_j(point.trace)
    if found is None:
        raise ValueError(f"no energy in a window of {point.length_s:g} s, {point.duty} from {point.kind}")
    return found


def _share_j(trace: Trace) -> float | None:
    start, edge = trace.counter_start, trace.counter_edge
    if start is None or edge is None or trace.power is None:
        return None
    inside_j = integrate_power(trace.power, trace.started_s, trace.ended_s)
    counted_j = integrate_power(trace.power, start.t_s, edge.t_s)
    if inside_j is None or counted_j is None:
        return None
    return (edge.energy_mj - start.energy_mj) / 1000.0 * inside_j / counted_j


def errors(file: AccuracyFile) -> Iterator[tuple[Key, float]]:
    """Relative error of joules per unit against the board's own reference."""
    per_unit_j = {point.duty: own_energy_j(point) / point.units for point in file.references}
    for point in file.points:
        for method, energy_j in {**dict(point.energy_j), "ecoci": own_energy_j(point)}.items():
            error = energy_j / point.units / per_unit_j[point.duty] - 1.0
            yield (point.duty, point.kind, point.length_s, method), error


def pooled(files: Sequence[AccuracyFile]) -> dict[Key, Spread]:
    """Bias and sd over the windows of all files; every error is against the reference of its own board."""
    merged: dict[Key, list[float]] = {}
    for file in files:
        for key, error in errors(file):
            merged.setdefault(key, []).append(error)
    return {key: Spread(len(values), stats.mean(values), _sd(values)) for key, values in merged.items()}


def _sd(values: list[float]) -> float:
    found = stats.sd(values)
    return math.nan if found is None else found


def table(spreads: dict[Key, Spread]) -> str:
    """A row for each duty, kind and length: bias ± sd in per cent of every method that answered."""
    methods = [name for name in METHODS if any(key[3] == name for key in spreads)]
    lines = [f"| load | from | window | n | {' | '.join(methods)} |"]
    lines.append("| --- | --- | ---: | ---: |" + " ---: |" * len(methods))
    for duty, kind, length_s in sorted({key[:3] for key in spreads}, key=_place):
        cells = [spreads.get((duty, kind, length_s, method)) for method in methods]
        shown = ["—" if c is None else f"{100 * c.bias:+.2f} ± {100 * c.sd:.2f} %" for c in cells]
        count = max(c.n for c in cells if c is not None)
        lines.append(f"| {duty} | {kind} | {length_s:g} s | {count} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _place(row: tuple[str, str, float]) -> tuple[int, int, float]:
    return list(DUTIES).index(row[0]), KINDS.index(row[1]), row[2]
