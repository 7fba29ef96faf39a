"""The tables of `noise.py`: scatter within a process, between processes, between boards and machine starts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from statistics import median
from typing import TypeVar

from benchmarks.noise_data import NoiseFile, NoiseProcess
from ecoci.stats import cv, mean, sd_interval

SAME_START_S = 3600.0
Key = TypeVar("Key", str, tuple[str, str])
ORDER = ("as_is", "affinity", "threads", "hash_seed", "collector", "quiet", "long", "quiet_long")
"""In the order of the tables."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """A coefficient of variation with its 95 % interval, as shares, and the degrees of freedom behind it."""

    cv: float
    low: float
    high: float
    df: int


def scatter(groups: Sequence[Sequence[float]]) -> Scatter | None:
    """CV between the values after each group's own mean is taken out, with the chi-square interval of an sd.

    Groups of one value say nothing about scatter and are left out. None when nothing is left.
    """
    usable = [group for group in groups if len(group) >= 2]
    df = sum(len(group) - 1 for group in usable)
    if df == 0:
        return None
    squares = sum((value / mean(group) - 1.0) ** 2 for group in usable for value in group)
    sd = math.sqrt(squares / df)
    return Scatter(sd, *sd_interval(sd, df + 1), df)


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
        return process.scenario, ORDER.index(process.condition)

    for (scenario, condition), found in groupby(sorted(processes, key=key), key):
        yield scenario, ORDER[condition], list(found)


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


def one_name_a_start(processes: Sequence[NoiseProcess]) -> list[NoiseProcess]:
    """Results name a machine start by their folder, noise files by its boot; on one board within an hour it is one."""
    names: dict[str, str] = {}
    latest: dict[str, NoiseProcess] = {}
    for process in sorted(processes, key=lambda one: one.started_utc):
        before = latest.get(process.board)
        known = names.get(process.boot_id, process.boot_id)
        if before is not None and _seconds(process) - _seconds(before) < SAME_START_S:
            known = names[before.boot_id]
        names.setdefault(process.boot_id, known)
        latest[process.board] = process
    return [replace(process, boot_id=names[process.boot_id]) for process in processes]


def _seconds(process: NoiseProcess) -> float:
    return datetime.fromisoformat(process.started_utc).timestamp()


def tables(files: Sequence[NoiseFile]) -> str:
    processes = one_name_a_start([process for file in files for process in file.processes])
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
