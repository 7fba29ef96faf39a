"""Finds the moments at which a cumulative counter is refreshed. Knows a reader function and a clock, no driver."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ecoci.errors import DeviceError
from ecoci.model import CounterReading
from ecoci.ports import Clock

ReadEnergy = Callable[[], int]
"""Returns the cumulative energy in mJ."""

EDGE_TIMEOUT_S = 3.0
EDGE_TRIES = 4
WIDEST_GAP_S = 0.02
"""A gap of 20 ms leaves ± 10 ms: 0.1 % of a window of 10 s. Undisturbed, two reads of the counter take 1 to 10 ms."""
POLL_PAUSE_S = 0.001
SELF_TEST_S = 2.0
SELF_TEST_TICKS = 4


def read_counter(read: ReadEnergy, clock: Clock) -> CounterReading:
    """Read the counter once; `t_s` is the middle of the call and `uncertainty_s` half its duration."""
    began_s = clock.now_s()
    energy_mj = read()
    half_s = (clock.now_s() - began_s) / 2
    return CounterReading(t_s=began_s + half_s, energy_mj=energy_mj, uncertainty_s=half_s)


def wait_for_edge(
    read: ReadEnergy, clock: Clock, since: CounterReading | None = None, widest_gap_s: float = math.inf
) -> CounterReading:
    """Poll until the counter differs from `since` (default: from now) and return the new value.

    The edge lies between the start of the last call that gave the old value and the end of the first that gave the new
    one: `t_s` is the middle of that gap and `uncertainty_s` half of it. When the host stalled and the gap is longer
    than `widest_gap_s`, later edges are taken instead, `EDGE_TRIES` in all; then the one with the shortest gap is
    returned. Raises `DeviceError` when the counter stands still for `EDGE_TIMEOUT_S` or runs backwards.
    """
    edge = _next_edge(read, clock, since or read_counter(read, clock))
    for _ in range(EDGE_TRIES - 1):
        if 2 * edge.uncertainty_s <= widest_gap_s:
            break
        later = _next_edge(read, clock, read_counter(read, clock))
        edge = min(edge, later, key=lambda found: found.uncertainty_s)
    return edge


def _next_edge(read: ReadEnergy, clock: Clock, old: CounterReading) -> CounterReading:
    deadline_s = clock.now_s() + EDGE_TIMEOUT_S
    while clock.now_s() < deadline_s:
        clock.sleep(POLL_PAUSE_S)
        new = read_counter(read, clock)
        if new.energy_mj != old.energy_mj:
            refuse_backwards(old, new)
            return _edge_between(old, new)
        old = new
    raise DeviceError(
        f"the energy counter does not advance: it stood at {old.energy_mj} mJ for {EDGE_TIMEOUT_S:g} s",
        cause="virtual GPUs and some driver versions offer a counter that is never refreshed",
        remedy="measure on a whole physical GPU, or update the driver; `ecoci doctor` shows what the card offers",
    )


@dataclass(frozen=True, slots=True)
class Ticks:
    """What watching a counter for a while showed: gaps between refreshes, cost of a read, mean power by the counter.

    `tick_s` is the median gap, `jitter_s` the half width of the interval that holds the middle 80 % of the gaps.
    """

    tick_s: float
    jitter_s: float
    call_s: float
    power_w: float


def watch_ticks(read: ReadEnergy, clock: Clock) -> Ticks:
    """Watch the counter for at least four ticks and two seconds. Raises `DeviceError` as `wait_for_edge` does."""
    calls_s: list[float] = []

    def timed() -> int:
        began_s = clock.now_s()
        energy_mj = read()
        calls_s.append(clock.now_s() - began_s)
        return energy_mj

    edges = [wait_for_edge(timed, clock)]
    while len(edges) <= SELF_TEST_TICKS or edges[-1].t_s - edges[0].t_s < SELF_TEST_S:
        edges.append(wait_for_edge(timed, clock, since=edges[-1]))
    gaps_s = sorted(later.t_s - sooner.t_s for sooner, later in pairwise(edges))
    power_w = (edges[-1].energy_mj - edges[0].energy_mj) / 1000.0 / (edges[-1].t_s - edges[0].t_s)
    return Ticks(median(gaps_s), half_width(gaps_s), median(calls_s), power_w)


def half_width(sorted_s: Sequence[float]) -> float:
    """Half the width of the interval that holds the middle 80 % of sorted values."""
    cut = len(sorted_s) // 10
    return (sorted_s[len(sorted_s) - 1 - cut] - sorted_s[cut]) / 2.0


def refuse_backwards(old: CounterReading, new: CounterReading) -> None:
    """Raise `DeviceError` when the cumulative counter fell, because no energy can be told across a reset."""
    if new.energy_mj < old.energy_mj:
        raise DeviceError(
            f"the energy counter fell from {old.energy_mj} mJ to {new.energy_mj} mJ",
            cause="the driver was reloaded or the card was reset while it was measured",
            remedy="keep the driver loaded (persistence mode, or nvidia-persistenced), and measure again",
        )


def _edge_between(old: CounterReading, new: CounterReading) -> CounterReading:
    first_s, last_s = old.t_s - old.uncertainty_s, new.t_s + new.uncertainty_s
    return CounterReading(t_s=(first_s + last_s) / 2, energy_mj=new.energy_mj, uncertainty_s=(last_s - first_s) / 2)
