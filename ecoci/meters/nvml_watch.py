"""What is read beside the work: the power trace and, once a second, the slow facts. Knows no window and no thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Protocol

from ecoci.meters.answers import UnansweredError, tolerate
from ecoci.meters.nvml_device import BufferedSample, Device, ListedProcess
from ecoci.meters.pids import FIELD
from ecoci.model import DeviceSamples, Missing, PowerSource, PowerTrace
from ecoci.ports import Clock

WallTime = Callable[[], float]
"""Seconds of CLOCK_REALTIME, the clock of the driver's time stamps."""
Drain = Callable[[int], tuple[BufferedSample, ...]]
"""Samples newer than a time stamp in microseconds, oldest first."""

BUFFER_PERIOD_S = 1.0
"""The ring holds 2.4 s on an H200: draining it every second loses nothing and costs one call."""
INSTANT_PERIOD_S = 0.1
SLOW_PERIOD_S = 1.0
PROCESS_PERIOD_S = 5.0
"""Listing the processes may take the driver milliseconds: who stays for five seconds is seen, at next to no cost."""
PLAUSIBLE_AGE_S = 2.0
LOOKS = 20
TIGHT_LOOK_S = 0.0001
"""Undisturbed, a look at both clocks takes microseconds."""
_LEAD_S = 0.25
_LATEST_FIRST_S = 0.25
_SAME_SAMPLE_S = 0.001
_AHEAD_S = 0.1
_COVER_TIMEOUT_S = 1.0
_COVER_PAUSE_S = 0.05


class PowerReader(Protocol):
    """Collects power over time; `read` takes what is new since the last call."""

    source: PowerSource
    period_s: float

    def read(self) -> None: ...

    def points(self) -> tuple[tuple[float, float], ...]: ...


class BufferedPower:
    """Drains the driver's ring of power samples.

    Its time stamps are wall time, which may be stepped or slewed; each drain maps them to the monotonic clock by the
    offset of that moment.
    """

    source = PowerSource.SAMPLE_BUFFER
    period_s = BUFFER_PERIOD_S

    def __init__(self, drain: Drain, clock: Clock, wall_s: WallTime = time.time) -> None:
        self._drain = drain
        self._clock = clock
        self._wall_s = wall_s
        self._points: list[tuple[float, float]] = []
        # kept in monotonic time, so that a step of the wall clock does not hide what comes after it
        self._last_s = clock.now_s() - _LEAD_S

    def read(self) -> None:
        offset_s = wall_offset_s(self._wall_s, self._clock)
        fresh = self._drain(round((self._last_s + offset_s) * 1e6))
        for sample in fresh:
            t_s = sample.stamp_us / 1e6 - offset_s
            # stamped before the wall clock was put back, a sample would lie ahead of now; and no board draws 0 W
            if self._last_s + _SAME_SAMPLE_S < t_s <= self._clock.now_s() + _AHEAD_S and sample.power_mw > 0.0:
                self._points.append((round(t_s, 6), round(sample.power_mw / 1000.0, 3)))
                self._last_s = t_s

    def points(self) -> tuple[tuple[float, float], ...]:
        return tuple(self._points)


class InstantPower:
    """Polls the instant power field where the ring cannot be used."""

    source = PowerSource.INSTANT
    period_s = INSTANT_PERIOD_S

    def __init__(self, read_power_w: Callable[[], float], clock: Clock) -> None:
        self._read_power_w = read_power_w
        self._clock = clock
        self._points: list[tuple[float, float]] = []

    def read(self) -> None:
        began_s = self._clock.now_s()
        power_w = self._read_power_w()
        t_s = (began_s + self._clock.now_s()) / 2
        if power_w > 0.0 and (not self._points or t_s > self._points[-1][0]):
            self._points.append((round(t_s, 6), power_w))

    def points(self) -> tuple[tuple[float, float], ...]:
        return tuple(self._points)


