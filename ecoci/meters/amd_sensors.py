"""Tries out the energy counter and the power reading of one AMD board before anything is measured with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median

from ecoci.meters.amd_binding import tolerate
from ecoci.meters.amd_device import Device
from ecoci.meters.ticks import SELF_TEST_S, SELF_TEST_TICKS, read_counter, wait_for_edge
from ecoci.model import Board, CounterReading, Missing, PowerSource, SensorTest
from ecoci.ports import Clock

CALLS = 5


def try_sensors(device: Device, board: Board, clock: Clock) -> SensorTest:
    """What the sensors of this board can do, by watching the counter for at least half a second and four ticks.

    Raises `DeviceError` when the counter stands still or falls.
    """
    missing: list[Missing] = []
    edges = _edges(device, clock)
    gaps_s = sorted(later.t_s - sooner.t_s for sooner, later in pairwise(edges))
    return SensorTest(
        board_uuid=board.uuid,
        tested_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        tick_s=median(gaps_s),
        tick_jitter_s=half_width(gaps_s),
        counter_call_s=median(2 * read_counter(device.energy_mj, clock).uncertainty_s for _ in range(CALLS)),
        power_source=power_source(device, missing),
        power_w=_mean_power_w(edges[0], edges[-1]),
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


def half_width(sorted_s: Sequence[float]) -> float:
    """Half the width of the interval that holds the middle 80 % of sorted values."""
    cut = len(sorted_s) // 10
    return (sorted_s[len(sorted_s) - 1 - cut] - sorted_s[cut]) / 2.0


def _edges(device: Device, clock: Clock) -> list[CounterReading]:
    edges = [wait_for_edge(device.energy_mj, clock)]
    while len(edges) <= SELF_TEST_TICKS or edges[-1].t_s - edges[0].t_s < SELF_TEST_S:
        edges.append(wait_for_edge(device.energy_mj, clock, since=edges[-1]))
    return edges


def _mean_power_w(first: CounterReading, last: CounterReading) -> float:
    return (last.energy_mj - first.energy_mj) / 1000.0 / (last.t_s - first.t_s)
