"""One window on one NVIDIA board: the counter on tick edges at both ends, and what is read beside it."""

from __future__ import annotations

from collections.abc import Iterable

from ecoci.meters.nvml_device import Device
from ecoci.meters.nvml_processes import list_foreign
from ecoci.meters.nvml_watch import Watch, open_power
from ecoci.meters.ticks import WIDEST_GAP_S, read_counter, refuse_backwards, wait_for_edge
from ecoci.model import CounterReading, ForeignProcess, Missing, SensorTest, ThrottleTime, Trace
from ecoci.ports import Clock


class Recording:
    """The steps of a window in order: `look`, `start`, the work, `stop`, `finish`, then `trace`."""

    def __init__(self, device: Device, test: SensorTest, clock: Clock) -> None:
        self._device = device
        self._test = test
        self._clock = clock
        self._missing: list[Missing] = list(test.missing)
        self._foreign_before: tuple[ForeignProcess, ...] = ()
        self._throttled_before: dict[str, float] = {}
        self._throttled_after: dict[str, float] = {}
        self._began_s = self._elapsed_s = 0.0
        self._ends: list[CounterReading] = []
        self.watch = Watch(device, clock, open_power(test.power_source, device, clock))

    def look(self) -> None:
        """Who else is on the board, before the sampling begins."""
        self._foreign_before = list_foreign(self._device, self._missing)

    def search_start(self) -> EdgeSearch:
        """The search for the tick edge that the window counts from."""
        self._began_s = self._clock.now_s()
        self._throttled_before = self._device.throttle_s(self._missing)
        return self._search()

    def stop(self) -> None:
        """Read the counters straight after the work."""
        self._end = read_counter(self._device.energy_mj, self._clock)
        self._throttled_after = self._device.throttle_s(self._missing)
        self._elapsed_s = self._clock.now_s() - self._began_s

    def search_end(self) -> EdgeSearch:
        """The search for the closing tick edge."""
        return self._search(since=self._end)

    def _search(self, since: CounterReading | None = None) -> EdgeSearch:
        return EdgeSearch(self._device.energy_mj, self._clock, since, WIDEST_GAP_S, self._test.tick_s)

    def trace(self, started_s: float, ended_s: float) -> Trace:
        """The record of the window; to be called once the sampling has ended."""
        start, end, edge = self._ends
        self.watch.cover(edge.t_s)
        foreign_after = list_foreign(self._device, self._missing, self.watch.listed())
        throttle = throttle_times(self._throttled_before, self._throttled_after, self._elapsed_s, self._missing)
        return Trace(
            board_uuid=self._test.board_uuid,
            started_s=started_s,
            ended_s=ended_s,
            counter_start=start,
            counter_end=end,
            counter_edge=edge,
            tick_s=self._test.tick_s,
            power=self.watch.power_trace(),
            device=self.watch.device_samples(),
            throttle=throttle,
            foreign_before=self._foreign_before,
            foreign_after=foreign_after,
            missing=first_of_each_field((*self._missing, *self.watch.missing())),
        )


def throttle_times(
    before: dict[str, float], after: dict[str, float], elapsed_s: float, missing: list[Missing]
) -> tuple[ThrottleTime, ...]:
    """What the cumulative seconds of each cause rose by; a rise that cannot be goes to `missing`."""
    times = []
    for cause in before.keys() & after.keys():
        duration_s = after[cause] - before[cause]
        # more than the time that passed is a reset or another unit; half a second for the counter's own refresh
        if 0.0 <= duration_s <= elapsed_s + 0.5:
            times.append(ThrottleTime(cause, duration_s))
        else:
            reason = f"the card's counter moved by {duration_s:.3f} s within {elapsed_s:.3f} s"
            missing.append(Missing(f"throttle.{cause}", reason))
    return tuple(sorted(times, key=lambda time: time.cause))


def first_of_each_field(missing: Iterable[Missing]) -> tuple[Missing, ...]:
    """Without repeats: of each field the first reason stands."""
    first: dict[str, Missing] = {}
    for one in missing:
        first.setdefault(one.field, one)
    return tuple(first.values())
