"""Finds the moments at which a cumulative counter is refreshed. Knows a reader function and a clock, no driver."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Protocol

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
REST_SHARE = 0.8
"""So much of a tick after a refresh no other is looked for, which leaves the driver to the other boards."""
SELF_TEST_S = 2.0
SELF_TEST_TICKS = 4


def read_counter(read: ReadEnergy, clock: Clock) -> CounterReading:
    """Read the counter once; `t_s` is the middle of the call and `uncertainty_s` half its duration."""
    began_s = clock.now_s()
    energy_mj = read()
    half_s = (clock.now_s() - began_s) / 2
    return CounterReading(t_s=began_s + half_s, energy_mj=energy_mj, uncertainty_s=half_s)


class EdgeSearch:
    """Finds a moment at which one counter is refreshed, a read at each `poll`, so that several can be searched at once.

    An edge lies between the start of the last call that gave the old value and the end of the first that gave the new
    one: `t_s` is the middle of that gap and `uncertainty_s` half of it. When the host stalled and the gap is longer
    than `widest_gap_s`, later edges are looked at instead, `EDGE_TRIES` in all, and the one with the shortest gap is
    kept. Where `tick_s` is known, no read is made while no refresh can come.
    """

    def __init__(
        self,
        read: ReadEnergy,
        clock: Clock,
        since: CounterReading | None = None,
        widest_gap_s: float = math.inf,
        tick_s: float = 0.0,
    ) -> None:
        self._read = read
        self._clock = clock
        self._widest_gap_s = widest_gap_s
        self._rest_s = REST_SHARE * tick_s
        self._last = since or read_counter(read, clock)
        self._watching = True
        self._due_s = clock.now_s()
        self._deadline_s = self._due_s + EDGE_TIMEOUT_S
        self._edges = 0
        self._best: CounterReading | None = None

    @property
    def edge(self) -> CounterReading | None:
        """The latest edge with a short enough gap, else the one with the shortest; None before the first."""
        return self._best

    @property
    def done(self) -> bool:
        """Whether there is an edge that will do."""
        return self._best is not None and (self._edges >= EDGE_TRIES or self._is_sharp(self._best))

    def poll(self) -> None:
        """Read the counter once, unless it rests between two refreshes.

        Raises `DeviceError` when it stood still for `EDGE_TIMEOUT_S` or fell.
        """
        if self._clock.now_s() < self._due_s:
            return
        last, self._last = self._last, read_counter(self._read, self._clock)
        refuse_backwards(last, self._last)
        if self._last.energy_mj != last.energy_mj:
            self._advance(last)
        elif self._clock.now_s() >= self._deadline_s:
            raise _standing_still(last)
        self._watching = self._clock.now_s() >= self._due_s

    def _advance(self, last: CounterReading) -> None:
        """The counter was refreshed since `last`; when it had not been watched since then, the moment is not known."""
        now_s = self._clock.now_s()
        self._deadline_s = now_s + EDGE_TIMEOUT_S
        if not self._watching:
            return
        found = _edge_between(last, self._last)
        self._edges += 1
        self._due_s = found.t_s + self._rest_s
        if self._best is None or self._is_sharp(found) or found.uncertainty_s < self._best.uncertainty_s:
            self._best = found

    def _is_sharp(self, edge: CounterReading) -> bool:
        return 2 * edge.uncertainty_s <= self._widest_gap_s


class Search(Protocol):
    """A search for an edge that is carried out one poll after the other."""

    @property
    def done(self) -> bool: ...

    def poll(self) -> None: ...


def wait_for_edges(searches: Sequence[Search], clock: Clock, *, freshest: bool = False) -> None:
    """Poll several counters in turn until each has its edge; raises what a poll raises.

    With `freshest`, those that have one go on to later ones, so that none is much older than a tick at the end.
    """
    while not all(one.done for one in searches):
        clock.sleep(POLL_PAUSE_S)
        for one in searches:
            if freshest or not one.done:
                one.poll()


def wait_for_edge(
    read: ReadEnergy, clock: Clock, since: CounterReading | None = None, widest_gap_s: float = math.inf
) -> CounterReading:
    """The next edge at which one counter differs from `since` (default: from now); see `EdgeSearch`.

    Raises `DeviceError` when the counter stands still for `EDGE_TIMEOUT_S` or runs backwards.
    """
    search = EdgeSearch(read, clock, since, widest_gap_s)
    while search.edge is None or not search.done:
        wait_for_edges((search,), clock)
    return search.edge


def _standing_still(last: CounterReading) -> DeviceError:
    return DeviceError(
        f"the energy counter does not advance: it stood at {last.energy_mj} mJ for {EDGE_TIMEOUT_S:g} s",
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
