"""Tries out the energy counter and the power reading of one AMD board before anything is measured with them."""

from __future__ import annotations

from datetime import UTC, datetime

from ecoci.meters.amd_device import Device
from ecoci.meters.answers import tolerate
from ecoci.meters.ticks import watch_ticks
from ecoci.model import Board, Missing, PowerSource, SensorTest
from ecoci.ports import Clock


def try_sensors(device: Device, board: Board, clock: Clock) -> SensorTest:
    """What the sensors of this board can do, in about two seconds.

    Raises `DeviceError` when the counter stands still or falls.
    """
    missing: list[Missing] = []
    ticks = watch_ticks(device.energy_mj, clock)
    return SensorTest(
        board_uuid=board.uuid,
        tested_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        tick_s=ticks.tick_s,
        tick_jitter_s=ticks.jitter_s,
        counter_call_s=ticks.call_s,
        power_source=power_source(device, missing),
        power_w=ticks.power_w,
        power_limit_w=board.power_limit_w,
        missing=tuple(missing),
    )


def power_source(device: Device, missing: list[Missing]) -> PowerSource | None:
    """The source of power over time; a board that gives averages only has none, since those must not be integrated."""
    if tolerate(device.power_w, "power", []) is not None:
        return PowerSource.POLLED
    if tolerate(device.average_power_w, "power", missing) is not None:
        reason = "this board gives power only as an average over an unknown span, which must not be integrated"
        missing.append(Missing("power", reason))
    return None
