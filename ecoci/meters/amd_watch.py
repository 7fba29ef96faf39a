"""What is read beside the work on one AMD board: polled power, slow facts once a second, who else is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ecoci.meters.amd_device import Device
from ecoci.meters.answers import tolerate
from ecoci.meters.pids import FIELD, foreign_among, open_files, own_pids, read_text
from ecoci.model import DeviceSamples, ForeignProcess, Missing, PowerSource, PowerTrace
from ecoci.ports import Clock

T = TypeVar("T")

PERIOD_S = 0.1
SLOW_PERIOD_S = 1.0
PROCESS_PERIOD_S = 5.0
"""Listing the processes costs the driver milliseconds: who stays for five seconds is seen."""
KFD_DEVICE = "/dev/kfd"
HSA_LIBRARY = "libhsa-runtime64.so"


class Watch:
    """All readings beside one window. `read` is for the sampler, the rest for before and after."""

    def __init__(self, device: Device, clock: Clock, source: PowerSource | None) -> None:
        self._device = device
        self._clock = clock
        self._source = source
        self._points: list[tuple[float, float]] = []
        self._slow: list[tuple[float, tuple[float | None, ...]]] = []
        self._listed: dict[int, ForeignProcess] = {}
        self._listed_s = clock.now_s()
        self._missing: dict[str, Missing] = {}
        self.latest_w: float | None = None

    @property
    def period_s(self) -> float:
        return PERIOD_S

    def read(self) -> bool:
        """Take what is new; whether it was time for the slow facts, about once a second."""
        self.read_power()
        now_s = self._clock.now_s()
        # half a period of grace, so that ten steps of 0.1 s count as one second
        due = not self._slow or now_s - self._slow[-1][0] >= SLOW_PERIOD_S - PERIOD_S / 2
        if due:
            self._slow.append((now_s, self._read_slow()))
        if now_s - self._listed_s >= PROCESS_PERIOD_S:
            self._listed_s = now_s
            self._list()
        return due

    def read_power(self) -> None:
        if self._source is None:
            self.latest_w = tolerate(self._device.average_power_w, "power", [])
            return
        began_s = self._clock.now_s()
        power_w = self._tolerate(self._device.power_w, "power")
        t_s = (began_s + self._clock.now_s()) / 2
        if power_w is not None and (not self._points or t_s > self._points[-1][0]):
            self._points.append((round(t_s, 6), power_w))
            self.latest_w = power_w

    def foreign(self) -> tuple[ForeignProcess, ...]:
        """Processes of others that are on the board now, or were when it was looked at in the window."""
        if not self._list():
            return ()
        listed = tuple(self._listed[pid] for pid in sorted(self._listed))
        found, doubt = foreign_among(listed, own_pids(), holds_gpu())
        if doubt is not None:
            self._missing.setdefault(FIELD, doubt)
        return found

    def power_trace(self) -> PowerTrace | None:
        if self._source is None or not self._points:
            return None
        return PowerTrace(self._source, tuple(t for t, _ in self._points), tuple(p for _, p in self._points))

    def device_samples(self) -> DeviceSamples:
        if not self._slow:
            return DeviceSamples()
        t_s = tuple(t for t, _ in self._slow)
        temperature, gfx_clock, memory_clock, utilization = zip(*(values for _, values in self._slow), strict=True)
        return DeviceSamples(t_s, temperature, gfx_clock, memory_clock, utilization)

    def missing(self) -> tuple[Missing, ...]:
        return tuple(self._missing.values())

    def _read_slow(self) -> tuple[float | None, ...]:
        device = self._device
        return (
            self._tolerate(device.temperature_c, "temperature_c"),
            self._tolerate(device.gfx_clock_mhz, "sm_clock_mhz"),
            self._tolerate(device.memory_clock_mhz, "memory_clock_mhz"),
            self._tolerate(device.utilization_pct, "gpu_utilization_pct"),
        )

    def _list(self) -> bool:
        """Add who is on the board now; False when the driver does not say."""
        now = self._tolerate(self._device.processes, FIELD)
        self._listed.update((one.pid, one) for one in now or ())
        return now is not None

    def _tolerate(self, read: Callable[[], T], field: str) -> T | None:
        missing: list[Missing] = []
        value = tolerate(read, field, missing)
        for one in missing:
            self._missing.setdefault(one.field, one)
        return value


def holds_gpu() -> bool:
    """Whether this process has ROCm's runtime running, by the libraries it has mapped and the files it has open."""
    return shows_runtime(read_text(Path("/proc/self/maps")), open_files())


def shows_runtime(maps: str, files: frozenset[str]) -> bool:
    """Whether a process with these memory maps and open files has ROCm's runtime running and must be on the list."""
    return KFD_DEVICE in files and HSA_LIBRARY in maps
