"""Tries out the sensors of one NVIDIA board before anything is measured with them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ecoci.errors import DeviceError
from ecoci.meters.answers import UnansweredError
from ecoci.meters.nvml_device import Device
from ecoci.meters.nvml_watch import choose_power_source, implausible, spacing_s
from ecoci.meters.ticks import watch_ticks
from ecoci.model import Board, Missing, SensorTest
from ecoci.ports import Clock

MOST_OF_LIMIT = 1.2
"""A board passes its power limit for moments only, and never by a fifth on the mean of two seconds."""
LEAST_POWER_W = 0.5
"""Less than any board draws that is powered at all."""


def try_sensors(device: Device, board: Board, clock: Clock) -> SensorTest:
    """What the sensors of this board can do, in about two seconds.

    Raises `DeviceError` when its energy counter stands still, falls, or counts what no such board can draw.
    """
    missing: list[Missing] = []
    ticks = watch_ticks(device.energy_mj, clock)
    test = SensorTest(
        board_uuid=board.uuid,
        tested_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        tick_s=ticks.tick_s,
        tick_jitter_s=ticks.jitter_s,
        counter_call_s=ticks.call_s,
        power_source=choose_power_source(device, missing),
        power_w=ticks.power_w,
        power_limit_w=board.power_limit_w,
        sample_spacing_s=sample_spacing_s(device),
        missing=tuple(missing),
    )
    refuse_implausible(board, test.power_w)
    return test


def sample_spacing_s(device: Device) -> float | None:
    """The spacing of the driver's power samples, seconds; None where they cannot be trusted."""
    try:
        samples = device.buffered_power(0)
    except UnansweredError:
        return None
    return None if implausible(samples, time.time()) else spacing_s(samples)


def refuse_implausible(board: Board, power_w: float) -> None:
    """Raise `DeviceError` for a counter that says more, or less, than such a board can draw on the mean of seconds."""
    limit_w = board.power_limit_w
    if limit_w is not None and power_w > MOST_OF_LIMIT * limit_w:
        raise _not_believable(board, power_w, f"where the power limit is {limit_w:.0f} W")
    if power_w < LEAST_POWER_W:
        raise _not_believable(board, power_w, "less than any powered board draws")


def _not_believable(board: Board, power_w: float, against: str) -> DeviceError:
    return DeviceError(
        f"the energy counter of {board.product} ({board.uuid}) says {power_w:.3g} W, {against}",
        cause="the counter does not count millijoules of this board: a fault of the driver or of a virtual machine",
        remedy="compare with nvidia-smi, update the driver, or measure on another machine",
    )
