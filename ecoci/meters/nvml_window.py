"""What is NVML's own about a window on one board: processes, throttle counters, the driver's late power samples."""

from __future__ import annotations

from ecoci.meters.nvml_device import Device
from ecoci.meters.nvml_processes import list_foreign
from ecoci.meters.nvml_watch import Watch, open_power
from ecoci.meters.ticks import ReadEnergy
from ecoci.meters.window import Recording
from ecoci.model import ForeignProcess, Missing, SensorTest, ThrottleTime
from ecoci.ports import Clock


class NvmlRecording(Recording):
    """A window on one NVIDIA board."""

    watch: Watch

    def __init__(self, device: Device, test: SensorTest, clock: Clock, name: str = "") -> None:
        super().__init__(Watch(device, clock, open_power(test.power_source, device, clock)), test, clock, name)
        self._device = device
        self._throttled: list[tuple[float, dict[str, float]]] = []

    @property
    def read_energy_mj(self) -> ReadEnergy:
        return self._device.energy_mj

    def list_foreign(self) -> tuple[ForeignProcess, ...]:
        return list_foreign(self._device, self.missing, self.watch.listed())

    def note_throttle(self) -> None:
        self._throttled.append((self._clock.now_s(), self._device.throttle_s(self.missing)))

    def throttle(self) -> tuple[ThrottleTime, ...]:
        (began_s, before), (ended_s, after) = self._throttled
        return throttle_times(before, after, ended_s - began_s, self.missing)

    def finish(self, until_s: float) -> None:
        self.watch.cover(until_s)


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
