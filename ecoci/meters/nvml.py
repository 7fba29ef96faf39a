"""The meter for NVIDIA GPUs: energy counter on tick edges at both ends, the driver's power samples between.

It only reads. It knows nothing of models, runs or verdicts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from ecoci.meters.nvml_binding import Session
from ecoci.meters.nvml_device import all_devices, open_device
from ecoci.meters.nvml_probe import probe
from ecoci.meters.nvml_processes import list_foreign
from ecoci.meters.nvml_refusals import refuse_unmeasurable
from ecoci.meters.nvml_watch import Watch, choose_power_source, open_power
from ecoci.meters.sampler import Sampler
from ecoci.meters.ticks import WIDEST_GAP_S, measure_tick_s, read_counter, refuse_backwards, wait_for_edge
from ecoci.model import Board, CounterReading, MeterFacts, Missing, PowerSource, ThrottleTime, Trace
from ecoci.ports import Clock

T = TypeVar("T")

__all__ = ["NvmlMeter", "list_boards", "probe"]


class _SelfTest(NamedTuple):
    tick_s: float
    power_source: PowerSource | None
    missing: tuple[Missing, ...]


class _Ends(NamedTuple):
    """The counter and the clock around the work."""

    counter_start: CounterReading
    started_s: float
    ended_s: float
    counter_end: CounterReading
    counter_edge: CounterReading
    throttle: tuple[ThrottleTime, ...]


class NvmlMeter:
    """Implements the `Meter` port on one whole board, named by its full UUID.

    `on_power` hears the latest watts about once a second, from the sampling thread. Raises `DeviceError` for a board
    that cannot be measured: no driver, unknown, older than Volta, split by MIG, without an energy counter.
    """

    def __init__(
        self, board_uuids: tuple[str, ...], clock: Clock, on_power: Callable[[float], None] | None = None
    ) -> None:
        self._clock = clock
        self._on_power = on_power
        self._self_test: _SelfTest | None = None
        self._session = Session()
        try:
            self._device = open_device(self._session, board_uuids[0])
            self._board = self._device.describe()
            refuse_unmeasurable(self._device, self._board)
        except BaseException:
            self._session.close()
            raise

    def describe(self) -> MeterFacts:
        return MeterFacts((self._board,))

    def record(self, work: Callable[[], T]) -> tuple[T, tuple[Trace, ...]]:
        """Run `work` between two tick edges of the counter and return its result with the trace of the window.

        `work` must return only after its own device sync. What it raises goes on unchanged; no thread stays behind.
        Raises `DeviceError` when the counter stands still or falls, or the GPU is lost.
        """
        test = self._self_test = self._self_test or self._test_sensors()
        missing = list(test.missing)
        foreign_before = list_foreign(self._device, missing)
        watch = Watch(
            self._device, self._clock, open_power(test.power_source, self._device, self._clock), self._on_power
        )
        with Sampler(watch.read, self._clock, watch.period_s):
            result, ends = self._run_between_edges(work, missing)
        watch.cover(ends.counter_edge.t_s)
        foreign_after = list_foreign(self._device, missing, watch.listed())
        trace = Trace(
            board_uuid=self._board.uuid,
            started_s=ends.started_s,
            ended_s=ends.ended_s,
            counter_start=ends.counter_start,
            counter_end=ends.counter_end,
            counter_edge=ends.counter_edge,
            tick_s=test.tick_s,
            power=watch.power_trace(),
            device=watch.device_samples(),
            throttle=ends.throttle,
            foreign_before=foreign_before,
            foreign_after=foreign_after,
            missing=_first_of_each_field((*missing, *watch.missing())),
        )
        return result, (trace,)

    def close(self) -> None:
        self._session.close()

    def _run_between_edges(self, work: Callable[[], T], missing: list[Missing]) -> tuple[T, _Ends]:
        read, clock = self._device.energy_mj, self._clock
        asked_s = clock.now_s()
        throttled_before = self._device.throttle_s(missing)
        start = wait_for_edge(read, clock, widest_gap_s=WIDEST_GAP_S)
        started_s = clock.now_s()
        result = work()
        ended_s = clock.now_s()
        end = read_counter(read, clock)
        throttled_after = self._device.throttle_s(missing)
        refuse_backwards(start, end)
        edge = wait_for_edge(read, clock, since=end, widest_gap_s=WIDEST_GAP_S)
        throttle = _throttle_times(throttled_before, throttled_after, clock.now_s() - asked_s, missing)
        return result, _Ends(start, started_s, ended_s, end, edge, throttle)

    def _test_sensors(self) -> _SelfTest:
        missing: list[Missing] = []
        tick_s = measure_tick_s(self._device.energy_mj, self._clock)
        return _SelfTest(tick_s, choose_power_source(self._device, missing), tuple(missing))


def list_boards() -> tuple[Board, ...]:
    """All boards in NVML order, which is PCI bus order. Raises `DeviceError` without a driver or a GPU."""
    session = Session()
    try:
        return tuple(device.describe() for device in all_devices(session))
    finally:
        session.close()


def _throttle_times(
    before: dict[str, float], after: dict[str, float], elapsed_s: float, missing: list[Missing]
) -> tuple[ThrottleTime, ...]:
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


def _first_of_each_field(missing: tuple[Missing, ...]) -> tuple[Missing, ...]:
    first: dict[str, Missing] = {}
    for one in missing:
        first.setdefault(one.field, one)
    return tuple(first.values())
