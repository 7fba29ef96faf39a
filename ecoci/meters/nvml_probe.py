"""Looks at one board for `ecoci doctor`: which sensors answer, at what pace and cost. Changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from ecoci.errors import DeviceError
from ecoci.meters.nvml_binding import Session, UnansweredError, tolerate
from ecoci.meters.nvml_device import BufferedSample, Device, open_device
from ecoci.meters.nvml_processes import FIELD, list_foreign
from ecoci.meters.nvml_refusals import refuse_mig, refuse_old, refuse_without_counter
from ecoci.meters.nvml_watch import choose_power_source, implausible, spacing_s
from ecoci.meters.ticks import measure_tick_s, read_counter
from ecoci.model import ErrorNote, Missing, ProbeResult
from ecoci.ports import Clock

_CALLS = 5


def probe(board_uuid: str, clock: Clock) -> ProbeResult:
    """Probe the board of this UUID, about one to two seconds long.

    What would refuse a run is returned in `obstacles`; only a missing driver, an unknown board or a lost GPU raise
    `DeviceError`.
    """
    session = Session()
    try:
        return _probe_device(open_device(session, board_uuid), clock)
    finally:
        session.close()


def _probe_device(device: Device, clock: Clock) -> ProbeResult:
    board, missing = device.describe(), list[Missing]()
    obstacles = [*_refusals(lambda: refuse_mig(board)), *_refusals(lambda: refuse_old(board))]
    no_counter = _refusals(lambda: refuse_without_counter(device, board))
    tick_s, standstill = (None, ()) if no_counter else _tick(device, clock)
    foreign = list_foreign(device, missing)
    samples = _buffer(device)
    return ProbeResult(
        board=board,
        counter_supported=not no_counter,
        counter_advances=tick_s is not None,
        counter_call_s=None if no_counter else _call_s(device, clock),
        tick_s=tick_s,
        sample_spacing_s=spacing_s(samples),
        instant_power_w=tolerate(device.instant_power_w, "power_instant", missing),
        power_source=choose_power_source(device, missing),
        foreign=None if any(one.field == FIELD for one in missing) else foreign,
        obstacles=(*obstacles, *no_counter, *standstill),
        missing=tuple(missing),
    )


def _refusals(check: Callable[[], None]) -> tuple[ErrorNote, ...]:
    try:
        check()
    except DeviceError as error:
        return (_note(error),)
    return ()


def _tick(device: Device, clock: Clock) -> tuple[float | None, tuple[ErrorNote, ...]]:
    try:
        return measure_tick_s(device.energy_mj, clock), ()
    except DeviceError as error:
        return None, (_note(error),)


def _call_s(device: Device, clock: Clock) -> float:
    return median(2 * read_counter(device.energy_mj, clock).uncertainty_s for _ in range(_CALLS))


def _buffer(device: Device) -> tuple[BufferedSample, ...]:
    """The ring's samples where they can be trusted, else none."""
    try:
        samples = device.buffered_power(0)
    except UnansweredError:
        return ()
    return () if implausible(samples, time.time()) else samples


def _note(error: DeviceError) -> ErrorNote:
    return ErrorNote(type(error).__name__, error.message, error.cause, error.remedy)
