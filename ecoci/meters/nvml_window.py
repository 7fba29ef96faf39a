"""One window on one NVIDIA board: the counter on tick edges at both ends, and what is read beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from ecoci.meters.nvml_binding import naming
from ecoci.meters.nvml_device import Device
from ecoci.meters.nvml_processes import list_foreign
from ecoci.meters.nvml_watch import Watch, open_power
from ecoci.meters.ticks import WIDEST_GAP_S, EdgeSearch, read_counter, refuse_backwards
from ecoci.model import CounterReading, ForeignProcess, Missing, SensorTest, ThrottleTime, Trace
from ecoci.ports import Clock

P = ParamSpec("P")
T = TypeVar("T")


def naming_board(step: Callable[Concatenate[Recording, P], T]) -> Callable[Concatenate[Recording, P], T]:
    """Let the errors of a step say which of several boards they are about."""

    @wraps(step)
    def named(recording: Recording, /, *arguments: P.args, **options: P.kwargs) -> T:
        with naming(recording.name):
            return step(recording, *arguments, **options)

    return named


class Recording:
    """The steps of a window in order: `look`, `start`, polls until `done`, the work, `stop`, polls, then `trace`.

    `sample` may be called beside them all. `name` stands before the messages of errors.
    """

    def __init__(self, device: Device, test: SensorTest, clock: Clock, name: str = "") -> None:
        self.name = name
        self._device = device
        self._test = test
        self._clock = clock
        self._missing: list[Missing] = list(test.missing)
        self._foreign_before: tuple[ForeignProcess, ...] = ()
        self._throttled_before: dict[str, float] = {}
        self._throttled_after: dict[str, float] = {}
        self._began_s = self._elapsed_s = 0.0
        self._start: CounterReading | None = None
        self._end: CounterReading | None = None
        self._search: EdgeSearch | None = None
        self._watch = Watch(device, clock, open_power(test.power_source, device, clock))

    @property
    def period_s(self) -> float:
        """How often `sample` wants to be called."""
        return self._watch.period_s

    @property
    def latest_w(self) -> float | None:
        return self._watch.latest_w

    @property
    def done(self) -> bool:
        """Whether the search for an edge that is under way has found one."""
        return self._search is not None and self._search.done

    @naming_board
    def look(self) -> None:
        """Who else is on the board, before the sampling begins."""
        self._foreign_before = list_foreign(self._device, self._missing)

    @naming_board
    def sample(self) -> bool:
        """Take the readings beside the work; whether it was time for the slow ones."""
        return self._watch.read()

    @naming_board
    def start(self) -> None:
        """Begin to look for the tick edge that the window counts from."""
        self._began_s = self._clock.now_s()
        self._throttled_before = self._device.throttle_s(self._missing)
        self._search = self._search_edge(None)

    @naming_board
    def poll(self) -> None:
        if self._search is not None:
            self._search.poll()

    @naming_board
    def stop(self) -> None:
        """Read the counters straight after the work, and begin to look for the closing tick edge."""
        self._start = self._edge
        self._end = read_counter(self._device.energy_mj, self._clock)
        if self._start is not None:
            refuse_backwards(self._start, self._end)
        self._throttled_after = self._device.throttle_s(self._missing)
        self._elapsed_s = self._clock.now_s() - self._began_s
        self._search = self._search_edge(self._end)

    @naming_board
    def trace(self, started_s: float, ended_s: float) -> Trace:
        """The record of the window; to be called once the sampling has ended."""
        edge = self._edge
        self._watch.cover(ended_s if edge is None else edge.t_s)
        foreign_after = list_foreign(self._device, self._missing, self._watch.listed())
        throttle = throttle_times(self._throttled_before, self._throttled_after, self._elapsed_s, self._missing)
        return Trace(
            board_uuid=self._test.board_uuid,
            started_s=started_s,
            ended_s=ended_s,
            counter_start=self._start,
            counter_end=self._end,
            counter_edge=edge,
            tick_s=self._test.tick_s,
            power=self._watch.power_trace(),
            device=self._watch.device_samples(),
            throttle=throttle,
            foreign_before=self._foreign_before,
            foreign_after=foreign_after,
            missing=first_of_each_field((*self._missing, *self._watch.missing())),
        )

    @property
    def _edge(self) -> CounterReading | None:
        return None if self._search is None else self._search.edge

    def _search_edge(self, since: CounterReading | None) -> EdgeSearch:
        return EdgeSearch(self._device.energy_mj, self._clock, since, WIDEST_GAP_S, self._test.tick_s)


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
