"""What is AMD's own about a window on one board: processes, and the firmware's count of steps held back."""

from __future__ import annotations

from ecoci.meters.amd_device import Device, Residency
from ecoci.meters.amd_watch import Watch
from ecoci.meters.answers import tolerate
from ecoci.meters.ticks import ReadEnergy
from ecoci.meters.window import Recording
from ecoci.model import ForeignProcess, Missing, SensorTest, ThrottleTime
from ecoci.ports import Clock


class AmdRecording(Recording):
    """A window on one AMD board."""

    watch: Watch

    def __init__(self, device: Device, test: SensorTest, clock: Clock, name: str = "") -> None:
        super().__init__(Watch(device, clock, test.power_source), test, clock, name)
        self._device = device
        self._held: list[tuple[float, Residency | None]] = []

    @property
    def read_energy_mj(self) -> ReadEnergy:
        return self._device.energy_mj

    def list_foreign(self) -> tuple[ForeignProcess, ...]:
        return self.watch.foreign()

    def note_throttle(self) -> None:
        self._held.append((self._clock.now_s(), tolerate(self._device.residency, "throttle", self.missing)))

    def throttle(self) -> tuple[ThrottleTime, ...]:
        (began_s, before), (ended_s, after) = self._held
        if before is None or after is None:
            return ()
        return throttle_times(before, after, ended_s - began_s, self.missing)

    def finish(self, until_s: float) -> None:  # noqa: ARG002 - power is polled: one more reading is all there is
        self.watch.read_power()


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
