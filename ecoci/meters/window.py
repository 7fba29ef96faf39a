"""One window on one or several boards: counters on tick edges at both ends, readings between. Knows no driver."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from ecoci.meters.answers import first_of_each_field, naming
from ecoci.meters.sampler import Sampler
from ecoci.meters.ticks import (
    WIDEST_GAP_S,
    EdgeSearch,
    ReadEnergy,
    read_counter,
    refuse_backwards,
    wait_for_edges,
)
from ecoci.model import (
    CounterReading,
    DeviceSamples,
    ForeignProcess,
    Missing,
    PowerTrace,
    SensorTest,
    ThrottleTime,
    Trace,
)
from ecoci.ports import Clock

P = ParamSpec("P")
T = TypeVar("T")


class Watch(Protocol):
    """All readings beside one window on one board. `read` says whether it was time for the slow ones."""

    @property
    def period_s(self) -> float: ...

    @property
    def latest_w(self) -> float | None: ...

    def read(self) -> bool: ...

    def power_trace(self) -> PowerTrace | None: ...

    def device_samples(self) -> DeviceSamples: ...

    def missing(self) -> tuple[Missing, ...]: ...


def naming_board(step: Callable[Concatenate[Recording, P], T]) -> Callable[Concatenate[Recording, P], T]:
    """Let the errors of a step say which of several boards they are about."""

    @wraps(step)
    def named(recording: Recording, /, *arguments: P.args, **options: P.kwargs) -> T:
        with naming(recording.name):
            return step(recording, *arguments, **options)

    return named


class Recording(ABC):
    """The steps of a window on one board: `look`, `start`, polls until `done`, the work, `stop`, polls, then `trace`.

    `sample` may be called beside them all. `name` stands before the messages of errors. A vendor's own says how the
    counter is read, who is on the board, how long it was throttled, and what is still to be read after the window.
    """

    def __init__(self, watch: Watch, test: SensorTest, clock: Clock, name: str) -> None:
        self.name = name
        self.watch = watch
        self.missing: list[Missing] = list(test.missing)
        self.edge: CounterReading | None = None
        self._test = test
        self._clock = clock
        self._foreign_before: tuple[ForeignProcess, ...] = ()
        self._start: CounterReading | None = None
        self._end: CounterReading | None = None
        self._search: EdgeSearch | None = None

    @property
    @abstractmethod
    def read_energy_mj(self) -> ReadEnergy: ...

    @abstractmethod
    def list_foreign(self) -> tuple[ForeignProcess, ...]:
        """Other processes on the board now, or seen on it since the window began."""

    @abstractmethod
    def note_throttle(self) -> None:
        """Take the cumulative throttle times, just before the window and just after it."""

    @abstractmethod
    def throttle(self) -> tuple[ThrottleTime, ...]:
        """What the throttle times rose by."""

    @abstractmethod
    def finish(self, until_s: float) -> None:
        """Read on until the power trace reaches `until_s`, as far as it can."""

    @property
    def done(self) -> bool:
        """Whether the search for an edge that is under way has found one."""
        return self._search is not None and self._search.done

    @naming_board
    def look(self) -> None:
        """Who else is on the board, before the sampling begins."""
        self._foreign_before = self.list_foreign()

    @naming_board
    def sample(self) -> bool:
        """Take the readings beside the work; whether it was time for the slow ones."""
        return self.watch.read()

    @naming_board
    def start(self) -> None:
        """Begin to look for the tick edge that the window counts from."""
        self.note_throttle()
        self._search = self._search_edge(None)

    @naming_board
    def poll(self) -> None:
        if self._search is not None:
            self._search.poll()
            self.edge = self._search.edge

    @naming_board
    def stop(self) -> None:
        """Read the counters straight after the work, and begin to look for the closing tick edge."""
        self._start = self.edge
        self._end = read_counter(self.read_energy_mj, self._clock)
        if self._start is not None:
            refuse_backwards(self._start, self._end)
        self.note_throttle()
        self._search, self.edge = self._search_edge(self._end), None

    @naming_board
    def trace(self, started_s: float, ended_s: float) -> Trace:
        """The record of the window; to be called once the sampling has ended."""
        self.finish(ended_s if self.edge is None else self.edge.t_s)
        foreign_after, throttle = self.list_foreign(), self.throttle()
        return Trace(
            board_uuid=self._test.board_uuid,
            started_s=started_s,
            ended_s=ended_s,
            counter_start=self._start,
            counter_end=self._end,
            counter_edge=self.edge,
            tick_s=self._test.tick_s,
            power=self.watch.power_trace(),
            device=self.watch.device_samples(),
            throttle=throttle,
            foreign_before=self._foreign_before,
            foreign_after=foreign_after,
            missing=first_of_each_field((*self.missing, *self.watch.missing())),
        )

    def _search_edge(self, since: CounterReading | None) -> EdgeSearch:
        return EdgeSearch(self.read_energy_mj, self._clock, since, WIDEST_GAP_S, self._test.tick_s)


def record_together(
    recordings: Sequence[Recording], clock: Clock, on_power: Callable[[float], None] | None, work: Callable[[], T]
) -> tuple[T, tuple[Trace, ...]]:
    """Run `work` between two tick edges of each board's counter; its result and a trace for each board.

    `on_power` hears the latest watts of all boards together about once a second. What `work` raises goes on unchanged;
    no thread stays behind. Raises `DeviceError` when a counter stands still or falls, or a GPU is lost.
    """

    def sample() -> None:
        told = [one.sample() for one in recordings]
        known_w = [one.watch.latest_w for one in recordings if one.watch.latest_w is not None]
        if on_power is not None and any(told) and len(known_w) == len(recordings):
            on_power(sum(known_w))

    for one in recordings:
        one.look()
    with Sampler(sample, clock, min(one.watch.period_s for one in recordings)):
        for one in recordings:
            one.start()
        wait_for_edges(recordings, clock, freshest=True)
        started_s = clock.now_s()
        result = work()
        ended_s = clock.now_s()
        for one in recordings:
            one.stop()
        wait_for_edges(recordings, clock)
    return result, tuple(one.trace(started_s, ended_s) for one in recordings)
