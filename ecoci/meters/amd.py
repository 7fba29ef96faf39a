"""The meter for AMD GPUs: the energy accumulator on tick edges at both ends, polled power between.

It only reads. It knows nothing of models, runs or verdicts. Not run on hardware yet: see docs/meters.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ecoci.meters.amd_binding import Session
from ecoci.meters.amd_device import all_devices, open_device
from ecoci.meters.amd_recording import AmdRecording
from ecoci.meters.amd_refusals import refuse_implausible, refuse_unmeasurable
from ecoci.meters.amd_sensors import try_sensors
from ecoci.meters.answers import refuse_twice
from ecoci.meters.window import record_together
from ecoci.model import Board, MeterFacts, SensorTest, Trace
from ecoci.ports import Clock

T = TypeVar("T")

__all__ = ["AmdMeter", "list_boards"]


class AmdMeter:
    """Implements the `Meter` port on whole boards, each named by HIP name, UUID or PCI address.

    `on_power` hears the latest watts of all boards together, from the sampling thread. Raises `DeviceError` where
    amdsmi or its driver is missing and for a board that cannot be measured: unknown, partitioned, virtual, one of two
    dies on a counter, without an energy counter. Raises `InputError` for a board named twice.
    """

    def __init__(
        self, board_ids: tuple[str, ...], clock: Clock, on_power: Callable[[float], None] | None = None
    ) -> None:
        self._clock = clock
        self._on_power = on_power
        self._tests: tuple[SensorTest, ...] = ()
        self._session = Session()
        try:
            self._devices = tuple(open_device(self._session, board_id) for board_id in board_ids)
            self._boards = tuple(device.describe() for device in self._devices)
            refuse_twice(tuple(board.uuid for board in self._boards))
            for device, board in zip(self._devices, self._boards, strict=True):
                refuse_unmeasurable(device, board)
        except BaseException:
            self._session.close()
            raise

    def describe(self) -> MeterFacts:
        """The boards and what their sensors can do; the first call tries them out, two seconds for each board."""
        return MeterFacts(self._boards, self._sensors())

    def record(self, work: Callable[[], T]) -> tuple[T, tuple[Trace, ...]]:
        """Run `work` between two tick edges of each counter and return its result with a trace for each board.

        `work` must return only after its own device sync. What it raises goes on unchanged; no thread stays behind.
        Raises `DeviceError` when a counter stands still or falls, or a GPU is lost.
        """
        pairs = zip(self._devices, self._sensors(), strict=True)
        recordings = tuple(AmdRecording(device, test, self._clock, self._name(test)) for device, test in pairs)
        return record_together(recordings, self._clock, self._on_power, work)

    def close(self) -> None:
        self._session.close()

    def _name(self, test: SensorTest) -> str:
        """What errors call a board: nothing where it is the only one."""
        return test.board_uuid if len(self._devices) > 1 else ""

    def _sensors(self) -> tuple[SensorTest, ...]:
        if not self._tests:
            pairs = tuple(zip(self._devices, self._boards, strict=True))
            self._tests = tuple(try_sensors(device, board, self._clock) for device, board in pairs)
            for board, test in zip(self._boards, self._tests, strict=True):
                refuse_implausible(board, test)
        return self._tests


def list_boards() -> tuple[Board, ...]:
    """All boards in the order in which HIP counts them. Raises `DeviceError` without amdsmi, a driver or a GPU."""
    session = Session()
    try:
        return tuple(device.describe() for device in all_devices(session))
    finally:
        session.close()
