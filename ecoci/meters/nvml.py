"""The meter for NVIDIA GPUs: energy counters on tick edges at both ends, the driver's power samples between.

It only reads. It knows nothing of models, runs or verdicts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ecoci.energy import mean_power_w
from ecoci.meters.answers import naming, refuse_twice
from ecoci.meters.nvml_binding import Session
from ecoci.meters.nvml_device import Device, all_devices, open_device
from ecoci.meters.nvml_probe import probe
from ecoci.meters.nvml_processes import holds_cuda_context
from ecoci.meters.nvml_refusals import refuse_unmeasurable
from ecoci.meters.nvml_self_test import try_sensors
from ecoci.meters.nvml_window import NvmlRecording
from ecoci.meters.sensor_cache import SensorCache
from ecoci.meters.ticks import wait_for_edge
from ecoci.meters.window import record_together
from ecoci.model import Board, MeterFacts, SensorTest, Trace
from ecoci.ports import Clock

T = TypeVar("T")

__all__ = ["NvmlMeter", "list_boards", "probe"]


class NvmlMeter:
    """Implements the `Meter` port on whole boards, each named by its full UUID.

    `on_power` hears the latest watts of all boards together about once a second, from the sampling thread. `cache`
    remembers what the sensors of a board can do. Raises `DeviceError` for a board that cannot be measured: no driver,
    unknown, older than Volta, split by MIG, without an energy counter; `InputError` for one that is named twice.
    """

    def __init__(
        self,
        board_uuids: tuple[str, ...],
        clock: Clock,
        on_power: Callable[[float], None] | None = None,
        cache: SensorCache | None = None,
    ) -> None:
        self._clock = clock
        self._on_power = on_power
        self._cache = cache
        self._tests: tuple[SensorTest, ...] = ()
        refuse_twice(board_uuids)
        self._session = Session()
        try:
            self._devices = tuple(open_device(self._session, board_uuid) for board_uuid in board_uuids)
            pairs = zip(self._devices, board_uuids, strict=True)
            self._boards = tuple(self._examine(device, board_uuid) for device, board_uuid in pairs)
        except BaseException:
            self._session.close()
            raise

    def describe(self) -> MeterFacts:
        """The boards and what their sensors can do; the first call tries them out, two seconds for each board.

        Raises `DeviceError` for a counter that stands still, falls, or counts what no board can draw.
        """
        return MeterFacts(self._boards, self._sensors())

    def record(self, work: Callable[[], T]) -> tuple[T, tuple[Trace, ...]]:
        """Run `work` between two tick edges of each counter and return its result with a trace for each board.

        `work` must return only after its own device sync. What it raises goes on unchanged; no thread stays behind.
        Raises `DeviceError` when a counter stands still or falls, or a GPU is lost.
        """
        result, traces = record_together(self._recordings(), self._clock, self._on_power, work)
        self._remember_idle(traces)
        return result, traces

    def close(self) -> None:
        self._session.close()

    def _examine(self, device: Device, board_uuid: str) -> Board:
        with naming(self._name(board_uuid)):
            board = device.describe()
            refuse_unmeasurable(device, board)
        return board

    def _recordings(self) -> tuple[NvmlRecording, ...]:
        pairs = zip(self._devices, self._sensors(), strict=True)
        return tuple(NvmlRecording(device, test, self._clock, self._name(test.board_uuid)) for device, test in pairs)

    def _name(self, board_uuid: str) -> str:
        """What errors call a board: nothing where it is the only one."""
        return board_uuid if len(self._devices) > 1 else ""

    def _sensors(self) -> tuple[SensorTest, ...]:
        if not self._tests:
            pairs = zip(self._devices, self._boards, strict=True)
            self._tests = tuple(self._try(device, board) for device, board in pairs)
        return self._tests

    def _try(self, device: Device, board: Board) -> SensorTest:
        with naming(self._name(board.uuid)):
            known = None if self._cache is None else self._cache.find(board)
            if known is not None:
                # what was found out a day ago does not tell that the counter advances today
                wait_for_edge(device.energy_mj, self._clock)
                return known
            test = try_sensors(device, board, self._clock)
        return test if self._cache is None else self._cache.keep(board, test)

    def _remember_idle(self, traces: tuple[Trace, ...]) -> None:
        """What a board draws with nothing open on it, as far as this process and the driver's list can tell."""
        if self._cache is None or holds_cuda_context():
            return
        for board, trace in zip(self._boards, traces, strict=True):
            power_w = mean_power_w(trace)
            if power_w is not None and _is_at_rest(trace):
                self._cache.note_idle(board, power_w)


def list_boards() -> tuple[Board, ...]:
    """All boards in NVML order, which is PCI bus order. Raises `DeviceError` without a driver or a GPU."""
    session = Session()
    try:
        return tuple(device.describe() for device in all_devices(session))
    finally:
        session.close()


def _is_at_rest(trace: Trace) -> bool:
    """Nobody else was on the board, its list of processes could be read, and it said that it had nothing to do."""
    hidden = any(one.field == "foreign_processes" for one in trace.missing)
    alone = not (trace.foreign_before or trace.foreign_after or hidden)
    busy = trace.device.gpu_utilization_pct
    return alone and bool(busy) and set(busy) == {0.0}
