"""What a look at one board found: which sensors answer, how fast, and what is in the way of measuring."""

from __future__ import annotations

from dataclasses import dataclass

from ecoci.model.job import ErrorNote
from ecoci.model.result import Board
from ecoci.model.trace import ForeignProcess, Missing, PowerSource


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One board, probed for about two seconds without touching any setting.

    `counter_call_s` is the median cost of one read of the energy counter, `tick_s` the median time between its
    refreshes, `tick_jitter_s` the half width of the middle 80 % of those times. `sample_spacing_s` is the median gap in
    the driver's ring of power samples, None where the ring cannot be used. `power_source` is what a run would take its
    power trace from. `foreign` is None where the driver does not say who is on the card. `obstacles` are the errors a
    run would end in; without any, a run can be measured here.
    """

    board: Board
    counter_supported: bool
    counter_advances: bool
    counter_call_s: float | None
    tick_s: float | None
    tick_jitter_s: float | None
    sample_spacing_s: float | None
    instant_power_w: float | None
    power_source: PowerSource | None
    foreign: tuple[ForeignProcess, ...] | None
    obstacles: tuple[ErrorNote, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `ecoci doctor`: `passed` is None where the check says nothing about measuring here."""

    name: str
    passed: bool | None
    detail: str
    remedy: str = ""
