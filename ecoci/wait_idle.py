"""Waits until nobody else uses the boards and they have come to rest. Knows ports only, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from ecoci.boards import device_mean, total_power_w
from ecoci.errors import DeviceError
from ecoci.model import SensorTest, Trace
from ecoci.ports import Clock, Meter
from ecoci.quality import BUSY_LIMIT_PCT, is_above_idle

LOOK_S = 1.0
LOOKS = 3
"""So many quiet looks in a row, of a second each, make a quiet card."""
REST_SHARE = 0.02
REST_W = 1.0
"""Where it is not known what the boards draw at rest, two looks whose power differs by less have come to rest."""


def wait_until_quiet(meter: Meter, clock: Clock, limit_s: float) -> None:
    """Look at the boards of the meter once a second until they were quiet three times in a row.

    Quiet is: no other process on a board, nothing to do for the GPU, and power as low as it is known to be at rest, or,
    where that is unknown, no longer falling. Raises `DeviceError` after `limit_s` seconds, naming what is in the way.
    """
    sensors = meter.describe().sensors
    ends_s = clock.now_s() + limit_s
    quiet, before_w = 0, None
    while quiet < LOOKS:
        _, traces = meter.record(lambda: clock.sleep(LOOK_S))
        here_w = total_power_w(traces)
        found = (*users(traces), *work(traces), *unrest(traces, sensors, before_w))
        quiet, before_w = (0 if found else quiet + 1), here_w
        if found and clock.now_s() >= ends_s:
            raise _never_quiet(found, limit_s)


def users(traces: Sequence[Trace]) -> tuple[str, ...]:
    """Other processes, in words; none where the board has none."""
    listed = chain.from_iterable((*trace.foreign_before, *trace.foreign_after) for trace in traces)
    pids = sorted({process.pid for process in listed})
    return (f"other processes use it (pid {', '.join(map(str, pids))})",) if pids else ()


def work(traces: Sequence[Trace]) -> tuple[str, ...]:
    """How busy the busiest board is, in words."""
    means = [device_mean(trace, trace.device.gpu_utilization_pct) for trace in traces]
    busiest = max((mean for mean in means if mean is not None), default=0.0)
    return (f"it is at work for {busiest:.0f} % of the time",) if busiest > BUSY_LIMIT_PCT else ()


def unrest(traces: Sequence[Trace], sensors: Sequence[SensorTest], before_w: float | None) -> tuple[str, ...]:
    """Whether the boards draw more than at rest, in words; `before_w` is what they drew at the last look."""
    here_w = total_power_w(traces)
    known = [test.idle_power_w for test in sensors if test.idle_power_w is not None]
    if here_w is None:
        return ()
    if sensors and len(known) == len(sensors):
        resting = not is_above_idle(here_w, sum(known))
        return () if resting else (f"it draws {here_w:.0f} W, and {sum(known):.0f} W at rest",)
    if before_w is not None and abs(here_w - before_w) <= REST_SHARE * before_w + REST_W:
        return ()
    return (f"its power has not come to rest ({here_w:.0f} W)",)


def _never_quiet(found: Sequence[str], limit_s: float) -> DeviceError:
    return DeviceError(
        f"the GPU did not become quiet within {limit_s:g} s: {'; '.join(found)}",
        cause="something else uses it, or it has not cooled down from earlier work",
        remedy="stop what uses it, wait longer with --wait-idle, or choose another GPU with CUDA_VISIBLE_DEVICES",
    )