class Watch:
    """All readings beside one window. `read` is for the sampler, the rest for afterwards."""

    def __init__(self, device: Device, clock: Clock, power: PowerReader | None) -> None:
        self._device = device
        self._clock = clock
        self._power = power
        self._missing: dict[str, Missing] = {}
        self._slow: list[tuple[float, tuple[float | None, ...]]] = []
        self._listed: dict[int, ListedProcess] = {}
        self._began_s = self._listed_s = clock.now_s()

    @property
    def period_s(self) -> float:
        return SLOW_PERIOD_S if self._power is None else self._power.period_s

    @property
    def latest_w(self) -> float | None:
        """The newest power sample, watts."""
        points = self._points()
        return points[-1][1] if points else None

    def read(self) -> bool:
        """Take what is new; whether it was time for the slow facts, about once a second."""
        self._read_power()
        now_s = self._clock.now_s()
        # half a sampling period of grace, so that ten steps of 0.1 s count as one second
        due = not self._slow or now_s - self._slow[-1][0] >= SLOW_PERIOD_S - self.period_s / 2
        if due:
            self._slow.append((now_s, self._read_slow()))
        if now_s - self._listed_s >= PROCESS_PERIOD_S:
            self._listed_s = now_s
            self._list_processes()
        return due

    def cover(self, until_s: float) -> None:
        """Read on until the power trace reaches `until_s`, or note that the last samples never came."""
        deadline_s = self._clock.now_s() + _COVER_TIMEOUT_S
        self._read_power()
        while self._power is not None and not self._reaches(until_s):
            if self._clock.now_s() > deadline_s:
                self._note("power_tail", "the last power samples of the window did not arrive within a second")
                return
            self._clock.sleep(_COVER_PAUSE_S)
            self._read_power()

    def power_trace(self) -> PowerTrace | None:
        points = self._points()
        if self._power is None or not points:
            return None
        return PowerTrace(self._power.source, tuple(t for t, _ in points), tuple(p for _, p in points))

    def device_samples(self) -> DeviceSamples:
        if not self._slow:
            return DeviceSamples()
        t_s = tuple(t for t, _ in self._slow)
        temperature, sm_clock, memory_clock, utilization = zip(*(values for _, values in self._slow), strict=True)
        return DeviceSamples(t_s, temperature, sm_clock, memory_clock, utilization)

    def listed(self) -> tuple[ListedProcess, ...]:
        """Every process that was on the board when it was looked at, this one among them."""
        return tuple(self._listed.values())

    def missing(self) -> tuple[Missing, ...]:
        """Which readings could not be had, and where the power trace has holes."""
        points = self._points()
        holes = (power_head(points, self._began_s), power_gap(points))
        return (*self._missing.values(), *(hole for hole in holes if hole is not None))

    def _read_power(self) -> None:
        if self._power is None:
            return
        try:
            self._power.read()
        except UnansweredError as error:
            self._note("power", f"part of the window has no power samples: {error.message}")

    def _read_slow(self) -> tuple[float | None, ...]:
        device, missing = self._device, list[Missing]()
        values = (
            tolerate(device.temperature_c, "temperature_c", missing),
            tolerate(device.sm_clock_mhz, "sm_clock_mhz", missing),
            tolerate(device.memory_clock_mhz, "memory_clock_mhz", missing),
            tolerate(device.utilization_pct, "gpu_utilization_pct", missing),
        )
        for one in missing:
            self._missing.setdefault(one.field, one)
        return values

    def _list_processes(self) -> None:
        missing: list[Missing] = []
        listed = tolerate(self._device.processes, FIELD, missing) or ()
        self._listed.update((one.pid, one) for one in listed)
        for one in missing:
            self._note(one.field, one.reason)

    def _points(self) -> tuple[tuple[float, float], ...]:
        return () if self._power is None else self._power.points()

    def _reaches(self, until_s: float) -> bool:
        points = self._points()
        return bool(points) and points[-1][0] >= until_s

    def _note(self, field: str, reason: str) -> None:
        self._missing.setdefault(field, Missing(field, reason))


def choose_power_source(device: Device, missing: list[Missing]) -> PowerSource | None:
    """The best source of power over time that answers plausibly now; what was passed over goes to `missing`."""
    try:
        refusal = implausible(device.buffered_power(0), time.time())
    except UnansweredError as error:
        refusal = error.message
    if refusal is None:
        return PowerSource.SAMPLE_BUFFER
    missing.append(Missing("power_sample_buffer", refusal))
    instant = tolerate(device.instant_power_w, "power_instant", missing)
    return None if instant is None else PowerSource.INSTANT


def open_power(source: PowerSource | None, device: Device, clock: Clock) -> PowerReader | None:
    """A reader of that source for one window."""
    if source is PowerSource.SAMPLE_BUFFER:
        return BufferedPower(device.buffered_power, clock)
    return InstantPower(device.instant_power_w, clock) if source is PowerSource.INSTANT else None


def implausible(samples: tuple[BufferedSample, ...], wall_s: float) -> str | None:
    """Why the ring's samples cannot be trusted, or None when they can."""
    if len(samples) < 2:
        return f"the driver's power sample buffer holds {len(samples)} samples"
    age_s = wall_s - samples[-1].stamp_us / 1e6
    if abs(age_s) > PLAUSIBLE_AGE_S:
        return f"the newest sample of the driver's power buffer lies {age_s:.1f} s off the wall clock"
    if not all(sample.power_mw > 0 for sample in samples):
        return "the driver's power sample buffer holds readings of 0 W"
    return None


def wall_offset_s(wall_s: WallTime, clock: Clock) -> float:
    """Wall time minus monotonic time, seconds, as the tightest look saw it: a thread may be held up in any of them."""
    looks: list[tuple[float, float]] = []
    while len(looks) < LOOKS and (not looks or min(looks)[0] > TIGHT_LOOK_S):
        before_s, wall_now_s, after_s = clock.now_s(), wall_s(), clock.now_s()
        looks.append((after_s - before_s, wall_now_s - (before_s + after_s) / 2))
    return min(looks)[1]


def power_head(points: tuple[tuple[float, float], ...], began_s: float) -> Missing | None:
    """A note when the first samples came long after they were asked for."""
    late_s = points[0][0] - began_s if points else 0.0
    if late_s <= _LATEST_FIRST_S:
        return None
    return Missing("power_head", f"the first power sample came {late_s:.2f} s after sampling began")


def power_gap(points: tuple[tuple[float, float], ...]) -> Missing | None:
    """A note when samples were lost: a gap of more than ten times the usual one."""
    gaps_s = [later - sooner for (sooner, _), (later, _) in pairwise(points)]
    if not gaps_s or max(gaps_s) <= 10 * median(gaps_s):
        return None
    return Missing(
        "power_gap", f"no power sample for {max(gaps_s):.2f} s, where one comes every {median(gaps_s):.2f} s"
    )


def spacing_s(samples: tuple[BufferedSample, ...]) -> float | None:
    """Median time between samples, seconds; None with fewer than two."""
    gaps = [later.stamp_us - sooner.stamp_us for sooner, later in pairwise(samples)]
    return median(gaps) / 1e6 if gaps else None
