"""The raw record of one window, exactly as the sensor gave it. Times are monotonic seconds of one clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PowerSource(StrEnum):
    SAMPLE_BUFFER = "sample_buffer"
    """The driver's own ring of power samples (NVML total power samples)."""
    INSTANT = "instant"
    """NVML field 186, polled."""
    POLLED = "polled"
    """The latest value a vendor's library gives, polled (AMD: current socket power)."""
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Missing:
    """A reading that could not be had, and why: unknown is never 0."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class CounterReading:
    """One read of the cumulative energy counter.

    `t_s` is the middle of the call, or on a tick edge the middle of the gap in which the value changed; the true
    moment lies within ± `uncertainty_s`.
    """

    t_s: float
    energy_mj: int
    uncertainty_s: float


@dataclass(frozen=True, slots=True)
class PowerTrace:
    """Board power over time; `t_s` rises strictly and is as long as `power_w`."""

    source: PowerSource
    t_s: tuple[float, ...]
    power_w: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DeviceSamples:
    """Slow readings about once a second; each tuple is as long as `t_s`, None where the card did not answer."""

    t_s: tuple[float, ...] = ()
    temperature_c: tuple[float | None, ...] = ()
    sm_clock_mhz: tuple[float | None, ...] = ()
    memory_clock_mhz: tuple[float | None, ...] = ()
    gpu_utilization_pct: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class ThrottleTime:
    """Time the clocks were held back inside the window, by cause, from the driver's own nanosecond counters."""

    cause: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class ForeignProcess:
    """Another process on the card; `memory_bytes` is None where the driver hides it."""

    pid: int
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class DomainEnergy:
    """What a part of the host used while a window ran, by its own counter: information beside the GPU's energy.

    `domain` names the part as the system does, with its socket ("package-0", "dram-0").
    """

    domain: str
    energy_j: float


@dataclass(frozen=True, slots=True)
class SensorTest:
    """What the sensors of one board turned out to be able to do, tried out before anything is measured with them.

    `tick_s` is the median gap between two refreshes of the energy counter and `tick_jitter_s` the half width that holds
    the middle 80 % of the gaps; `counter_call_s` is the median duration of one read. `power_w` is the mean power by the
    counter during the test. `idle_power_w` is the lowest mean power without any context ever seen on this board.
    `tested_utc` is when it was tried; a test of the same board, driver and settings is not repeated for a day.
    """

    board_uuid: str
    tested_utc: str
    tick_s: float
    tick_jitter_s: float
    counter_call_s: float
    power_source: PowerSource | None
    power_w: float
    power_limit_w: float | None
    sample_spacing_s: float | None = None
    idle_power_w: float | None = None
    reused: bool = False
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """One window on one board: the synced work between `started_s` and `ended_s`, and what the sensor said around it.

    `counter_start` lies on a tick edge at or just before `started_s`. `counter_end` was read straight after the sync.
    `counter_edge` is the first tick edge after `ended_s`: start and edge together hold whole ticks, and the short tail
    between `ended_s` and the edge is taken off with the power trace.
    """

    board_uuid: str
    started_s: float
    ended_s: float
    counter_start: CounterReading | None
    counter_end: CounterReading | None
    counter_edge: CounterReading | None
    tick_s: float | None
    power: PowerTrace | None
    device: DeviceSamples = DeviceSamples()
    throttle: tuple[ThrottleTime, ...] = ()
    foreign_before: tuple[ForeignProcess, ...] = ()
    foreign_after: tuple[ForeignProcess, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def duration_s(self) -> float:
        return self.ended_s - self.started_s
