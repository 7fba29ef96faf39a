"""The table of `overhead.py`: each block with a meter against the two without on both sides of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ecoci.model import HostState
from ecoci.plans import decode
from ecoci.stats import mean, summary

TRIM = 0.2
BLOCK_S = {"matmul": 1.0, "energy": 3.0, "static": 0.6, "eager": 0.8}
"""Seconds of work in a block of each workload, unless asked otherwise."""
WORKLOADS = tuple(BLOCK_S)
METERS = ("ecoci", "zeus", "codecarbon")
PLAIN, CONTROL = "none", "control"


@dataclass(frozen=True, slots=True)
class Block:
    """`units` of work in `work_s` seconds; `outside_s` is what the meter took before and after the work.

    `power_w` by the energy counter on tick edges inside the work, only of the workload `energy`.
    """

    workload: str
    arm: str
    units: int
    work_s: float
    outside_s: float
    sampler_core_share: float | None = None
    power_w: float | None = None

    @property
    def unit_s(self) -> float:
        return self.work_s / self.units

    @property
    def unit_j(self) -> float | None:
        return None if self.power_w is None else self.power_w * self.unit_s


@dataclass(frozen=True, slots=True)
class OverheadFile:
    utc: str
    argv: tuple[str, ...]
    product: str
    board: str
    driver: str
    libraries: tuple[tuple[str, str], ...]
    host: HostState
    skipped: tuple[str, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A relative change and its 95 % interval, as shares, from `n` blocks."""

    n: int
    mean: float
    low: float
    high: float


def changes(blocks: Sequence[Block], arm: str, value: Callable[[Block], float | None]) -> list[float]:
    """Log ratios of an arm's blocks to the mean of the plain blocks before and after each."""
    found = []
    for before, block, after in zip(blocks, blocks[1:], blocks[2:], strict=False):
        if block.arm == arm and before.arm == after.arm == PLAIN:
            values = [value(before), value(block), value(after)]
            logs = [math.log(one) for one in values if one is not None]
            found += [logs[1] - (logs[0] + logs[2]) / 2.0] if len(logs) == 3 else []
    return found


def mean_change(logs: Sequence[float]) -> Change | None:
    """Mean of log ratios as a relative change, with its t interval; None below two."""
    found = summary(tuple(logs))
    if found is None or found.ci_low is None or found.ci_high is None:
        return None
    return Change(found.n, math.expm1(found.mean), math.expm1(found.ci_low), math.expm1(found.ci_high))


def trimmed_change(logs: Sequence[float], trim: float = TRIM) -> Change | None:
    """Mean without the `trim` smallest and largest shares, with the interval by the winsorized variance.

    Formula: Tukey and McLaughlin (1963). None when fewer than three values are left.
    """
    from scipy.special import stdtrit

    ordered, cut = sorted(logs), int(trim * len(logs))
    kept = ordered[cut : len(ordered) - cut]
    if len(kept) < 3:
        return None
    winsorized = [min(max(value, kept[0]), kept[-1]) for value in ordered]
    spread = summary(tuple(winsorized))
    if spread is None or spread.sd is None:
        return None
    error = spread.sd * math.sqrt(len(logs)) / len(kept)
    half = float(stdtrit(len(kept) - 1, 0.975)) * error
    middle = mean(kept)
    return Change(len(logs), math.expm1(middle), math.expm1(middle - half), math.expm1(middle + half))


HEAD = (
    "| workload | meter | blocks | added time (95 % CI) | added time, trimmed mean (95 % CI) "
    "| added energy (95 % CI) | s beside the work, per window | sampler, share of one core |\n" + "| --- " * 8 + "|"
)


def table(files: Sequence[OverheadFile]) -> str:
    """A row for each workload and arm over all files; ratios are made within a file, so boards may differ."""
    found = [(name, arm) for name in WORKLOADS for arm in (CONTROL, *METERS)]
    rows = [text for name, arm in found if (text := row(name, arm, files)) is not None]
    return "\n".join([HEAD, *rows, *dict.fromkeys(line for file in files for line in file.skipped)])


def row(name: str, arm: str, files: Sequence[OverheadFile]) -> str | None:
    runs = [[block for block in file.blocks if block.workload == name] for file in files]
    own = [block for run in runs for block in run if block.arm == arm]
    times = [log for run in runs for log in changes(run, arm, lambda block: block.unit_s)]
    joules = [log for run in runs for log in changes(run, arm, lambda block: block.unit_j)]
    if not own:
        return None
    shares = [block.sampler_core_share for block in own if block.sampler_core_share is not None]
    cells = (
        *(name, arm, str(len(times))),
        *(shown(mean_change(times)), shown(trimmed_change(times)), shown(mean_change(joules))),
        f"{median(block.outside_s for block in own):.2f}",
        f"{100.0 * mean(shares):.3f} %" if shares else "–",
    )
    return f"| {' | '.join(cells)} |"


def shown(change: Change | None) -> str:
    if change is None:
        return "–"
    return f"{100 * change.mean:+.3f} % ({100 * change.low:+.3f} … {100 * change.high:+.3f})"


def load(file: Path) -> OverheadFile:
    return decode(json.loads(file.read_text(encoding="utf-8")), OverheadFile, str(file))
