"""Looks at one board for `ecoci doctor`: which sensors answer, at what pace and cost. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable

from ecoci.errors import DeviceError
from ecoci.meters.answers import tolerate
from ecoci.meters.nvml_binding import Session
from ecoci.meters.nvml_device import Device, open_device
from ecoci.meters.nvml_processes import list_foreign
from ecoci.meters.nvml_refusals import refuse_mig, refuse_old, refuse_without_counter
from ecoci.meters.nvml_self_test import refuse_implausible, sample_spacing_s
from ecoci.meters.nvml_watch import choose_power_source
from ecoci.meters.pids import FIELD
from ecoci.meters.ticks import Ticks, watch_ticks
from ecoci.model import ErrorNote, Missing, ProbeResult
from ecoci.ports import Clock


def probe(board_uuid: str, clock: Clock) -> ProbeResult:
    """Probe the board of this UUID, about two seconds long.

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
    ticks, standstill = (None, ()) if no_counter else _ticks(device, clock)
    odd = () if ticks is None else _refusals(lambda: refuse_implausible(board, ticks.power_w))
    foreign = list_foreign(device, missing)
    return ProbeResult(
        board=board,
        counter_supported=not no_counter,
        counter_advances=ticks is not None,
        counter_call_s=None if ticks is None else ticks.call_s,
        tick_s=None if ticks is None else ticks.tick_s,
        tick_jitter_s=None if ticks is None else ticks.jitter_s,
        sample_spacing_s=sample_spacing_s(device),
        instant_power_w=tolerate(device.instant_power_w, "power_instant", missing),
        power_source=choose_power_source(device, missing),
        foreign=None if any(one.field == FIELD for one in missing) else foreign,
        obstacles=(*obstacles, *no_counter, *standstill, *odd),
        missing=tuple(missing),
    )


def _refusals(check: Callable[[], None]) -> tuple[ErrorNote, ...]:
    try:
        check()
    except DeviceError as error:
        return (_note(error),)
    return ()


def _ticks(device: Device, clock: Clock) -> tuple[Ticks | None, tuple[ErrorNote, ...]]:
    try:
        return watch_ticks(device.energy_mj, clock), ()
    except DeviceError as error:
        return None, (_note(error),)


def _note(error: DeviceError) -> ErrorNote:
    return ErrorNote(type(error).__name__, error.message, error.cause, error.remedy)
