"""A meter without a sensor: power is a function of time, the counter ticks. The double of `Meter`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from ecoci.model import Board, CounterReading, DeviceSamples, ForeignProcess, MeterFacts, PowerSource, PowerTrace, Trace
from ecoci.ports import Clock

T = TypeVar("T")

BOARD = Board(
    product="Synthetic GPU",
    uuid="GPU-00000000-0000-0000-0000-000000000000",
    driver="000.00",
    cuda="0.0",
    memory_bytes=16 << 30,
    power_limit_w=300.0,
    compute_capability="9.0",
    mig_enabled=False,
)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Who else is on the boards, and for how much of the time the GPU is at work, percent."""

    processes: tuple[ForeignProcess, ...] = ()
    busy_pct: float = 0.0


def nobody(_t_s: float) -> Neighbours:
    return Neighbours()


class SyntheticMeter:
    """Measures `power_w(t)` watts on each board with a counter of `tick_s`, exact to one millijoule a tick."""

    def __init__(
        self,
        clock: Clock,
        power_w: Callable[[float], float],
        *,
        tick_s: float = 0.1,
        boards: tuple[Board, ...] = (BOARD,),
        neighbours: Callable[[float], Neighbours] = nobody,
    ) -> None:
        self._clock = clock
        self._power_w = power_w
        self._tick_s = tick_s
        self._boards = boards
        self._neighbours = neighbours
        self._energy_j = 0.0
        self._counted_to_s = clock.now_s()

    def describe(self) -> MeterFacts:
        return MeterFacts(self._boards)

    def record(self, work: Callable[[], T]) -> tuple[T, tuple[Trace, ...]]:
        start = self._next_edge()
        started_s = self._clock.now_s()
        value = work()
        ended_s = self._clock.now_s()
        edge = self._next_edge()
        first = Trace(
            board_uuid=self._boards[0].uuid,
            started_s=started_s,
            ended_s=ended_s,
            counter_start=start,
            counter_end=edge,
            counter_edge=edge,
            tick_s=self._tick_s,
            power=self._power_trace(start.t_s, edge.t_s),
            device=DeviceSamples((ended_s,), (None,), (None,), (None,), (self._neighbours(ended_s).busy_pct,)),
            foreign_before=self._neighbours(started_s).processes,
            foreign_after=self._neighbours(ended_s).processes,
        )
        return value, tuple(replace(first, board_uuid=board.uuid) for board in self._boards)

    def close(self) -> None:
        pass

    def _next_edge(self) -> CounterReading:
        """Sleep to the next multiple of the tick and read the counter there."""
        now_s = self._clock.now_s()
        edge_s = (math.floor(now_s / self._tick_s + 1e-9) + 1) * self._tick_s
        self._clock.sleep(edge_s - now_s)
        self._energy_j += self._integral_j(self._counted_to_s, edge_s)
        self._counted_to_s = edge_s
        return CounterReading(edge_s, round(self._energy_j * 1000.0), 0.0)

    def _integral_j(self, start_s: float, end_s: float) -> float:
        steps = max(1, round((end_s - start_s) / self._tick_s))
        width_s = (end_s - start_s) / steps
        return sum(self._power_w(start_s + (i + 0.5) * width_s) * width_s for i in range(steps))

    def _power_trace(self, start_s: float, end_s: float) -> PowerTrace:
        count = max(2, round((end_s - start_s) / self._tick_s) + 1)
        times = tuple(start_s + (end_s - start_s) * i / (count - 1) for i in range(count))
        return PowerTrace(PowerSource.SYNTHETIC, times, tuple(self._power_w(t) for t in times))
