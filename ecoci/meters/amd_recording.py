"""One window on one AMD board: the counter on tick edges at both ends, and what is read beside it."""

from __future__ import annotations

from ecoci.meters.amd_binding import tolerate
from ecoci.meters.amd_device import Device, Residency
from ecoci.meters.amd_watch import Watch
from ecoci.meters.ticks import WIDEST_GAP_S, EdgeSearch, read_counter, refuse_backwards
from ecoci.model import CounterReading, ForeignProcess, Missing, SensorTest, ThrottleTime, Trace
from ecoci.ports import Clock


class Recording:
    """The steps of a window in order: `look`, `start`, polls until `done`, the work, `stop`, polls, then `trace`."""

    def __init__(self, device: Device, test: SensorTest, clock: Clock) -> None:
        self._device = device
        self._test = test
        self._clock = clock
        self._missing: list[Missing] = list(test.missing)
        self._foreign_before: tuple[ForeignProcess, ...] = ()
        self._before: Residency | None = None
        self._looked_s = 0.0
        self._start: CounterReading | None = None
        self._end: CounterReading | None = None
        self._search: EdgeSearch | None = None
        self.watch = Watch(device, clock, test.power_source)

    def look(self) -> None:
        """Everything that takes its time and can be read before the window."""
        self._foreign_before = self.watch.foreign()
        self._looked_s = self._clock.now_s()
        self._before = tolerate(self._device.residency, "throttle", self._missing)
        self.watch.read()

    @property
    def done(self) -> bool:
        """Whether the search for an edge that is under way has found one."""
        return self._search is not None and self._search.done

    def start(self) -> None:
        """Begin to look for the tick edge that the window counts from."""
        self._search = self._search_edge(None)

    def poll(self) -> None:
        if self._search is not None:
            self._search.poll()

    def stop(self) -> None:
        """Read the counter straight after the work, and begin to look for the closing tick edge."""
        self._start = self._edge
        self._end = read_counter(self._device.energy_mj, self._clock)
        if self._start is not None:
            refuse_backwards(self._start, self._end)
        self._search = self._search_edge(self._end)

    def trace(self, started_s: float, ended_s: float) -> Trace:
        """The record of the window; to be called once the sampling has ended."""
        self.watch.read_power()
        throttle = self._throttle()
        foreign_after = self.watch.foreign()
        return Trace(
            board_uuid=self._test.board_uuid,
            started_s=started_s,
            ended_s=ended_s,
            counter_start=self._start,
            counter_end=self._end,
            counter_edge=self._edge,
            tick_s=self._test.tick_s,
            power=self.watch.power_trace(),
            device=self.watch.device_samples(),
            throttle=throttle,
            foreign_before=self._foreign_before,
            foreign_after=foreign_after,
            missing=_first_of_each_field((*self._missing, *self.watch.missing())),
        )

    @property
    def _edge(self) -> CounterReading | None:
        return None if self._search is None else self._search.edge

    def _search_edge(self, since: CounterReading | None) -> EdgeSearch:
        return EdgeSearch(self._device.energy_mj, self._clock, since, WIDEST_GAP_S, self._test.tick_s)

    def _throttle(self) -> tuple[ThrottleTime, ...]:
        if self._before is None:
            return ()
        after = tolerate(self._device.residency, "throttle", self._missing)
        if after is None:
            return ()
        return throttle_times(self._before, after, self._clock.now_s() - self._looked_s, self._missing)


def throttle_times(
    before: Residency, after: Residency, elapsed_s: float, missing: list[Missing]
) -> tuple[ThrottleTime, ...]:
    """Seconds that each cause held the clocks back: its share of the firmware's steps times the seconds that passed."""
    steps = after.steps - before.steps
    if steps <= 0:
        missing.append(Missing("throttle", f"the firmware counted {steps} steps within {elapsed_s:.3f} s"))
        return ()
    times = []
    for cause in sorted(before.by_cause.keys() & after.by_cause.keys()):
        held = after.by_cause[cause] - before.by_cause[cause]
        if 0 <= held <= steps:
            times.append(ThrottleTime(cause, held / steps * elapsed_s))
        else:
            missing.append(Missing(f"throttle.{cause}", f"its counter moved by {held} within {steps} steps"))
    return tuple(times)


def _first_of_each_field(missing: tuple[Missing, ...]) -> tuple[Missing, ...]:
    first: dict[str, Missing] = {}
    for one in missing:
        first.setdefault(one.field, one)
    return tuple(first.values())
